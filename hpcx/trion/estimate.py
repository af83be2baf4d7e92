"""Cost of a trion run: sizes are exact or nearly so,
times measured on the reference machine (`hpcx.parallel.machine`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpcx.exciton.carriers import carrier_bands
from hpcx.exciton.dephasing import with_expected_width
from hpcx.exciton.estimate import BASE_BYTES, LINES, POINT, STEP, digits, exciton_work
from hpcx.exciton.problem import carrier_mesh, coarse_mesh, mesh_points
from hpcx.materials.loader import Material
from hpcx.parallel.machine import Work
from hpcx.petsc.basis import small_basis
from hpcx.physics.bands import Band
from hpcx.physics.mesh import POINT_GROUPS, ValleyMesh
from hpcx.physics.spectra import steps_for_time
from hpcx.physics.valley_bands import cautions, told
from hpcx.registry import Estimate
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.exchange_pairs import acting_pairs, coupled_sets, lacking_partners
from hpcx.trion.exchange_symmetry import coupled_sectors
from hpcx.trion.exchanges import Sharing, counted_sharing, expected_sharing
from hpcx.trion.kernels import BLOCK_WIDTH, choose_kernel, in_pairs, is_single
from hpcx.trion.memory import Sizes, bytes_per_rank, product_bytes, solver_bytes, value_bytes, whole_bytes
from hpcx.trion.problem import exciton_of, three_carriers
from hpcx.trion.sector import pair_group
from hpcx.trion.symmetry import coarsened, foreseen
from hpcx.trion.thermal import likely_points

#: share of n^2 per column that the staircase leaves, without and with rotations (measured)
_STAIRCASE = {"none": 1.0, "C2": 0.9, "C3": 0.58, "C3v": 0.56, "C6": 0.55, "C6v": 0.52}
#: time of products with real matrices, of half the operations in more rows, over that with complex ones (measured)
_PAIRS = 0.6
#: seconds per operation of the matrix products
_FLOP_SECONDS = {"gemm": 1.6e-11, "gemm-single": 8e-12}
#: time of transforms in single precision over that in double (measured)
_SINGLE_TRANSFORMS = 0.65
#: per layout: calls, seconds per entry of the columns without and with symmetry, and per n log2 n of a column's
#: transforms
_LAYOUT, _ENTRY_SECONDS, _FOURIER_SECONDS = Work(calls=3e-5), (4.2e-8, 7.2e-8), 2.2e-8
#: of the solver per product: calls, and seconds per unknown of the orthogonalisation
_SOLVER, _ORTHOGONALISATION_SECONDS = Work(calls=1.3e-4), 7e-8
#: lists of a species: calls, and seconds per entry of the columns of a layout
_SPECIES, _LIST_SECONDS = Work(calls=0.01), 6e-7
#: Lanczos steps to 1e-3 with 4 meV of broadening on a dense mesh; the n (with C6v) and window (eV) on which they are
#: two thirds of that
_SPECTRUM_STEPS, _SPECTRUM_POINTS, _SPECTRUM_WINDOW = 280, 80, 0.42
#: width of the trion's band for k0 = 0.1, eV
_BAND_WIDTH = 1.5
#: two-dimensional spectra: seconds per value of a map and species, and per waiting time of the trace
_MAP_SECONDS, _TRACE_SECONDS = 2.5e-7, 3e-4
#: bytes of a canonical pair for exchange: overlaps and spectators of two pairs of carriers, amplitudes and what is made
#: of them
_OVERLAP_BYTES = 2 * (16 + 8) + 3 * 16
#: products for the contact interaction that shifts the triplet
_CONTACT_PRODUCTS = 200
#: points from which on pairs and columns are counted by area; share of all pairs of points in a disk whose sum is in it
_BY_AREA, _PAIR_SHARE = 50_000, 1 - 3 * math.sqrt(3) / (4 * math.pi)
#: components of the spinors of Dirac bands
_DIRAC = 2
#: most entries of which it is counted what the ranks send each other, some tenths of a second
_ENTRIES_COUNTED = 500_000
#: largest number of a 32-bit index
_INDEX_LIMIT = 2**31 - 1


def pair_count(mesh: ValleyMesh) -> int:
    """Return the number of pairs k1, k2 with k1, k2 and k1 + k2 on the mesh, from the mesh's autocorrelation."""
    side = 4 * mesh.reach + 1
    disk_ij = np.zeros((side, side))
    i, j = mesh.index_kx.T
    disk_ij[i, j] = 1
    sums_ij = np.fft.irfft2(np.fft.rfft2(disk_ij) ** 2, s=disk_ij.shape)
    return int(round(float((sums_ij * disk_ij).sum())))


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and work of a trion run on a number of ranks."""
    config = with_expected_width(config, material)
    sizes = _counts(config, material, foreseen(config, material))
    bands = _bands(config, material)
    identical = [_identical(config, material, species) for species in config.trion.names]
    busy, alike = min(ranks, sizes.columns), all(identical)
    half = " (half where both like carriers are in one band, with their exchange symmetry)" if any(identical) else ""
    sharing = _sharing(config, material, sizes, alike, ranks)
    facts = {
        "mesh points": str(sizes.points),
        "pair states": str(sizes.pairs),
        "unknowns": f"about {sizes.unknowns}{half}",
        "symmetry": sizes.symmetry,
        "kernel": sizes.kernel,
        "columns": str(sizes.columns),
        **told(bands),
        "products": (
            f"about {products(config, sizes)} per species, {1e3 * _shared_product(sizes, 3, sharing).seconds:.3g} ms"
            " each"
        ),
    }
    facts |= _sent(sharing, sizes)
    if _wants_spectra(config):
        facts["steps of a spectrum"] = f"about {spectrum_steps(config, sizes.points, sizes.symmetry)}"
    work = POINT + exciton_work(config, material, _wants_spectra(config), ranks)
    for species in config.trion.names:
        work += _species_work(config, material, species, sizes, ranks)
    if config.twod.enabled:
        work += _twod_work(config)
    memory = bytes_per_rank(config, material, sizes, busy)
    for coupled in _coupled(config, material):
        facts[f"sectors of {'+'.join(coupled.names)} with exchange"] = f"{coupled.sectors} ({coupled.sizes.symmetry})"
        work += _coupled_work(config, material, coupled, ranks)
        memory = max(memory, _coupled_memory(config, coupled, min(ranks, coupled.sizes.columns)))
    return Estimate(sizes.unknowns, memory, work, facts, _warnings(config, material, sizes, ranks) + cautions(bands))


def _bands(config: Config, material: Material) -> dict[str, Band]:
    """Return the bands of all carriers if they are those of a tight-binding model, by name."""
    if config.bands.model != "tight-binding":
        return {}
    model, momentum_kx = carrier_bands(config, material), carrier_mesh(config, material).momentum_kx
    found: dict[str, Band] = {}
    for species in config.trion.names:
        first, second, third = (
            model.band(momentum_kx, carrier) for carrier in three_carriers(config, material, species)
        )
        found |= {
            "photoexcited carrier": first,
            f"resident carrier of the {species}": second,
            "opposite carrier": third,
        }
    return found


def _counts(config: Config, material: Material, symmetry: str) -> Sizes:
    """Return the sizes of a problem; those of a large mesh without making it."""
    n = mesh_points(config, material)
    usual = 1 if config.bands.model == "parabolic" else _DIRAC
    components = max((len(band.spinor_ck) for band in _bands(config, material).values()), default=usual)
    kernel = choose_kernel(config.solver.kernel, n, components, symmetry)
    if n > _BY_AREA:
        return Sizes(
            n, int(_PAIR_SHARE * n * n), math.ceil(n / POINT_GROUPS[symmetry].order), components, symmetry, kernel
        )
    pairs, columns = _count(carrier_mesh(config, material), symmetry)
    return Sizes(n, pairs, columns, components, symmetry, kernel)


def _count(mesh: ValleyMesh, symmetry: str) -> tuple[int, int]:
    return pair_count(mesh), len(pair_group(mesh, symmetry, identical=False).columns)


def products(config: Config, sizes: Sizes) -> int:
    """Return about how many products the lowest states of a species take.

    Measured for 1 to 8 states on 43 to 535 points: 42 to 275 with symmetry, within a third; for 2 and 4 states on 769
    to 1483 points: 217 to 326, 0.81 to 0.88 of this; beyond these it is extrapolated.
    A bound state is far from the others; further ones lie in a continuum whose levels are the closer, the larger the
    mesh is.
    """
    solver, points = config.solver, sizes.points
    count = min(42 + 2.2 * math.sqrt(points), 75 * math.sqrt(config.mesh.cutoff / 0.1))
    if solver.states > 1:
        count = max(45, math.sqrt(points) * (9 + solver.states / 3))
    crowded = {"none": 1.9, "C2": 1.5, "C3": 1.4, "C3v": 1.2, "C6": 1.2, "C6v": 1.0}[sizes.symmetry]
    return round(count * crowded * digits(solver.tolerance))


def _wants_spectra(config: Config) -> bool:
    return config.absorption.enabled or config.twod.enabled


def spectrum_steps(config: Config, points: int, symmetry: str) -> int:
    """Return about how many steps a spectrum takes: the more, the finer it is,
    until all levels in the window are resolved.
    """
    settings = config.absorption
    levels = points / _SPECTRUM_POINTS * (POINT_GROUPS["C6v"].order / POINT_GROUPS[symmetry].order) ** 0.6
    resolved = -math.expm1(-levels * (max(settings.window[1], 0.01) / _SPECTRUM_WINDOW) ** 1.5)
    finer = (
        (4e-3 / settings.broadening) ** 0.75
        * (math.log10(1 / settings.accuracy) / 3) ** 1.3
        * (config.mesh.cutoff / 0.1) ** 0.6
    )
    steps = _SPECTRUM_STEPS * resolved * finer
    if config.twod.enabled:
        last = max(config.twod.trace_end, *config.twod.waiting_times)
        steps = max(steps, steps_for_time(_BAND_WIDTH * config.mesh.cutoff / 0.1, last))
    return max(1, int(min(steps, settings.max_steps)))


def _identical(config: Config, material: Material, species: str) -> bool:
    three = three_carriers(config, material, species)
    return three[0] == three[1]


def _species_work(config: Config, material: Material, species: str, sizes: Sizes, ranks: int) -> Work:
    """Return the work for states and spectra of a species;
    identical carriers need two of the three layouts and half the unknowns.
    """
    identical = _identical(config, material, species)
    layouts, unknowns = (2, sizes.unknowns / 2) if identical else (3, sizes.unknowns)
    sharing = _sharing(config, material, sizes, identical, ranks)
    product = _shared_product(sizes, layouts, sharing)
    solving = product + _SOLVER + sharing.share(Work(memory=_ORTHOGONALISATION_SECONDS * unknowns))
    work = _SPECIES + sharing.share(_lists(sizes, layouts))
    work += solving * products(config, sizes) + product * config.solver.states
    if not _wants_spectra(config):
        return work
    shifted = config.twod.enabled and species == "triplet" and config.twod.triplet_shift != 0 and not identical
    shifted &= config.twod.shift_by == "contact"
    spectrum = _spectrum(config, sizes, product)
    work += spectrum * (2 if config.absorption.maps else 1) + (
        spectrum + product * _CONTACT_PRODUCTS if shifted else Work()
    )
    return work + _thermal_work(config, material, species, layouts, ranks)


@dataclass(frozen=True)
class _Coupled:
    """Channels that exchange couples, the number of their sectors, and the sizes of one channel in a sector."""

    names: list[str]
    sectors: int
    sizes: Sizes


def _coupled(config: Config, material: Material) -> Iterator[_Coupled]:
    """Yield the sets of channels on which exchange acts; their symmetry is found on a coarse mesh."""
    channels = {name: channel(config, material, name) for name in config.trion.channels}
    coarse = coarsened(config)
    for names in coupled_sets(channels, config.exchange.long_range) if config.exchange.acts else ():
        if acting_pairs(config, {name: channels[name] for name in names}):
            sectors = coupled_sectors(coarse, material, exciton_of(coarse, material), names)
            yield _Coupled(names, len(sectors), _counts(config, material, sectors[0].symmetry))


def _coupled_work(config: Config, material: Material, coupled: _Coupled, ranks: int) -> Work:
    """Return the work for states and spectra of coupled channels; each has a spectrum at most."""
    sizes = coupled.sizes
    sharing = _sharing(config, material, sizes, False, ranks)
    product = _shared_product(sizes, 3, sharing)
    solving = product + _SOLVER + sharing.share(Work(memory=_ORTHOGONALISATION_SECONDS * sizes.unknowns))
    work = (sharing.share(_lists(sizes, 3)) + solving * products(config, sizes)) * coupled.sectors
    return (work + _spectrum(config, sizes, product) if _wants_spectra(config) else work) * len(coupled.names)


def _coupled_memory(config: Config, coupled: _Coupled, ranks: int) -> float:
    """Return bytes per rank: every channel has its matrices, lists and buffers, and the overlaps of its pairs."""
    sizes = coupled.sizes
    own = (
        product_bytes(sizes, 3, ranks)
        + solver_bytes(config, sizes)
        + _OVERLAP_BYTES * sizes.pairs / POINT_GROUPS[sizes.symmetry].order
    )
    return BASE_BYTES + (whole_bytes(sizes, 2, 1) + own / ranks) * len(coupled.names)


def _spectrum(config: Config, sizes: Sizes, product: Work) -> Work:
    steps = spectrum_steps(config, sizes.points, sizes.symmetry)
    return (product + STEP) * steps + LINES * steps**3


def _thermal_work(config: Config, material: Material, species: str, layouts: int, ranks: int) -> Work:
    """Return the work for spectra without symmetry from all other momenta of the resident carrier."""
    if config.trion.temperature == 0:
        return Work()
    sizes = _counts(config, material, "none")
    thinner = math.floor(
        config.mesh.N * min(1.0, math.sqrt(_BY_AREA / sizes.points))
    )  # of a large mesh, a thinner one tells
    mesh = carrier_mesh(config.model_copy(update={"mesh": config.mesh.model_copy(update={"N": thinner})}), material)
    energy_k = (
        carrier_bands(config, material).band(mesh.momentum_kx, three_carriers(config, material, species)[1]).energy_k
    )
    orbit_k = mesh.point_group(foreseen(config, material))[0].min(axis=0)
    momenta = len(likely_points(energy_k, orbit_k, config.trion.temperature)[0]) * sizes.points / mesh.size
    sharing = _sharing(config, material, sizes, layouts == 2, ranks)
    return (
        sharing.share(_lists(sizes, layouts)) + _spectrum(config, sizes, _shared_product(sizes, layouts, sharing))
    ) * (momenta - 1)


def _lists(sizes: Sizes, layouts: int) -> Work:
    """Return the work for the lists of an operator."""
    return Work(arrays=_LIST_SECONDS * layouts * sizes.points * sizes.columns)


def _shared_product(sizes: Sizes, layouts: int, sharing: Sharing) -> Work:
    """Return the work of one product for the busiest of some ranks."""
    return sharing.share(_product(sizes, layouts)) + Work.sending(
        sharing.messages, value_bytes(sizes) * sharing.amplitudes
    )


def _product(sizes: Sizes, layouts: int) -> Work:
    """Return the work of one product on one rank."""
    entries, more = sizes.points * sizes.columns, sizes.components / _DIRAC
    if sizes.kernel.startswith("fft"):
        seconds = _FOURIER_SECONDS * (_SINGLE_TRANSFORMS if is_single(sizes.kernel) else 1)
        return (_LAYOUT + Work(arrays=seconds * entries * more**2 * math.log2(sizes.points))) * layouts
    flops = 16 * _STAIRCASE[sizes.symmetry] * entries * more * sizes.points
    flops *= _PAIRS if in_pairs(sizes.points, sizes.symmetry) else 1
    return (
        _LAYOUT
        + Work(
            products=_FLOP_SECONDS[sizes.kernel] * flops,
            arrays=_ENTRY_SECONDS[sizes.symmetry != "none"] * entries * more,
        )
    ) * layouts


def _twod_work(config: Config) -> Work:
    """Return the work for maps at all waiting times and the trace of the cross peak, for all species and their sum."""
    settings, species = config.twod, len(config.trion.names)
    values = len(settings.waiting_times) * settings.points**2 * species
    return Work(arrays=_MAP_SECONDS * values, calls=_TRACE_SECONDS * settings.trace_end / settings.trace_step)


def _sharing(config: Config, material: Material, sizes: Sizes, identical: bool, ranks: int) -> Sharing:
    """Return how products are shared among ranks: counted from the layout,
    or as in such layouts if that would take long.
    """
    busy = min(ranks, sizes.columns)
    if busy == 1 or ranks > sizes.columns or sizes.points * sizes.columns > _ENTRIES_COUNTED:
        return expected_sharing(sizes.pairs / POINT_GROUPS[sizes.symmetry].order, sizes.columns, identical, busy)
    return counted_sharing(carrier_mesh(config, material), sizes.symmetry, identical, ranks)


def _sent(sharing: Sharing, sizes: Sizes) -> dict[str, str]:
    """Return the data that the busiest rank sends in a product, and its share of the work."""
    if sharing.ranks == 1:
        return {}
    about, size = "" if sharing.counted else "about ", value_bytes(sizes) * sharing.amplitudes
    return {
        "sent per rank and product at most": f"{about}{sharing.messages:.0f} messages, {size / 1e6:.3g} MB",
        "work of the busiest rank over the mean": f"{about}{sharing.busiest:.2f}",
    }


def _warnings(config: Config, material: Material, sizes: Sizes, ranks: int) -> list[str]:
    found, unknowns, columns, basis = (
        coarse_mesh(config, material),
        sizes.unknowns,
        sizes.columns,
        small_basis(config.solver.states, sizes.unknowns),
    )
    if config.trion.temperature > 0 and _wants_spectra(config):
        found.append(
            "trion.temperature: one spectrum without symmetry for each of the resident carrier's momenta adds to time"
            " and memory"
        )
    if unknowns * basis / ranks > _INDEX_LIMIT:
        found.append(
            f"{unknowns} unknowns x {basis} basis vectors on {ranks} ranks exceed 32-bit indices; use more ranks, "
            "fewer solver.states, or PETSc with 64-bit indices"
        )
    if unknowns > _INDEX_LIMIT:
        found.append(f"{unknowns} unknowns exceed 32-bit indices; use a symmetry or PETSc with 64-bit indices")
    if ranks > columns:
        found.append(f"{ranks - columns} of {ranks} ranks will have no work: there are {columns} columns")
    elif columns / ranks < BLOCK_WIDTH / 2 and sizes.kernel.startswith("gemm"):
        found.append(f"{columns / ranks:.1f} columns per rank: matrix products lose speed below {BLOCK_WIDTH // 2}")
    if config.exchange.long_range:
        found += lacking_partners(config, material)
    if sizes.symmetry != "none" and any(_identical(config, material, species) for species in config.trion.names):
        found.append('identical carriers: the dark p-like state is found with solver.symmetry = "none" only')
    return found

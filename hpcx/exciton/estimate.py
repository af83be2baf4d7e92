"""Cost of an exciton run; measured on one core of the reference machine (`hpcx.parallel.machine`)."""

from __future__ import annotations

import math

from hpcx.exciton.carriers import described
from hpcx.exciton.config import CarriersInput, Config, Solver
from hpcx.exciton.problem import DENSE_LIMIT, coarse_mesh, mesh_points, pair_bands
from hpcx.exciton.refinement import relative_width
from hpcx.exciton.tight_binding import load_model, pair_momenta
from hpcx.materials.loader import Material
from hpcx.parallel.machine import Work
from hpcx.petsc.basis import large_basis
from hpcx.physics.tightbinding import CHUNK, sites
from hpcx.physics.valley_bands import cautions, told
from hpcx.registry import Estimate

#: resident memory of the interpreter with all libraries, bytes (measured)
BASE_BYTES = 1.4e8
#: bands, interaction and result of a point
POINT = Work(calls=0.01)
#: a product and its orthogonalisation: per call, and per n log2 n of the transforms on a mesh of n points
PRODUCT, TRANSFORM = Work(calls=2e-4), Work(arrays=5.2e-8)
#: components of a pair of Dirac bands
_DIRAC = 4
#: products for three excited states of degenerate and of other levels, per root of width over binding energy
_DEGENERATE, _SPLIT = 74, 33
#: per n^3 of a diagonalisation
DENSE = Work(products=1.2e-9)
#: a step of a spectrum beside its product, per step^3 for its lines, and about how many steps an exciton takes
STEP, LINES, EXCITON_STEPS = Work(calls=3.5e-4), Work(products=2e-9), 25
#: zone: per entry and level of a padded transform, per product of small factors with arrays, and per orbital^3 of a
#: diagonalisation, s
FFT_SECONDS, ORBITAL_SECONDS, DIAGONALISATION_SECONDS = 1.9e-9, 7e-9, 4e-9
#: zone: matrices of all orbitals that a diagonalisation holds (measured)
MATRICES = 8
#: zone: a product beside its transforms, a pair momentum beside its products, and about how many steps a spectrum takes
ZONE_PRODUCT, MOMENTUM, ZONE_STEPS = Work(calls=4.5e-4), Work(calls=1.7e-2), 35


def digits(tolerance: float) -> float:
    """Return the number of products for a tolerance (eV) relative to that for the default one;
    errors fall exponentially.
    """
    return 0.45 + 0.55 * math.log10(1 / tolerance) / 8


def products(config: CarriersInput, material: Material) -> int:
    """Return about how many products the lowest bound states on a disk take.

    They grow with the root of the width of the bands over the distance of levels; twice as fast for several states of
    parabolic bands, whose levels are degenerate or nearly so. Measured for 1 to 20 states, widths of 1 to 97 binding
    energies, N = 120 to 960: 25 to 1018, within 40 %, mostly 15 %. N hardly matters.
    """
    solver, width = config.solver, math.sqrt(relative_width(config, material))
    excited = 8 + (_DEGENERATE if config.bands.model == "parabolic" else _SPLIT) * width
    return round((12 + 14 * width + ((solver.states - 1) / 3) ** 0.6 * excited) * digits(solver.tolerance))


def zone_products(solver: Solver, divisions: int) -> int:
    """Return about how many products a pair momentum takes on the zone,
    whose levels lie closer (measured for N = 18 to 36).
    """
    return round((60 + 70 * ((solver.states - 1) / 3) ** 0.6) * math.sqrt(divisions / 20) * digits(solver.tolerance))


def components(config: CarriersInput, material: Material) -> int:
    """Return the number of products of spinor components of a pair on a disk."""
    if config.bands.model == "parabolic":
        return 1
    if config.bands.model != "tight-binding":
        return _DIRAC
    return math.prod(len(band.spinor_ck) for band in pair_bands(config, material).values())


def exciton_work(config: CarriersInput, material: Material, absorption: bool, ranks: int) -> Work:
    """Return the work for the exciton on a disk, with its spectrum if wanted;
    no more ranks than components have something to do.
    """
    n, count = mesh_points(config, material), components(config, material)
    transforms = TRANSFORM * (count / _DIRAC * n * math.log2(max(n, 2)) / min(ranks, count))
    steps = (transforms + STEP) * (EXCITON_STEPS if absorption else 0)
    if n <= DENSE_LIMIT:
        return DENSE * n**3 + steps
    return (transforms + PRODUCT) * products(config, material) + steps


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and work of an exciton run."""
    if config.mesh.region == "zone":
        return _zone(config, ranks)
    n = mesh_points(config, material)
    bands = pair_bands(config, material) if config.bands.model == "tight-binding" else {}
    warnings = coarse_mesh(config, material) + cautions(bands)
    facts = {"mesh points": str(n), "method": "dense matrix" if n <= DENSE_LIMIT else "matrix-free FFT"} | told(bands)
    if config.carrier_words:
        facts["carriers"] = described(config)
    work = POINT + exciton_work(config, material, config.absorption.enabled, ranks)
    if config.exchange.acts:  # two valleys, with exchange and without, at every momentum
        work += exciton_work(config, material, False, ranks) * (4 * len(config.exchange.momenta))
    if n <= DENSE_LIMIT:
        return Estimate(n, BASE_BYTES + 64.0 * n**2, work, facts, warnings)
    facts["products"] = f"about {products(config, material)}"
    count = components(config, material)
    padded = count * (4 / 3 / 0.68) * 4 * n
    memory = BASE_BYTES + 16 * padded / min(ranks, count) + 16 * n * (14 + large_basis(config.solver.states, n))
    return Estimate(n, memory, work, facts, warnings)


def _zone(config: Config, ranks: int) -> Estimate:
    """Return the cost of pairs on the whole zone: two transforms for every pair of orbitals, for each pair momentum.

    Every rank has its own pairs of orbitals, all bands at some of its momenta at a time, and the bands of pairs (twice
    while they are gathered) and one vector whole.
    """
    model, zone, n = load_model(config.tight_binding), config.zone, config.mesh.N
    momenta, pairs = len(pair_momenta(config, model)), zone.valence * zone.conduction
    workers, places = min(ranks, model.orbitals**2), len(sites(model)[0])
    seconds = (
        model.orbitals**2 * n**2 * (2 * FFT_SECONDS * 2 * math.log2(n) + ORBITAL_SECONDS * (zone.valence + 1)) / workers
    )
    seconds += ORBITAL_SECONDS * model.orbitals * n**2 * pairs / workers
    count, steps = zone_products(config.solver, n), 2 * ZONE_STEPS if config.absorption.enabled else 0
    diagonalisation = Work(arrays=DIAGONALISATION_SECONDS * n**2 * model.orbitals**3 / ranks)
    work = POINT + (MOMENTUM + diagonalisation) * momenta + STEP * steps
    work += (Work(arrays=seconds) + ZONE_PRODUCT) * (count * momenta + steps)
    basis = large_basis(config.solver.states, n**2 * pairs)
    states = (
        16.0
        * model.orbitals
        * (MATRICES * model.orbitals * min(n**2 / ranks, CHUNK) + 2 * n**2 * (zone.valence + zone.conduction))
    )
    memory = BASE_BYTES + states + 8.0 * places**2 * n**2 + 16.0 * n**2 * pairs * (4 + (22 + basis) / ranks)
    facts = {
        "orbitals": str(model.orbitals),
        "pair momenta": str(momenta),
        "products": f"about {count} per pair momentum",
        "method": "matrix-free FFT on the whole zone",
    }
    idle = [f"{ranks - workers} ranks have no pair of orbitals to work on"] if ranks > workers else []
    return Estimate(n**2 * pairs, memory, work, facts, idle)

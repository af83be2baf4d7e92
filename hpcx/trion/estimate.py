"""What a trion run will cost: sizes are exact or nearly so, times a model calibrated on one core of a 62 GF/s machine."""

from __future__ import annotations

import math

import numpy as np

from hpcx.exciton.estimate import BASE_BYTES, products
from hpcx.exciton.problem import coarse_mesh, material_mesh
from hpcx.materials.loader import Material
from hpcx.physics.mesh import ValleyMesh, count_points
from hpcx.registry import Estimate
from hpcx.trion.config import Config
from hpcx.trion.kernels import BLOCK_WIDTH, choose_kernel
from hpcx.trion.problem import carriers
from hpcx.trion.sector import pair_group

#: share of n^2 per column that the staircase leaves, without and with rotations (measured)
_STAIRCASE = {"none": 1.0, "C6": 0.55, "C6v": 0.52}
#: operations per second of the matrix products within the whole product (measured)
_FLOP_RATE = {"gemm": 4.2e10, "gemm-single": 7.8e10}
#: seconds per column, layout and n log2 n of the FFT kernel (measured)
_FOURIER_SECONDS = 1.0e-8
#: bytes per entry of the blocks: spinors, lists, buffers, and what the set-up needs for a while (measured)
_ENTRY_BYTES = 340
#: Lanczos steps for an error of 1e-3 with this broadening (eV); fewer in narrow windows (measured)
_SPECTRUM_STEPS, _SPECTRUM_BROADENING = 240, 4e-3
#: points from which on pairs and columns are counted by area; share of all pairs of points in a disk whose sum is in it
_BY_AREA, _PAIR_SHARE = 50_000, 1 - 3 * math.sqrt(3) / (4 * math.pi)
#: operations of the symmetries
_ORDER = {"none": 1, "C6": 6, "C6v": 12}
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
    """Return size, memory and time of a trion run on a number of ranks."""
    symmetry = config.solver.symmetry
    n, pairs, columns = _counts(config, material)
    kernel = choose_kernel(config.solver.kernel, n)
    unknowns = pairs // (6 if symmetry != "none" else 1)
    busy = min(ranks, columns)
    per_product = _product_seconds(kernel, symmetry, n, columns) / busy
    count = products(config.solver.states) + spectrum_products(config)
    facts = {
        "mesh points": str(n),
        "pair states": str(pairs),
        "unknowns": f"about {unknowns} (half for identical carriers)",
        "kernel": kernel,
        "columns": str(columns),
        "products": f"about {count} per species, {1e3 * per_product:.3g} ms each",
    }
    seconds = sum(_share(config, material, species) * count * per_product for species in config.trion.species)
    memory = _memory(config, material, kernel, n, unknowns, columns, busy)
    return Estimate(unknowns, memory, seconds, facts, _warnings(config, material, unknowns, columns, ranks, kernel))


def _counts(config: Config, material: Material) -> tuple[int, int, int]:
    """Return the numbers of mesh points, pairs and columns; those of a large mesh without making it."""
    n, symmetry = count_points(config.mesh.N, config.mesh.k0), config.solver.symmetry
    if n > _BY_AREA:
        return n, int(_PAIR_SHARE * n * n), math.ceil(n / _ORDER[symmetry])
    mesh = material_mesh(config.mesh, material)
    return n, pair_count(mesh), len(pair_group(mesh, symmetry, identical=False).columns)


def spectrum_products(config: Config) -> int:
    """Return about how many products the spectrum of a species takes; steps grow with resolution and digits (measured)."""
    settings = config.absorption
    if not settings.enabled and not config.twod.enabled:
        return 0
    steps = _SPECTRUM_STEPS * (_SPECTRUM_BROADENING / settings.broadening) * math.log10(1 / settings.accuracy) / 3
    return int(min(steps, settings.max_steps)) * (2 if settings.maps else 1)


def _identical(config: Config, material: Material, species: str) -> bool:
    three = carriers(material.text("bands.order"), species, config.trion.charge, config.trion.transition)
    return three[0] == three[1]


def _share(config: Config, material: Material, species: str) -> float:
    """Identical carriers need two of the three layouts."""
    return 2 / 3 if _identical(config, material, species) else 1.0


def _product_seconds(kernel: str, symmetry: str, n: int, columns: int) -> float:
    """Return the time of one product of three layouts on one core."""
    if kernel == "fft":
        return 3 * columns * _FOURIER_SECONDS * n * math.log2(n)
    return 3 * 16 * columns * _STAIRCASE[symmetry] * n**2 / _FLOP_RATE[kernel]


def _memory(config: Config, material: Material, kernel: str, n: int, unknowns: int, columns: int, ranks: int) -> float:
    """Return bytes per rank: interpreter, replicated tables, blocks, basis of the eigensolver."""
    order = material.text("bands.order")
    tables = 0
    for species in config.trion.species:
        first, second, _ = carriers(order, species, config.trion.charge, config.trion.transition)
        tables = max(tables, 1 if first.spin_valley == second.spin_valley else 2)
    table_bytes = {"gemm": 16, "gemm-single": 8, "fft": 0}[kernel] * tables * n**2
    basis = max(20, 2 * config.solver.states + 8) + 2 * config.solver.states + 4
    return BASE_BYTES + table_bytes + 0.75 * n * columns / ranks * _ENTRY_BYTES + 16 * basis * unknowns / ranks


def _warnings(config: Config, material: Material, unknowns: int, columns: int, ranks: int, kernel: str) -> list[str]:
    found = coarse_mesh(config.mesh)
    if config.trion.temperature > 0 and (config.absorption.enabled or config.twod.enabled):
        found.append("trion.temperature: one spectrum without symmetry for each of the charge's momenta adds to time and memory")
    basis = max(20, 2 * config.solver.states + 8)
    if unknowns * basis / ranks > _INDEX_LIMIT:
        found.append(
            f"{unknowns} unknowns x {basis} basis vectors on {ranks} ranks exceed 32-bit indices; use more ranks, "
            "fewer solver.states, or PETSc with 64-bit indices"
        )
    if unknowns > _INDEX_LIMIT:
        found.append(f"{unknowns} unknowns exceed 32-bit indices; use solver.symmetry C6v or PETSc with 64-bit indices")
    if ranks > columns:
        found.append(f"{ranks - columns} of {ranks} ranks will have no work: there are {columns} columns")
    elif columns / ranks < BLOCK_WIDTH / 2 and kernel != "fft":
        found.append(f"{columns / ranks:.1f} columns per rank: matrix products lose speed below {BLOCK_WIDTH // 2}")
    if config.solver.symmetry != "none" and any(_identical(config, material, species) for species in config.trion.species):
        found.append('identical carriers: the dark p-like state is found with solver.symmetry = "none" only')
    return found

"""Sizes of a trion problem, and the memory that a run will need."""

from __future__ import annotations

from dataclasses import dataclass

from hpcx.exciton.estimate import BASE_BYTES
from hpcx.exciton.problem import surroundings
from hpcx.materials.environment import apart
from hpcx.materials.loader import Material
from hpcx.petsc.basis import small_basis
from hpcx.physics.bands import Carrier
from hpcx.physics.mesh import POINT_GROUPS
from hpcx.trion.config import Config
from hpcx.trion.kernels import is_single
from hpcx.trion.problem import Label, three_carriers

#: entries of all blocks over points times columns (measured)
ENTRIES = 0.95
#: bytes of the spectra of the interaction that all transforms need, for a mesh of 27181 points; they grow as n^1.5
#: (measured)
_SPECTRA_BYTES, _SPECTRA_POINTS = 1.45e8, 27181
#: spinors for all transforms: bytes per point and component
_SPINOR_BYTES = 700
#: vectors of the eigensolver beside its basis: one more of the basis, one to work with, one in which states are handed
#: over
_SOLVER_VECTORS = 3


@dataclass(frozen=True)
class Sizes:
    """Numbers of mesh points, pairs, columns and spinor components,
    the symmetry that is used, and how products are formed.
    """

    points: int
    pairs: int
    columns: int
    components: int
    symmetry: str
    kernel: str

    @property
    def unknowns(self) -> int:
        """About how many coordinates a vector has."""
        return self.pairs // POINT_GROUPS[self.symmetry].rotations


def value_bytes(sizes: Sizes) -> int:
    """Return the bytes of an amplitude in products."""
    return 8 if is_single(sizes.kernel) else 16


def bytes_per_rank(config: Config, material: Material, sizes: Sizes, ranks: int) -> float:
    """Return bytes per rank: the interpreter, what every rank has whole,
    lists and buffers of products, vectors of the eigensolver.
    """
    three = [three_carriers(config, material, species) for species in config.trion.names]
    alike = [first == second for first, second, _ in three]
    shared = (
        alike if config.bands.model == "tight-binding" else [_one_matrix(first, second) for first, second, _ in three]
    )
    whole = whole_bytes(sizes, 1 if all(shared) else 2, 2 if apart(surroundings(config)) else 1)
    own = product_bytes(sizes, 2 if all(alike) else 3, ranks) + solver_bytes(config, sizes) / (2 if all(alike) else 1)
    return BASE_BYTES + whole + own / ranks


def _one_matrix(first: Label, second: Label) -> bool:
    """Say whether the like carriers share a matrix: Dirac bands of one gap do,
    whatever the valley, and all bands with overlaps of 1.
    """
    return not (isinstance(first, Carrier) and isinstance(second, Carrier)) or first.spin_valley == second.spin_valley


def whole_bytes(sizes: Sizes, matrices: int, interactions: int = 1) -> float:
    """Return the bytes of what every rank has whole: products of interactions with overlaps,
    or their spectra and spinors.
    """
    half = 0.5 if is_single(sizes.kernel) else 1
    if sizes.kernel.startswith("gemm"):
        return half * 16 * (matrices + interactions - 1) * sizes.points**2
    return half * (
        interactions * _SPECTRA_BYTES * (sizes.points / _SPECTRA_POINTS) ** 1.5
        + _SPINOR_BYTES * sizes.components * sizes.points
    )


def product_bytes(sizes: Sizes, layouts: int, ranks: int) -> float:
    """Return the bytes for products on all ranks together; see `hpcx.trion.operator`.

    Every entry has its place and sign in each layout's list, and a result; every canonical pair its key, kinetic
    energy, amplitude, result and place in the lists, and, if it comes from other ranks, room to be sent and received,
    there and back.
    """
    value, identical, mirrored = 8 if is_single(sizes.kernel) else 16, layouts == 2, sizes.symmetry.endswith("v")
    entry = (
        layouts * (4 + mirrored + identical)
        + value
        + (2 * value * sizes.components if sizes.kernel.startswith("gemm") else 0)
    )
    pair = 8 + 8 + value + 16 + 4 * mirrored + 3 * (4 + mirrored) + (1 - 1 / ranks) * 2 * (2 * value + 8)
    return entry * ENTRIES * sizes.points * sizes.columns + pair * sizes.pairs / POINT_GROUPS[sizes.symmetry].order / (
        2 if identical else 1
    )


def solver_bytes(config: Config, sizes: Sizes) -> float:
    """Return the bytes of PETSc's vectors, which are complex, and of states outside it,
    which are real in real sectors.
    """
    kept = (config.solver.states + 1) * (8 if sizes.symmetry.endswith("v") else 16)
    return sizes.unknowns * (16 * (small_basis(config.solver.states, sizes.unknowns) + _SOLVER_VECTORS) + kept)

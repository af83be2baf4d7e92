"""Monkhorst-Pack mesh around a valley, cut off at a radius, with its point symmetry. Units: nm, 1/nm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hpcx.physics.lattice import BOUNDARY, Lattice

#: rotation by 60 degrees and mirror of the integers (i, j) of i b1 + j b2 in a hexagonal lattice
ROTATION, MIRROR = np.array([[0, -1], [1, 1]]), np.array([[1, 0], [-1, -1]])


class Operation(NamedTuple):
    """A symmetry of a mesh: its matrix (2, 2) on the points' integers, and whether it is antiunitary."""

    matrix_xx: np.ndarray
    conjugates: bool


@dataclass(frozen=True)
class PointGroup:
    """Rotations, and with `mirrors` their products with the mirror ky -> -ky.

    The mirror is that of a lattice in the usual orientation; in general it is along the line from the zone's centre to
    K. It maps the Hamiltonian of one valley to its complex conjugate, so that it is antiunitary.
    """

    rotations: int
    mirrors: bool = False

    @property
    def order(self) -> int:
        """Number of operations."""
        return self.rotations * (1 + self.mirrors)

    def fits(self, lattice: Lattice) -> bool:
        """Return whether a lattice has these operations: all of them have k -> -k."""
        return lattice.is_hexagonal or self.order <= 2 and not self.mirrors

    @property
    def operations(self) -> list[Operation]:
        """All operations: the rotations from the identity on, then the mirrors."""
        turns = [np.linalg.matrix_power(ROTATION, 6 // self.rotations * number) for number in range(self.rotations)]
        return [Operation(turn, False) for turn in turns] + [
            Operation(MIRROR @ turn, True) for turn in turns if self.mirrors
        ]

    @property
    def generators(self) -> dict[str, Operation]:
        """Operations of which all others are products, by what they do."""
        turn = {f"the rotation by {360 // self.rotations} degrees": self.operations[1]} if self.rotations > 1 else {}
        return turn | ({"the mirror ky -> -ky": Operation(MIRROR, True)} if self.mirrors else {})


#: by the names that inputs give, the largest first
POINT_GROUPS = {
    "C6v": PointGroup(6, True),
    "C6": PointGroup(6),
    "C3v": PointGroup(3, True),
    "C3": PointGroup(3),
    "C2": PointGroup(2),
    "none": PointGroup(1),
}


@dataclass(frozen=True)
class ValleyMesh:
    """The points k = (i b1 + j b2) / N with |k| <= k0 2 pi / a, sorted by |k| and then by angle.

    In a hexagonal lattice of usual orientation b1 = (2 pi / a)(1, 1/sqrt 3), b2 = (2 pi / a)(0, 2/sqrt 3); momenta are
    measured from the valley's centre, which is a mesh point for any N. Because of the order the smallest number in an
    orbit of the point group lies in a wedge of 60 degrees (six rotations) or 30 degrees (and mirrors).

    Attributes:
        divisions: N, mesh points along each reciprocal lattice vector.
        cutoff: k0 in units of 2 pi / a.
        lattice: lattice of the layer; a is its shortest vector.
        index_kx: integers (i, j) of each point, shape (n, 2).
    """

    divisions: int
    cutoff: float
    lattice: Lattice
    index_kx: np.ndarray

    @property
    def size(self) -> int:
        """Number of points n."""
        return len(self.index_kx)

    @cached_property
    def reach(self) -> int:
        """Largest |i| or |j| of a point."""
        return int(np.abs(self.index_kx).max())

    @property
    def cell_area(self) -> float:
        """Area of the unit cell in nm^2."""
        return self.lattice.cell_area

    @cached_property
    def momentum_kx(self) -> np.ndarray:
        """Momenta relative to the valley's centre, shape (n, 2), 1/nm."""
        return self.momentum(self.index_kx)

    def momentum(self, index_x: np.ndarray) -> np.ndarray:
        """Return the momenta (..., 2) in 1/nm of integers (..., 2)."""
        return index_x @ self.lattice.reciprocal_vx / self.divisions

    @cached_property
    def _number_ij(self) -> np.ndarray:
        """Number of the point (i, j), -1 outside the disk; holds sums and differences of two points."""
        number_ij = np.full((4 * self.reach + 1,) * 2, -1)
        i, j = (self.index_kx + 2 * self.reach).T
        number_ij[i, j] = np.arange(self.size)
        return number_ij

    def lookup(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return the numbers of the points (i, j), -1 where there is none;
        |i|, |j| up to twice the reach of the mesh.
        """
        return self._number_ij[i + 2 * self.reach, j + 2 * self.reach]

    @property
    def offset(self) -> tuple[int, int]:
        """Integers of the point by which `add` lessens sums."""
        return 0, 0

    def add(self, k: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return the numbers of k + q for numbers k and q (broadcast), -1 outside the disk."""
        i, j = self.index_kx.T
        return self.lookup(i[k] + i[q], j[k] + j[q])

    @cached_property
    def inverse_k(self) -> np.ndarray:
        """Number of -k for every k."""
        return self.lookup(*-self.index_kx.T)

    def point_group(self, symmetry: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the operations of one of `POINT_GROUPS` as permutations (g, n) of the
        points and flags (g,) of complex conjugation.

        Raises ValueError for other than "C2" and "none" in a lattice that is not hexagonal.
        """
        if not POINT_GROUPS[symmetry].fits(self.lattice):
            raise ValueError(f"{symmetry} is not a symmetry of this lattice")
        operations = POINT_GROUPS[symmetry].operations
        return np.array([self.images(operation) for operation in operations]), np.array(
            [operation.conjugates for operation in operations]
        )

    def images(self, operation: Operation) -> np.ndarray:
        """Return the number of the image of every point, (n,)."""
        return self.lookup(*(operation.matrix_xx @ self.index_kx.T))


@dataclass(frozen=True)
class MovingMesh(ValleyMesh):
    """A mesh on which k1 and k2 belong to k3 = k1 + k2 - Q.

    Attributes:
        origin: number of the point Q.
    """

    origin: int

    @property
    def offset(self) -> tuple[int, int]:
        """Integers of Q."""
        i, j = self.index_kx[self.origin]
        return int(i), int(j)

    def add(self, k: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return the numbers of k + q - Q for numbers k and q (broadcast), -1 outside the disk."""
        i, j = self.index_kx.T
        far = 2 * self.reach
        i_sum, j_sum = (np.clip(x[k] + x[q] - x[self.origin], -far, far) for x in (i, j))
        return self.lookup(i_sum, j_sum)


def lattice_mesh(divisions: int, cutoff: float, lattice: Lattice) -> ValleyMesh:
    """Return the mesh of N = `divisions` and k0 = `cutoff` (2 pi / a) for a lattice."""
    index_kx = lattice.disk(cutoff * divisions * 2 * np.pi / lattice.constant)
    i, j = index_kx.T
    angle = np.arctan2((i + 2 * j) / np.sqrt(3), i) % (2 * np.pi)
    return ValleyMesh(divisions, cutoff, lattice, index_kx[np.lexsort((angle, lattice.norm(index_kx)))])


def count_points(divisions: int, cutoff: float, lattice: Lattice) -> int:
    """Return the number of points of a mesh; in a hexagonal lattice without making them:
    i^2 + i j + j^2 <= R^2 leaves an interval of j.
    """
    if not lattice.is_hexagonal:
        return len(lattice.disk(cutoff * divisions * 2 * np.pi / lattice.constant))
    i = np.arange(int(cutoff * divisions * BOUNDARY) + 1)
    root = np.sqrt(np.maximum(3 * (cutoff * divisions) ** 2 * BOUNDARY - 3.0 * i * i, 0.0))
    rows = np.floor((root - i) / 2) + np.floor((root + i) / 2) + 1
    return int(2 * rows.sum() - rows[0])

"""Monkhorst-Pack mesh around a valley, cut off at a radius, with its point symmetry. Units: nm, 1/nm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpcx.physics.lattice import BOUNDARY, Lattice, hexagonal


@dataclass(frozen=True)
class ValleyMesh:
    """The points k = (i b1 + j b2) / N with |k| <= k0 2 pi / a, sorted by |k| and then by angle.

    In a hexagonal lattice of usual orientation b1 = (2 pi / a)(1, 1/sqrt 3), b2 = (2 pi / a)(0, 2/sqrt 3); momenta are measured
    from the valley's centre, which is a mesh point for any N. Because of the order the smallest number in an orbit of the point
    group lies in a wedge of 60 degrees (six rotations) or 30 degrees (and mirrors).

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
        """Return the numbers of the points (i, j), -1 where there is none; |i|, |j| up to twice the reach of the mesh."""
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
        """Return the operations of a symmetry as permutations (g, n) of the points and flags (g,) of complex conjugation.

        "none" is the identity, "C3" and "C6" are rotations, "C3v" and "C6v" these and their products with the mirror ky -> -ky
        (of a lattice in the usual orientation; along the line from the zone's centre to K in general), which maps the Hamiltonian
        of one valley to its complex conjugate. Raises ValueError for other than "none" in a lattice that is not hexagonal.
        """
        if symmetry == "none":
            return np.arange(self.size)[None], np.array([False])
        if not self.lattice.is_hexagonal:
            raise ValueError(f"{symmetry} is no symmetry of this lattice")
        i, j = self.index_kx.T
        rotation, mirror = self.lookup(-j, i + j), self.lookup(i, -i - j)
        rotations = [np.arange(self.size)]
        for _ in range(5):
            rotations.append(rotation[rotations[-1]])
        rotations = rotations[:: 6 // int(symmetry[1])]
        mirrored = [mirror[operation] for operation in rotations] if symmetry.endswith("v") else []
        return np.array(rotations + mirrored), np.repeat([False, True], [len(rotations), len(mirrored)])


def lattice_mesh(divisions: int, cutoff: float, lattice: Lattice) -> ValleyMesh:
    """Return the mesh of N = `divisions` and k0 = `cutoff` (2 pi / a) for a lattice."""
    index_kx = lattice.disk(cutoff * divisions * 2 * np.pi / lattice.constant)
    i, j = index_kx.T
    angle = np.arctan2((i + 2 * j) / np.sqrt(3), i) % (2 * np.pi)
    return ValleyMesh(divisions, cutoff, lattice, index_kx[np.lexsort((angle, lattice.norm(index_kx)))])


def valley_mesh(divisions: int, cutoff: float, lattice_constant: float) -> ValleyMesh:
    """Return the mesh of N = `divisions` and k0 = `cutoff` (2 pi / a) for a hexagonal lattice with a in nm."""
    return lattice_mesh(divisions, cutoff, hexagonal(lattice_constant))


def count_points(divisions: int, cutoff: float) -> int:
    """Return the number of points in a hexagonal lattice, without making them: i^2 + i j + j^2 <= R^2 leaves an interval of j."""
    i = np.arange(int(cutoff * divisions * BOUNDARY) + 1)
    root = np.sqrt(np.maximum(3 * (cutoff * divisions) ** 2 * BOUNDARY - 3.0 * i * i, 0.0))
    rows = np.floor((root - i) / 2) + np.floor((root + i) / 2) + 1
    return int(2 * rows.sum() - rows[0])

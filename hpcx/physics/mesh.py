"""Monkhorst-Pack mesh around a valley, cut off at a radius, with its point symmetry. Units: Angstrom, 1/Angstrom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: boundary points count as inside although their squared norm is a rounded number
_BOUNDARY = 1 + 2e-10


@dataclass(frozen=True)
class ValleyMesh:
    """The points k = (i b1 + j b2) / N with |k| <= k0 2 pi / a, sorted by |k| and then by angle.

    b1 = (2 pi / a)(1, 1/sqrt 3), b2 = (2 pi / a)(0, 2/sqrt 3); momenta are measured from the valley's centre, which is a mesh
    point for any N. Because of the order the smallest number in an orbit of the point group lies in the wedge of 0 to 60 degrees
    (rotations) or 0 to 30 degrees (rotations and mirrors).

    Attributes:
        divisions: N, mesh points along each reciprocal lattice vector.
        cutoff: k0 in units of 2 pi / a.
        lattice_constant: a in Angstrom.
        index_kx: integers (i, j) of each point, shape (n, 2).
    """

    divisions: int
    cutoff: float
    lattice_constant: float
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
        """Area of the unit cell in Angstrom^2."""
        return np.sqrt(3) / 2 * self.lattice_constant**2

    @cached_property
    def momentum_kx(self) -> np.ndarray:
        """Momenta relative to the valley's centre, shape (n, 2), 1/Angstrom."""
        return self.momentum(self.index_kx)

    def momentum(self, index_x: np.ndarray) -> np.ndarray:
        """Return the momenta (..., 2) in 1/Angstrom of integers (..., 2)."""
        i, j = index_x[..., 0], index_x[..., 1]
        unit = 2 * np.pi / (self.lattice_constant * self.divisions)
        return unit * np.stack([i, (i + 2 * j) / np.sqrt(3)], axis=-1)

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

    def add(self, k: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return the numbers of k + q for numbers k and q (broadcast), -1 outside the disk."""
        i, j = self.index_kx.T
        return self.lookup(i[k] + i[q], j[k] + j[q])

    @cached_property
    def inverse_k(self) -> np.ndarray:
        """Number of -k for every k."""
        return self.lookup(*-self.index_kx.T)

    def point_group(self, symmetry: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the symmetry operations as permutations (g, n) of the points and flags (g,) of complex conjugation.

        "none" is the identity, "C6" the six rotations, "C6v" these and their products with the mirror ky -> -ky, which maps
        the Hamiltonian of one valley to its complex conjugate.
        """
        operations = [np.arange(self.size)]
        if symmetry == "none":
            return np.array(operations), np.array([False])
        i, j = self.index_kx.T
        rotation, mirror = self.lookup(-j, i + j), self.lookup(i, -i - j)
        for _ in range(5):
            operations.append(rotation[operations[-1]])
        if symmetry == "C6":
            return np.array(operations), np.zeros(6, bool)
        operations += [mirror[operation] for operation in operations]
        return np.array(operations), np.repeat([False, True], 6)


def valley_mesh(divisions: int, cutoff: float, lattice_constant: float) -> ValleyMesh:
    """Return the mesh of N = `divisions` and k0 = `cutoff` (2 pi / a) for a lattice constant in Angstrom."""
    reach = int(cutoff * divisions * _BOUNDARY)
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    norm = i * i + i * j + j * j
    inside = norm <= 0.75 * (cutoff * divisions) ** 2 * _BOUNDARY
    i, j, norm = i[inside], j[inside], norm[inside]
    angle = np.arctan2((i + 2 * j) / np.sqrt(3), i) % (2 * np.pi)
    order = np.lexsort((angle, norm))
    return ValleyMesh(divisions, cutoff, lattice_constant, np.stack([i, j], axis=1)[order])


def count_points(divisions: int, cutoff: float) -> int:
    """Return the number of points that `valley_mesh` would make, row by row: i^2 + i j + j^2 <= R^2 leaves an interval of j."""
    i = np.arange(int(cutoff * divisions * _BOUNDARY) + 1)
    root = np.sqrt(np.maximum(3 * (cutoff * divisions) ** 2 * _BOUNDARY - 3.0 * i * i, 0.0))
    rows = np.floor((root - i) / 2) + np.floor((root + i) / 2) + 1
    return int(2 * rows.sum() - rows[0])

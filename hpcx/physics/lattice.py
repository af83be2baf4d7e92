"""Two-dimensional Bravais lattices: a reduced basis, whatever basis a file has,
and the Wigner-Seitz cell of momentum space.

Lengths in nm. The basis is reduced: a1 and a2 are as short as can be and enclose 90 to 120 degrees, so that the
reciprocal vectors b1 and b2 enclose 60 to 90. A hexagonal lattice has 120 and 60 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: relative deviation up to which a lattice counts as hexagonal, and is made exactly so: files print 6 digits and more
_HEXAGONAL = 1e-5
#: boundary points count as inside although their squared norm is a rounded number
BOUNDARY = 1 + 2e-10
#: relative size of what is rounding
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Lattice:
    """A two-dimensional lattice; make it with `hexagonal` or `lattice_of`.

    Attributes:
        vectors_vx: reduced lattice vectors a1, a2, counterclockwise, (2, 2), nm.
        is_hexagonal: whether it is hexagonal.
    """

    vectors_vx: np.ndarray
    is_hexagonal: bool

    @cached_property
    def constant(self) -> float:
        """Length a of the shortest lattice vector, nm."""
        return float(np.linalg.norm(self.vectors_vx, axis=1).min())

    @cached_property
    def reciprocal_vx(self) -> np.ndarray:
        """Reciprocal vectors b1, b2 with a_v b_w = 2 pi delta_vw, (2, 2), 1/nm."""
        return 2 * np.pi * np.linalg.inv(self.vectors_vx).T

    @cached_property
    def cell_area(self) -> float:
        """Area of the unit cell, nm^2."""
        return float(np.linalg.det(self.vectors_vx))

    @property
    def inscribed_radius(self) -> float:
        """Radius of the circle within the Wigner-Seitz cell of b1, b2, half the shortest reciprocal vector, 1/nm:
        points of an open disk up to it differ by no reciprocal vector.
        """
        return float(np.linalg.norm(self._nearest, axis=1).min()) / 2

    def disk(self, radius: float) -> np.ndarray:
        """Return the integers (i, j) of all i b1 + j b2 up to `radius` (1/nm), (points, 2), i first;
        the border belongs to it.
        """
        reach = (radius * np.linalg.norm(self.vectors_vx, axis=1) / (2 * np.pi) * BOUNDARY).astype(int)
        index_px = integer_pairs(*(range(-most, most + 1) for most in reach))
        return index_px[self.norm(index_px) <= (radius / np.linalg.norm(self.reciprocal_vx[0])) ** 2 * BOUNDARY]

    def norm(self, index_px: np.ndarray) -> np.ndarray:
        """Return |i b1 + j b2|^2 / |b1|^2 of integers (points, 2), rounded so that points of one shell are equal."""
        metric = self.reciprocal_vx @ self.reciprocal_vx.T
        i, j = index_px.T
        return np.round(i * i + 2 * metric[0, 1] / metric[0, 0] * i * j + metric[1, 1] / metric[0, 0] * j * j, 8)

    @cached_property
    def corners(self) -> np.ndarray:
        """Corners of the Wigner-Seitz cell of b1, b2, counterclockwise, (6, 2), 1/nm;
        two coincide if the cell is a rectangle.
        """
        return np.array(
            [
                np.linalg.solve(pair, (pair**2).sum(axis=1) / 2)
                for pair in np.stack([self._nearest, np.roll(self._nearest, -1, axis=0)], axis=1)
            ]
        )

    @cached_property
    def _nearest(self) -> np.ndarray:
        """Reciprocal vectors on whose perpendicular bisectors the sides are, counterclockwise, (6, 2)."""
        b1, b2 = self.reciprocal_vx
        return np.array([b1, b2, b2 - b1, -b1, -b2, b1 - b2])

    def half_sides(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return distance (1/nm), angle and number of the different right triangles
        that make up the Wigner-Seitz cell of b1, b2.

        From the middle of a side to a corner the border is at distance / cos(phi), phi from 0 to the angle.
        """
        distance = np.linalg.norm(self._nearest, axis=1) / 2
        sideways = self._nearest[:, ::-1] * [-1, 1] / (2 * distance[:, None])
        along = [
            np.abs((corners * sideways).sum(axis=1)) for corners in (self.corners, np.roll(self.corners, 1, axis=0))
        ]
        triangles = np.stack(
            [np.tile(distance / distance[0], 2), np.arctan2(np.concatenate(along), np.tile(distance, 2))], axis=1
        )
        _, kinds, count = np.unique(np.round(triangles, 7), axis=0, return_index=True, return_counts=True)
        return triangles[kinds, 0] * distance[0], triangles[kinds, 1], count

    def cell_rule(self, nodes: int) -> tuple[np.ndarray, np.ndarray]:
        """Return points (p, 2) and weights (p,) of a Gauss rule, `nodes` per direction,
        for the mean over the Wigner-Seitz cell of b1, b2.
        """
        following = np.roll(self.corners, -1, axis=0)
        share = np.linalg.det(np.stack([self.corners, following], axis=1)) / 2 / np.linalg.det(self.reciprocal_vx)
        node, weight = np.polynomial.legendre.leggauss(nodes)
        node, weight = (node + 1) / 2, weight / 2
        side = self.corners[:, None] * (1 - node[:, None]) + following[:, None] * node[:, None]
        points = node[:, None, None, None] * side
        weights = 2 * node[:, None, None] * weight[:, None, None] * weight * share[:, None]
        return points.reshape(-1, 2), weights.reshape(-1)


def integer_pairs(first: range, second: range) -> np.ndarray:
    """Return all pairs of integers of two ranges, (pairs, 2), the second one running fastest."""
    return np.stack([axis.ravel() for axis in np.meshgrid(first, second, indexing="ij")], axis=1)


def hexagonal(constant: float) -> Lattice:
    """Return the hexagonal lattice with a1 = a (1, 0), a in nm."""
    return Lattice(constant * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]]), True)


def lattice_of(vectors_vx: np.ndarray) -> Lattice:
    """Return the lattice of any two basis vectors (2, 2), nm:
    Lagrange's reduction, and exactly hexagonal if nearly so.
    """
    first, second = np.array(vectors_vx, float)
    while True:
        second = second - np.rint(first @ second / (first @ first) + _ROUNDING) * first
        if second @ second >= first @ first * (1 - _ROUNDING):
            break
        first, second = second, first
    second = -second if first @ second > _ROUNDING * (first @ first) else second
    first, second = (first, second) if np.linalg.det([first, second]) > 0 else (second, first)
    metric = np.array([second @ second, first @ second]) / (first @ first)
    if np.abs(metric - [1, -0.5]).max() > _HEXAGONAL:
        return Lattice(np.array([first, second]), False)
    turn = np.array([[-0.5, np.sqrt(3) / 2], [-np.sqrt(3) / 2, -0.5]])  # of rows, by 120 degrees
    first = (first + second @ turn.T) / 2
    return Lattice(np.array([first, first @ turn]), True)

"""The symmetric sector of pair states: orbits of pairs under the point group and, for identical carriers, the exchange.

Amplitudes obey C(g(k1, k2)) = s C(k1, k2), complex conjugated if g is antiunitary; s = -1 if g exchanges identical
carriers. In a sector of angular momentum m, of rotations alone, a rotation by an angle also multiplies them by exp(i m
angle). One amplitude per orbit is therefore enough. An orbit's coordinates are this complex number, or its real and
imaginary parts if the group has antiunitary elements; stabilisers with s = -1 or complex conjugation leave one part or
none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.physics.mesh import ValleyMesh

#: pairs (column by row) that are looked at together when pairs are listed
_CHUNK = 1 << 22


@dataclass(frozen=True)
class PairGroup:
    """Operations on pairs of points.

    Attributes:
        mesh: the points.
        permutation_gk: spatial part, (g, n).
        conjugates_g: antiunitary operations.
        swaps_g: operations that exchange the two carriers, with character -1.
        turn_g: further factor of an operation, 1 in fully symmetric sectors, complex.
        columns: smallest point of each spatial orbit, ascending; a canonical pair has k2 among them.
    """

    mesh: ValleyMesh
    permutation_gk: np.ndarray
    conjugates_g: np.ndarray
    swaps_g: np.ndarray
    turn_g: np.ndarray
    columns: np.ndarray

    @property
    def order(self) -> int:
        """Number of operations."""
        return len(self.swaps_g)

    def key(self, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return the number of a pair: k2 first, k1 within it."""
        return k2 * self.mesh.size + k1

    def pair(self, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (k1, k2) of keys."""
        k2, k1 = np.divmod(key, self.mesh.size)
        return k1, k2

    def _image(self, g: int, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        move = self.permutation_gk[g]
        return self.key(move[k2], move[k1]) if self.swaps_g[g] else self.key(move[k1], move[k2])

    def canonical(self, k1: np.ndarray, k2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest key in each pair's orbit and the operation that leads there."""
        best, operation = self.key(k1, k2), np.zeros(len(k1), np.int8)
        for g in range(1, self.order):
            key = self._image(g, k1, k2)
            better = key < best
            best[better], operation[better] = key[better], g
        return best, operation

    def stabilizers(self, key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return for canonical keys the orbit's size and whether real and imaginary part may differ from zero."""
        k1, k2 = self.pair(key)
        fixed, real, imaginary = np.zeros(len(key), np.int8), np.ones(len(key), bool), np.ones(len(key), bool)
        for g in range(self.order):
            same = self._image(g, k1, k2) == key
            fixed += same
            factor = -self.turn_g[g] if self.swaps_g[g] else self.turn_g[g]
            if not np.isclose(factor, 1):
                real &= ~same
            if not np.isclose(factor, -1 if self.conjugates_g[g] else 1):
                imaginary &= ~same
        return self.order // fixed, real, imaginary

    def to_column(self, k: np.ndarray) -> np.ndarray:
        """Return for points k an operation without exchange that leads to the smallest point of their orbit."""
        leads_k = np.argmin(self.permutation_gk[~self.swaps_g], axis=0).astype(np.int8)
        return leads_k[k]

    def pairs_of_columns(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all p, r with r in `columns` and p, p + r on the mesh,
        in the order of their keys if columns ascend.
        """
        step = max(1, _CHUNK // self.mesh.size)
        found = [np.empty((2, 0), int)]
        for start in range(0, len(columns), step):
            part = columns[start : start + step]
            place, p = np.nonzero(self.mesh.add(np.arange(self.mesh.size)[None], part[:, None]) >= 0)
            found.append(np.array([p, part[place]]))
        p, r = np.concatenate(found, axis=1)
        return p, r


def pair_group(mesh: ValleyMesh, symmetry: str, identical: bool, momentum: int = 0) -> PairGroup:
    """Return the group of a symmetry (of `POINT_GROUPS`), with the exchange of identical carriers;
    angular `momentum` needs rotations alone.
    """
    permutation_gk, conjugates_g = mesh.point_group(symmetry)
    turn_g = np.exp(2j * np.pi * momentum * np.arange(len(conjugates_g)) / len(conjugates_g))
    columns = np.flatnonzero(permutation_gk.min(axis=0) == np.arange(mesh.size))
    swaps_g = np.zeros(len(conjugates_g), bool)
    if identical:
        permutation_gk, conjugates_g = np.tile(permutation_gk, (2, 1)), np.tile(conjugates_g, 2)
        swaps_g, turn_g = np.concatenate([swaps_g, ~swaps_g]), np.tile(turn_g, 2)
    return PairGroup(mesh, permutation_gk, conjugates_g, swaps_g, turn_g, columns)


class Sector:
    """This rank's orbits of pairs and the coordinates of vectors.

    Attributes:
        key: canonical keys of this rank's orbits, ascending.
        rows: number of coordinates on this rank: the length of its part of a vector.
        dtype: of coordinates, float or complex.
        pairs: number of pairs that this rank's orbits stand for.
    """

    def __init__(self, group: PairGroup, columns: np.ndarray) -> None:
        """Find the orbits whose canonical column is among `columns` (ascending)."""
        k1, k2 = group.pairs_of_columns(columns)
        key = group.key(k1, k2)
        self.group = group
        self.key = key[group.canonical(k1, k2)[0] == key]
        size, real, imaginary = group.stabilizers(self.key)
        self.real = bool(group.conjugates_g.any())
        self.dtype = float if self.real else complex
        self.pairs = int(size.sum(dtype=int))
        self._parts = [_places(part) for part in ([real, imaginary] if self.real else [real])]
        # nearly all orbits are as large as the group: the others are listed
        self._small = np.flatnonzero(size < group.order)
        self._share = np.sqrt(size[self._small] / group.order)
        self._first = np.cumsum([0, np.count_nonzero(real), np.count_nonzero(imaginary) if self.real else 0])
        self.rows = int(self._first[-1])

    @property
    def k1(self) -> np.ndarray:
        """Number of the first carrier's point, of every orbit."""
        return self.key % self.group.mesh.size

    @property
    def k2(self) -> np.ndarray:
        """Number of the second carrier's point, of every orbit."""
        return self.key // self.group.mesh.size

    @property
    def norm(self) -> np.ndarray:
        """Coordinate over amplitude of every orbit: the root of its size."""
        norm = np.full(len(self.key), np.sqrt(self.group.order))
        norm[self._small] *= self._share
        return norm

    def unpack(self, x: np.ndarray, z: np.ndarray) -> None:
        """Set the amplitudes z of the canonical pairs from coordinates x;
        amplitudes that vanish by symmetry are zero.
        """
        self._set(x, z)
        z *= 1 / np.sqrt(self.group.order)
        z[self._small] /= self._share

    def pack(self, z: np.ndarray) -> np.ndarray:
        """Return the coordinates of amplitudes z, which are overwritten:
        the plain inner product of coordinates is that of states.
        """
        z *= np.sqrt(self.group.order)
        z[self._small] *= self._share
        return self.collect(z)

    def amplitudes(self, x: np.ndarray) -> np.ndarray:
        """Return the amplitudes of the canonical pairs, in the order of `key`, of coordinates x."""
        z = np.empty(len(self.key), complex)
        self.unpack(x, z)
        return z

    def spread(self, x: np.ndarray) -> np.ndarray:
        """Return the coordinates x at the places of their canonical pairs, (key,);
        `collect` gives them back to the last bit.
        """
        z = np.empty(len(self.key), complex)
        self._set(x, z)
        return z

    def collect(self, z: np.ndarray) -> np.ndarray:
        """Return the coordinates of which `spread` has made z."""
        x = np.empty(self.rows, self.dtype)
        for view, place, part in zip(self._views(z), self._parts, self._pieces(x), strict=True):
            part[:] = view[place]
        return x

    def _set(self, x: np.ndarray, z: np.ndarray) -> None:
        for view, place, part in zip(
            self._views(z), self._parts, self._pieces(x.real if self.real else x), strict=True
        ):
            if not isinstance(place, slice):
                view[:] = 0
            view[place] = part

    def _views(self, z: np.ndarray) -> tuple[np.ndarray, ...]:
        return (z.real, z.imag) if self.real else (z,)

    def _pieces(self, x: np.ndarray) -> list[np.ndarray]:
        return [x[first:last] for first, last in zip(self._first, self._first[1:])][: len(self._parts)]


def _places(part: np.ndarray) -> np.ndarray | slice:
    """Return where a part exists, as an index."""
    return slice(None) if part.all() else np.flatnonzero(part).astype(np.int32)

"""Columns of pair states in blocks that products can work on.

In each of the three layouts (see operator.py) a column r has entries for the points p with p + r on the mesh: the same
ones in all layouts. A block holds consecutive columns over a common list of rows, as an array [column, row]; entries
that are not allowed are masked by vanishing spinors.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from hpcx.physics.mesh import ValleyMesh

#: columns times rows that are looked at together when the staircase is laid out
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Block:
    """Some columns over common rows.

    Attributes:
        columns: points r, (c,).
        height: number of rows.
        start: place of the first entry among all entries of this rank.
    """

    columns: np.ndarray
    height: int
    start: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of columns and of rows."""
        return len(self.columns), self.height

    @property
    def entries(self) -> slice:
        """Where this block's entries are among all entries of this rank."""
        return slice(self.start, self.start + self.columns.size * self.height)

    @property
    def rows(self) -> np.ndarray:
        """Points p, (p,); -1 is a place that is never used."""
        raise NotImplementedError


@dataclass(frozen=True)
class Stair(Block):
    """A block over leading rows of a staircase.

    Attributes:
        order: all rows, (n,).
        family: number of the staircase, or of the mirror of its pairs.
    """

    order: np.ndarray
    family: int = 0

    @property
    def rows(self) -> np.ndarray:
        """Points p, (p,)."""
        return self.order[: self.height]


@dataclass(frozen=True)
class Box(Block):
    """A block whose rows are the places of a box of mesh integers.

    Attributes:
        mesh: the points.
        corner, extent: smallest integers and lengths of the box, (2,).
    """

    mesh: ValleyMesh
    corner: tuple[int, int]
    extent: tuple[int, int]

    @property
    def rows(self) -> np.ndarray:
        """Points p, (p,); -1 is a place of the box that is not on the mesh."""
        i, j = np.ogrid[tuple(slice(first, first + length) for first, length in zip(self.corner, self.extent))]
        return self.mesh.lookup(i, j).ravel()


AnyBlock = TypeVar("AnyBlock", bound=Block)


@dataclass(frozen=True)
class Blocks(Generic[AnyBlock]):
    """This rank's columns, with the entries of all blocks one after the other."""

    mesh: ValleyMesh
    blocks: list[AnyBlock]

    @property
    def length(self) -> int:
        """Number of entries, masked ones included."""
        return self.blocks[-1].entries.stop if self.blocks else 0

    def third(self, block: Block) -> np.ndarray:
        """Return the points p + r of a block, (c, p), -1 where the entry is masked."""
        p, r = block.rows[None], block.columns[:, None]
        return np.where(p >= 0, self.mesh.add(p, r), -1)

    def allowed(self, block: Block) -> np.ndarray:
        """Return the integers of the points that any column of a block allows, (p, 2)."""
        return self.mesh.index_kx[block.rows[(self.third(block) >= 0).any(axis=0)]]

    def key(self) -> np.ndarray:
        """Return r n + p of every entry, -1 where it is masked."""
        key = np.full(self.length, -1)
        for block in self.blocks:
            p_r = block.columns[:, None] * self.mesh.size + block.rows
            key[block.entries] = np.where(self.third(block) >= 0, p_r, -1).ravel()
        return key

    def spinors(self, spinor_ck: np.ndarray) -> dict[int, np.ndarray]:
        """Return a band's spinor at p + r for every block, (components, c, p), zero where the entry is masked;
        by the block's start.
        """
        padded_ck = np.concatenate([spinor_ck, np.zeros_like(spinor_ck[:, :1])], axis=1)
        return {block.start: padded_ck.take(self.third(block), axis=1) for block in self.blocks}


def largest(blocks: Blocks[Any]) -> int:
    """Return the number of entries of the largest block."""
    return max((block.columns.size * block.height for block in blocks.blocks), default=0)


class Staircase:
    """An order of the rows in which those allowed in a column are among the first few.

    Columns are sorted by |r|; rows by the last column in which they are allowed, falling.

    Attributes:
        order: points p in this order, (n,), or two by two (see `in_pairs`); -1 is a place that is never used.
        height_c: number of rows that a column needs, falling with the column.
    """

    def __init__(self, mesh: ValleyMesh, columns: np.ndarray) -> None:
        last = np.zeros(mesh.size, int)
        step = max(1, _CHUNK // mesh.size)
        for start in range(0, len(columns), step):
            part = columns[start : start + step]
            allowed = mesh.add(np.arange(mesh.size)[None], part[:, None]) >= 0
            place = start + len(part) - 1 - np.argmax(allowed[::-1], axis=0)
            last = np.where(allowed.any(axis=0), place, last)
        self._last_k, self._columns = last, len(columns)
        self._set(np.arange(mesh.size)[:, None], last)

    def _set(self, rows_kx: np.ndarray, last_k: np.ndarray) -> None:
        """Set the order from points that stand together, (k, x), and the last columns that allow them, (k,)."""
        self.order = rows_kx[np.argsort(-last_k, kind="stable")].ravel()
        self.height_c = rows_kx.shape[1] * (len(last_k) - np.searchsorted(np.sort(last_k), np.arange(self._columns)))

    def in_pairs(self, image_k: np.ndarray) -> Staircase:
        """Return an order in which every point is followed by its image in a mirror;
        if that is the point itself, by a place that is never used.
        """
        point = np.flatnonzero(image_k >= np.arange(len(image_k)))
        image = np.where(image_k[point] == point, -1, image_k[point])
        pairs = copy(self)
        pairs._set(np.stack([point, image], axis=1), np.maximum(self._last_k, self._last_k[image_k])[point])
        return pairs

    def blocks(self, columns: np.ndarray, mine: np.ndarray, width: int, start: int = 0, family: int = 0) -> list[Stair]:
        """Return this rank's columns `columns[mine]` in blocks of `width` over leading rows."""
        found: list[Stair] = []
        for first in range(0, len(mine), width):
            part = mine[first : first + width]
            found.append(Stair(columns[part], int(self.height_c[part[0]]), start, self.order, family))
            start = found[-1].entries.stop
        return found


def mirror_blocks(mesh: ValleyMesh, columns: np.ndarray, mirrors: np.ndarray, width: int) -> Blocks[Stair]:
    """Return `columns` in blocks of `width` over rows in pairs of points and their images, by mirrors of images (m, n).

    What a column allows is nearly symmetric to the mirror that is nearest to it, so that images add few rows; with few
    columns it is better that all are in the same blocks.
    """
    distance_mc = np.linalg.norm(mesh.momentum_kx[mirrors[:, columns]] - mesh.momentum_kx[columns], axis=-1)
    nearest_c = np.argmin(distance_mc, axis=0)
    common_c = np.full_like(nearest_c, np.bincount(nearest_c, minlength=1).argmax())
    ways = [_in_families(mesh, columns, mirrors, family_c, width) for family_c in (nearest_c, common_c)]
    return min(ways, key=operations)


def _in_families(
    mesh: ValleyMesh, columns: np.ndarray, mirrors: np.ndarray, family_c: np.ndarray, width: int
) -> Blocks[Stair]:
    found: list[Stair] = []
    for family in np.unique(family_c).tolist():
        part = columns[family_c == family]
        stairs = Staircase(mesh, part).in_pairs(mirrors[family])
        start = found[-1].entries.stop if found else 0
        found += stairs.blocks(part, np.arange(len(part)), width, start, family)
    return Blocks(mesh, found)


def operations(blocks: Blocks[Stair]) -> int:
    """Return the number of multiplications of a vector of all entries with leading parts of a matrix."""
    return sum(len(block.columns) * block.height**2 for block in blocks.blocks)


def box_blocks(mesh: ValleyMesh, columns: np.ndarray, entries: int) -> Blocks[Box]:
    """Return `columns` in blocks of about so many entries, of one column at least, whose rows are the smallest box of
    mesh integers around the allowed points; columns of similar boxes are together.
    """
    first_cx, last_cx = np.array([_box(mesh, column) for column in columns[:, None]]).reshape(-1, 2, 2).swapaxes(0, 1)
    extent_cx = last_cx - first_cx + 1
    left, found, start = np.lexsort((*first_cx.T, *extent_cx.T)), [], 0
    while len(left):
        width = max(1, entries // int(extent_cx[left[0]].prod()))
        part, left = left[:width], left[width:]
        corner = first_cx[part].min(axis=0)
        rows, columns_ = (last_cx[part].max(axis=0) - corner + 1).tolist()
        i, j = corner.tolist()
        found.append(Box(columns[part], rows * columns_, start, mesh, (i, j), (rows, columns_)))
        start = found[-1].entries.stop
    return Blocks(mesh, found)


def _box(mesh: ValleyMesh, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and the largest integers of the points that a column, (1,), allows; (2,) each."""
    index_px = mesh.index_kx[mesh.add(np.arange(mesh.size), column) >= 0]
    return index_px.min(axis=0), index_px.max(axis=0)

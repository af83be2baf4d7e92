"""A lattice of cells cut into rectangles, one per rank, and the exchange of their borders.

The lattice is cut into bands of rows, and each band into its own number of columns, so that any number of ranks can
share it evenly: five ranks make a band of two and one of three. No MPI is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpcx.parallel.layout import block_rows

#: how many neighbours a cell needs on each side
REACH = 2
DISTANCES = tuple(distance for distance in range(-REACH, REACH + 1) if distance)
#: cost of sending a cell over that of computing it: a copy; the transfer is mostly hidden
_GHOST_COST = 0.1

Box = tuple[slice, ...]


@dataclass(frozen=True)
class Tiling:
    """Rectangles of a lattice by rank.

    Attributes:
        points: cells along y and x, or along x alone.
        edges: first row of every band and, last, the number of rows.
        columns: ranks that share each band, which are numbered from band to band.
    """

    points: tuple[int, ...]
    edges: np.ndarray
    columns: np.ndarray

    @property
    def ranks(self) -> int:
        """Number of ranks."""
        return int(self.columns.sum())

    @cached_property
    def _first(self) -> np.ndarray:
        """First rank of every band."""
        return np.cumsum(self.columns) - self.columns

    def box(self, rank: int) -> Box:
        """Return the cells of a rank, one slice per axis."""
        band = int(np.searchsorted(self._first, rank, side="right")) - 1
        rows = slice(int(self.edges[band]), int(self.edges[band + 1]))
        if len(self.points) == 1:
            return (rows,)
        column = rank - self._first[band]
        first, last = (int(edge) for edge in block_rows(self.points[1], self.columns[band])[column : column + 2])
        return (rows, slice(first, last))

    def owner(self, index: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return the rank of each cell; `index` is one array per axis."""
        band = np.searchsorted(self.edges, index[0], side="right") - 1
        if len(self.points) == 1:
            return band
        # the inverse of block_rows
        return self._first[band] + ((index[1] + 1) * self.columns[band] - 1) // self.points[1]

    def cells(self) -> np.ndarray:
        """Return the number of cells of every rank."""
        heights = np.repeat(np.diff(self.edges), self.columns)
        widths = [
            np.diff(block_rows(self.points[1], count)) if len(self.points) == 2 else np.ones(1, int)
            for count in self.columns
        ]
        return heights * np.concatenate(widths)


def check_ranks(points: tuple[int, ...], ranks: int) -> None:
    """Raise ValueError if a lattice has fewer cells than ranks, or too few in a row for its differences."""
    if min(points) < 2 * REACH:
        raise ValueError(f"{min(points)} cells in a row are too few: {2 * REACH} are needed")
    _check_number(points, ranks)


def _check_number(points: tuple[int, ...], ranks: int) -> None:
    most = int(np.prod(points))
    if ranks > most:
        cells = " x ".join(map(str, points))
        raise ValueError(
            f"{cells} cells are too few for {ranks} ranks: use at most {most} ranks, or raise space.points"
        )


def make_tiling(points: tuple[int, ...], ranks: int) -> Tiling:
    """Return the rectangles for a number of ranks: even in size first of all, with short borders.

    Raises ValueError if there are more ranks than cells.
    """
    _check_number(points, ranks)
    bands = range(ranks, ranks + 1) if len(points) == 1 else _candidates(points, ranks)
    tilings = [tiling for count in bands for tiling in _tilings(points, ranks, count)]
    return min(tilings, key=_cost)


def _candidates(points: tuple[int, ...], ranks: int) -> range:
    """Return numbers of bands to try, from many to few: among equal costs, whole rows are sent without a copy."""
    square = np.sqrt(ranks * points[0] / points[1])
    least = max(int(0.4 * square), -(-ranks // points[1]), 1)
    return range(min(int(2.5 * square) + 1, ranks, points[0]), least - 1, -1)


def _tilings(points: tuple[int, ...], ranks: int, bands: int) -> list[Tiling]:
    """Return tilings with a number of bands: heights in proportion to the ranks of a band, and equal heights."""
    first = block_rows(ranks, bands)
    proportional = (2 * points[0] * first + ranks) // (2 * ranks)
    found = [Tiling(points, edges, np.diff(first)) for edges in (proportional, block_rows(points[0], bands))]
    widest = points[1] if len(points) == 2 else 1
    return [tiling for tiling in found if np.diff(tiling.edges).min() > 0 and tiling.columns.max() <= widest]


def _cost(tiling: Tiling) -> float:
    """Return the time of the slowest rank in units of a cell."""
    heights = np.repeat(np.diff(tiling.edges), tiling.columns)
    cells, cut = tiling.cells(), np.repeat(tiling.columns > 1, tiling.columns)
    ghosts = 2 * REACH * ((len(tiling.columns) > 1) * cells / heights + cut * heights)
    return float(np.max(cells + _GHOST_COST * ghosts))


def neighbour(
    points: tuple[int, ...], index: tuple[np.ndarray, ...], axis: int, distance: int, mirror: bool
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return where the neighbours of cells at a distance along an axis are, and which of them are mirror images.

    With `mirror`, mirror images lie beyond the ends; else the lattice is periodic. `index` is one array (cell,) per
    axis.
    """
    length, place = points[axis], index[axis] + distance
    beyond = (place < 0) | (place >= length)
    if mirror:
        place = np.where(place < 0, -1 - place, np.where(place >= length, 2 * length - 1 - place, place))
    moved = tuple(place % length if number == axis else column for number, column in enumerate(index))
    return moved, beyond & mirror


@dataclass(frozen=True)
class Borders:
    """What one exchange of borders takes, by rank: messages and cells that a rank sends (as many as it receives)."""

    messages: np.ndarray
    cells: np.ndarray


def border_traffic(tiling: Tiling, mirror: bool) -> Borders:
    """Return what the ranks send in one exchange, from the layout alone."""
    index = tuple(np.indices(tiling.points).reshape(len(tiling.points), -1))
    mine, size, ranks = tiling.owner(index), int(np.prod(tiling.points)), tiling.ranks
    keys = []
    for axis in range(len(tiling.points)):
        for distance in DISTANCES:
            theirs = tiling.owner(neighbour(tiling.points, index, axis, distance, mirror)[0])
            cell = np.flatnonzero(theirs != mine)
            keys.append((mine[cell] * ranks + theirs[cell]) * size + cell)
    pair = np.unique(np.concatenate(keys)) // size  # a cell goes to a rank once, whichever neighbours it has there
    return Borders(np.bincount(np.unique(pair) // ranks, minlength=ranks), np.bincount(pair // ranks, minlength=ranks))

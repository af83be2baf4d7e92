"""Grids of cells for the state: one cell, or cells in one or two dimensions distributed over ranks.

PETSc's scalars are complex and the states are real, so two reals are packed into one scalar. That is exact as long as
only real linear combinations of vectors are formed. A state is seen as real array [cell, component, value], value
fastest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcx.parallel.tiling import DISTANCES, check_ranks, make_tiling, neighbour
from hpcx.parallel.traffic import Traffic
from hpcx.petsc.options import initialize

if TYPE_CHECKING:
    from mpi4py import MPI
    from petsc4py.PETSc import Vec


def _petsc() -> Any:
    initialize([])
    from petsc4py import PETSc

    return PETSc


class SingleCell:
    """One cell, kept whole by this rank.

    Args: number of components and of values (even) in the cell.
    Raises ValueError for an odd number of values.
    """

    def __init__(self, components: int, values: int) -> None:
        from mpi4py import MPI

        _require_even(values)
        self.comm = MPI.COMM_SELF
        self.shape = (1, components, values)

    def create_vector(self) -> Vec:
        """Return a new PETSc vector for a state."""
        return _petsc().Vec().createSeq(self.shape[1] * self.shape[2] // 2, comm=self.comm)


@dataclass(frozen=True)
class Neighbours:
    """Where the cells next to a cell are, at distances -2, -1, 1, 2 along every direction.

    Attributes:
        places: (cell, direction, distance) number of the neighbour: of a cell of this rank, or, counted on, of a ghost.
        mirrored: (cell, direction, distance) whether it is a mirror image.
        inner, outer: numbers of the cells with no ghost among their neighbours, and of the others.
    """

    places: np.ndarray
    mirrored: np.ndarray
    inner: np.ndarray
    outer: np.ndarray


class CellGrid:
    """Cells in one or two dimensions, a rectangle of them on every rank.

    The box is periodic; with `mirror`, the cells are the half (quarter) at positive coordinates of a box that is
    symmetric under reflection, and beyond their ends are their mirror images. Ghosts are the cells of other ranks that
    are neighbours of own ones, whoever has them: a rectangle may be as small as one cell.
    Raises ValueError for an odd number of values and for more ranks than there are cells to share.

    Attributes:
        tiling: the rectangles of all ranks; `box` is that of this one.
        local_points: cells of this rank along y and x, or along x.
        shape: of the state, [cell, component, value].
        neighbours: of the cells of this rank.
        traffic: what this rank has sent, and how long it has waited.
    """

    def __init__(
        self, comm: MPI.Comm, points: tuple[int, ...], components: int, values: int, mirror: bool = False
    ) -> None:
        _require_even(values)
        self.comm = comm
        self.points, self.components, self.values, self.mirror = points, components, values, mirror
        check_ranks(points, comm.size)
        self.tiling = make_tiling(points, comm.size)
        self.box = self.tiling.box(comm.rank)
        self.local_points = tuple(axis.stop - axis.start for axis in self.box)
        self.shape = (int(np.prod(self.local_points)), components, values)
        self.traffic = Traffic()
        self.neighbours = self._make_lists()
        self._pending: list[MPI.Request] = []

    def create_vector(self) -> Vec:
        """Return a new distributed PETSc vector for a state."""
        return _petsc().Vec().createMPI((self.shape[0] * self.components * self.values // 2, None), comm=self.comm)

    def start_exchange(self, state: np.ndarray) -> None:
        """Start to send the outer cells of `state` [cell, component, value] and to receive the ghosts. Collective.

        PETSc would copy the whole block and wait; here the inner cells can be computed meanwhile.
        """
        self._pending = [self.comm.Irecv(self._ghosts[part], rank) for rank, part in self._receive]
        for rank, cells, packed in self._send:
            if packed is not None:
                np.take(state, cells, axis=0, out=packed, mode="clip")
            self._pending.append(self.comm.Isend(state[cells] if packed is None else packed, rank))
        self.traffic.sent(len(self._send), self._sent_bytes)

    def further_exchange(self) -> None:
        """Let MPI progress: without occasional calls the transfer would only happen at the end."""
        from mpi4py import MPI

        MPI.Request.Testall(self._pending)

    def finish_exchange(self) -> np.ndarray:
        """Return the ghosts [cell, component, value], valid until the next exchange. Collective."""
        from mpi4py import MPI

        with self.traffic.waiting():
            MPI.Request.Waitall(self._pending)
        return self._ghosts

    def _make_lists(self) -> Neighbours:
        """Find the neighbours of the own cells, and with them what is to be sent and received."""
        index = tuple(
            np.indices(self.local_points).reshape(len(self.points), -1) + np.array([[axis.start] for axis in self.box])
        )
        count, dimension = self.shape[0], len(self.points)
        places = np.empty((count, dimension, len(DISTANCES)), dtype=np.int64)
        mirrored, owners = np.empty(places.shape, dtype=bool), np.empty_like(places)
        for direction, axis in enumerate(reversed(range(dimension))):
            for number, distance in enumerate(DISTANCES):
                near, mirrored[:, direction, number] = neighbour(self.points, index, axis, distance, self.mirror)
                places[:, direction, number] = np.ravel_multi_index(near, self.points)
                owners[:, direction, number] = self.tiling.owner(near)
        remote = owners != self.comm.rank
        self._list_sent(remote, owners)
        places[remote] = count + self._list_received(owners[remote], places[remote])
        places[~remote] = self._local(places[~remote])
        inner = ~remote.any(axis=(1, 2))
        return Neighbours(places, mirrored, np.flatnonzero(inner), np.flatnonzero(~inner))

    def _local(self, numbers: np.ndarray) -> np.ndarray:
        """Return the local number of own cells, given by their number on the whole lattice."""
        place = np.unravel_index(numbers, self.points)
        return np.ravel_multi_index(tuple(at - axis.start for at, axis in zip(place, self.box)), self.local_points)

    def _list_received(self, owners: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """List the ghosts by rank in the order of their numbers; return the place of each wanted cell among them."""
        size = int(np.prod(self.points))
        keys, place = np.unique(owners * size + numbers, return_inverse=True)
        ranks, first = np.unique(keys // size, return_index=True)
        last = [*first[1:], len(keys)]
        self._receive = [(int(rank), slice(int(a), int(b))) for rank, a, b in zip(ranks, first, last)]
        self._ghosts = np.empty((len(keys), self.components, self.values))
        return place

    def _list_sent(self, remote: np.ndarray, owners: np.ndarray) -> None:
        """List the own cells that other ranks need: a neighbour's neighbour. Whole rows need no copying."""
        self._send: list[
            tuple[int, Any, np.ndarray | None]
        ] = []  # rank; a slice or an array of cells; where these are packed
        for rank in np.unique(owners[remote]):
            cells = np.flatnonzero((owners == rank).any(axis=(1, 2)))
            if cells[-1] - cells[0] + 1 == len(cells):
                self._send.append((int(rank), slice(int(cells[0]), int(cells[-1]) + 1), None))
            else:
                self._send.append((int(rank), cells, np.empty((len(cells), self.components, self.values))))
        sent = sum(np.arange(self.shape[0])[cells].size for _, cells, _ in self._send)
        self._sent_bytes = 8 * sent * self.components * self.values


def real_view(vector: Vec, shape: tuple[int, ...], writable: bool = False) -> np.ndarray:
    """Return the entries of a vector as real array of `shape` without copying."""
    array = vector.array if writable else vector.array_r
    return array.view(np.float64).reshape(shape)


def _require_even(values: int) -> None:
    if values % 2:
        raise ValueError(f"{values} real values cannot be packed in pairs")

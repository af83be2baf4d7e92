"""Where the state lives: one cell, or cells in one or two dimensions that are shared among ranks.

PETSc's scalars are complex and the states are real, so two reals are packed into one scalar. That is exact as long as only
real linear combinations of vectors are formed. A state is seen as real array [cell, component, value], value fastest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcx.petsc.options import initialize

if TYPE_CHECKING:
    from mpi4py import MPI
    from petsc4py.PETSc import Vec

#: how many neighbours a cell needs on each side
REACH = 2
UPWARD, DOWNWARD = 1, 2  # tags of messages


def _petsc() -> Any:
    initialize([])
    from petsc4py import PETSc

    return PETSc


def check_ranks(points: tuple[int, ...], ranks: int) -> None:
    """Raise ValueError if there are more ranks than can share the rows of cells."""
    if ranks * REACH > points[0] or min(points) < 2 * REACH:
        raise ValueError(f"{points[0]} rows of cells are too few for {ranks} ranks: each rank needs {REACH}")


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
        self.dm = None

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
    """Cells in one or two dimensions, cut into blocks of whole rows.

    The box is periodic; with `mirror`, the cells are the half (quarter) at positive coordinates of a box that is symmetric under
    reflection, and beyond their ends are their mirror images. Ghosts are the two rows of each neighbouring rank next to the block.
    Raises ValueError for an odd number of values and for more ranks than there are rows to share.
    """

    def __init__(self, comm: MPI.Comm, points: tuple[int, ...], components: int, values: int, mirror: bool = False) -> None:
        _require_even(values)
        check_ranks(points, comm.size)
        self.comm = comm
        self.points, self.components, self.values = points, components, values
        self.dm = _petsc().DMDA().create(
            dim=len(points),
            dof=components * values // 2,
            sizes=tuple(reversed(points)),
            proc_sizes=(1,) * (len(points) - 1) + (comm.size,),
            stencil_width=0,
            comm=comm,
        )
        self.start, stop = self.dm.getRanges()[-1]
        self.rows = stop - self.start
        self.local_points = (self.rows, *points[1:])
        self.shape = (int(np.prod(self.local_points)), components, values)
        self._row = self.shape[0] // self.rows
        self._partners = self._find_partners(mirror)
        self.neighbours = self._find_neighbours(mirror)
        self._ghosts = np.zeros((2 * REACH * self._row, components, values))
        self._pending: list[MPI.Request] = []

    def create_vector(self) -> Vec:
        """Return a new distributed PETSc vector for a state."""
        return self.dm.createGlobalVec()

    def start_exchange(self, state: np.ndarray) -> None:
        """Start to send the outer rows of `state` [cell, component, value] and to receive the ghosts. Collective.

        PETSc would copy the whole block for its ghosts' sake, and wait; here the inner cells can be worked on meanwhile.
        """
        half = REACH * self._row
        below, above = self._partners
        receive, send = self.comm.Irecv, self.comm.Isend
        self._pending = [
            receive(self._ghosts[:half], below, tag=UPWARD),
            receive(self._ghosts[half:], above, tag=DOWNWARD),
            send(state[-half:], above, tag=UPWARD),
            send(state[:half], below, tag=DOWNWARD),
        ]

    def further_exchange(self) -> None:
        """Let MPI move what has arrived: without a call now and then, both sides wait for the slower one at the end."""
        from mpi4py import MPI

        MPI.Request.Testall(self._pending)

    def finish_exchange(self) -> np.ndarray:
        """Return the ghosts [cell, component, value], valid until the next exchange. Collective."""
        from mpi4py import MPI

        MPI.Request.Waitall(self._pending)
        return self._ghosts

    def _find_partners(self, mirror: bool) -> tuple[int, int]:
        """Return the ranks below and above; nobody beyond a mirror or where this rank is its own neighbour."""
        from mpi4py import MPI

        rank, size = self.comm.rank, self.comm.size
        if size == 1:
            return MPI.PROC_NULL, MPI.PROC_NULL
        if mirror:
            return (rank - 1 if rank else MPI.PROC_NULL), (rank + 1 if rank + 1 < size else MPI.PROC_NULL)
        return (rank - 1) % size, (rank + 1) % size

    def _find_neighbours(self, mirror: bool) -> Neighbours:
        count, dimension = self.shape[0], len(self.points)
        distances = [distance for distance in range(-REACH, REACH + 1) if distance]
        places = np.empty((count, dimension, len(distances)), dtype=np.int64)
        mirrored = np.empty(places.shape, dtype=bool)
        for direction, axis in enumerate(reversed(range(dimension))):
            for number, distance in enumerate(distances):
                places[:, direction, number], mirrored[:, direction, number] = self._along(axis, distance, mirror)
        inner = (places < count).all(axis=(1, 2))
        return Neighbours(places, mirrored, np.flatnonzero(inner), np.flatnonzero(~inner))

    def _along(self, axis: int, distance: int, mirror: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of the neighbours of all cells at a distance along an axis, and whether they are mirror images."""
        from mpi4py import MPI

        index = np.indices(self.local_points).reshape(len(self.points), -1)
        length, count = self.local_points[axis], self.shape[0]
        row = index[axis] + distance
        below, above = row < 0, row >= length
        images = (below | above) & mirror
        reflected = np.where(below, -1 - row, np.where(above, 2 * length - 1 - row, row))
        index[axis] = reflected if mirror else row % length
        places = np.ravel_multi_index(tuple(index), self.local_points)
        if axis == 0:
            column = np.arange(count) % self._row
            for beyond, partner, first in ((below, self._partners[0], REACH), (above, self._partners[1], REACH - length)):
                if partner != MPI.PROC_NULL:
                    places[beyond] = (count + (row + first) * self._row + column)[beyond]
                    images[beyond] = False
        return places, images


def real_view(vector: Vec, shape: tuple[int, ...], writable: bool = False) -> np.ndarray:
    """Return the entries of a vector as real array of `shape` without copying."""
    array = vector.array if writable else vector.array_r
    return array.view(np.float64).reshape(shape)


def _require_even(values: int) -> None:
    if values % 2:
        raise ValueError(f"{values} real values cannot be packed in pairs")

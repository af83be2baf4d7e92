"""Eigenstates in the checkpoint of a point, readable on any number of ranks.

When the solver resumes, converged states are deflated and the approximations of the others form its start vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from mpi4py import MPI

from hpcx.io.part import Part
from hpcx.io.stages import Share, Stage, State
from hpcx.parallel.layout import block_rows
from hpcx.petsc.ritz import Partial


class Order(Protocol):
    """The way between vectors on ranks and the rows of a file, whose order does not depend on the ranks.

    Attributes:
        total: number of rows.
    """

    total: int

    def to_file(self, vectors: np.ndarray) -> tuple[np.ndarray, int]:
        """Return this rank's block of rows (row, state) of vectors (state, rows), and its first row; collective."""
        ...

    def from_file(self, read: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """Return vectors (state, rows) on this rank; `read(first, last)` gives rows (row, state) of the file."""
        ...


class BlockOrder:
    """Vectors of which every rank has a contiguous block of rows already."""

    def __init__(self, comm: MPI.Comm, total: int, width: int = 1) -> None:
        """Take the number of rows; those of a block come in groups of `width`, which stay together."""
        self.total = total
        self._first, self._last = (
            width * int(row) for row in block_rows(total // width, comm.size)[comm.rank : comm.rank + 2]
        )

    def to_file(self, vectors: np.ndarray) -> tuple[np.ndarray, int]:
        """Return this rank's block (row, state) and its first row."""
        return vectors.T, self._first

    def from_file(self, read: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """Return vectors (state, rows) on this rank, each contiguous."""
        return np.ascontiguousarray(read(self._first, self._last).T)


class SideBySide:
    """Vectors of several parts, each with rows of its own order, whose numbers of rows in files are the same.

    Attributes:
        total: number of rows.
    """

    def __init__(self, orders: Sequence[Order], cuts: np.ndarray) -> None:
        """Take the orders of the parts, and where each begins in this rank's vector, the first one left out."""
        self.total, self._orders, self._cuts = orders[0].total, orders, cuts

    def to_file(self, vectors: np.ndarray) -> tuple[np.ndarray, int]:
        """Return this rank's block (row, part and state) of vectors (state, rows), and its first row; collective."""
        blocks = [
            order.to_file(part) for order, part in zip(self._orders, np.split(vectors, self._cuts, axis=1), strict=True)
        ]
        return np.concatenate([block for block, _ in blocks], axis=1), blocks[0][1]

    def from_file(self, read: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """Return vectors (state, rows) on this rank."""
        states = read(0, 0).shape[1] // len(self._orders)
        parts = []
        for number, order in enumerate(self._orders):
            own = slice(number * states, (number + 1) * states)
            parts.append(order.from_file(lambda first, last: read(first, last)[:, own]))
        return np.concatenate(parts, axis=1)


class SavedStates:
    """The states of one eigenproblem in the checkpoint of the point:
    those that have converged, and approximations of others.
    """

    def __init__(self, stage: Stage, order: Order) -> None:
        self._stage, self._order = stage, order

    def known(self) -> Partial:
        """Return the states that an earlier run saved; collective."""
        earlier, order = self._stage.earlier(), self._order
        if earlier is None:
            return Partial(order.from_file(lambda first, last: np.empty((last - first, 0), complex)), 0)
        vectors = order.from_file(lambda first, last: earlier.rows("vectors", first, last))
        return Partial(vectors, int(earlier.scalar("converged")), earlier.is_finished)

    def keep(self, partial: Callable[[], Partial]) -> None:
        """Call after every restart of the solver; writes a checkpoint if it is time to. Collective; raises Stopped."""
        self._stage.checkpoint_if_due(lambda: self._state(partial()))

    def finish(self, vectors: np.ndarray) -> None:
        """Keep the states (state, rows) of the problem, which is solved; collective."""
        self._stage.finish(self._state(Partial(vectors, len(vectors))))

    def _state(self, partial: Partial) -> State:
        return {"vectors": in_file(self._order, partial.vectors), "converged": partial.converged}


def in_file(order: Order, vectors: np.ndarray) -> Share:
    """Return this rank's rows (row, vector) of vectors (vector, rows) in the order of a file; collective."""
    block, start = order.to_file(vectors)
    return Share(block, Part.rows(start, order.total, block.shape))

"""Checkpoints of exciton and trion: what the problems of a point have yielded so far, readable on any number of ranks.

Converged states are deflated when the solver goes on, and the approximations of the others make its start vector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from mpi4py import MPI

from hpcx.io.checkpoint import Saved
from hpcx.io.part import Part
from hpcx.io.result import Dataset, Result
from hpcx.parallel.layout import block_rows
from hpcx.parallel.run import Run
from hpcx.petsc.eigen import Keep
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
        self._first, self._last = (width * int(row) for row in block_rows(total // width, comm.size)[comm.rank : comm.rank + 2])

    def to_file(self, vectors: np.ndarray) -> tuple[np.ndarray, int]:
        """Return this rank's block (row, state) and its first row."""
        return vectors.T, self._first

    def from_file(self, read: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """Return vectors (state, rows) on this rank, each contiguous."""
        return np.ascontiguousarray(read(self._first, self._last).T)


class Restart:
    """What is kept of the problems that a point solves one after another, by name: finished ones, and the one at work.

    Attributes:
        saved: what an earlier run has left, or None.
    """

    def __init__(self, comm: MPI.Comm, run: Run) -> None:
        """Look for a checkpoint; collective. Raises AgreedError if there is one of other physics."""
        self._comm, self._run = comm, run
        self.saved: Saved | None = run.resume(comm)
        self._finished: dict[str, Dataset] = {}
        self._ahead = {path.rpartition("/")[0] for path in self.saved.sizes} if self.saved else set()

    def keep(self, at_work: Callable[[], dict[str, Dataset]] = dict) -> None:
        """Call at every step: saves what is finished, and `at_work()`, if it is time to; collective. Raises Stopped.

        A checkpoint that is still ahead, because it knows of problems that have not had their turn yet, is not replaced.
        """
        self._run.keep(self._comm, None if self._ahead else lambda: Result({**self._finished, **at_work()}))

    def take(self, label: str) -> Saved | None:
        """Return the checkpoint if it knows of the problem `label`, which has its turn now."""
        known = label in self._ahead
        self._ahead.discard(label)
        return self.saved if known else None

    def note(self, finished: dict[str, Dataset]) -> None:
        """Keep these datasets from now on."""
        self._finished |= finished

    def known(self, name: str, order: Order) -> Partial:
        """Return what an earlier run knew of the states of a problem; collective."""
        saved = self.take(name)
        if saved is None:
            return Partial(order.from_file(lambda first, last: np.empty((last - first, 0), complex)), 0)
        vectors = order.from_file(lambda first, last: saved.rows(f"{name}/vectors", first, last))
        # checkpoints of earlier versions do not know whether states are missing
        complete = f"{name}/complete" in saved and bool(saved.scalar(f"{name}/complete"))
        return Partial(vectors, int(saved.scalar(f"{name}/converged")), complete)

    def keeper(self, name: str, order: Order) -> Keep:
        """Return what the solver of a problem is to call after every restart; it raises Stopped when a stop is asked for."""
        return lambda partial: self.keep(lambda: _states(name, order, partial()))

    def finish(self, name: str, order: Order, vectors: np.ndarray) -> None:
        """Note the states (state, rows) of a problem that is solved; collective."""
        self.note(_states(name, order, Partial(vectors, len(vectors), complete=True)))


def _states(name: str, order: Order, partial: Partial) -> dict[str, Dataset]:
    block_ks, start = order.to_file(partial.vectors)
    vectors = Dataset(block_ks, ("row", "state"), "1", "approximate eigenvectors", Part.rows(start, order.total, block_ks.shape))
    converged = Dataset(np.asarray(partial.converged), (), "1", "how many of the first states have converged")
    complete = Dataset(np.asarray(int(partial.complete)), (), "1", "whether no state is missing")
    return {f"{name}/vectors": vectors, f"{name}/converged": converged, f"{name}/complete": complete}

"""Vectors whose rows are spread over ranks, for products in which every rank needs the whole vector."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.parallel.layout import block_rows
from hpcx.parallel.traffic import Traffic

_VALUE_BYTES = 16


class SpreadRows:
    """Complex vectors of which every rank owns a block of rows.

    Attributes:
        rows: their number on this rank.
        own: which they are.
        traffic: what this rank has sent, counted as one message to every other rank in each exchange, and how long it
            has waited.
    """

    def __init__(self, comm: MPI.Comm, counts: list[int]) -> None:
        """Take the number of rows of every rank."""
        self._comm, self._counts = comm, counts
        self.rows = counts[comm.rank]
        self.own = slice(sum(counts[: comm.rank]), sum(counts[: comm.rank + 1]))
        self.traffic = Traffic()

    @classmethod
    def blocks(cls, comm: MPI.Comm, total: int) -> SpreadRows:
        """Spread `total` rows evenly."""
        return cls(comm, np.diff(block_rows(total, comm.size)).tolist())

    def gathered(self, x: np.ndarray) -> np.ndarray:
        """Return the whole vector from this rank's rows; collective."""
        whole = np.empty(sum(self._counts), complex)
        self.traffic.sent(self._comm.size - 1, (self._comm.size - 1) * self.rows * _VALUE_BYTES)
        with self.traffic.waiting():
            self._comm.Allgatherv(np.ascontiguousarray(x, complex), [whole, self._counts])
        return whole

    def summed(self, whole: np.ndarray) -> np.ndarray:
        """Return this rank's rows of the sum of all ranks' whole vectors; collective."""
        x = np.empty(self.rows, whole.dtype)
        self.traffic.sent(self._comm.size - 1, (sum(self._counts) - self.rows) * whole.itemsize)
        with self.traffic.waiting():
            self._comm.Reduce_scatter(np.ascontiguousarray(whole), x, self._counts)
        return x

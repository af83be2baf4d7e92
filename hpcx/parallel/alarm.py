"""Telling all ranks of a job that one of them was asked to stop, while groups of them work apart."""

from __future__ import annotations

from typing import Any


class Alarm:
    """A message from any rank that the other ranks receive when they ask for it.

    A rank notifies rank 0, which notifies the others, so there are never more messages than ranks. Construction and
    `close` are collective; `ring` and `heard` are not.
    """

    def __init__(self, comm: Any) -> None:
        self._comm = comm.Dup()
        self._rung = False
        self._received = 0
        self._sent: list[Any] = []

    def ring(self) -> None:
        """Tell the other ranks, once."""
        if self._rung:
            return
        self._rung = True
        others = range(1, self._comm.size) if self._comm.rank == 0 else [0]
        self._sent = [self._comm.isend(None, dest=rank) for rank in others]

    def heard(self) -> bool:
        """Say whether another rank has rung; rank 0 passes it on."""
        while self._comm.iprobe():
            self._receive()
        if self._received and self._comm.rank == 0:
            self.ring()
        return self._received > 0

    def _receive(self) -> None:
        self._comm.recv()  # from any rank
        self._received += 1

    def close(self) -> None:
        """Receive the messages that are still on their way; collective."""
        from mpi4py import MPI

        self.heard()
        rung = self._comm.allgather(self._rung)
        expected = sum(rung[1:]) if self._comm.rank == 0 else int(rung[0])
        while self._received < expected:
            self._receive()
        MPI.Request.Waitall(self._sent)
        self._comm.Free()

"""What tests on several ranks compare with: the same on one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from mpi4py import MPI

Found = TypeVar("Found")


@pytest.fixture
def on_one_rank(comm: MPI.Comm) -> Callable[[Callable[[MPI.Comm], Found]], Found]:
    """Return a function that gives all ranks what another one, called with a communicator, returns on the first alone.

    The others sleep meanwhile: there may be fewer cores than ranks.
    """

    def call(compute: Callable[[MPI.Comm], Found]) -> Found:
        found = compute(MPI.COMM_SELF) if comm.rank == 0 else None
        request = comm.Ibarrier()
        while not request.Test():
            time.sleep(1e-3)
        return comm.bcast(found)

    return call

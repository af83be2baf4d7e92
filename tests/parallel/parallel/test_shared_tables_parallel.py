"""Tables that are made by one rank each and are there on all."""

from __future__ import annotations

import pytest
from mpi4py import MPI

from hpcx.parallel.errors import AgreedError
from hpcx.parallel.shared_tables import make_together

NAMES = "abcde"


def wanted(made: list[str]):
    """Return makers of five tables that write down what they make."""
    return {name: lambda name=name: made.append(name) or name.upper() for name in NAMES}


@pytest.mark.mpi
def test_each_table_is_made_once_and_all_have_it(comm):
    shared, made = {}, []
    make_together(comm, shared, wanted(made))
    everybody = sorted(name for part in comm.allgather(made) for name in part)
    assert everybody == (list(NAMES) if comm.size > 1 else [])  # a single rank makes them when it needs them
    assert shared == ({name: name.upper() for name in NAMES} if comm.size > 1 else {})
    make_together(comm, shared, wanted(made))
    assert comm.allreduce(len(made)) == len(everybody)


@pytest.mark.mpi
def test_what_one_rank_lacks_is_made_again(comm):
    shared, made = {name: name.upper() for name in NAMES}, []
    if comm.rank == comm.size - 1:
        del shared["c"]
    make_together(comm, shared, wanted(made))
    assert comm.size == 1 or shared == {name: name.upper() for name in NAMES}
    assert comm.allreduce(len(made)) == (comm.size > 1)


@pytest.mark.mpi
def test_what_cannot_be_made_is_an_error_of_all(comm):
    def fail() -> None:
        raise ValueError("no such table")

    if comm.size == 1:
        assert make_together(MPI.COMM_SELF, {}, {"a": fail}) is None
        return
    with pytest.raises(AgreedError, match="no such table"):
        make_together(comm, {}, {**wanted([]), "f": fail})

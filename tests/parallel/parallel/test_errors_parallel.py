"""An error on one rank becomes the same error on all ranks, or the end of all of them."""

import pytest

from hpcx.parallel.errors import AgreedError, agreed, on_first_rank
from hpcx.parallel.stop import Stopped

pytestmark = pytest.mark.mpi


def test_error_of_one_rank_is_raised_on_all(comm):
    with pytest.raises(AgreedError, match=f"rank {comm.size - 1}"):
        with agreed(comm):
            if comm.rank == comm.size - 1:
                raise ValueError(f"rank {comm.rank}")


def test_no_error_no_exception(comm):
    with agreed(comm):
        value = comm.rank
    assert value == comm.rank


def test_one_rank_works_and_all_have_the_answer_or_the_error(comm):
    """The error keeps its type: a stop is a stop on every rank."""
    worked = []
    assert on_first_rank(comm, lambda: worked.append(comm.rank) or 42) == 42
    assert worked == ([0] if comm.rank == 0 else [])

    def stop() -> None:
        """End as a request to stop does."""
        raise Stopped("test")

    with pytest.raises(Stopped, match="test"):
        on_first_rank(comm, stop)

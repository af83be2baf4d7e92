"""An error on one rank becomes the same error on all ranks, or the end of all of them."""


import pytest

from hpcx.parallel.errors import AgreedError, agreed

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

"""The ranks of a parallel test share what they have to."""

import pytest

pytestmark = pytest.mark.mpi


def test_directory_is_shared_by_all_ranks(comm, mpi_tmp_path):
    (mpi_tmp_path / str(comm.rank)).touch()
    comm.Barrier()
    assert sorted(path.name for path in mpi_tmp_path.iterdir()) == sorted(map(str, range(comm.size)))


def test_ranks_share_one_communicator(comm):
    assert comm.allreduce(1) == comm.size == len(set(comm.allgather(comm.rank)))

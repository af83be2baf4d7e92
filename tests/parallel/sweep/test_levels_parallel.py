"""Groups of ranks as communicators, and the alarm between groups."""

from __future__ import annotations

import time

import pytest

from hpcx.parallel.alarm import Alarm
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.claims import others_at_work, present
from hpcx.sweep.groups import depth, free_levels, make_levels, smallest_group

pytestmark = pytest.mark.mpi


def test_levels_are_nested_halves(comm):
    levels = make_levels(comm)
    assert len(levels) == depth(comm.size)
    assert levels[0].comm.size == comm.size and levels[-1].comm.size == 1
    for number, level in enumerate(levels):
        assert level.comm.allreduce(1) == level.fate.size >= smallest_group(comm.size, number)
    free_levels(levels)


def hears(alarm):
    deadline = time.monotonic() + 20
    while not alarm.heard():
        assert time.monotonic() < deadline
        time.sleep(1e-3)


@pytest.mark.parametrize("ringer", [0, -1])
def test_an_alarm_of_one_rank_is_heard_by_all(comm, ringer):
    alarm, ringer = Alarm(comm), ringer % comm.size
    assert not alarm.heard()
    comm.Barrier()
    if comm.rank == ringer:
        alarm.ring()
    elif comm.rank == 0 or ringer == 0:
        hears(alarm)
    comm.Barrier()  # rank 0 has passed it on
    if comm.rank not in (0, ringer):
        hears(alarm)
    alarm.close()


def test_an_alarm_that_nobody_asks_for_is_taken_in_at_the_end(comm):
    alarm = Alarm(comm)
    if comm.rank % 2 == comm.size % 2:
        alarm.ring()
    alarm.close()


def test_requests_are_remembered_and_shared(comm, mpi_tmp_path):
    requests = StopRequests(mpi_tmp_path)
    requests.connect(comm)
    assert requests.reason() == ""
    comm.Barrier()
    if comm.rank == comm.size - 1:
        requests._note(10, None)
        assert requests.reason() == "signal SIGUSR1"
    deadline = time.monotonic() + 20
    while not requests.reason():  # the others hear of it by way of rank 0, which asks as often as they do
        assert time.monotonic() < deadline
        time.sleep(1e-3)
    assert requests.reason() == requests.reason() != ""
    requests.disconnect()


def test_a_file_is_a_request_that_stays(comm, mpi_tmp_path):
    requests = StopRequests(mpi_tmp_path)
    if comm.rank == 0:
        (mpi_tmp_path / "STOP").touch()
    comm.Barrier()
    assert requests.reason().endswith("STOP") and requests.reason().endswith("STOP")


def test_locks_are_seen_by_all_processes(comm, mpi_tmp_path):
    with present(comm, mpi_tmp_path) as reach:
        assert reach
        assert comm.rank == 0 or len(others_at_work(mpi_tmp_path)) == 1
        comm.Barrier()
    comm.Barrier()
    assert not list(mpi_tmp_path.iterdir())

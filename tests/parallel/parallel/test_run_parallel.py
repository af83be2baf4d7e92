"""`Run.checkpoint_if_due`: when a checkpoint is written, how a stop ends a model, and what a full disk costs."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

from hpcx.io.checkpoint import Checkpoint
from hpcx.io.items import compute_items
from hpcx.io.stages import Stages
from hpcx.parallel.errors import AgreedError, settle
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped

pytestmark = pytest.mark.mpi


NEVER = 10**9


@pytest.fixture
def on_last_rank(comm, stop_after):
    """Return requests to stop that one rank alone has, from a certain question on."""
    return lambda questions: stop_after(questions if comm.rank == comm.size - 1 else NEVER)


def keep(comm, run, step):
    """Take notice of a step of the only stage."""
    Stages(comm, run).checkpoint_if_due("steps", lambda: {"step": step})


def kept_step(comm, folder):
    """Return the step that a checkpoint has, or None."""
    earlier = Stages(comm, surroundings(folder)).stage("steps").earlier()
    return None if earlier is None else earlier.scalar("step")


def surroundings(folder, **more):
    return Run(folder, "point", checkpoint=Checkpoint(folder / "point", {"a": 1}, "abc"), **more)


def test_one_rank_stops_all_with_a_checkpoint(comm, mpi_tmp_path, on_last_rank):
    run, steps = surroundings(mpi_tmp_path, requests=on_last_rank(5)), []
    with pytest.raises(Stopped):
        while True:
            keep(comm, run, len(steps))
            steps.append(1)
    assert comm.allgather(len(steps)) == [5] * comm.size
    assert kept_step(comm, mpi_tmp_path) == 5
    comm.Barrier()


def test_checkpoints_come_at_the_cadence(comm, mpi_tmp_path):
    never, always = surroundings(mpi_tmp_path, cadence=1e9), surroundings(mpi_tmp_path, cadence=0.0)
    keep(comm, never, 0)
    assert kept_step(comm, mpi_tmp_path) is None
    for step in (1, 2, 3):
        keep(comm, always, step)
    always.checkpoint_if_due(comm)  # nothing to be saved here
    assert kept_step(comm, mpi_tmp_path) == 3
    comm.Barrier()


def test_checkpoints_come_earlier_where_saving_is_quick(comm):
    """After 30 s, or when saving takes 1 % of the time; the clock of the first rank counts."""
    run, saved = Run(cadence=600.0), []

    def after(seconds, cost=0.0):
        run._saved -= seconds
        run.checkpoint_if_due(comm, lambda: saved.append(seconds) or time.sleep(cost))
        return len(saved)

    assert [after(25), after(6, cost=0.4), after(35), after(6)] == [0, 1, 1, 2]
    run.cadence = 10.0
    assert after(11) == 3


def test_a_full_disk_costs_the_checkpoint_alone(comm, mpi_tmp_path, on_last_rank):
    run = surroundings(mpi_tmp_path, cadence=0.0)
    keep(comm, run, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, limits[1]))
    try:
        keep(comm, run, 2)
        run.requests = on_last_rank(0)
        with pytest.raises(Stopped, match="no checkpoint: cannot write"):
            keep(comm, run, 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    comm.Barrier()
    assert kept_step(comm, mpi_tmp_path) == 1
    assert not list(mpi_tmp_path.glob("*.part"))
    comm.Barrier()


@pytest.mark.parametrize("count", [1, 3, 10])
def test_finished_items_are_not_computed_again(comm, mpi_tmp_path, on_last_rank, count):
    computed = []

    def work(item):
        computed.append(item)
        return {"square": np.array(item**2), "name": np.arange(item)}

    run = surroundings(mpi_tmp_path, requests=on_last_rank(1))
    rounds = -(-count // comm.size)
    if rounds > 1:
        with pytest.raises(Stopped):
            compute_items(Stages(comm, run), "first", count, work)
    items = compute_items(Stages(comm, surroundings(mpi_tmp_path)), "first", count, work)
    assert [int(item["square"]) for item in items] == [item**2 for item in range(count)]
    assert sorted(sum(comm.allgather(computed), [])) == list(range(count))
    comm.Barrier()


def test_an_item_that_fails_on_one_rank_fails_on_all(comm):
    def work(item):
        if item == comm.size - 1:
            raise ValueError(f"item {item}")
        return {}

    with pytest.raises(AgreedError, match=f"item {comm.size - 1}"):
        compute_items(Stages(comm, Run()), "first", comm.size, work)


def test_how_a_point_ended_is_settled(comm):
    fate = comm.Dup()
    assert settle(fate, None) is None
    assert settle(fate, ValueError("rank 0 knows") if comm.rank == 0 else None) == "rank 0 knows"
    fate.Free()


def test_a_rank_that_waits_in_vain_says_so(comm):
    fate = comm.Dup()  # of no use afterwards: the call stays open until the job is ended
    if comm.rank == 0 and comm.size > 1:
        with pytest.raises(TimeoutError):
            settle(fate, ValueError("alone"), patience=0.2)

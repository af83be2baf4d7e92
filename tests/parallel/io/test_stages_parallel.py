"""Stages of a point: finished ones and one in progress, carried over by runs on other ranks, old versions refused."""

import h5py
import numpy as np
import pytest

from hpcx.io.checkpoint import Checkpoint
from hpcx.io.part import Part
from hpcx.io.stages import Share, Stages
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.layout import block_rows
from hpcx.parallel.run import Run

pytestmark = pytest.mark.mpi

ROWS, WHOLE = 7, (np.arange(14.0) + 1j).reshape(7, 2)


def stages_in(comm, folder):
    """Return the stages of a run that writes a checkpoint whenever it is asked."""
    return Stages(comm, Run(checkpoint=Checkpoint(folder / "point", {"a": 1}, "abc"), cadence=0.0))


def rows_of(comm):
    first, last = block_rows(ROWS, comm.size)[comm.rank : comm.rank + 2]
    return int(first), int(last)


def state(comm, step):
    first, last = rows_of(comm)
    return {
        "step": step,
        "name": f"step {step}",
        "vector": Share(WHOLE[first:last], Part.rows(first, ROWS, (last - first, 2))),
    }


def test_what_is_finished_and_what_is_not(comm, mpi_tmp_path):
    stages = stages_in(comm, mpi_tmp_path)
    assert stages.stage("first").earlier() is None
    stages.stage("first").finish(state(comm, 1))
    stages.checkpoint_if_due("second/a", lambda: state(comm, 2))
    again = stages_in(comm, mpi_tmp_path)
    first, second = again.stage("first").earlier(), again.stage("second/a").earlier()
    assert first.is_finished and not second.is_finished and again.stage("third").earlier() is None
    assert np.array_equal(second.rows("vector", *rows_of(comm)), WHOLE[slice(*rows_of(comm))])
    assert second.value("name") == "step 2" and "vector" in second and "speed" not in second
    assert set(first.values()) == {"step", "name", "vector"}
    comm.Barrier()


def test_stages_that_have_not_had_their_turn_are_carried_over(comm, mpi_tmp_path):
    """Written by all ranks, carried over by each rank alone in five checkpoints,
    so that both files are new, and read then.
    """
    stages = stages_in(comm, mpi_tmp_path)
    stages.stage("first").finish(state(comm, 1))
    stages.stage("second").finish(state(comm, 2))
    stages.checkpoint_if_due("third", lambda: state(comm, 3))
    if comm.rank == 0:
        alone = comm.Split(0)
        later = stages_in(alone, mpi_tmp_path)
        assert later.stage("first").earlier().scalar("step") == 1
        for step in range(5):
            later.checkpoint_if_due("first", lambda: {"step": 10 + step})
        alone.Free()
    else:
        comm.Split(1).Free()
    comm.Barrier()
    last = stages_in(comm, mpi_tmp_path)
    assert last.stage("first").earlier().values() == {"step": 14}
    second, third = last.stage("second").earlier(), last.stage("third").earlier()
    assert second.is_finished and not third.is_finished
    for kept, step in ((second, 2), (third, 3)):
        assert kept.scalar("step") == step and np.array_equal(kept.value("vector"), WHOLE)
    comm.Barrier()


def test_what_the_first_rank_did_alone_all_ranks_keep(comm, mpi_tmp_path):
    stages = stages_in(comm, mpi_tmp_path)

    def work(alone):
        """Take two checkpoints alone."""
        for step in (1, 2):
            alone.checkpoint_if_due("alone", lambda: {"step": step})
        alone.stage("alone").finish({"step": 3})
        return "done"

    assert stages.on_first_rank(work) == "done"
    stages.checkpoint_if_due("together", lambda: state(comm, 4))
    again = stages_in(comm, mpi_tmp_path)
    assert again.on_first_rank(lambda alone: alone.stage("alone").earlier().values()) == {"step": 3}
    again.checkpoint_if_due()
    last = stages_in(comm, mpi_tmp_path)
    assert last.stage("alone").earlier() is None and last.stage("together").earlier().scalar("step") == 4
    comm.Barrier()


@pytest.mark.parametrize("missing", ["stages", "units"])
def test_a_checkpoint_of_an_earlier_version_is_refused(comm, mpi_tmp_path, missing):
    stages = stages_in(comm, mpi_tmp_path)
    stages.checkpoint_if_due("first", lambda: state(comm, 1))
    comm.Barrier()
    if comm.rank == 0:
        with h5py.File(mpi_tmp_path / "point.1.checkpoint.h5", "r+") as file:
            del file[f"provenance/{missing}"]
        with open(
            mpi_tmp_path / "point.1.checkpoint.h5", "r+b"
        ) as file:  # without the seal, which is of the file as it was
            data = file.read()
            file.seek(0)
            file.write(data)
    comm.Barrier()
    with pytest.raises(AgreedError, match="written by an earlier version of hpcx .* start again with --fresh"):
        stages_in(comm, mpi_tmp_path)
    comm.Barrier()

"""Processes that a launcher of another MPI has started: none sees the others."""

from __future__ import annotations

import pytest

from hpcx.parallel.launcher import strangers, tasks_left_idle

OTHERS = {
    "PMI": {"PMI_SIZE": "3", "PMI_RANK": "0", "MPI_LOCALNRANKS": "3", "MPI_LOCALRANKID": "0"},
    "Open MPI": {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"},
    "srun": {"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "0"},
}


@pytest.mark.parametrize("name", OTHERS)
def test_processes_that_do_not_see_each_other_are_told(name):
    assert "sees only itself" in strangers(1, "an MPI", OTHERS[name])
    assert strangers(2, "an MPI", OTHERS[name]) == ""


@pytest.mark.parametrize(
    "environment", [{}, {"PMI_SIZE": "1", "PMI_RANK": "0"}, {"SLURM_NTASKS": "8"}, {"OMPI_COMM_WORLD_SIZE": "many"}]
)
def test_one_process_is_no_stranger(environment):
    assert strangers(1, "an MPI", environment) == ""


def test_a_job_of_several_tasks_without_a_launcher_is_warned_of():
    assert "has 8 tasks" in tasks_left_idle(1, {"SLURM_NTASKS": "8"})
    assert (
        tasks_left_idle(8, {"SLURM_NTASKS": "8"})
        == tasks_left_idle(1, {"SLURM_NTASKS": "1"})
        == tasks_left_idle(1, {})
        == ""
    )
    assert tasks_left_idle(1, {"SLURM_NTASKS": "8", "OMPI_COMM_WORLD_SIZE": "1"}) == ""  # mpirun -n 1


def test_the_first_of_them_speaks_and_nothing_is_computed(hpcx, write, tmp_path, monkeypatch):
    """As under the mpiexec of MPICH: its processes are told so, and each believes to be the only rank."""
    name = write()
    monkeypatch.setenv("PMI_SIZE", "3")
    for rank, speaks in ((0, True), (2, False)):
        monkeypatch.setenv("PMI_RANK", str(rank))
        run = hpcx("run", name)
        assert run.returncode == 1 and ("3 processes (PMI_SIZE = 3), but each sees only itself" in run.stderr) == speaks
    assert not (tmp_path / "out").exists()
    assert hpcx("run", name, "--alone").returncode == 0

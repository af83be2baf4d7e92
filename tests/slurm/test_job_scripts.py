"""The job scripts on a real SLURM: the end of the time, queueing again, an array, a failing point.

All jobs are submitted at once and run side by side, because SLURM counts its time limits in minutes.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]

#: one point; some seconds on one core
POINT = """\
model = "trion"
material = "MoS2"
[output]
directory = "out"
[mesh]
N = 140
k0 = 0.12
[trion]
species = ["singlet"]
"""
#: work of the job that meets its limit, in s of its two ranks: more than the 30 to 90 s after which it is stopped
CHAIN_SECONDS = 110.0
#: the same of the job that knows the end of its time from the controller alone, and stops by itself before the minute
#: is over
QUIET_SECONDS = 70.0
#: a batch script to which SLURM sends no signal before the end, with ranks that SLURM itself starts
QUIET = """\
#!/usr/bin/env bash
#SBATCH --requeue
#SBATCH --open-mode=append
export LAUNCHER="srun --mpi=pmix"
source "$HPCX/jobs/restart.sh"
run_to_the_end "$@"
"""
#: points along each lattice vector for which no memory is enough
TOO_LARGE = 2000
#: seconds for everything
PATIENCE = 600.0
SMALL = POINT.replace("N = 140", "N = 60").replace("0.12", "0.1")
SIZE = ["--nodes=1", "--mem-per-cpu=100M"]


@pytest.fixture(scope="module")
def seconds_per_point(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Return how long a point takes now, on one rank."""
    folder = tmp_path_factory.mktemp("calibration")
    (folder / "input.toml").write_text(POINT)
    command = str(Path(sys.executable).with_name("hpcx"))
    subprocess.run([command, "run", "input.toml"], cwd=folder, check=True, capture_output=True, timeout=300)
    with h5py.File(folder / "out/result.h5", "r") as file:
        return float(file["provenance/wall_time"][()])


@pytest.fixture(scope="module")
def jobs(
    cluster: Cluster, seconds_per_point: float, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, Path]]:
    """Submit the jobs and wait until all have ended; return number and directory of each."""
    folder = {name: tmp_path_factory.mktemp(name) for name in ("chain", "quiet", "array", "failing")}
    for name, seconds in (("chain", CHAIN_SECONDS), ("quiet", QUIET_SECONDS)):
        count = max(4, math.ceil(2 * seconds / seconds_per_point))
        kappas = ", ".join(f"{kappa:.3f}" for kappa in np.linspace(1, 2, count))
        (folder[name] / "input.toml").write_text(f'{POINT}[sweep]\n"screening.kappa" = [{kappas}]\n')
    (folder["quiet"] / "quiet.sh").write_text(QUIET)
    (folder["array"] / "input.toml").write_text(
        f'{SMALL}[sweep]\n"screening.kappa" = [{", ".join(map(str, range(1, 13)))}]\n'
    )
    (folder["failing"] / "input.toml").write_text(f'{SMALL}[sweep]\n"mesh.N" = [40, {TOO_LARGE}, 48]\n')
    words = {
        "chain": [*SIZE, "--ntasks-per-node=2", "--time=3", "--signal=B:USR1@90", ROOT / "jobs/sweep.sh"],
        "quiet": [*SIZE, "--ntasks-per-node=2", "--time=1", "quiet.sh"],
        "array": [*SIZE, "--ntasks-per-node=1", "--time=8", "--array=0-2", ROOT / "jobs/array.sh"],
        "failing": [*SIZE, "--ntasks-per-node=2", "--time=8", ROOT / "jobs/sweep.sh"],
    }
    submitted = {name: cluster.submit(folder[name], *words[name], "input.toml") for name in words}
    wait(cluster)
    return {name: (submitted[name], folder[name]) for name in words}


def wait(cluster: Cluster) -> None:
    """Wait until no job is left; a job that is queued again starts after some seconds, not after SLURM's two minutes.

    Not at once: a node refuses a job whose credential it has revoked in the same second.
    """
    deadline = time.monotonic() + PATIENCE
    hurried: set[str] = set()
    while True:
        left = [line.split() for line in cluster.run("squeue", "-h", "-r", "-o", "%i %T %r").splitlines()]
        if not left:
            return
        assert time.monotonic() < deadline, f"still there: {left}"
        waiting = {number for number, state, reason in left if (state, reason) == ("PENDING", "BeginTime")}
        for number in waiting - hurried:
            cluster.run("scontrol", "update", f"JobId={number}", "StartTime=now+5", check=False)
        hurried = waiting
        time.sleep(1)


def log_of(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.glob("slurm-*.out")))


def states(folder: Path) -> list[str]:
    with h5py.File(folder / "out/sweep.h5", "r") as file:
        return [text.decode() for text in file["index/status"][...]]


def check_queued_again(job: dict[str, str], folder: Path) -> None:
    log = log_of(folder)
    assert (job["JobState"], job["ExitCode"]) == ("COMPLETED", "0:0"), log[-2000:]
    assert int(job["Restarts"]) >= 1
    assert log.count("stopped with a checkpoint; queued again") == int(job["Restarts"])
    assert set(states(folder)) == {"done"}
    assert not list((folder / "out").rglob("*.lock"))


def test_a_job_that_meets_its_limit_is_queued_again_and_finishes(cluster, jobs):
    number, folder = jobs["chain"]
    check_queued_again(cluster.job(number), folder)


def test_without_a_signal_and_with_ranks_started_by_slurm(cluster, jobs):
    """The end of the job is asked of the controller (this SLURM does not put it into the environment);
    srun starts the ranks.
    """
    number, folder = jobs["quiet"]
    check_queued_again(cluster.job(number), folder)
    assert "(end of the SLURM job at " in log_of(folder) and "mpirun" not in log_of(folder)


def test_nothing_is_computed_twice(jobs):
    _, folder = jobs["chain"]
    log = log_of(folder)
    begun = log.count("rank(s)\n")
    interrupted = log.count("): stopped (")  # of points, whose names end with the swept value
    assert begun - interrupted == len(states(folder))


def test_tasks_of_an_array_share_the_points(cluster, jobs):
    number, folder = jobs["array"]
    log = log_of(folder)
    assert set(states(folder)) == {"done"}, log
    assert log.count("rank(s)\n") == len(states(folder)) == 12
    assert len(list(folder.glob("slurm-*.out"))) == 3
    for task in range(3):
        assert cluster.job(f"{number}_{task}")["ExitCode"] == "0:0"


def test_a_failing_point_is_told_and_the_others_are_done(cluster, jobs):
    number, folder = jobs["failing"]
    assert states(folder) == ["done", "failed", "done"]
    assert cluster.job(number)["ExitCode"] == "3:0"
    assert "GB per rank" in log_of(folder)

"""`jobs/restart.sh` where SLURM's commands fail, print nothing, or print what other versions print.
They are replaced by small scripts.

Whether a job is queued again is tried with runs that last a moment and end with a status; one test runs hpcx itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: how a run of this status and as many seconds looks to the script: it notes the end of the job that it is told
RUN = 'echo "${SLURM_JOB_END_TIME-none}" > told\nsleep %s\nexit %s\n'
SIGNALLED = "trap : USR1\nkill -USR1 $PPID\n" + RUN % (0.2, 75)
JOB = f"echo $$ > pid\nexport HPCX=.\nsource {ROOT}/jobs/restart.sh\nrun_to_the_end --verbose input.toml\n"
SOON, LATE, PAST = 60, 7200, -3600
#: what squeue may print that is no time
NO_TIMES = [
    "exit 1",
    "true",
    "echo N/A",
    "echo NONE",
    "echo Unknown",
    "echo 11/27-20:00:00",
    "echo Tomorr 20:00",
    "echo; echo",
    "sleep 60",
]


def clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + seconds))


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Return a function that runs the batch script with commands of the given contents, and more environment."""
    (tmp_path / "bin").mkdir()

    def command(name: str, content: str) -> None:
        (tmp_path / "bin" / name).write_text(f"#!/bin/bash\n{content}\n")
        (tmp_path / "bin" / name).chmod(0o755)

    def run(
        squeue: str, run: str = RUN % (0, 75), scontrol: str = "exit 1", **environment: str
    ) -> subprocess.CompletedProcess:
        command("squeue", squeue)
        command("scontrol", f'echo "$@" >> asked\n[ "$1" = requeue ] || {{ {scontrol}\n}}')
        command("hpcx", run)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
        clean |= {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "LAUNCHER": "env",
            "SLURM_JOB_ID": "17",
            "PATIENCE": "1",
            "LEAST_SECONDS": "0",
        }
        return subprocess.run(
            ["bash", "-c", JOB], cwd=tmp_path, env=clean | environment, capture_output=True, text=True, timeout=60
        )

    return run


def told(folder: Path) -> str:
    return (folder / "told").read_text().strip()


def was_queued_again(folder: Path) -> bool:
    return (folder / "asked").exists() and "requeue" in (folder / "asked").read_text()


@pytest.mark.parametrize("squeue", NO_TIMES)
def test_an_end_that_slurm_does_not_tell_is_none(job, tmp_path, squeue):
    found = job(squeue)
    assert found.returncode == 75 and not was_queued_again(tmp_path), found.stderr
    assert told(tmp_path) == "none"
    assert (
        "when this job ends is not known" in found.stderr
        and "not queued again: hpcx ended for the reason above" in found.stderr
    )


def test_commands_that_are_not_there(job, tmp_path):
    """Outside a cluster: squeue and scontrol are no commands at all."""
    found = job("exit 127", scontrol="exit 127", SLURM_JOB_ID="")
    assert found.returncode == 75 and told(tmp_path) == "none" and not was_queued_again(tmp_path)


def test_the_end_that_squeue_tells(job, tmp_path):
    found = job(f"echo {clock(LATE)}", SLURM_JOB_END_TIME=str(int(time.time() + SOON)))
    assert (
        abs(int(told(tmp_path)) - time.time() - LATE) < 30
    )  # and not that of the environment, which may be another job's
    assert found.returncode == 75 and not was_queued_again(tmp_path)


def test_the_end_that_scontrol_alone_tells(job, tmp_path):
    job("exit 1", scontrol=f'echo "   StartTime={clock(-60)} EndTime={clock(LATE)} Deadline=N/A"')
    assert abs(int(told(tmp_path)) - time.time() - LATE) < 30


@pytest.mark.parametrize(("seconds", "known"), [(LATE, True), (PAST, False)])
def test_the_end_in_the_environment_counts_if_it_lies_ahead(job, tmp_path, seconds, known):
    job("exit 1", SLURM_JOB_END_TIME=str(int(time.time() + seconds)))
    assert (told(tmp_path) != "none") == known


def test_an_end_that_has_passed_is_none(job, tmp_path):
    found = job(f"echo {clock(PAST)}")
    assert told(tmp_path) == "none" and not was_queued_again(tmp_path) and found.returncode == 75


def test_a_run_that_stopped_at_the_end_of_the_job_is_queued_again(job, tmp_path):
    found = job(f"echo {clock(SOON)}")
    assert found.returncode == 0 and "queued again (restart 1)" in found.stderr
    assert (tmp_path / "asked").read_text() == "requeue 17\n"


def test_of_an_array_one_task_is_queued_again(job, tmp_path):
    """The number of the last task is that of the whole array."""
    job(f"echo {clock(SOON)}", SLURM_ARRAY_JOB_ID="17", SLURM_ARRAY_TASK_ID="3")
    assert (tmp_path / "asked").read_text() == "requeue 17_3\n"


def test_a_run_that_is_told_to_stop_at_once_is_not_queued_again(job, tmp_path):
    """The signal comes earlier than the job is long: every restart would end in the same way."""
    found = job(f"echo {clock(LATE)}", run=SIGNALLED, LEAST_SECONDS="20")
    assert found.returncode == 75 and not was_queued_again(tmp_path)
    assert "not queued again: hpcx was told to stop after" in found.stderr


def test_a_signal_while_squeue_is_asked_ends_nothing_badly(job, tmp_path):
    found = job("kill -USR1 $(cat pid); sleep 0.2", LEAST_SECONDS="20")
    assert found.returncode == 75 and not (tmp_path / "told").exists(), found.stderr
    assert "not queued again: hpcx was told to stop after" in found.stderr


def test_a_signal_queues_the_job_again(job, tmp_path):
    found = job(f"echo {clock(LATE)}", run=SIGNALLED)
    assert found.returncode == 0 and was_queued_again(tmp_path)


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_no_other_status_queues_again(job, tmp_path, status):
    assert job(f"echo {clock(SOON)}", run=RUN % (0, status)).returncode == status
    assert not was_queued_again(tmp_path)


def test_a_cluster_that_does_not_queue_again_says_so(job, tmp_path):
    found = job(f"echo {clock(SOON)}", SLURM_RESTART_COUNT="50")
    assert (
        found.returncode == 75 and "not queued again (MOST_RESTARTS)" in found.stderr and not was_queued_again(tmp_path)
    )


def test_hpcx_computes_where_squeue_fails(job, tmp_path):
    """The empty answer was read as last midnight: nothing was computed, and the job queued itself again and again."""
    (tmp_path / "input.toml").write_text(
        'model = "exciton"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[mesh]\nN = 20\nk0 = 0.1\n'
    )
    found = job("exit 1", run=f'exec {Path(sys.executable).with_name("hpcx")} "$@"')
    assert found.returncode == 0 and (tmp_path / "out/result.h5").exists(), found.stderr

"""How much time a run has: limits as a user and as SLURM writes them, and the end of a job that may be stale."""

from __future__ import annotations

import time

import pytest

from hpcx.parallel.deadline import clock_seconds, deadline, process_age, slurm_seconds_left


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:00:00", 3600),
        ("0:00:05", 5),
        ("100:00:00", 360000),
        ("1-00", 86400),
        ("1-12:30", 131400),
        ("2-00:00:01", 172801),
    ],
)
def test_times_as_slurm_writes_them(text, seconds):
    assert clock_seconds(text) == seconds


@pytest.mark.parametrize("text", ["10:30", "1:60:00", "1-", "-1:00:00", "1:0:0:0", "1", "2 h", "1-1:1:61", ""])
def test_what_could_be_mistaken_is_no_such_time(text):
    assert clock_seconds(text) is None


@pytest.mark.parametrize("limit", ["1:00:00", "2 h", "90"])
def test_limits_that_are_understood(hpcx, write, limit):
    run = hpcx("run", write(), "--time-limit", limit, "--set", "mesh.N=20")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("limit", ["0", "0 s", "0:00:00", "-5 s", "10:30", "unlimited", "1e400 s", "3 meV"])
def test_limits_that_are_refused(here, write, limit):
    run = here("run", write(), f"--time-limit={limit}")
    assert run.returncode == 2 and f"--time-limit = '{limit}'" in run.stderr and "Traceback" not in run.stderr


def test_time_that_is_kept_for_the_end():
    assert deadline(None, 0.0, {}) is None
    assert deadline(100.0, 0.0, {}).seconds == 90.0 and deadline(7200.0, 0.0, {}).seconds == 7140.0


def test_a_limit_counts_from_the_start_of_the_process():
    assert 0.0 < process_age() < 86400.0
    assert deadline(100.0, 30.0, {}).seconds == 60.0
    assert deadline(100.0, 95.0, {}).seconds < 0.0


def test_the_nearer_of_two_ends_counts_and_is_named():
    job = {"SLURM_JOB_END_TIME": str(int(time.time()) + 1000)}
    assert "SLURM" in deadline(7200.0, 0.0, job).reason
    assert deadline(100.0, 0.0, job).reason == "time limit of 100 s"


@pytest.mark.parametrize("end", ["", "N/A", "Unknown", "0", "1700000000", "-5", "²"])
def test_an_end_that_has_passed_or_is_no_time_does_not_count(end):
    assert deadline(None, 0.0, {"SLURM_JOB_END_TIME": end}) is None
    left = slurm_seconds_left({"SLURM_JOB_END_TIME": end})
    assert left is None or left < 0


def test_a_stale_end_is_said_and_the_run_goes_on(here, write, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1700000000")
    run = here("run", write())
    assert run.returncode == 0, run.stderr
    assert "SLURM_JOB_END_TIME is in the past" in run.stderr

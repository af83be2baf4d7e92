"""Mutated inputs are accepted or refused with a message, in bounded time and memory; never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fuzz_check.py")
#: largest resident memory of a check, MB
MOST_MEMORY = 1000


def counts(first: int, number: int) -> dict:
    """Check cases in a process of its own; return the counts.
    Fails with what the process has said if there is a finding.
    """
    command = [sys.executable, str(SCRIPT), str(first), str(number)]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", env=dict(os.environ), timeout=3600)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert set(found) & {"error", "hang", "status"} == set(), run.stdout[-20000:]
    assert found["peak_megabytes"] < MOST_MEMORY, found
    return found


def test_three_hundred_mutated_inputs():
    found = counts(0, 300)
    assert found["accepted"] > 50 and found["refused"] > 100


@pytest.mark.validate
@pytest.mark.parametrize("first", range(0, 20000, 1000))
def test_twenty_thousand_mutated_inputs(first):
    counts(first, 1000)


@pytest.mark.validate
@pytest.mark.parametrize("first", range(0, 3000, 300))
def test_three_hundred_accepted_ones_are_computed(first):
    """Thirty runs from each of ten places: no traceback, no signal, no NaN without its meaning;
    and check refuses what the run refuses.
    """
    command = [sys.executable, str(SCRIPT.with_name("fuzz_run.py")), str(first), "30"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", env=dict(os.environ), timeout=3600)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert set(found) & {"error", "silent", "accepted by check"} == set(), run.stdout[-20000:]
    assert found["done"] > 20, found

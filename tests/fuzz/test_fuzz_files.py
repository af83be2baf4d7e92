"""Whatever has happened to a file of an output directory: no traceback,
nothing that hangs, no other number, nothing good lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fuzz_files.py")


def check(first: int, number: int, *scenes: str) -> None:
    """Go through cases in a process of its own; fails with what it has said if there is a finding."""
    command = [sys.executable, str(SCRIPT), str(first), str(number), *scenes]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", env=dict(os.environ), timeout=3600)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    assert json.loads(run.stdout.splitlines()[-1]) == {"fine": number}, run.stdout[-20000:]


def test_three_damaged_files():
    check(0, 3, "sweep")


@pytest.mark.validate
@pytest.mark.parametrize("first", range(0, 200, 20))
def test_two_hundred_damaged_files(first):
    check(first, 20)

"""Other processes that hold a claim or have a file open, as long as a test wants them to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

CLAIM = """
import sys
from pathlib import Path
from hpcx.sweep.claims import Claims
claims = Claims(Path(sys.argv[1]))
assert claims.acquire(sys.argv[2])
"""
OPEN = """
import sys, h5py
file = h5py.File(sys.argv[1], "r+")
"""
WAIT = 'print("ready", flush=True)\nsys.stdin.readline()\n'


@contextmanager
def other_process(script: str, *words: str) -> Iterator[None]:
    """Run a script in another process until its end is wanted."""
    command = [sys.executable, "-c", script + WAIT, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield
        process.communicate("end\n")


@pytest.fixture
def claimed() -> Callable[[Path, str], AbstractContextManager[None]]:
    """Return a context in which another process works on a point."""
    return lambda folder, name: other_process(CLAIM, str(folder), name)


@pytest.fixture
def held_open() -> Callable[[Path], AbstractContextManager[None]]:
    """Return a context in which another process has an HDF5 file open for writing."""
    return lambda path: other_process(OPEN, str(path))

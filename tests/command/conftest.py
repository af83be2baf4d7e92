"""Running the command `hpcx` as a user does: in a directory of its own, alone or under mpirun."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from interruption import CASES, Interrupted, make_folder

EXCITON = """\
title = "Exciton of MoS2"
model = "exciton"
material = "MoS2"
[output]
directory = "out"
[mesh]
N = 40
k0 = 0.1
"""


@pytest.fixture
def hpcx(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Return a function that runs `hpcx` with the given words in an empty directory, on `ranks` ranks if given."""
    command = str(Path(sys.executable).with_name("hpcx"))

    def run(*words: str, ranks: int | None = None, timeout: float = 120) -> subprocess.CompletedProcess:
        launcher = [] if ranks is None else [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks)]
        return subprocess.run(
            [*launcher, command, *words],
            cwd=tmp_path,
            env=dict(os.environ),  # without what MPI, if this process has started it, has put into the environment
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> Callable[..., subprocess.CompletedProcess]:
    """Return a function like `hpcx` that starts no process, for what a command says and its status:
    a start takes a second or two.

    Options for PETSc stay for the process, so none may be given to a command that gets as far as PETSc.
    """
    from hpcx.cli import command

    importlib.import_module("mpi4py.MPI")  # a command that needs no MPI would load it without starting it
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> subprocess.CompletedProcess:
        capfd.readouterr()
        try:
            status = command(list(words))
        except SystemExit as end:  # mistakes of the command line or the input
            assert isinstance(end.code, int)
            status = end.code
        return subprocess.CompletedProcess(words, status, *capfd.readouterr())

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes an input file (by default a small exciton) with more lines at its end."""

    def write(extra: str = "", text: str = EXCITON, name: str = "input.toml") -> str:
        (tmp_path / name).write_text(text + extra)
        return name

    return write


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, float]]:
    """Return a function that runs a case without disturbance, once, and returns its directory and its time in s.

    Few checkpoints are written, which take longer than the steps between them, unless `checkpoint` says otherwise.
    """
    known: dict[tuple[str, str], tuple[Path, float]] = {}

    def run(model: str, checkpoint: str = "1 h") -> tuple[Path, float]:
        if (model, checkpoint) not in known:
            folder = make_folder(tmp_path_factory.mktemp("undisturbed") / model, CASES[model])
            start = time.monotonic()
            run = Interrupted(folder, "--set", f"output.checkpoint={checkpoint}")
            assert run.wait() == 0, (folder / "log").read_text()
            known[model, checkpoint] = folder, time.monotonic() - start
        return known[model, checkpoint]

    return run

"""Work in a process of its own that has loaded the libraries already: what ends it,
and how long it takes, costs the others nothing.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: libraries that are loaded once, before processes part; MPI and PETSc are started by each of them
LIBRARIES = (
    "numpy",
    "scipy.sparse.linalg",
    "scipy.optimize",
    "scipy.special",
    "scipy.ndimage",
    "pint",
    "numba",
    "pydantic",
    "xarray",
    "hpcx.config.load",
)


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (None: out of time), what it has said, and what its work has returned."""

    status: int | None
    said: str
    answer: Any = None


def in_child(work: Callable[[], Any], folder: Path, seconds: float, user: int | None = None) -> Ended:
    """Call `work` in a folder, in another process, as another `user` if given, for at most `seconds`."""
    for name in LIBRARIES:
        importlib.import_module(name)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answer:
        process = multiprocessing.get_context("fork").Process(
            target=_child, args=(work, folder, said.fileno(), answer.fileno(), user)
        )
        process.start()
        process.join(seconds)
        status = process.exitcode
        if status is None:
            process.kill()
            process.join()
        answer.seek(0)
        content = answer.read()
        said.seek(0)
        return Ended(status, said.read().decode(errors="replace"), pickle.loads(content) if content else None)


def _child(work: Callable[[], Any], folder: Path, said: int, answer: int, user: int | None) -> None:
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(said, stream)
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    found = work()
    if found is not None:
        with open(answer, "wb", closefd=False) as file:
            pickle.dump(found, file)

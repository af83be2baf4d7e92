"""`hpcx run` on mutated inputs, each in a process of its own: python tests/fuzz/fuzz_run.py FIRST COUNT [SECONDS]

Inputs are plausible ones; those that are refused, by `hpcx check` too, do not count. A run may end as done, or as
failed with a message; a traceback, a signal, or a result with values that are not finite and not explained is a
finding. Prints a line for all that is not done, and a line of JSON with the counts.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import resource
import sys
import tempfile
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

from fuzz_cases import Case, plausible

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
    "hpcx.config.load",
)
#: bytes of address space of a run
MEMORY = 8 << 30


def run(case: Case, folder: Path, seconds: float, command: str = "run") -> tuple[int | None, str]:
    """Run or check a case in a process of its own; return its exit status (None: out of time) and what it said."""
    path, said = case.write(folder), folder / f"said by {command}"
    process = multiprocessing.get_context("fork").Process(target=_run, args=(command, path, said))
    process.start()
    process.join(seconds)
    status = process.exitcode
    if status is None:
        _end(process)
    return status, said.read_text(errors="replace") if said.exists() else ""


def _end(process: BaseProcess) -> None:
    process.kill()
    process.join()


def _run(command: str, path: Path, said: Path) -> None:
    from hpcx.cli import main

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.chdir(path.parent)
    stream = os.open(said, os.O_WRONLY | os.O_CREAT)
    for number in (1, 2):
        os.dup2(stream, number)
    main([command, path.name])


def unexplained(folder: Path) -> list[str]:
    """Return the datasets of results below a folder that hold values that are
    not finite without saying what that means.
    """
    import h5py
    import numpy as np

    found = []

    def visit(name: str, item: object) -> None:
        """Note one dataset."""
        if (
            isinstance(item, h5py.Dataset)
            and item.dtype.kind in "fc"
            and "missing_meaning" not in item.attrs
            and not name.startswith("provenance")
        ):
            if not np.isfinite(item[...]).all():
                found.append(name)

    for path in sorted((folder / "out").rglob("*.h5")):
        if "checkpoint" not in path.name:
            with h5py.File(path) as file:
                file.visititems(visit)
    return found


def main(first: int, count: int, seconds: float = 60.0) -> dict:
    """Run cases until `count` of them were accepted and return the counts; prints what is not done."""
    for name in LIBRARIES:
        importlib.import_module(name)
    counts: Counter[str] = Counter()
    while counts.total() - counts["refused"] < count:
        case = plausible(first)
        with tempfile.TemporaryDirectory() as folder:
            status, said = run(case, Path(folder), seconds)
            silent = unexplained(Path(folder)) if status == 0 else []
            kind = _kind(status, said, silent)
            if kind == "refused" and run(case, Path(folder), seconds, "check")[0] == 0:
                kind = "accepted by check"
        counts[kind] += 1
        if kind not in ("done", "refused"):
            last = [line for line in said.strip().splitlines() if line.strip()][-6:]
            print(f"{first} {kind} {case.done} {silent}\n    " + "\n    ".join(last), flush=True)
        first += 1
    return dict(counts)


def _kind(status: int | None, said: str, silent: list[str]) -> str:
    if status is None:
        return "out of time"
    if "Traceback" in said or status < 0:
        return "error"
    if silent:
        return "silent"
    return {0: "done", 2: "refused"}.get(status, "failed")


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), *(float(word) for word in sys.argv[3:]))))

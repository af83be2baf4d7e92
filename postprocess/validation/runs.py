"""Running the inputs of the validation through `hpcx run` under mpirun, and keeping what each cost.

Runs share nothing, so as many go at once as there are cores, each on the ranks of `runs.toml` (one, if nothing is
said): ranks of one run would wait for each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from validation.table import Run

#: exit statuses of hpcx: done, bad input, some points of a sweep failed
DONE, BAD_INPUT, SOME_FAILED = 0, 2, 3


def run_all(root: Path, runs: list[Run], folder: Path) -> dict[str, str]:
    """Run what is not done yet, in this order; return run -> message for those that failed."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    failures = {}
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        running = {pool.submit(_run_one, root, run, folder): run for run in runs}
        for number, done in enumerate(as_completed(running), 1):
            run, (message, cost) = running[done], done.result()
            print(f"[{number}/{len(runs)}] {run.input}", message or f"{cost['wall_seconds']:.1f} s", flush=True)
            _note(folder / "cost.json", run.name, cost)
            if message:
                failures[run.name] = message
    finally:
        pool.shutdown(cancel_futures=True)
    (folder / "failures.json").write_text(json.dumps(failures, indent=1), encoding="utf-8")
    return failures


def _run_one(root: Path, run: Run, folder: Path) -> tuple[str, dict[str, Any]]:
    if not (root / run.input).exists():
        return f"{run.input} does not exist in this version", {"wall_seconds": 0.0, "cpu_seconds": 0.0}
    log, begin = folder / "logs" / f"{run.name}.log", time.time()
    status, used = _launch(root, run, log)
    text = log.read_text(encoding="utf-8", errors="replace")
    if status == BAD_INPUT and "give --fresh" in text:  # results of another version of the input
        status, used = _launch(root, run, log, "--fresh")
    cost = {"wall_seconds": time.time() - begin, "cpu_seconds": used, "ranks": run.ranks}
    cost |= {"computed": _written_since(run.directory, begin), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    return ("" if status == DONE else _failure(status, log)), cost


def _launch(root: Path, run: Run, log: Path, *options: str) -> tuple[int, float]:
    """Return exit status and processor seconds of the launcher and its ranks."""
    with open(log, "w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [*command(run), *options], cwd=root, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
        )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def command(run: Run) -> list[str]:
    """Return the command line of a run."""
    settings = [word for setting in run.settings for word in ("--set", setting)]
    hpcx = str(Path(sys.executable).with_name("hpcx"))
    return [os.environ.get("MPIRUN", "mpirun"), "-n", str(run.ranks), hpcx, "run", run.input, *settings]


def _written_since(directory: Path, begin: float) -> int:
    """Return how many results a run has computed, not found."""
    files = [*directory.glob("result.h5"), *directory.glob("points/*.h5")]
    return sum(path.stat().st_mtime >= begin for path in files)


def _failure(status: int, log: Path) -> str:
    lines = [
        line
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.startswith("hpcx:") or "failed" in line
    ]
    what = "some points failed" if status == SOME_FAILED else f"exit status {status}"
    return f"{what}: {lines[0] if lines else 'see ' + str(log)}"


def _note(path: Path, name: str, cost: dict[str, Any]) -> None:
    """Keep the cost of a run; one that found everything done does not replace the cost of computing it."""
    costs = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if cost.get("computed") or name not in costs:
        costs[name] = cost
    path.write_text(json.dumps(costs, indent=1), encoding="utf-8")

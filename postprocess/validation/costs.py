"""What the runs behind the page have cost, what `make bench` has printed, and what long runs have left stored."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from validation.results import Missing, Results
from validation.table import Run

STORED = Path(__file__).with_name("stored")
#: line of a benchmark that the page shows
RATIO = re.compile(r"^ratio: (.*): ([-+.\de]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Benchmarks:
    """What `make bench` has printed.

    Attributes:
        made: its first line: date, revision, cores; "" if no benchmarks have been run.
        ratios: pairs of what is compared and the ratio.
        log: everything.
    """

    made: str
    ratios: list[tuple[str, str]]
    log: str


def costs_of(results: Results, runs: list[Run], folder: Path) -> list[dict[str, Any]]:
    """Return a row for every run that has results; `folder` holds cost.json, which the last runs have left."""
    path = folder / "cost.json"
    noted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    rows = []
    for run in runs:
        try:
            work = _work(results.file(run.name))
        except Missing:
            continue
        known = {"wall_seconds": float("nan"), "cpu_seconds": 0.0, **noted.get(run.name, {})}
        rows.append(known | {"input": run.input, "text": run.text, "ranks": run.ranks} | work)
    return rows


def _work(path: Path) -> dict[str, Any]:
    """Return the number of results of a run, the core-hours and the largest
    memory of a rank (bytes) of their provenance.
    """
    files = [path] if path.name == "result.h5" else sorted(path.parent.glob("points/*.h5"))
    seconds, memory = 0.0, 0
    for name in files:
        with h5py.File(name, "r") as file:
            seconds += float(file["provenance/wall_time"][()]) * float(file["provenance/ranks"][()])
            if "provenance/peak_memory" in file:  # not in results of earlier versions
                memory = max(memory, int(file["provenance/peak_memory"][()]))
    return {"points": len(files), "core_hours": seconds / 3600, "peak_memory": memory}


def read_benchmarks(path: Path) -> Benchmarks:
    """Return what a log of `make bench` says; nothing if there is none."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    first = text.partition("\n")[0]
    return Benchmarks(first.removeprefix("# made ") if first.startswith("# made ") else "", RATIO.findall(text), text)


def stored_runs() -> list[dict[str, Any]]:
    """Return the stored numbers of long runs (`store_large.py` writes them), in the order of their names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(STORED.glob("*.json"))]

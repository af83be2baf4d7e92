"""`hpcx status DIRECTORY`: a table of points from the files alone, while a job runs or after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py

from hpcx.sweep.record import read_record
from hpcx.sweep.reuse import mixture
from hpcx.sweep.store import MISSING, Entry, Store

#: state of a run without a sweep that is neither done nor running and has not failed
INTERRUPTED = "interrupted"
#: one row: name, coordinates, state
Row = tuple[str, dict[str, Any], Entry]


def status_text(directory: Path) -> str:
    """Return one line per point (state, seconds, ranks, core hours, coordinates, message) and the totals.

    Raises FileNotFoundError if the directory holds neither a sweep nor a single run.
    """
    record = read_record(directory)
    rows = [_single(directory)] if record is None else _points(directory, record)
    states = [entry.status for _, _, entry in rows]
    totals = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    head = f"{'point':<14}{'state':<12}{'time/s':>10}{'ranks':>7}{'core-h':>10}  where"
    summary = rows[0][2].summary if record is None else [f"{len(rows)} points: {totals}", *_warnings(rows)]
    return "\n".join([head, *map(_line, rows), *summary])


def _warnings(rows: list[Row]) -> list[str]:
    mixed = mixture(entry for _, _, entry in rows)
    return [f"WARNING: {mixed}"] if mixed else []


def _points(directory: Path, record: dict[str, Any]) -> list[Row]:
    store = Store(directory, single=False)
    return [(point["id"], point["coordinates"], store.entry(point["id"], point["hash"])) for point in record["points"]]


def _single(directory: Path) -> Row:
    """Return the state of a run without a sweep; raises FileNotFoundError if there is no sign of one."""
    store = Store(directory, single=True)
    name = _name_in_use(directory)
    result, checkpoints = store.result(name), store.has_checkpoint(name)
    if not (name or result.exists() or checkpoints):
        raise FileNotFoundError(f"{directory} holds no results of hpcx (no sweep.json, no result.h5, no checkpoint)")
    entry = store.entry(name, _digest(result))
    if entry.status == MISSING:
        entry = replace(entry, status=INTERRUPTED, message=entry.message or "has no checkpoint")
    return "result", {}, entry


def _name_in_use(directory: Path) -> str:
    """Return the name under which a run has claimed its point or recorded a failure last, or ""."""
    found = [path for pattern in ("*.lock", "*.failed.json") for path in directory.glob(pattern) if not path.name.startswith(".")]
    return max(found, key=lambda path: path.stat().st_mtime).name.partition(".")[0] if found else ""


def _digest(result: Path) -> str:
    """Return the hash that a result itself gives; the state of a file that cannot be read is told by the store."""
    try:
        with h5py.File(result, "r") as file:
            return file["provenance/hash"].asstr()[()]
    except (OSError, KeyError):
        return ""


def _line(row: Row) -> str:
    name, coordinates, entry = row
    where = ", ".join(f"{key} = {value}" for key, value in coordinates.items())
    seconds = f"{entry.wall_time:10.1f}" if entry.wall_time == entry.wall_time else f"{'-':>10}"
    hours = f"{entry.wall_time * entry.ranks / 3600:10.4f}" if entry.ranks else f"{'-':>10}"
    message = f": {entry.message}" if entry.message else ""
    return f"{name:<14}{entry.status:<12}{seconds}{entry.ranks or '-':>7}{hours}  {where}{message}"

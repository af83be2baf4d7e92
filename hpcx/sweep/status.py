"""`hpcx status`: a table of points from the files alone, during or after a job, or from a `sweep.h5` on its own."""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpcx.io.reading import reading, stored, swept_keys
from hpcx.sweep.point_table import read_point_table, unchanged
from hpcx.sweep.record import read_record
from hpcx.sweep.reuse import mixture
from hpcx.sweep.store import DONE, FAILED, MISSING, RUNNING, Entry, Store

#: number of points above which a sweep is summarised, and how many of each state are listed then
LONG, SOME = 60, 20
#: state of a run without a sweep that is neither done nor running and has not failed
INTERRUPTED = "interrupted"
#: one row: name, coordinates, state
Row = tuple[str, dict[str, Any], Entry]


def status_text(path: Path, every_point: bool = False) -> str:
    """Return one line per point (state, seconds, ranks, core-hours, coordinates, message), totals and warnings;
    of a study of `hpcx converge` how many calculations are done, and the points of its last batch.

    `path` is an output directory, or a `sweep.h5` that may have come alone. Of a sweep of more than LONG points only
    some of those that are not done are listed, unless `every_point` is asked for.

    Raises FileNotFoundError if there is neither a sweep nor a single run, OSError if a file cannot be read.
    """
    study = path / "converge"
    if not study.is_dir():
        return _text(*_state(path), every_point)
    done = len(list((study / "points").glob("*.h5")))
    of_study = (
        f"a study of hpcx converge: {done} calculations are done, and the same command resumes it; its last ones:\n"
        f"{status_text(study, every_point)}"
    )
    return f"{_text(*_state(path), every_point)}\n\n{of_study}" if _has_run(path) else of_study


def status_json(path: Path) -> str:
    """Return the same as JSON: `points` with id, coordinates and all that is known of each, and `warnings`."""
    study = path / "converge"
    rows, _ = _state(path if _has_run(path) or not study.is_dir() else study)
    points = [{"id": name, "coordinates": coordinates} | _plain(entry) for name, coordinates, entry in rows]
    return json.dumps({"points": points, "warnings": _warnings(rows)}, indent=1, default=lambda value: value.item())


def _has_run(path: Path) -> bool:
    """Say whether a path is a file, or a directory with a sweep or a finished single run."""
    return path.is_file() or (path / "result.h5").is_file() or read_record(path) is not None


def _state(path: Path) -> tuple[list[Row], list[str]]:
    """Return the points of a `sweep.h5`, a sweep by its record or a single run, and the lines that follow the table."""
    record = None if path.is_file() else read_record(path)
    if record is None and not path.is_file():
        row = _single(path)
        return [row], row[2].summary
    rows = _points(path, record) if record else _rows_of_file(path)
    index = path / "sweep.h5" if record else path
    told = path.is_file() or (index.exists() and any(entry.status == DONE for _, _, entry in rows))
    return rows, [*_totals(rows), *_warnings(rows), *(_remarks(index) if told else [])]


def _plain(entry: Entry) -> dict[str, Any]:
    """Return what is known of a point; a time that is not known is null, since JSON has no NaN."""
    known = asdict(entry)
    return {
        key: None if value != value else value
        for key, value in known.items()
        if key not in ("structure", "run", "versions", "stamp")
    }


def _text(rows: list[Row], ends: list[str], every_point: bool) -> str:
    head = f"{'point':<14}{'state':<12}{'time/s':>10}{'ranks':>7}{'core-h':>10}  where"
    if every_point or len(rows) <= LONG:
        return "\n".join([head, *map(_line, rows), *ends])
    chosen = [
        row for state in (RUNNING, FAILED, MISSING) for row in [row for row in rows if row[2].status == state][:SOME]
    ]
    lines = [head, *map(_line, chosen)] if chosen else []
    return "\n".join([*lines, f"({len(chosen)} of {len(rows)} points are listed; --all lists every one)", *ends])


def _totals(rows: list[Row]) -> list[str]:
    """Return how many points are in which state, and what those that are done have taken."""
    states = Counter(entry.status for _, _, entry in rows)
    done = [entry for _, _, entry in rows if entry.status == DONE]
    lines = [f"{len(rows)} points: {', '.join(f'{count} {state}' for state, count in states.items())}"]
    if done:
        seconds = sorted(entry.wall_time for entry in done)
        hours = sum(entry.wall_time * entry.ranks for entry in done) / 3600
        lines.append(
            f"done points: {hours:.4g} core-h, {seconds[0]:.3g} to {seconds[-1]:.3g} s each, half of them below"
            f" {seconds[len(seconds) // 2]:.3g} s"
        )
    return lines


def _warnings(rows: list[Row]) -> list[str]:
    mixed = mixture(entry for _, _, entry in rows)
    return [f"WARNING: {mixed}"] if mixed else []


def _rows_of_file(path: Path) -> list[Row]:
    """Return the states of the points as a `sweep.h5` tells them; raises OSError if it is none."""
    with reading(path) as file:
        if "index/status" not in file:
            raise FileNotFoundError(
                f"{path} is not a sweep.h5; give the directory of a run, or its sweep.h5 (hpcx show tells what a"
                " file is)"
            )
        table = read_point_table(file)
        axes = swept_keys(file)
        values = [np.atleast_1d(stored(file[axis])) for axis in axes]
    products = itertools.product(*values)
    return [(name, dict(zip(axes, point)), entry) for (name, _, entry), point in zip(table, products)]


def _remarks(path: Path) -> list[str]:
    """Say which results of a `sweep.h5` are not in it, and whether their files are there."""
    try:
        with reading(path) as file:
            names, states = (np.ravel(stored(file[f"index/{name}"])) for name in ("id", "status"))
            outside = [name for kind in ("virtual", "not_stacked") for name in stored(file[f"index/{kind}"])]
    except (OSError, KeyError) as error:
        return [f"WARNING: {path} is damaged or of an earlier version ({error}); the next run rewrites it"]
    if not outside:
        return [f"{path.name} is complete by itself: all results are in it"]
    lost = [
        name
        for name, state in zip(names, states)
        if state == DONE and not (path.parent / "points" / f"{name}.h5").is_file()
    ]
    lines = [f"{path.name} needs points/ beside it for {', '.join(outside)}; all else is in it"]
    if lost:
        lines.append(
            f"WARNING: {len(lost)} files of finished points are not there (points/{lost[0]}.h5); their results are"
            " missing, or read as NaN"
        )
    return lines


def _points(directory: Path, record: dict[str, Any]) -> list[Row]:
    store = Store(directory, single=False)
    known = unchanged(store)
    rows = []
    for point in record["points"]:
        entry = known.get((point["id"], point["hash"])) or store.entry(point["id"], point["hash"])
        rows.append((point["id"], point["coordinates"], entry))
    return rows


def _single(directory: Path) -> Row:
    """Return the state of a run without a sweep; raises FileNotFoundError if there is no sign of one."""
    store = Store(directory, single=True)
    name = _name_in_use(store)
    result, checkpoints = store.result(name), store.has_checkpoint(name)
    if not (name or result.exists() or checkpoints or store.claims.has_file(name)):  # a lock file is empty at first
        raise FileNotFoundError(f"{directory} holds no results of hpcx (no sweep.json, no result.h5, no checkpoint)")
    entry = store.entry(name, _digest(result))
    if entry.status == MISSING:
        entry = replace(entry, status=INTERRUPTED, message=entry.message or "has no checkpoint")
    return "result", {}, entry


def _name_in_use(store: Store) -> str:
    """Return the point that a run has claimed, or whose failure it has recorded last, or ""."""
    claimed = store.claims.last_point("")
    failures = sorted(store.directory.glob("*.failed.json"), key=os.path.getmtime)
    return claimed or (failures[-1].name.partition(".")[0] if failures else "")


def _digest(result: Path) -> str:
    """Return the hash that a result itself gives; the store reports the state of a file that cannot be read."""
    try:
        with reading(result) as file:
            return stored(file["provenance/hash"])
    except OSError:
        return ""


def _line(row: Row) -> str:
    name, coordinates, entry = row
    where = ", ".join(f"{key} = {value}" for key, value in coordinates.items())
    seconds = f"{entry.wall_time:10.1f}" if entry.wall_time == entry.wall_time else f"{'-':>10}"
    hours = f"{entry.wall_time * entry.ranks / 3600:10.4f}" if entry.ranks else f"{'-':>10}"
    message = f": {entry.message}" if entry.message else ""
    return f"{name:<14}{entry.status:<12}{seconds}{entry.ranks or '-':>7}{hours}  {where}{message}"

"""The table of points in `sweep.h5`: the group `index`, with one dataset per column, written and read.

A finished point whose file has the size and the time of change that the table gives need not be opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import h5py
import numpy as np

from hpcx.io.reading import reading, stored
from hpcx.io.result import Dataset
from hpcx.sweep.store import DONE, Entry, Store, stamp_of

#: attributes of an `Entry` that are columns: unit and meaning
COLUMNS = {
    "status": ("1", "done, failed, running or missing"),
    "message": ("1", "why a point failed"),
    "traceback": ("1", "traceback of a failed point"),
    "wall_time": ("s", "wall time"),
    "ranks": ("1", "number of ranks"),
    "version": ("1", "version of hpcx that computed the point"),
    "revision": ("1", "revision of its source, or its version where it is not under git"),
    "options": ("1", "PETSc options that were given"),
    "excess": ("1", "largest error of its solutions over the tolerance"),
    "summary": ("1", "lines that the run printed for the point, as a JSON list"),
    "stamp": ("1", "size in bytes and time of change in ns of its file when it was read"),
}


def point_table(
    points: Sequence[dict[str, str]], entries: Sequence[Entry], axes: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, Dataset]:
    """Return the columns by path; `axes` are the swept keys and `shape` the numbers of their values."""
    columns = {
        "id": ([point["id"] for point in points], "1", "name of the point's file"),
        "hash": ([point["hash"] for point in points], "1", "hash of the resolved physics"),
    } | {name: ([_stored(entry, name) for entry in entries], *about) for name, about in COLUMNS.items()}
    table = {}
    for name, (values, unit, meaning) in columns.items():
        array = np.reshape(values, shape)
        missing = "NaN: not known" if array.dtype.kind == "f" else ""
        table[f"index/{name}"] = Dataset(array, axes, unit, meaning, missing=missing)
    return table


def _stored(entry: Entry, name: str) -> str | float | int:
    return json.dumps(entry.summary) if name == "summary" else getattr(entry, name)


def read_point_table(file: h5py.File) -> list[tuple[str, str, Entry]]:
    """Return id, hash and entry of all points in order; raises KeyError if the file is no sweep.

    Columns that files of an earlier version do not have are left at their defaults.
    """
    names = [name for name in ("id", "hash", *COLUMNS) if name in file["index"]]
    columns = {name: np.ravel(stored(file["index"][name])).tolist() for name in names}
    rows = (dict(zip(columns, row)) for row in zip(*columns.values(), strict=True))
    return [(row.pop("id"), row.pop("hash"), _entry(row)) for row in rows]


def _entry(row: dict) -> Entry:
    return Entry(**row | {"summary": json.loads(row.get("summary", "[]"))})


def unchanged(store: Store) -> dict[tuple[str, str], Entry]:
    """Return by id and hash the finished points whose files have not changed since, without structure and versions."""
    try:
        with reading(store.directory / "sweep.h5") as file:
            rows = read_point_table(file)
        with os.scandir(store.directory / "points") as files:
            stamps = {file.name: stamp_of(file.stat()) for file in files if file.name.endswith(".h5")}
    except OSError:  # no table, or a damaged one
        return {}
    return {
        (name, digest): entry
        for name, digest, entry in rows
        if entry.status == DONE and entry.stamp == stamps.get(f"{name}.h5")
    }

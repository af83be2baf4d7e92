"""`sweep.h5`: the state of every point, all results stacked along the swept dimensions, and where they come from.

Made from `sweep.json` and the points' files. It is the file to pass on: it needs no other file, except for results that
are too large to be copied, which it lists.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import h5py
import numpy as np

from hpcx.io.provenance import now, plain
from hpcx.io.result import Dataset
from hpcx.io.writer import write_alone, write_datasets, write_provenance
from hpcx.sweep.point_table import point_table
from hpcx.sweep.record import read_record
from hpcx.sweep.reuse import mixture
from hpcx.sweep.stacking import NOTE, Stack, gather, stacked, write_virtual
from hpcx.sweep.store import DONE, FAILED, Entry, Store

log = logging.getLogger("hpcx")


def refresh_index(store: Store, patience: float | None = None, done: dict[str, Entry] | None = None) -> None:
    """Rewrite `sweep.h5` from the points' files, one process at a time, so that the last one includes everything.

    Finished points whose entries are given in `done`, by id, are not read again: they do not change any more.
    Raises TimeoutError if another process is at it for longer than `patience` seconds, OSError if it cannot be written.
    """
    with store.exclusively() if patience is None else store.exclusively(patience):
        record = read_record(store.directory)
        if record is not None and not record.get("scattered"):  # the points of a search for limits do not form a grid
            known = done or {}
            write_index(
                store,
                record,
                [known.get(point["id"]) or store.entry(point["id"], point["hash"]) for point in record["points"]],
            )


def write_index(store: Store, record: dict[str, Any], entries: list[Entry]) -> None:
    """Replace `sweep.h5` by one made from the record of the sweep and the entries of its points.

    A point whose file cannot be read counts as failed, never as done. Raises OSError.
    """
    path, points = store.directory / "sweep.h5", record["points"]
    done = {number: store.result(points[number]["id"]) for number, entry in enumerate(entries) if entry.status == DONE}
    stack = gather(_axes_of(record)[1], done, points, entries, path)
    for number, message in stack.unreadable.items():
        log.warning("%s", message)
        entries = [*entries[:number], replace(entries[number], status=FAILED, message=message), *entries[number + 1 :]]
    sources = {number: f"points/{done[number].name}" for number in done if number not in stack.unreadable}
    write_alone(path, lambda file: _fill(file, record, entries, stack, sources))


def _fill(file: h5py.File, record: dict[str, Any], entries: list[Entry], stack: Stack, sources: dict[int, str]) -> None:
    """Write all datasets; `sources` are the relative paths of the finished points' files by number."""
    names, shape = _axes_of(record)
    write_virtual(file, stack, sources)
    apart = "results whose shape differs between points: only in points/"
    large = f"results that are too large to be copied ({NOTE})"
    axes = {axis["name"]: _axis(axis) for axis in record["axes"]}
    lists = {
        "index/not_stacked": Dataset(np.array(stack.differing, object), ("result",), "1", apart),
        "index/virtual": Dataset(np.array(stack.virtual, object), ("large_result",), "1", large),
    }
    write_datasets(file, axes | point_table(record["points"], entries, names, shape) | stacked(stack, names) | lists)
    write_provenance(file, plain(record.get("provenance", {}) | {"versions": _versions(entries), "written": now()}))
    file.attrs["warning"] = mixture(entries)


def _axis(axis: dict[str, Any]) -> Dataset:
    return Dataset(_coordinate(axis["values"]), (axis["name"],), axis["unit"] or "1", axis["description"])


def _versions(entries: list[Entry]) -> dict[str, str]:
    """Return the versions of the programs that computed the points; those that differ between points in one text."""
    names = dict.fromkeys(name for entry in entries for name in entry.versions)
    return {
        name: ", ".join(sorted({entry.versions[name] for entry in entries if name in entry.versions})) for name in names
    }


def _coordinate(values: list[Any]) -> np.ndarray:
    """Return swept values as a coordinate: numbers as they are, all else (switches, lists) as text."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return np.asarray(values)
    return np.asarray([value if isinstance(value, str) else json.dumps(value) for value in values])


def _axes_of(record: dict[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(axis["name"] for axis in record["axes"]), tuple(len(axis["values"]) for axis in record["axes"])

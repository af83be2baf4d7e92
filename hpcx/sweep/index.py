"""`sweep.h5`: the state of every point, all results stacked along the swept dimensions, and where they come from.

Made from `sweep.json` and the points' own files alone. It is the file that one gives away: what is in it does not need
the others, but for results that are too large, which it names.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import h5py
import numpy as np

from hpcx.io.provenance import now, plain
from hpcx.io.replace import replace_bytes
from hpcx.io.result import Dataset
from hpcx.io.seal import sealed
from hpcx.io.writer import attach_dimensions, image, label, storable, write_provenance
from hpcx.sweep.record import read_record
from hpcx.sweep.reuse import mixture
from hpcx.sweep.stacking import NOTE, Stack, earlier_sweep, gather, write_stack
from hpcx.sweep.store import DONE, FAILED, Entry, Store

log = logging.getLogger("hpcx")


def refresh_index(store: Store, patience: float | None = None, done: dict[str, Entry] | None = None) -> None:
    """Rewrite `sweep.h5` from the points' files, one process at a time, so that the last one includes everything.

    Finished points whose entries are given in `done`, by id, are not read again: they do not change any more.
    Raises TimeoutError if another process is at it for longer than `patience` seconds, OSError if it cannot be written.
    """
    with store.exclusively() if patience is None else store.exclusively(patience):
        record = read_record(store.directory)
        if record is not None and not record.get("scattered"):  # points of a search for limits are no product
            known = done or {}
            write_index(
                store,
                record,
                [known.get(point["id"]) or store.entry(point["id"], point["hash"]) for point in record["points"]],
            )


def write_index(store: Store, record: dict[str, Any], entries: list[Entry]) -> None:
    """Replace `sweep.h5` by one made from the record of the sweep and the entries of its points.

    A point whose file cannot be read counts as failed, never as done. The file is made in memory and written as bytes:
    HDF5 itself does not end in order on a disk that becomes full. Raises OSError.
    """
    path = store.directory / "sweep.h5"
    shape = _axes_of(record)[1]
    done = {
        number: store.result(record["points"][number]["id"])
        for number, entry in enumerate(entries)
        if entry.status == DONE
    }
    with earlier_sweep(path, record["points"], entries) as earlier:
        stack = gather(shape, done, entries, earlier)
    for number, message in stack.unreadable.items():
        log.warning("%s", message)
        entries = [*entries[:number], replace(entries[number], status=FAILED, message=message), *entries[number + 1 :]]
    replace_bytes(path, sealed(image(lambda file: _fill(file, store, record, entries, stack))))


def _fill(file: h5py.File, store: Store, record: dict[str, Any], entries: list[Entry], stack: Stack) -> None:
    for axis in record["axes"]:
        data = Dataset(_coordinate(axis["values"]), (axis["name"],), axis["unit"] or "1", axis["description"])
        label(file.create_dataset(axis["name"], data=storable(data.data)), data)
    names, points = _axes_of(record)[0], record["points"]
    dims: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    dims |= _write_states(file, record, entries)
    sources = {
        number: f"points/{store.result(points[number]['id']).name}"
        for number, entry in enumerate(entries)
        if entry.status == DONE
    }
    dims |= write_stack(file, stack, names, sources)
    dims |= _write_names(
        file, "not_stacked", stack.differing, "result", "results whose shape differs between points: only in points/"
    )
    dims |= _write_names(
        file, "virtual", stack.virtual, "large_result", f"results that are too large to be copied ({NOTE})"
    )
    attach_dimensions(file, dims)
    write_provenance(file, plain(record.get("provenance", {}) | {"versions": _versions(entries), "written": now()}))
    file.attrs["warning"] = mixture(entries)


def _versions(entries: list[Entry]) -> dict[str, str]:
    """Return the versions of the programs that computed the points; those that differ between points in one text."""
    names = dict.fromkeys(name for entry in entries for name in entry.versions)
    return {
        name: ", ".join(sorted({entry.versions[name] for entry in entries if name in entry.versions})) for name in names
    }


def _write_names(file: h5py.File, name: str, values: list[str], dim: str, long_name: str) -> dict[str, tuple[str, ...]]:
    created = file.create_dataset(f"index/{name}", data=np.asarray(values, dtype=h5py.string_dtype()))
    label(created, Dataset(np.empty(0), (), "1", long_name))
    return {f"index/{name}": (dim,)}


def _coordinate(values: list[Any]) -> np.ndarray:
    """Return swept values as a coordinate: numbers as they are, all else (switches, lists) as text."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return np.asarray(values)
    return np.asarray([value if isinstance(value, str) else json.dumps(value) for value in values])


def _axes_of(record: dict[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(axis["name"] for axis in record["axes"]), tuple(len(axis["values"]) for axis in record["axes"])


def _write_states(file: h5py.File, record: dict[str, Any], entries: list[Entry]) -> dict[str, tuple[str, ...]]:
    names, shape = _axes_of(record)
    columns = {
        "id": ([point["id"] for point in record["points"]], "1", "name of the point's file"),
        "hash": ([point["hash"] for point in record["points"]], "1", "hash of the resolved physics"),
        "status": ([entry.status for entry in entries], "1", "done, failed, running or missing"),
        "message": ([entry.message for entry in entries], "1", "why a point failed"),
        "traceback": ([entry.traceback for entry in entries], "1", "traceback of a failed point"),
        "wall_time": ([entry.wall_time for entry in entries], "s", "wall time"),
        "ranks": ([entry.ranks for entry in entries], "1", "number of ranks"),
        "version": ([entry.version for entry in entries], "1", "version of hpcx that computed the point"),
        "revision": (
            [entry.revision for entry in entries],
            "1",
            "revision of its source, or its version where it is not under git",
        ),
        "options": ([entry.options for entry in entries], "1", "PETSc options that were given"),
        "excess": ([entry.excess for entry in entries], "1", "largest error of its solutions over the tolerance"),
        "summary": (
            [json.dumps(entry.summary) for entry in entries],
            "1",
            "lines that the run printed for the point, as a JSON list",
        ),
        "stamp": (
            [entry.stamp for entry in entries],
            "1",
            "size in bytes and time of change in ns of its file when it was read",
        ),
    }
    for name, (values, units, long_name) in columns.items():
        array = np.asarray(values).reshape(shape)
        missing = "NaN: not known" if array.dtype.kind == "f" else ""
        label(
            file.create_dataset(f"index/{name}", data=storable(array)),
            Dataset(array, (), units, long_name, missing=missing),
        )
    return {f"index/{name}": names for name in columns}

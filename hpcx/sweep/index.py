"""`sweep.h5`: the state of every point, and all results stacked along the swept dimensions.

Made from `sweep.json` and the points' own files alone; results are stacked as virtual datasets, so nothing is copied.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcx.io.result import Dataset
from hpcx.io.writer import attach_dimensions, image, label, storable
from hpcx.sweep.record import read_record
from hpcx.sweep.store import DONE, Entry, Store, replace_bytes


def refresh_index(store: Store, patience: float | None = None, done: dict[str, Entry] | None = None) -> None:
    """Write `sweep.h5` anew from the files, one process at a time: who comes last has seen what those before it saw.

    Finished points whose entries are given in `done`, by id, are not read again: they do not change any more.
    Raises TimeoutError if another process is at it for longer than `patience` seconds, OSError if it cannot be written.
    """
    with store.exclusively() if patience is None else store.exclusively(patience):
        record = read_record(store.directory)
        if record is not None:
            known = done or {}
            write_index(store, record, [known.get(point["id"]) or store.entry(point["id"], point["hash"]) for point in record["points"]])


def write_index(store: Store, record: dict[str, Any], entries: list[Entry]) -> None:
    """Write `sweep.h5` anew from the record of the sweep and the entries of its points, in place of the old one.

    It is made in memory and written as bytes: HDF5 itself does not end in order on a disk that becomes full. Raises OSError.
    """
    replace_bytes(store.directory / "sweep.h5", image(lambda file: _fill(file, store, record, entries)))


def _fill(file: h5py.File, store: Store, record: dict[str, Any], entries: list[Entry]) -> None:
    for axis in record["axes"]:
        data = Dataset(_coordinate(axis["values"]), (axis["name"],), axis["unit"] or "1", axis["description"])
        label(file.create_dataset(axis["name"], data=storable(data.data)), data)
    dims = {axis["name"]: (axis["name"],) for axis in record["axes"]}
    dims |= _write_states(file, record, entries)
    attach_dimensions(file, dims | _stack(file, store, record, entries))


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
        "revision": ([entry.revision for entry in entries], "1", "revision of its source, or its version where it is not under git"),
    }
    for name, (values, units, long_name) in columns.items():
        array = np.asarray(values).reshape(shape)
        label(file.create_dataset(f"index/{name}", data=storable(array)), Dataset(array, (), units, long_name))
    return {f"index/{name}": names for name in columns}


def _stack(file: h5py.File, store: Store, record: dict[str, Any], entries: list[Entry]) -> dict[str, tuple[str, ...]]:
    """Stack what has the same shape in all finished points; name the rest in `index/not_stacked`."""
    names, shape = _axes_of(record)
    done = {i: store.result(record["points"][i]["id"]) for i, entry in enumerate(entries) if entry.status == DONE}
    # files of one layout differ in values only, so one of each is looked into
    described = [_describe(path) for path in {entries[i].layout or str(path): path for i, path in done.items()}.values()]
    found = list(dict.fromkeys(name for content in described for name in content))
    sources = {tuple(map(int, np.unravel_index(i, shape))): f"points/{path.name}".encode() for i, path in done.items()}
    dims: dict[str, tuple[str, ...]] = {}
    rest = []
    for name in found:
        data = _common(name, described)
        if data is None:
            rest.append(name)
        elif _is_coordinate(name, data):
            label(file.create_dataset(name, data=storable(data.data)), data)
            dims[name] = data.dims
        else:
            _stack_one(file, name, data, shape, sources)
            dims[name] = (*names, *data.dims)
    created = file.create_dataset("index/not_stacked", data=np.asarray(rest, dtype=h5py.string_dtype()))
    label(created, Dataset(np.empty(0), (), "1", "results whose shape differs between points"))
    return dims | {"index/not_stacked": ("result",)}


def _is_coordinate(name: str, data: Dataset) -> bool:
    return data.dims == (name.rpartition("/")[2],)


def _common(name: str, described: list[dict[str, Dataset]]) -> Dataset | None:
    """Return the dataset as the first point has it, or None unless all points have it alike.

    Alike: one shape and dimensions with one set of values; a coordinate must have the same values.
    """
    if not all(name in content for content in described):
        return None
    first = described[0][name]
    if not all(content[name].data.shape == first.data.shape for content in described):
        return None
    if _is_coordinate(name, first):
        return first if all(np.array_equal(content[name].data, first.data) for content in described) else None
    group = name.rpartition("/")[0]
    scales = [f"{group}/{dim}".strip("/") for dim in first.dims]
    return first if first.data.dtype.kind in "biufc" and all(_common(scale, described) for scale in scales) else None


def _describe(path: Path) -> dict[str, Dataset]:
    """Return the datasets of a result file; values are read of coordinates only, others get a stand-in of their shape."""
    content: dict[str, Dataset] = {}

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        """Describe one dataset; groups have nothing to describe."""
        if not isinstance(item, h5py.Dataset):
            return
        own, attributes = name.rpartition("/")[2], item.attrs
        dims = (own,) if h5py.h5ds.is_scale(item.id) else _scales(item)
        content[name] = Dataset(_values(item), dims, str(attributes.get("units", "1")), str(attributes.get("long_name", own)))

    with h5py.File(path, "r") as file:
        for name, item in file.items():
            if name != "provenance":
                visit(name, item)
                if isinstance(item, h5py.Group):
                    item.visititems(lambda below, dataset: visit(f"{name}/{below}", dataset))
    return content


def _scales(item: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of the axes that have one; `make_scale` has kept them, which is quicker than to ask for paths."""
    found = (item.dims[axis] for axis in range(item.ndim))
    return tuple(h5py.h5ds.get_scale_name(scales[0].id).decode() for scales in found if len(scales))


def _values(item: h5py.Dataset) -> np.ndarray:
    if not h5py.h5ds.is_scale(item.id):
        return np.broadcast_to(np.zeros((), item.dtype), item.shape)
    return item.asstr()[...].astype(str) if h5py.check_string_dtype(item.dtype) else item[...]


def _stack_one(file: h5py.File, name: str, data: Dataset, shape: tuple[int, ...], sources: dict[tuple[int, ...], bytes]) -> None:
    """Stack a dataset of files at their places as a virtual one, by HDF5's own calls: h5py's layouts take several times as long."""
    # missing points are NaN, so integers become floats
    kind = data.data.dtype if data.data.dtype.kind in "fc" else np.dtype("f8")
    whole = h5py.h5s.create_simple(shape + data.data.shape)
    source = h5py.h5s.create_simple(data.data.shape) if data.data.shape else h5py.h5s.create(h5py.h5s.SCALAR)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_fill_value(np.array(np.nan, kind))
    inside, block, path = (0,) * data.data.ndim, (1,) * len(shape) + data.data.shape, name.encode()
    for place, points in sources.items():
        whole.select_hyperslab(place + inside, block)
        creation.set_virtual(whole, points, path, source)
    whole.select_all()
    file.require_group(name.rpartition("/")[0] or "/")
    identity = h5py.h5d.create(file.id, path, h5py.h5t.py_create(kind), whole, dcpl=creation)
    label(h5py.Dataset(identity), data)

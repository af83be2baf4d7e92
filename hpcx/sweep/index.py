"""`sweep.h5`: the state of every point, and all results stacked along the swept dimensions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from hpcx.config.fields import keys_of
from hpcx.config.load import Plan
from hpcx.io.result import Dataset
from hpcx.io.writer import attach_dimensions, label, storable


@dataclass(frozen=True)
class Entry:
    """State of one point: "done", "failed", "running" or "missing", with message, traceback, seconds and ranks."""

    status: str
    message: str = ""
    traceback: str = ""
    wall_time: float = float("nan")
    ranks: int = 0


def write_index(path: Path, plan: Plan, entries: list[Entry]) -> None:
    """Write `sweep.h5` anew (points without an entry are "missing") and put it in place of the old one."""
    entries = entries + [Entry("missing")] * (len(plan.points) - len(entries))
    part = path.with_name(path.name + ".part")
    with h5py.File(part, "w") as file:
        axes = _axes(plan)
        for name, data in axes.items():
            file.create_dataset(name, data=storable(data.data))
            label(file[name], data)
        dims = {name: (name,) for name in axes} | _write_states(file, plan, entries)
        dims |= _stack(file, path.parent, plan, entries)
        attach_dimensions(file, dims)
    os.replace(part, path)


def _axes(plan: Plan) -> dict[str, Dataset]:
    """Return the swept values as coordinates, in the documented units of their keys."""
    keys = {key.name: key for key in keys_of(type(plan.config))}
    axes = {}
    for name, values in plan.axes.items():
        key = keys.get(name)
        resolved = [_resolved(plan, name, value) for value in values]
        unit = key.unit if key and not isinstance(resolved[0], str) else "1"
        axes[name] = Dataset(np.asarray(resolved), (name,), unit or "1", key.description if key else name)
    return axes


def _resolved(plan: Plan, name: str, value: object) -> object:
    """Return a swept value as the program uses it: "0.5 um" in the documented unit, text as it is."""
    for point in plan.points:
        if point.config is not None and point.coordinates[name] == value:
            found = point.config
            for part in name.split("."):
                found = getattr(found, part, None)
            return value if found is None else found
    return str(value) if isinstance(value, str) else value


def _write_states(file: h5py.File, plan: Plan, entries: list[Entry]) -> dict[str, tuple[str, ...]]:
    shape = tuple(len(values) for values in plan.axes.values())
    columns = {
        "id": ([point.id for point in plan.points], "1", "name of the point's file"),
        "hash": ([point.hash for point in plan.points], "1", "hash of the resolved physics"),
        "status": ([entry.status for entry in entries], "1", "done, failed, running or missing"),
        "message": ([entry.message for entry in entries], "1", "why a point failed"),
        "traceback": ([entry.traceback for entry in entries], "1", "traceback of a failed point"),
        "wall_time": ([entry.wall_time for entry in entries], "s", "wall time"),
        "ranks": ([entry.ranks for entry in entries], "1", "number of ranks"),
    }
    dims = {}
    for name, (values, units, long_name) in columns.items():
        array = np.asarray(values).reshape(shape)
        created = file.create_dataset(f"index/{name}", data=storable(array))
        label(created, Dataset(array, (), units, long_name))
        dims[f"index/{name}"] = tuple(plan.axes)
    return dims


def _stack(file: h5py.File, directory: Path, plan: Plan, entries: list[Entry]) -> dict[str, tuple[str, ...]]:
    """Stack as virtual datasets what has the same shape in all finished points; name the rest in `not_stacked`."""
    files = {i: Path("points") / f"{plan.points[i].id}.h5" for i, entry in enumerate(entries) if entry.status == "done"}
    described = [_describe(directory / path) for path in files.values()]
    names = list(dict.fromkeys(name for found in described for name in found))
    stacked = {name: described[0][name] for name in names if _same_everywhere(name, described)}
    for name, data in stacked.items():
        _stack_one(file, name, data, plan, files)
    rest = [name for name in names if name not in stacked]
    created = file.create_dataset("index/not_stacked", data=np.asarray(rest, dtype=h5py.string_dtype()))
    label(created, Dataset(np.empty(0), (), "1", "results whose shape differs between points"))
    dims = {name: (*plan.axes, *data.dims) for name, data in stacked.items() if data.dims != (name.rpartition("/")[2],)}
    coordinates = {name: data.dims for name, data in stacked.items() if name not in dims}
    return dims | coordinates | ({"index/not_stacked": ("result",)} if rest else {})


def _same_everywhere(name: str, described: list[dict[str, Dataset]]) -> bool:
    """Say whether all points have the dataset with one shape; coordinates must also have one set of values."""
    if not all(name in found for found in described):
        return False
    first = described[0][name]
    same = all(found[name].data.shape == first.data.shape for found in described)
    if same and first.dims == (name.rpartition("/")[2],):
        return all(np.array_equal(found[name].data, first.data) for found in described)
    return same and first.data.dtype.kind in "biufc"


def _describe(path: Path) -> dict[str, Dataset]:
    """Return the datasets of a result file; values are loaded of coordinates only (others: an empty stand-in shape)."""
    found: dict[str, Dataset] = {}

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if not isinstance(item, h5py.Dataset) or name.startswith("provenance/"):
            return
        own = name.rpartition("/")[2]
        dims = (own,) if item.is_scale else tuple(item.dims[axis][0].name.rpartition("/")[2] for axis in range(item.ndim))
        text = h5py.check_string_dtype(item.dtype) is not None
        data = (item.asstr()[...] if text else item[...]) if item.is_scale else np.broadcast_to(np.zeros((), item.dtype), item.shape)
        found[name] = Dataset(data, dims, str(item.attrs.get("units", "1")), str(item.attrs.get("long_name", own)))

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _stack_one(file: h5py.File, name: str, data: Dataset, plan: Plan, files: dict[int, Path]) -> None:
    if data.dims == (name.rpartition("/")[2],):  # a coordinate is the same in all points
        created = file.create_dataset(name, data=storable(data.data))
        label(created, data)
        return
    shape = tuple(len(values) for values in plan.axes.values())
    # missing points are NaN, so integers become floats
    kind = data.data.dtype if data.data.dtype.kind in "fc" else np.dtype("f8")
    layout = h5py.VirtualLayout(shape=shape + data.data.shape, dtype=kind)
    for number, path in files.items():
        layout[np.unravel_index(number, shape)] = h5py.VirtualSource(str(path), name, data.data.shape, dtype=data.data.dtype)
    label(file.create_virtual_dataset(name, layout, fillvalue=np.nan), data)

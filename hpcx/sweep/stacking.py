"""Results of all points, stacked along the swept dimensions for `sweep.h5`.

Small results are copied. Large ones are virtual datasets: their values stay in the points' files, and HDF5 yields NaN
without an error where these are missing. Therefore the file lists them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py
import numpy as np

from hpcx.io.reading import datasets_in, reading, stored
from hpcx.io.result import Dataset
from hpcx.sweep.point_table import read_point_table
from hpcx.sweep.store import DONE, Entry

#: results are copied, the smallest first, up to this number of bytes in all: a file that can be mailed
COPIED_BYTES = 50e6
#: attribute of virtual datasets
NOTE = "virtual: the values are in points/<id>.h5 beside this file and read as NaN where these files are missing"

#: what is known of the datasets of a file, by path
Content = dict[str, Dataset]


@dataclass
class Stack:
    """The stacked results.

    Attributes:
        shape: numbers of values of the swept keys.
        coordinates: datasets that all points share.
        copied: by path what the points have, (point, ...), NaN where there is none.
        virtual: by path what stays in the points' files.
        labels: by path unit and meaning of a copied or virtual dataset, with the dimensions in a point.
        differing: paths of what differs in shape between points.
        unreadable: by number why a point could not be read.
    """

    shape: tuple[int, ...]
    coordinates: Content = field(default_factory=dict)
    copied: dict[str, np.ndarray] = field(default_factory=dict)
    virtual: list[str] = field(default_factory=list)
    labels: Content = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    unreadable: dict[int, str] = field(default_factory=dict)


def gather(
    shape: tuple[int, ...], done: dict[int, Path], points: list[dict[str, str]], entries: list[Entry], earlier: Path
) -> Stack:
    """Return what the finished points have alike; values are read of points that the earlier `sweep.h5` does not hold.

    Args:
        shape: numbers of values of the swept keys.
        done: files of the finished points by number.
        points, entries: all points with their `id` and `hash`, and their states.
        earlier: path of the last `sweep.h5`.
    """
    stack = Stack(shape)
    described = _described(stack, done, entries)
    for name in dict.fromkeys(name for content in described for name in content):
        data = _common(name, described)
        if data is None:
            stack.differing.append(name)
        elif _is_coordinate(name, data):
            stack.coordinates[name] = data
        else:
            stack.labels[name] = data
    small = _small(stack.labels, math.prod(shape))
    stack.virtual = [name for name in stack.labels if name not in small]
    for name in sorted(small):
        data = stack.labels[name]
        stack.copied[name] = np.full((math.prod(shape), *data.data.shape), np.nan, _kind(data))
    _fill(stack, done, _take(earlier, points, entries, stack.copied, done))
    return stack


def _described(stack: Stack, done: dict[int, Path], entries: list[Entry]) -> list[Content]:
    """Return what is in the files; those of one structure differ in values only, so one of each is looked into."""
    found: dict[str, Content] = {}
    for number, path in done.items():
        structure = entries[number].structure or str(path)
        if structure not in found:
            try:
                found[structure] = describe(path)
            except (OSError, KeyError, ValueError) as error:
                stack.unreadable[number] = f"{path} cannot be read: {error}"
    return list(found.values())


def _small(labels: Content, points: int) -> set[str]:
    """Return what is copied: all that fits into COPIED_BYTES, the smallest first."""
    sizes = {name: points * _kind(data).itemsize * data.data.size for name, data in labels.items()}
    chosen, total = set(), 0
    for name in sorted(sizes, key=sizes.__getitem__):
        total += sizes[name]
        if total <= COPIED_BYTES:
            chosen.add(name)
    return chosen


def _kind(data: Dataset) -> np.dtype:
    """Return the type of a stacked dataset: missing points are NaN, so integers become floats."""
    return data.data.dtype if data.data.dtype.kind in "fc" else np.dtype("f8")


def _fill(stack: Stack, done: dict[int, Path], known: set[int]) -> None:
    """Copy the values of the finished points but those that are `known`."""
    for number, path in done.items():
        if number not in known and number not in stack.unreadable:
            try:
                for name, values in _read(path, stack.copied):
                    stack.copied[name][number] = values
            except (OSError, KeyError, ValueError) as error:
                stack.unreadable[number] = f"{path} cannot be read: {error}"
    for values in stack.copied.values():
        values[list(stack.unreadable)] = np.nan


def _read(path: Path, names: Iterable[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield values from a file, by HDF5's own calls: h5py's take several times as long."""
    file = h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY)
    try:
        for name in names:
            dataset = h5py.h5d.open(file, name.encode())
            values = np.empty(dataset.shape, dataset.dtype)
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
            yield name, values
    finally:
        file.close()


def _take(
    path: Path, points: list[dict[str, str]], entries: list[Entry], copied: dict[str, np.ndarray], wanted: Iterable[int]
) -> set[int]:
    """Copy from the last `sweep.h5` points that have not been computed again; return those that are complete."""
    try:
        with reading(path) as file:
            table = enumerate(read_point_table(file))
            # no second computation has the same wall time
            known = {(name, key, one.wall_time): row for row, (name, key, one) in table if one.status == DONE}
            now = [(point["id"], point["hash"], entry.wall_time) for point, entry in zip(points, entries)]
            rows = {number: known[now[number]] for number in wanted if now[number] in known}
            for name, values in copied.items() if rows else ():
                values[list(rows)] = _rows(file[name], values)[list(rows.values())]
            return set(rows)
    except OSError:  # it is not there, damaged, or has other results
        return set()


def _rows(item: h5py.Dataset, values: np.ndarray) -> np.ndarray:
    """Return a stacked dataset with one row per point; raises KeyError if it is not of the kind of `values`."""
    shape = values.shape[1:]
    if item.is_virtual or item.dtype != values.dtype or item.shape[item.ndim - len(shape) :] != shape:
        raise KeyError(item.name)
    return item[()].reshape(-1, *shape)


def stacked(stack: Stack, axes: tuple[str, ...]) -> Content:
    """Return all results by path; `axes` are the swept keys. Virtual ones have no values."""
    copied = {name: values.reshape(stack.shape + values.shape[1:]) for name, values in stack.copied.items()}
    return stack.coordinates | {
        name: replace(data, data=copied.get(name, np.empty(0)), dims=(*axes, *data.dims))
        for name, data in stack.labels.items()
    }


def write_virtual(file: h5py.File, stack: Stack, sources: dict[int, str]) -> None:
    """Write virtual datasets; `sources` are the relative paths of the points' files by number."""
    places = {tuple(map(int, np.unravel_index(number, stack.shape))): path.encode() for number, path in sources.items()}
    for name in stack.virtual:
        _write_virtual(file, name, stack.labels[name], stack.shape, places)


def _write_virtual(
    file: h5py.File, name: str, data: Dataset, shape: tuple[int, ...], sources: dict[tuple[int, ...], bytes]
) -> None:
    """Stack a dataset of the points' files virtually, by HDF5's own calls: h5py's take several times as long."""
    whole = h5py.h5s.create_simple(shape + data.data.shape)
    source = h5py.h5s.create_simple(data.data.shape) if data.data.shape else h5py.h5s.create(h5py.h5s.SCALAR)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_fill_value(np.array(np.nan, _kind(data)))
    inside, block, path = (0,) * data.data.ndim, (1,) * len(shape) + data.data.shape, name.encode()
    for place, points in sources.items():
        whole.select_hyperslab(place + inside, block)
        creation.set_virtual(whole, points, path, source)
    whole.select_all()
    file.require_group(name.rpartition("/")[0] or "/")
    h5py.h5d.create(file.id, path, h5py.h5t.py_create(_kind(data)), whole, dcpl=creation)
    file[name].attrs["note"] = NOTE


def _is_coordinate(name: str, data: Dataset) -> bool:
    return data.dims == (name.rpartition("/")[2],)


def _common(name: str, described: list[Content]) -> Dataset | None:
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


def describe(path: Path) -> Content:
    """Return the datasets of a result file; only coordinates have values, others a placeholder of their shape."""
    with h5py.File(path, "r") as file:
        items = datasets_in(file).items()
        return {name: _dataset(name, item) for name, item in items if not name.startswith("provenance/")}


def _dataset(name: str, item: h5py.Dataset) -> Dataset:
    own, attributes = name.rpartition("/")[2], item.attrs
    dims = (own,) if h5py.h5ds.is_scale(item.id) else _scales(item)
    defaults = (("units", "1"), ("long_name", own), ("missing_meaning", ""))
    units, long_name, missing = (str(attributes.get(key, default)) for key, default in defaults)
    return Dataset(_values(item), dims, units, long_name, missing=missing)


def _scales(item: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of the axes, which HDF5 keeps with their scales: quicker than asking for paths."""
    found = (item.dims[axis] for axis in range(item.ndim))
    return tuple(h5py.h5ds.get_scale_name(scales[0].id).decode() for scales in found if len(scales))


def _values(item: h5py.Dataset) -> np.ndarray:
    if not h5py.h5ds.is_scale(item.id):
        return np.broadcast_to(np.zeros((), item.dtype), item.shape)
    return np.array(stored(item), str if h5py.check_string_dtype(item.dtype) else None)

"""Writing a result file: in parallel where data are distributed, whole or not at all.

A file is written as `name.h5.part` and renamed when it is complete. Space is reserved before HDF5 opens the file: so a
full disk is an error that all ranks agree on, not an exception of one rank in a collective write, which HDF5 does not
survive. First all ranks write their parts of distributed arrays, with explicit data spaces (the collective write of
h5py hangs when a rank has nothing to write); then rank 0 writes everything else and all attributes. Outputs that were
written while the model ran (`hpcx.io.growing`) stay in their file, to which the rest is added.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcx.io.part import Part
from hpcx.io.replace import replace_bytes
from hpcx.io.result import Dataset, Result
from hpcx.io.seal import sealed
from hpcx.io.sealing import seal
from hpcx.parallel.errors import AgreedError, agreed
from hpcx.renamed import old

#: datasets that are coordinates although no axis has their name; an attribute of the group tells xarray
COORDINATES = ("kx", "ky")
#: HDF5 headers, attributes and coordinates of a result file, generously
OVERHEAD_BYTES = 1 << 20


def write_result(comm: Any, path: Path, result: Result, provenance: Mapping[str, str | float | int]) -> None:
    """Write `result` and the group `provenance` to `path`, collectively on `comm`.

    Raises AgreedError on all ranks, leaving no file under the final name, if the file cannot be written.
    """
    part = result.grown.path if result.grown else part_of(path)
    new = {name: data for name, data in result.datasets.items() if not (result.grown and name in result.grown.names)}
    distributed = {name: (data, data.part) for name, data in new.items() if data.part is not None}
    try:
        size = _size(comm, new)
        with agreed(comm):
            if comm.rank == 0:
                size += _begin(part, result.grown is not None)
                reserve(part, size)
        if distributed:
            with open_together(comm, part) as file:
                for name, (data, own) in distributed.items():
                    write_part(comm, file.create_dataset(name, data.shape, data.data.dtype), data.data, own)
        with agreed(comm):
            if comm.rank == 0:
                reserve(part, size)
                _write_rest(part, new, provenance)
        seal(comm, part)
        with agreed(comm):
            if comm.rank == 0:
                os.replace(part, path)
    except AgreedError as error:
        if comm.rank == 0 and not result.grown:
            with suppress(OSError):
                part.unlink()
        raise AgreedError(f"cannot write {path}: {error}") from error


def _begin(part: Path, grown: bool) -> int:
    """Make the file if nothing has been written yet, and return the bytes that it has."""
    if not grown:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(image(lambda file: None))
    return part.stat().st_size


def part_of(path: Path) -> Path:
    """Return the name under which a file is written until it is complete."""
    return path.with_name(path.name + ".part")


def _size(comm: Any, datasets: Mapping[str, Dataset]) -> int:
    """Return the bytes that these datasets will need; collective."""
    local = sum(data.data.nbytes for data in datasets.values() if data.part is not None or comm.rank == 0)
    return comm.allreduce(int(local)) + OVERHEAD_BYTES


def reserve(part: Path, size: int) -> None:
    """Reserve space: HDF5 accepts a file that is longer than its content and truncates it when it closes it."""
    with open(part, "r+b") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def image(fill: Callable[[h5py.File], object]) -> bytes:
    """Return the bytes of an HDF5 file with what `fill` writes into it, made in memory."""
    with h5py.File("image", "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        return file.id.get_file_image()


def write_alone(path: Path, fill: Callable[[h5py.File], object]) -> None:
    """Write a small HDF5 file with its checksum, by one process, whole or not at all; raises OSError.

    HDF5 itself does not end in order on a disk that becomes full.
    """
    replace_bytes(path, sealed(image(fill)))


def open_together(comm: Any, part: Path) -> h5py.File:
    """Open a file for writing on all ranks; raises AgreedError if this h5py cannot."""
    if comm.size == 1:
        return h5py.File(part, "r+")
    if not h5py.get_config().mpi:
        raise AgreedError("this h5py has no parallel HDF5: install one built with MPI, or run on one rank")
    return h5py.File(part, "r+", driver="mpio", comm=comm)


def write_part(comm: Any, dataset: h5py.Dataset, values: np.ndarray, part: Part) -> None:
    """Write this rank's part; collective, also for ranks without a part."""
    memory, target = h5py.h5s.create_simple(values.shape or (1,)), dataset.id.get_space()
    part.select(target)
    if not values.size:
        memory.select_none()
    transfer = h5py.h5p.create(h5py.h5p.DATASET_XFER)
    if comm.size > 1:
        transfer.set_dxpl_mpio(h5py.h5fd.MPIO_COLLECTIVE)
    dataset.id.write(memory, target, np.ascontiguousarray(values), dxpl=transfer)


def _write_rest(part: Path, datasets: Mapping[str, Dataset], provenance: Mapping[str, str | float | int]) -> None:
    with h5py.File(part, "r+") as file:
        write_datasets(file, datasets)
        write_provenance(file, provenance)
        file.flush()


def write_datasets(file: h5py.File, datasets: Mapping[str, Dataset]) -> None:
    """Write datasets with labels and dimensions; those that the file has already only get labels and dimensions."""
    for name, data in datasets.items():
        label(file[name] if name in file else file.create_dataset(name, data=storable(data.data)), data)
    attach_dimensions(file, {name: data.dims for name, data in datasets.items()})


def storable(array: np.ndarray) -> np.ndarray:
    """Return `array` in a form that HDF5 takes: text becomes variable-length UTF-8, the rest stays."""
    if array.dtype.kind not in "UO":
        return array
    return np.reshape([encodable(str(text)) for text in array.flat], array.shape).astype(h5py.string_dtype())


def encodable(text: str) -> str:
    """Return a text with codes in place of what UTF-8 does not have: bytes of file names in other encodings."""
    return text.encode(errors="backslashreplace").decode()


def label(dataset: h5py.Dataset, data: Dataset) -> None:
    """Set the attributes of a new dataset by HDF5's own calls: those of h5py take several times as long."""
    text, space = h5py.h5t.py_create(h5py.string_dtype(), logical=True), h5py.h5s.create(h5py.h5s.SCALAR)
    told = {"units": data.units, "long_name": data.long_name} | (
        {"missing_meaning": data.missing} if data.missing else {}
    )
    for name, value in told.items():
        h5py.h5a.create(dataset.id, name.encode(), text, space).write(np.array(encodable(value), h5py.string_dtype()))


def attach_dimensions(file: h5py.File, dims_of: Mapping[str, tuple[str, ...]]) -> None:
    """Attach a scale to every axis of the named datasets, so that xarray knows dimensions and coordinates.

    The scale is the dataset of the dimension's name in the same group; where there is none it is copied from the
    nearest group above, and where there is none either it counts 0, 1, 2, ... HDF5's own calls are used as in `label`.
    Which datasets are coordinates beside the scales, an attribute of their group tells. Renamed datasets get a link
    from their old name.
    """
    scales: dict[str, h5py.h5d.DatasetID] = {}
    for name, dims in dims_of.items():
        group, item = name.rpartition("/")[0], h5py.h5d.open(file.id, name.encode())
        for axis, (dim, size) in enumerate(zip(dims, item.shape)):
            path = f"{group}/{dim}".strip("/")
            if path not in scales:
                scales[path] = _scale(file, path, dim, size)
            if path != name:
                h5py.h5ds.attach_scale(item, scales[path], axis)
    for group in {name.rpartition("/")[0] for name in dims_of}:
        labels = [name for name in COORDINATES if f"{group}/{name}".strip("/") in dims_of]
        if labels:
            file[group or "/"].attrs["coordinates"] = " ".join(labels)
    for name in dims_of:
        if old(name) != name and old(name) not in file:
            file[old(name)] = h5py.SoftLink(f"/{name}")


def _scale(file: h5py.File, path: str, dim: str, size: int) -> h5py.h5d.DatasetID:
    if path not in file:
        source = _coordinate_above(file, path.rpartition("/")[0], dim)
        values, about = (np.arange(size), {}) if source is None else (source[...], source.attrs)
        scale = Dataset(values, (dim,), about.get("units", "1"), about.get("long_name", dim))
        label(file.create_dataset(path, data=values), scale)
    item = h5py.h5d.open(file.id, path.encode())
    if not h5py.h5ds.is_scale(item):
        h5py.h5ds.set_scale(item, dim.encode())
    return item


def _coordinate_above(file: h5py.File, group: str, dim: str) -> h5py.Dataset | None:
    while group:
        group = group.rpartition("/")[0]
        path = f"{group}/{dim}".strip("/")
        if path in file:
            return file[path]
    return None


def write_provenance(file: h5py.File, provenance: Mapping[str, str | float | int]) -> None:
    """Write each entry as a scalar dataset of the group `provenance`."""
    group = file.require_group("provenance")
    for key, value in provenance.items():
        group[key] = encodable(value) if isinstance(value, str) else value

"""Files of saved states: amplitudes by key, in an order that does not depend on how they were spread over ranks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from mpi4py import MPI

from hpcx.parallel.errors import BadInput
from hpcx.parallel.layout import block_rows, counts_and_places

#: rows of a file that are read or moved together
CHUNK = 1 << 20


def global_rows(comm: MPI.Comm, group: np.ndarray, groups: int) -> tuple[np.ndarray, int]:
    """Return the rows of this rank's entries in the common order, and the number of all rows; collective.

    Args:
        comm: the ranks.
        group: ascending number of the group of each entry; all entries of a group are on one rank.
        groups: number of groups over all ranks.
    """
    local = np.bincount(group, minlength=groups)
    counts = np.empty_like(local)
    comm.Allreduce(local, counts)
    before = np.cumsum(counts) - counts
    within = np.arange(len(group)) - (np.cumsum(local) - local)[group]
    return before[group] + within, int(counts.sum())


def write_states(
    comm: MPI.Comm,
    path: Path,
    rows: np.ndarray,
    total: int,
    columns: Mapping[str, np.ndarray],
    about: Mapping[str, object],
) -> None:
    """Write arrays that are spread over the ranks in one parallel file that has
    its name only when it is whole; collective.

    Args:
        comm: the ranks.
        path: of the file.
        rows: global row of each of this rank's entries.
        total: number of rows.
        columns: datasets by name, this rank's entries along the last axis.
        about: attributes that say what the states belong to.
    """
    first = block_rows(total, comm.size)
    mine = {name: to_blocks(comm, rows, np.atleast_2d(values), first) for name, values in columns.items()}
    part = path.with_name(path.name + ".part")
    with h5py.File(part, "w", driver="mpio", comm=comm) if comm.size > 1 else h5py.File(part, "w") as file:
        file.attrs.update(about)
        for name, values in mine.items():
            _write(file, name, values, first[comm.rank], total, comm.size > 1)
    if comm.rank == 0:
        part.rename(path)
    comm.Barrier()


def to_blocks(comm: MPI.Comm, rows: np.ndarray, values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Move entries to the ranks that own contiguous blocks of rows, in their order; collective.

    Args:
        comm: the ranks.
        rows: global row of each of this rank's entries.
        values: the entries along the last axis, shape (state, entries).
        first: first row of every rank's block and, last, the number of all rows.

    Returns shape (state, rows of this rank's block).
    """
    if np.any(rows[1:] < rows[:-1]):
        order = np.argsort(rows)
        rows, values = rows[order], values[:, order]
    block: np.ndarray = np.empty((len(values), first[comm.rank + 1] - first[comm.rank]), values.dtype)
    for start in range(0, int(np.diff(first).max(initial=0)), CHUNK):
        last = np.minimum(first[:-1] + start + CHUNK, first[1:])
        _move(comm, rows, values, np.minimum(first[:-1] + start, last), last, block[:, start : start + CHUNK])
    return block


def _move(
    comm: MPI.Comm, rows: np.ndarray, values: np.ndarray, first: np.ndarray, last: np.ndarray, block: np.ndarray
) -> None:
    """Move the entries with rows from `first` to `last` of every rank, (rank,), into its block (state, row):
    few at a time take little memory.
    """
    begin, end = np.searchsorted(rows, first), np.searchsorted(rows, last)
    mine = np.concatenate([np.arange(*ends) for ends in zip(begin, end, strict=True)])
    sent = counts_and_places(end - begin)
    received = counts_and_places(np.array(comm.alltoall(sent[0].tolist())))
    place, part = np.empty(received[0].sum(), rows.dtype), np.empty(received[0].sum(), values.dtype)
    comm.Alltoallv([rows[mine], sent], [place, received])
    place -= first[comm.rank]
    for state, whole in zip(values, block, strict=True):
        comm.Alltoallv([state[mine], sent], [part, received])
        whole[place] = part


def _write(file: h5py.File, name: str, values: np.ndarray, start: int, total: int, parallel: bool) -> None:
    """Write this rank's block of the last axis; a rank without rows takes part with an empty selection."""
    dataset = file.create_dataset(name, (len(values), total), values.dtype)
    memory, place = h5py.h5s.create_simple(values.shape), dataset.id.get_space()
    if values.shape[1]:
        place.select_hyperslab((0, int(start)), values.shape)
    else:
        memory.select_none()
        place.select_none()
    transfer = h5py.h5p.create(h5py.h5p.DATASET_XFER)
    if parallel:
        transfer.set_dxpl_mpio(h5py.h5fd.MPIO_COLLECTIVE)
    dataset.id.write(memory, place, np.ascontiguousarray(values), dxpl=transfer)


def read_states(path: Path, name: str, rows: np.ndarray, about: Mapping[str, object]) -> np.ndarray:
    """Return the entries of dataset `name` at global `rows`, shape (state, rows); each rank reads for itself.

    Raises BadInput if the file cannot be read or one of the attributes `about` differs.
    """
    try:
        with h5py.File(path, "r") as file:
            for key, wanted in about.items():
                if file.attrs.get(key) != wanted:
                    raise BadInput(f"solver.start: {path} has {key} = {file.attrs.get(key)}, this run {wanted}")
            return _pick(file[name], rows)
    except (OSError, KeyError) as error:
        raise BadInput(f"solver.start: cannot read saved states from {path}: {error}") from error


def _pick(dataset: h5py.Dataset, rows: np.ndarray) -> np.ndarray:
    values = np.empty((dataset.shape[0], len(rows)), dataset.dtype)
    for start in range(0, dataset.shape[1], CHUNK):
        chunk = dataset[:, start : start + CHUNK]
        here = (rows >= start) & (rows < start + chunk.shape[1])
        values[:, here] = chunk[:, rows[here] - start]
    return values

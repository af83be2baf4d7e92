"""Files of saved states, in an order that does not depend on the number of ranks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from mpi4py import MPI

from hpcx.io.part import Part
from hpcx.io.reading import reading, stored
from hpcx.io.result import Dataset, Result
from hpcx.io.writer import write_result
from hpcx.parallel.errors import BadInput
from hpcx.parallel.layout import block_rows, counts_and_places, own_rows

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
    about: Mapping[str, Any],
) -> None:
    """Write arrays that are spread over the ranks into one file, as a result is written; collective.

    Args:
        comm: the ranks.
        path: of the file.
        rows: global row of each of this rank's entries.
        total: number of rows.
        columns: datasets by name, this rank's entries along the last axis.
        about: what the states belong to, kept in the group `provenance`.

    Raises AgreedError if the file cannot be written.
    """
    first, own, result = block_rows(total, comm.size), own_rows(comm, total), Result()
    for name, values in columns.items():
        block = to_blocks(comm, rows, np.atleast_2d(values), first)
        part = Part.block((len(block), total), (slice(0, len(block)), own))
        result.datasets[name] = Dataset(block, (), "1", name, part)
    write_result(comm, path, result, about)


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
    """Move entries with rows from `first` to `last` of each rank into its block (state, row)."""
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


def read_states(path: Path, name: str, rows: np.ndarray, about: Mapping[str, object]) -> np.ndarray:
    """Return the entries of dataset `name` at global `rows`, shape (state, rows); each rank reads for itself.

    Raises BadInput if the file cannot be read or belongs to something else than `about` says.
    """
    try:
        with reading(path) as file:
            entries = file.get("provenance", {})  # hpcx 0.1 wrote attributes
            known = {**file.attrs, **{key: stored(entry) for key, entry in entries.items()}}
            differing = [key for key in about if known.get(key) != about[key]]
            values = np.empty(0) if differing else _pick(file[name], rows)
    except OSError as error:
        raise BadInput(f"solver.start: cannot read saved states from {path}: {error}") from error
    if differing:
        key = differing[0]
        raise BadInput(f"solver.start: {path} has {key} = {known.get(key)}, this run {about[key]}")
    return values


def _pick(dataset: h5py.Dataset, rows: np.ndarray) -> np.ndarray:
    values = np.empty((dataset.shape[0], len(rows)), dataset.dtype)
    for start in range(0, dataset.shape[1], CHUNK):
        chunk = dataset[:, start : start + CHUNK]
        here = (rows >= start) & (rows < start + chunk.shape[1])
        values[:, here] = chunk[:, rows[here] - start]
    return values

"""Results that grow while a model runs: every rank writes its part of each output at once, and keeps none.

The file lies beside the checkpoints of the point; at the end of the run `hpcx.io.writer` adds all other results and
renames it. It is created with all labels and all space, so that a full disk is reported before the first step and an
unfinished file can be read: times that have not been reached are NaN. Later only values change. All ranks write them by
MPI-IO at the offsets that HDF5 has reserved, so an interrupted write cannot damage the structure of the file.
Collective writes of HDF5 itself are several times slower.

A checkpoint keeps the few bytes of the file that are not values of growing datasets, and a checksum of every output. A
resumed run restores these bytes and verifies the checksums. So no output that precedes the checkpoint is lost, even if
the process is killed while the other results are added.

Without checkpoints every rank keeps its part of the outputs in memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcx.io.checkpoint import Saved
from hpcx.io.checksum import weighted, words_of
from hpcx.io.part import Part
from hpcx.io.result import Dataset, Grown, Result
from hpcx.io.writer import OVERHEAD_BYTES, reserve, write_datasets
from hpcx.parallel.errors import AgreedError, agreed
from hpcx.parallel.layout import own_rows

#: datasets of a checkpoint: the file without its growing values, and the checksums of the values
_METADATA = ("outputs_frame", "outputs_offset", "outputs_length", "outputs_size")
_SUMS = "outputs_checksums"
#: values begin at multiples of so many bytes: pages, and whole numbers of the stripes of parallel file systems
_ALIGNMENT = 1 << 16


class Growing:
    """Outputs in memory, each rank its part.

    Args:
        outputs: all datasets. Distributed ones (not distributed along their first axis, the time) have no values yet;
            replicated ones are coordinates. Each group has a coordinate `time`.
    """

    def __init__(self, outputs: Result) -> None:
        self._outputs = outputs
        self._values = {name: np.full(own.local_shape, np.nan) for name, (_, own) in _series(outputs).items()}

    def begin(self) -> None:
        """Start from scratch; collective. Raises AgreedError if there is no space."""

    def write(self, group: str, number: int, values: Mapping[str, np.ndarray]) -> None:
        """Write output `number` of a group: this rank's part of each of its datasets, by name; collective."""
        for name, array in values.items():
            self._values[f"{group}/{name}"][number] = array

    def close(self) -> None:
        """Say that nothing will be written for now; collective."""

    def add_to(self, result: Result) -> None:
        """Add all outputs to a result."""
        for name, data in self._outputs.datasets.items():
            values = self._values.get(name, data.data)
            result.datasets[name] = replace(data, data=values)

    def metadata(self) -> dict[str, np.ndarray]:
        """Return what a checkpoint must keep to go on."""
        return {}

    def resume(self, saved: Saved) -> bool:
        """Resume from a checkpoint; False if the outputs are lost and the run must start again; collective."""
        return False

    def discard(self) -> None:
        """Give up the outputs; collective."""


class GrowingFile(Growing):
    """Outputs in a file.

    Args:
        comm: the ranks.
        path: of the file.
        outputs: as for `Growing`.
    """

    def __init__(self, comm: Any, path: Path, outputs: Result) -> None:
        self._comm, self.path, self._outputs = comm, path, outputs
        self._offsets: dict[str, int] = {}  # where the values of each dataset begin in the file
        self._file: Any = None
        self._written = False
        self._sums = self._no_sums()

    def _no_sums(self) -> dict[str, np.ndarray]:
        """Return zeros by dataset: this rank's part of the checksum of every output, 0 until it is written."""
        return {name: np.zeros(part.shape[0], np.uint64) for name, (_, part) in sorted(_series(self._outputs).items())}

    def begin(self) -> None:
        """Make the file; collective. Raises AgreedError if there is no space for it."""
        try:
            with agreed(self._comm):
                if self._comm.rank == 0:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    self.path.unlink(missing_ok=True)
                    self._make()
        except AgreedError as error:
            self.discard()
            raise AgreedError(f"cannot write {self.path}: {error}") from error
        self._sums = self._no_sums()
        self._find_places()

    def _find_places(self) -> None:
        offsets = {}
        with agreed(self._comm):
            if self._comm.rank == 0:
                with h5py.File(self.path, "r") as file:
                    grown = [
                        name
                        for name in self._outputs.datasets
                        if name in _series(self._outputs) or name.endswith("/time")
                    ]
                    offsets = {name: file[name].id.get_offset() for name in grown}
        self._offsets = self._comm.bcast(offsets)

    def _make(self) -> None:
        space = sum(int(np.prod(data.shape)) * data.data.itemsize for data, _ in _series(self._outputs).values())
        self.path.write_bytes(b"")
        reserve(self.path, space + OVERHEAD_BYTES)  # HDF5 itself does not end in order on a disk that becomes full
        with h5py.File(self.path, "w", alignment_threshold=_ALIGNMENT, alignment_interval=_ALIGNMENT) as file:
            for name, (data, _) in _series(self._outputs).items():
                _create(file, name, data)
            times = {name: data for name, data in self._outputs.datasets.items() if name.endswith("/time")}
            unreached = {name: replace(data, data=np.full_like(data.data, np.nan)) for name, data in times.items()}
            write_datasets(file, self._outputs.datasets | unreached)
        reserve(self.path, self.path.stat().st_size)

    def write(self, group: str, number: int, values: Mapping[str, np.ndarray]) -> None:
        """Write output `number` of a group, and its time once the values are written; collective. Raises AgreedError.

        A rank that cannot write still takes part in the remaining collective calls; then all ranks raise.
        """
        from mpi4py import MPI

        series, errors = _series(self._outputs), []
        if self._file is None:
            with agreed(self._comm):
                file = MPI.File.Open(self._comm, str(self.path), MPI.MODE_WRONLY)
            self._file = file  # kept only if all ranks have opened it: closing is collective, too
        for name, array in values.items():
            try:
                self._write_part(
                    f"{group}/{name}",
                    number,
                    series[f"{group}/{name}"][1].at(number),
                    np.ascontiguousarray(array, dtype=float),
                )
            except MPI.Exception as error:
                errors.append(error)
        with agreed(self._comm):
            if errors:
                raise errors[0]
            if self._comm.rank == 0:
                self._write_time(group, number)
        self._written = True

    def _write_time(self, group: str, number: int) -> None:
        time = self._outputs.value(f"{group}/time")[number : number + 1]
        with open(self.path, "r+b") as file:
            os.pwrite(file.fileno(), time.tobytes(), self._offsets[f"{group}/time"] + time.itemsize * number)

    def _write_part(self, name: str, number: int, part: Part, values: np.ndarray) -> None:
        """Write this rank's part of an output of a dataset; collective."""
        from mpi4py import MPI

        begin, length = part.pieces()
        begin = np.sort(begin)
        place = MPI.DOUBLE.Create_hindexed_block(length, (8 * begin).tolist()).Commit()
        self._file.Set_view(self._offsets[name], MPI.DOUBLE, place)
        self._file.Write_all(values)
        place.Free()
        self._sums[name][number] = _sum_of(values, begin, length, self._comm.rank)

    def close(self) -> None:
        """Close the file until there is more to write; collective."""
        file, self._file = self._file, None
        if file is not None:
            with agreed(self._comm):
                file.Close()

    def add_to(self, result: Result) -> None:
        """Add the file and its datasets to a result; no output may follow. Collective."""
        self.close()
        result.datasets |= self._outputs.datasets
        result.grown = Grown(self.path, frozenset(self._outputs.datasets))

    def metadata(self) -> dict[str, np.ndarray]:
        """Return the file without the growing values, which are flushed to the disk first; collective."""
        with agreed(self._comm):
            if self._written and self._file is not None:
                self._file.Sync()
            metadata = self._read_metadata() if self._comm.rank == 0 else None
        self._written = False
        return {**dict(zip(_METADATA, self._comm.bcast(metadata))), _SUMS: self._all_sums()}

    def _all_sums(self) -> np.ndarray:
        """Return the checksums of all outputs of all datasets, 0 for those not written; collective."""
        from mpi4py import MPI

        total = np.concatenate([*self._sums.values(), np.zeros(0, np.uint64)])
        self._comm.Allreduce(MPI.IN_PLACE, total)  # modulo 2^64, as each of them
        return total

    def _read_metadata(self) -> tuple[np.ndarray, ...]:
        size = self.path.stat().st_size
        regions = sorted(
            (self._offsets[name], int(np.prod(data.shape)) * data.data.itemsize)
            for name, (data, _) in _series(self._outputs).items()
        )
        begin = np.array([0, *(offset + length for offset, length in regions)])
        length = np.array([*(offset for offset, _ in regions), size]) - begin
        with open(self.path, "rb") as file:
            parts = [os.pread(file.fileno(), int(count), int(place)) for place, count in zip(begin, length)]
        return np.frombuffer(b"".join(parts), np.uint8), begin, length, np.array([size])

    def resume(self, saved: Saved) -> bool:
        """Restore the file from a checkpoint; False if it is gone or its checksums differ; collective."""
        found = False
        with agreed(self._comm):
            if self._comm.rank == 0 and all(name in saved for name in (*_METADATA, _SUMS)):
                found = self._restore(*(saved.value(name) for name in _METADATA))
        if not self._comm.bcast(found):
            return False
        self._find_places()
        return self._is_whole(saved.value(_SUMS))

    def _is_whole(self, known: np.ndarray) -> bool:
        """Say whether the outputs have the known checksums; each rank reads a share of every output; collective."""
        wanted = dict(zip(self._sums, np.split(known, np.cumsum([len(sums) for sums in self._sums.values()])[:-1])))
        with agreed(self._comm), open(self.path, "rb") as file:
            for name, sums in wanted.items():
                for number in np.flatnonzero(sums):
                    self._sums[name][number] = self._stored_sum(file.fileno(), name, int(number))
        return np.array_equal(self._all_sums(), known)

    def _stored_sum(self, file: int, name: str, number: int) -> np.uint64:
        """Return the checksum of this rank's share of an output in the file."""
        size = int(np.prod(_series(self._outputs)[name][1].shape[1:]))
        share = own_rows(self._comm, size)
        begin, length = size * number + share.start, share.stop - share.start
        values = np.frombuffer(os.pread(file, 8 * length, self._offsets[name] + 8 * begin))
        return _sum_of(values, np.array([begin]), length, self._comm.rank)

    def _restore(self, metadata: np.ndarray, begin: np.ndarray, length: np.ndarray, size: np.ndarray) -> bool:
        if not self.path.is_file() or self.path.stat().st_size < size[0]:
            return False
        with open(self.path, "r+b") as file:
            for place, count, start in zip(begin, length, np.cumsum(length) - length):
                os.pwrite(file.fileno(), metadata[start : start + count].tobytes(), int(place))
            file.truncate(int(size[0]))
        return True

    def discard(self) -> None:
        """Remove the file; collective."""
        self.close()
        if self._comm.rank == 0:
            self.path.unlink(missing_ok=True)
        self._comm.Barrier()


def _sum_of(values: np.ndarray, begin: np.ndarray, length: int, rank: int) -> np.uint64:
    """Return this rank's share of a checksum; the first rank adds 1, so that zeros do not have the sum 0."""
    return np.uint64((weighted(words_of(values), begin, length) + (rank == 0)) % (1 << 64))


def _series(outputs: Result) -> dict[str, tuple[Dataset, Part]]:
    return {name: (data, data.part) for name, data in outputs.datasets.items() if data.part is not None}


def _create(file: h5py.File, name: str, data: Dataset) -> None:
    """Create a dataset with all its space and no values.

    The values of one time are contiguous, as they are written and usually read.
    """
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.CONTIGUOUS)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    file.require_group(name.rpartition("/")[0] or "/")
    kind = h5py.h5t.py_create(data.data.dtype)
    h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple(data.shape), dcpl=creation)


def growing(comm: Any, path: Path | None, outputs: Result) -> Growing:
    """Return a place for outputs: a file, or this rank's memory if there is no path."""
    return Growing(outputs) if path is None else GrowingFile(comm, path, outputs)

"""Checkpoints: two alternating files with checksums, written in parallel, read on any number of ranks.

Models use them through `hpcx.io.stages`. The newer file is read; if its checksums are wrong, a warning is logged and
the older file is read. The files are removed when the point is finished.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcx.io.checksum import checksum
from hpcx.io.part import Part
from hpcx.io.reading import Damaged, reading, stored
from hpcx.io.result import Dataset, Result
from hpcx.io.writer import part_of, write_result
from hpcx.parallel.errors import AgreedError, agreed

log = logging.getLogger("hpcx")

_DAMAGED = "checkpoint %s is damaged; the previous one is used if it exists"
#: units of the models; a checkpoint in other units, or without this entry, is of an earlier version
_UNITS = "eV, nm, fs, m0, K"


@dataclass(frozen=True)
class Saved:
    """A checkpoint that was found, or one stage of it.

    Attributes:
        path: the file.
        sequence: its number; the next one saved gets the following number.
        datasets: names of all datasets, "stage/name".
        finished: whether a stage is finished, by its name.
        stage: the stage in which names are looked up; "" for names "stage/name".
    """

    path: Path
    sequence: int
    datasets: tuple[str, ...]
    finished: dict[str, bool]
    stage: str = ""

    def of(self, stage: str) -> Saved:
        """Return one stage of the checkpoint."""
        return replace(self, stage=stage)

    @property
    def is_finished(self) -> bool:
        """Whether the stage is finished."""
        return self.finished[self.stage]

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Return rows `start` to `stop` of a dataset; every rank may ask for its own."""
        return self.block(name, (slice(start, stop),))

    def block(self, name: str, box: tuple[slice, ...]) -> np.ndarray:
        """Return the part of a dataset within a box of its first axes; every rank may ask for its own."""
        with h5py.File(self.path, "r") as file:
            return file[self._full(name)][box]

    def share(self, name: str, rank: int, size: int) -> tuple[np.ndarray, Part | None]:
        """Return the block of rows of one of `size` ranks; scalars and text are returned whole, and None.

        Raises Damaged, or OSError if the file cannot be read now.
        """
        with reading(self.path) as file:
            dataset = file[self._full(name)]
            if dataset.shape == () or h5py.check_string_dtype(dataset.dtype):
                return np.asarray(stored(dataset)), None
            start, stop = (len(dataset) * (rank + i) // size for i in (0, 1))
            return dataset[start:stop], Part.rows(start, len(dataset), (stop - start, *dataset.shape[1:]))

    def value(self, name: str) -> np.ndarray:
        """Return a whole dataset; text as str."""
        with h5py.File(self.path, "r") as file:
            return stored(file[self._full(name)])

    def values(self) -> dict[str, np.ndarray]:
        """Return all datasets of the stage by name."""
        with h5py.File(self.path, "r") as file:
            return {name: stored(file[self._full(name)]) for name in self.names()}

    def names(self) -> list[str]:
        """Return the names of the stage's datasets."""
        return [name.removeprefix(f"{self.stage}/") for name in self.datasets if name.rpartition("/")[0] == self.stage]

    def scalar(self, name: str) -> float:
        """Return a single number."""
        return float(self.value(name))

    def __contains__(self, name: str) -> bool:
        """Say whether there is a dataset of this name."""
        return self._full(name) in self.datasets

    def _full(self, name: str) -> str:
        return f"{self.stage}/{name}" if self.stage else name


class Checkpoint:
    """The checkpoint of one point.

    Args:
        stem: path without the suffixes `.0.checkpoint.h5` and `.1.checkpoint.h5`.
        physics: resolved physics of the point, as plain data.
        digest: hash of the physics.
        origin: of the program that writes checkpoints: its "revision", and the solvers' "options" that can change
            numbers.

    Attributes:
        outputs: path of the file for results that grow while the model runs (`hpcx.io.growing`).
        other_revision: revision of the program that wrote the checkpoint from which a point was resumed, if it was
            another one; else "".
    """

    def __init__(
        self,
        stem: Path,
        physics: dict[str, Any] | None = None,
        digest: str = "",
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.outputs = stem.with_name(f"{stem.name}.outputs.h5")
        self.other_revision = ""
        self._stem = stem
        self._physics = physics or {}
        self._digest = digest
        self._origin = dict(origin or {})
        self._sequence = 0

    def paths(self) -> list[Path]:
        """Return the two files."""
        return [self._stem.with_name(f"{self._stem.name}.{slot}.checkpoint.h5") for slot in (0, 1)]

    def save(self, comm: Any, datasets: dict[str, Dataset], finished: Mapping[str, bool]) -> Path:
        """Write `datasets` ("stage/name") and which stages are finished, in place of the older file; collective.

        Returns the file. Raises AgreedError if it cannot be written.
        """
        self._sequence = comm.bcast(self._sequence)  # an earlier stage of the point may have saved on one rank alone
        path = self.paths()[(self._sequence + 1) % 2]
        entries: dict[str, str | float | int] = {
            "hash": self._digest,
            "physics": json.dumps(self._physics, sort_keys=True, default=str),
            "origin": json.dumps(self._origin),
            "sequence": self._sequence + 1,
            "stages": json.dumps(dict(finished)),
            "units": _UNITS,
            "checksums": json.dumps({name: checksum(comm, data.data, data.part) for name, data in datasets.items()}),
        }
        write_result(comm, path, Result(datasets), entries)
        self._sequence += 1
        return path

    def load(self, comm: Any) -> Saved | None:
        """Return the newest intact checkpoint, or None; collective.

        One computed with other solver options is not used; one of another revision of the program is, with a warning.
        Raises AgreedError if there is one of another input, naming the keys that differ, one of an earlier version, or
        one that may be intact and cannot be read now.
        """
        headers: list[dict[str, Any]] = []
        with agreed(comm):
            headers = self._headers() if comm.rank == 0 else []
        for header in comm.bcast(headers):
            path = header["path"]
            if header["hash"] != self._digest:
                differing = differing_keys(header["physics"], self._physics)
                raise AgreedError(f"{path} belongs to another input (there -> here):{differing}")
            if "stages" not in header or header.get("units") != _UNITS:
                raise AgreedError(
                    f"{path} was written by an earlier version of hpcx and cannot be continued by this one;"
                    " finish the run with that version, or start again with --fresh, which keeps the old files under"
                    " another name"
                )
            if not self._has_same_options(comm, header):
                continue
            saved = Saved(path, int(header["sequence"]), tuple(header["checksums"]), header["stages"])
            if all(_stored_checksum(comm, saved, name) == known for name, known in header["checksums"].items()):
                self._sequence = saved.sequence
                self._note_revision(comm, header)
                return saved
            if comm.rank == 0:
                log.warning(_DAMAGED, path)
        return None

    def _has_same_options(self, comm: Any, header: dict[str, Any]) -> bool:
        now, then = self._origin.get("options", ""), header["origin"].get("options", "")
        if now != then and comm.rank == 0:
            log.warning(
                "checkpoint %s is not used: its solvers had the PETSc options %s, now %s",
                header["path"],
                then or "none",
                now or "none",
            )
        return now == then

    def _note_revision(self, comm: Any, header: dict[str, Any]) -> None:
        now, then = self._origin.get("revision", ""), header["origin"].get("revision", "")
        if now != then:
            self.other_revision = then
            if comm.rank == 0:
                log.warning(
                    "checkpoint %s was written by another revision of hpcx, %s; this is %s",
                    header["path"],
                    then or "unknown",
                    now or "unknown",
                )

    def _headers(self) -> list[dict[str, Any]]:
        """Return the headers of the files, newest first, and warn of damaged files. Raises Unreadable."""
        found = []
        for path in self.paths():
            if path.exists():
                try:
                    found.append(_read_header(path))
                except Damaged:
                    log.warning(_DAMAGED, path)
        return sorted(found, key=lambda header: -header["sequence"])

    def discard(self, comm: Any) -> None:
        """Remove all files once the result is written, also unfinished ones of a killed process; collective."""
        if comm.rank == 0:
            for path in (self.outputs, *self.paths(), *map(part_of, self.paths())):
                path.unlink(missing_ok=True)
        comm.Barrier()


def _read_header(path: Path) -> dict[str, Any]:
    """Return the provenance of a checkpoint with its path; raises Damaged, or OSError if it cannot be read now."""
    with reading(path) as file:
        header = {name: stored(entry) for name, entry in file["provenance"].items()}
        kept = {
            name: json.loads(header[name]) for name in ("physics", "checksums", "origin", "stages") if name in header
        }
        return header | kept | {"path": path}


def _stored_checksum(comm: Any, saved: Saved, name: str) -> int | None:
    """Return the checksum of a stored dataset, of which each rank reads a block, or None if the file is damaged.

    Collective. Raises AgreedError if a rank cannot read the file now.
    """
    found = None
    with agreed(comm), suppress(Damaged):
        found = saved.share(name, comm.rank, comm.size)
    intact = all(comm.allgather(found is not None))
    return checksum(comm, *found) if found is not None and intact else None


def differing_keys(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return a line "  key: old -> new" for every leaf in which two nested tables differ, or ""."""
    return "".join(f"\n  {text}" for text in _differences(old, new, ""))


def _differences(old: Any, new: Any, prefix: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict | None) or isinstance(new, dict) and old is None:
        old, new = old or {}, new or {}
        keys = sorted(set(old) | set(new))
        return [text for key in keys for text in _differences(old.get(key), new.get(key), f"{prefix}.{key}".strip("."))]
    if json.dumps(old, default=str) == json.dumps(new, default=str):
        return []
    return [f"{prefix.replace('contents.', 'content of ', 1)}: {_shown(old)} -> {_shown(new)}"]


def _shown(value: Any) -> str:
    """Return a leaf as text; a number with its unit is a list of both."""
    match value:
        case None:
            return "(not given)"
        case [float() | int() as number, str() as unit]:
            return f"{number} {'' if unit == '1' else unit}".strip()
    return str(value)

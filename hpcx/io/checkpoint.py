"""Checkpoints: two alternating files with checksums, written in parallel, read on any number of ranks.

A checkpoint is a `Result` (arrays, distributed by rows where they are large) plus the physics that it belongs to. The
newer of the two files is used; a damaged one is noticed by its checksum, and the older one is used instead, and said.

How a model uses it (`run` is the `Run` that `solve` is handed):

    saved = run.resume(comm)                     # once, at the start; None: begin from the beginning
    if saved is not None:
        time, step = saved.scalar("time"), int(saved.scalar("step"))
        state = saved.rows("state", first, last)           # this rank's rows, however many ranks wrote them
    while time < end:
        state = advance(state, time)
        run.keep(comm, lambda: snapshot(time, step, state))

    def snapshot(time, step, state):             # called only when a checkpoint is due, on all ranks
        kept = Result()
        kept.add("time", time, units="fs")
        kept.add("step", step)
        kept.add("state", state, ("row",), start=first, rows=total)   # without start and rows: alike on all ranks
        return kept

Keep all that the rest of the run depends on, the length of the next step included, so that it goes on as if nothing had
happened. A point whose work is a list of independent items uses `hpcx.io.items.finished_items` instead. A model that
computes on rank 0 alone does the same with its communicator of one rank. When `solve` returns, the files are removed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcx.io.checksum import checksum
from hpcx.io.part import Part
from hpcx.io.reading import Damaged, reading
from hpcx.io.result import Result
from hpcx.io.writer import part_of, write_result
from hpcx.parallel.errors import AgreedError, agreed

log = logging.getLogger("hpcx")


@dataclass(frozen=True)
class Saved:
    """An opened checkpoint.

    Attributes:
        path: the file.
        sequence: its number; the next one saved gets the following number.
        sizes: global number of rows (1 for scalars) by dataset name.
    """

    path: Path
    sequence: int
    sizes: dict[str, int]

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Return rows `start` to `stop` of a dataset; every rank may ask for its own."""
        with h5py.File(self.path, "r") as file:
            return file[name][start:stop]

    def block(self, name: str, box: tuple[slice, ...]) -> np.ndarray:
        """Return the part of a dataset within a box of its first axes; every rank may ask for its own."""
        with h5py.File(self.path, "r") as file:
            return file[name][box]

    def value(self, name: str) -> np.ndarray:
        """Return a whole dataset; text as str."""
        with h5py.File(self.path, "r") as file:
            text = h5py.check_string_dtype(file[name].dtype)
            return file[name].asstr()[()] if text else file[name][()]

    def scalar(self, name: str) -> float:
        """Return a single number."""
        return float(self.value(name))

    def __contains__(self, name: str) -> bool:
        """Say whether there is a dataset of this name."""
        return name in self.sizes


class Checkpoint:
    """The checkpoint of one point.

    Args:
        stem: path without the suffixes `.0.checkpoint.h5` and `.1.checkpoint.h5`; None switches checkpoints off.
        physics: resolved physics of the point, as plain data.
        digest: hash of the physics.
        origin: of the program that makes checkpoints: its "revision", and the solvers' "options" that can change numbers.

    Attributes:
        other_revision: of the program that made the checkpoint with which a point went on, if it was another one; else "".
    """

    def __init__(self, stem: Path | None, physics: dict[str, Any] | None = None, digest: str = "", origin: Mapping[str, str] | None = None) -> None:
        self.stem = stem
        self.other_revision = ""
        self._physics = physics or {}
        self._digest = digest
        self._origin = dict(origin or {})
        self._sequence = 0

    def paths(self) -> list[Path]:
        """Return the two files."""
        return [] if self.stem is None else [self.stem.with_name(f"{self.stem.name}.{slot}.checkpoint.h5") for slot in (0, 1)]

    @property
    def outputs(self) -> Path | None:
        """Return the file for results that grow while the model runs (`hpcx.io.growing`)."""
        return None if self.stem is None else self.stem.with_name(f"{self.stem.name}.outputs.h5")

    def save(self, comm: Any, state: Result) -> None:
        """Write `state`, collectively; the older of the two files is replaced. Raises AgreedError if it cannot."""
        if self.stem is None:
            return
        self._sequence = comm.bcast(self._sequence)  # an earlier stage of the point may have saved on one rank alone
        entries: dict[str, str | int] = {
            "hash": self._digest,
            "physics": json.dumps(self._physics, sort_keys=True, default=str),
            "origin": json.dumps(self._origin),
            "sequence": self._sequence + 1,
            "checksums": json.dumps({name: checksum(comm, data.data, data.part) for name, data in state.datasets.items()}),
        }
        write_result(comm, self.paths()[(self._sequence + 1) % 2], state, entries)
        self._sequence += 1

    def load(self, comm: Any) -> Saved | None:
        """Return the newest whole checkpoint, or None; collective.

        One whose solvers had other options is not used, one of another revision of the program is, and that is said. Raises
        AgreedError if there is one of other physics, naming the keys that differ, or one that may be whole and cannot be read now.
        """
        headers: list[_Header] = []
        with agreed(comm):
            headers = self._headers() if comm.rank == 0 else []
        for header in comm.bcast(headers):
            if header.digest != self._digest:
                raise AgreedError(f"{header.path} is of another input (there -> here):{differing_keys(header.physics, self._physics)}")
            if not self._has_same_options(comm, header):
                continue
            if all(_stored_checksum(comm, header, name) == known for name, known in header.checksums.items()):
                self._sequence = header.sequence
                self._note_revision(comm, header)
                return Saved(header.path, header.sequence, header.sizes)
            if comm.rank == 0:
                log.warning("checkpoint %s is damaged; the one before it is used if there is one", header.path)
        return None

    def _has_same_options(self, comm: Any, header: _Header) -> bool:
        now, then = self._origin.get("options", ""), header.origin.get("options", "")
        if now != then and comm.rank == 0:
            log.warning("checkpoint %s is not used: its solvers had the PETSc options %s, now %s", header.path, then or "none", now or "none")
        return now == then

    def _note_revision(self, comm: Any, header: _Header) -> None:
        now, then = self._origin.get("revision", ""), header.origin.get("revision", "")
        if now != then:
            self.other_revision = then
            if comm.rank == 0:
                log.warning("checkpoint %s was made by another program, revision %s; this is %s", header.path, then or "unknown", now or "unknown")

    def _headers(self) -> list[_Header]:
        """Return what the files say of themselves, newest first; says which are damaged. Raises Unreadable."""
        found = []
        for path in self.paths():
            if path.exists():
                try:
                    found.append(_read_header(path))
                except Damaged:
                    log.warning("checkpoint %s is damaged; the one before it is used if there is one", path)
        return sorted(found, key=lambda header: -header.sequence)

    def discard(self, comm: Any) -> None:
        """Remove the files once the result is written, unfinished ones of a process that was killed too; collective."""
        if comm.rank == 0 and self.outputs is not None:
            self.outputs.unlink(missing_ok=True)
            for path in self.paths():
                path.unlink(missing_ok=True)
                part_of(path).unlink(missing_ok=True)
        comm.Barrier()


@dataclass(frozen=True)
class _Header:
    """What a checkpoint says of itself."""

    path: Path
    sequence: int
    digest: str
    physics: dict[str, Any]
    checksums: dict[str, int]
    sizes: dict[str, int]
    origin: dict[str, str]


def _read_header(path: Path) -> _Header:
    with reading(path) as file:
        texts = {name: file[f"provenance/{name}"].asstr()[()] for name in ("hash", "physics", "checksums")}
        checksums = json.loads(texts["checksums"])
        sizes = {name: (file[name].shape or (1,))[0] for name in checksums}
        sequence = int(file["provenance/sequence"][()])
        origin = json.loads(file["provenance/origin"].asstr()[()]) if "origin" in file["provenance"] else {}  # of an earlier version
    return _Header(path, sequence, texts["hash"], json.loads(texts["physics"]), checksums, sizes, origin)


def _stored_checksum(comm: Any, header: _Header, name: str) -> int | None:
    """Return the checksum of a stored dataset, each rank reading a block (of scalars and text all), or None if the file is damaged.

    Collective. Raises AgreedError if a rank cannot read the file now.
    """
    start, stop = (header.sizes[name] * (comm.rank + i) // comm.size for i in (0, 1))
    data: np.ndarray | None = None
    whole = False
    with agreed(comm), suppress(Damaged):
        with reading(header.path) as file:
            text = bool(h5py.check_string_dtype(file[name].dtype))
            whole = text or file[name].shape == ()
            stored = file[name].asstr() if text else file[name]
            data = np.asarray(stored[()] if whole else stored[start:stop])
    if not all(comm.allgather(data is not None)) or data is None:
        return None
    return checksum(comm, data, None if whole else Part.rows(start, header.sizes[name], data.shape))


def differing_keys(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> str:
    """Return a line "  key: old -> new" for every leaf in which two nested tables differ, or ""."""
    return "".join(f"\n  {text}" for text in _differences(old, new, prefix))


def _differences(old: Any, new: Any, prefix: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(set(old) | set(new))
        return [text for key in keys for text in _differences(old.get(key), new.get(key), f"{prefix}.{key}".strip("."))]
    return [] if json.dumps(old, default=str) == json.dumps(new, default=str) else [f"{prefix}: {old} -> {new}"]

"""The output directory: where results, failures and claims of points lie, and what they say.

A claim is a lock on `points/<id>.lock` that the operating system takes back when its process ends, however it ends. So
groups of one job, and other jobs that work in the same directory, share the points without a master; a lock file
with text in it that nobody holds tells of an attempt that was cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py

#: states of a point
DONE, FAILED, RUNNING, MISSING = "done", "failed", "running", "missing"


class Damaged(OSError):
    """A file with a final name is not readable HDF5: something outside hpcx has changed it."""


@dataclass(frozen=True)
class Entry:
    """State of one point with message, traceback, seconds, ranks, and the lines of its summary."""

    status: str
    message: str = ""
    traceback: str = ""
    wall_time: float = float("nan")
    ranks: int = 0
    summary: list[str] = field(default_factory=list)


class Store:
    """The files of one output directory; `single` for a run without a sweep, whose result is `result.h5`."""

    def __init__(self, directory: Path, single: bool) -> None:
        self.directory = directory
        self.single = single
        self._claims: dict[str, Any] = {}

    def prepare(self) -> None:
        """Make the directories and try to write into them before anything is computed; raises OSError."""
        try:
            self._points().mkdir(parents=True, exist_ok=True)
            probe = self._points() / ".probe.part"
            probe.write_text("writable\n")
            probe.unlink()
        except OSError as error:
            raise OSError(f"cannot write to output.directory = '{self.directory}': {error.strerror}") from error

    def _points(self) -> Path:
        return self.directory if self.single else self.directory / "points"

    def result(self, name: str) -> Path:
        """Return the path of a point's result."""
        return self._points() / ("result.h5" if self.single else f"{name}.h5")

    def failure(self, name: str) -> Path:
        """Return the path of the record of a point's failure."""
        return self._points() / f"{name}.failed.json"

    def checkpoint(self, name: str) -> Path:
        """Return the stem of a point's checkpoints."""
        return self.directory / "checkpoints" / ("result" if self.single else name)

    def _lock(self, name: str) -> Path:
        return self._points() / f"{name}.lock"

    def claim(self, name: str) -> bool:
        """Claim a point for this process; False if another process has it. Raises OSError without lock support."""
        file = open(self._lock(name), "a+")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.write("started\n")
        file.flush()
        self._claims[name] = file
        return True

    def release(self, name: str) -> None:
        """Give a claim back after the point has ended in order; the lock file goes."""
        file = self._claims.pop(name)
        self._lock(name).unlink(missing_ok=True)
        file.close()

    def was_cut_off(self, name: str) -> bool:
        """Say whether an earlier attempt at the point never ended in order."""
        try:
            return self._lock(name).stat().st_size > 0
        except FileNotFoundError:
            return False

    def is_claimed(self, name: str) -> bool:
        """Say whether another process works on the point now."""
        try:
            with open(self._lock(name), "r+") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def fail(self, name: str, entry: Entry) -> None:
        """Record a failure, whole or not at all."""
        replace_text(self.failure(name), json.dumps(asdict(entry)))

    def done(self, name: str, digest: str) -> Entry | None:
        """Return the entry of a finished point with this hash, or None; raises Damaged if its file is no HDF5."""
        path = self.result(name)
        if not path.exists():
            return None
        try:
            with h5py.File(path, "r") as file:
                group = file["provenance"]
                if group["hash"].asstr()[()] != digest:
                    return None
                summary = json.loads(group["summary"].asstr()[()])
                return Entry(DONE, "", "", float(group["wall_time"][()]), int(group["ranks"][()]), summary)
        except (OSError, KeyError, ValueError) as error:
            raise Damaged(f"{path} is damaged ({error}); move it away to have it computed again") from error

    def entry(self, name: str, digest: str) -> Entry:
        """Return the state of a point from the files alone."""
        try:
            found = self.done(name, digest)
        except Damaged as error:
            found = Entry(FAILED, str(error))
        if found is not None:
            return found
        if name not in self._claims and not self.is_claimed(name):
            return self._failed(name) or Entry(MISSING)
        return Entry(RUNNING)

    def _failed(self, name: str) -> Entry | None:
        try:
            return Entry(**json.loads(self.failure(name).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def replace_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it when it is complete."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text)
    os.replace(part, path)

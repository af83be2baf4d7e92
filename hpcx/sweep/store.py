"""The output directory: paths and content of results, failures and claims of points."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py

from hpcx.io.checkpoint import Checkpoint
from hpcx.io.reading import Damaged, reading, stored
from hpcx.io.replace import replace_text, unique
from hpcx.sweep.claims import Claims, lock, unlock
from hpcx.sweep.notes import read_note

#: states of a point
DONE, FAILED, RUNNING, MISSING = "done", "failed", "running", "missing"

#: longest wait in s for another process that writes the record or the index of the sweep
_PATIENCE = 60.0


@dataclass(frozen=True)
class Entry:
    """State of one point.

    Attributes:
        status: one of the states above.
        message, traceback: why it failed, or what is known of it.
        wall_time: seconds.
        ranks: that computed it.
        summary: lines for the screen.
        run: the run in which it failed.
        structure: `Result.structure`.
        version, revision: of the program that computed it.
        options: PETSc options that were given, as typed.
        excess: largest error of its solutions over the tolerance; NaN where it is not known.
        versions: of hpcx and of all that a number depends on.
        stamp: `stamp_of` the file of a finished point.
    """

    status: str
    message: str = ""
    traceback: str = ""
    wall_time: float = float("nan")
    ranks: int = 0
    summary: list[str] = field(default_factory=list)
    run: str = ""
    structure: str = ""
    version: str = ""
    revision: str = ""
    options: str = ""
    excess: float = float("nan")
    versions: dict[str, str] = field(default_factory=dict)
    stamp: str = ""


def stamp_of(status: os.stat_result) -> str:
    """Return size and time of the last change of a file, by which it is known that it has not changed."""
    return f"{status.st_size} {status.st_mtime_ns}"


class Store:
    """The files of one output directory; `single` for a run without a sweep, whose result is `result.h5`."""

    def __init__(self, directory: Path, single: bool) -> None:
        self.directory = directory
        self.single = single
        self._points = directory if single else directory / "points"
        self.claims = Claims(self._points, "result" if single else None)

    def prepare(self) -> None:
        """Make the directories and try to write into them before anything is computed; raises OSError."""
        try:
            self._points.mkdir(parents=True, exist_ok=True)
            replace_text(self._points / ".probe", "writable\n")
            (self._points / ".probe").unlink(missing_ok=True)
        except OSError as error:
            raise OSError(f"cannot write to output.directory = '{self.directory}': {error.strerror}") from error

    def is_there(self) -> bool:
        """Say whether the directory still holds this sweep: it may have been removed."""
        return self._points.is_dir() and (self.single or (self.directory / "sweep.json").exists())

    def result(self, name: str) -> Path:
        """Return the path of a point's result."""
        return self._points / ("result.h5" if self.single else f"{name}.h5")

    def failure(self, name: str) -> Path:
        """Return the path of the record of a point's failure."""
        return self._points / f"{name}.failed.json"

    def checkpoint(self, name: str) -> Path:
        """Return the stem of a point's checkpoints."""
        return self.directory / "checkpoints" / ("result" if self.single else name)

    @contextmanager
    def exclusively(self, patience: float = _PATIENCE) -> Iterator[None]:
        """Lock the record and the index against other processes; raises TimeoutError."""
        path = self.directory / "sweep.lock"
        file = lock(path, patience)
        if file is None:
            raise TimeoutError(f"another run has locked {path}; if no other run is active, remove the file")
        try:
            for left in self.directory.glob("sweep.*.part"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
            yield
        finally:
            unlock(path, file)

    def fail(self, name: str, entry: Entry) -> None:
        """Record a failure, whole or not at all."""
        replace_text(self.failure(name), json.dumps(asdict(entry)))

    def tidy(self, name: str) -> None:
        """Remove checkpoints and the lock of a finished point, left by a process that was killed just after it.

        Files of a running process are not touched, and what cannot be removed stays.
        """
        stem = self.checkpoint(name)
        left = list(stem.parent.glob(f"{stem.name}.*"))
        with suppress(OSError):
            if (left or self.claims.has_file(name)) and self.claims.acquire(name):
                try:
                    for path in left:
                        path.unlink(missing_ok=True)
                finally:
                    self.claims.release(name)

    def done(self, name: str, digest: str) -> Entry | None:
        """Return the entry of a finished point with this hash, or None; raises Damaged or Unreadable."""
        path = self.result(name)
        if not path.exists():
            return None
        stamp = self.stamp(name)  # read before the file, so that a change during the reading is noticed later
        with reading(path) as file:
            group = file["provenance"]
            return replace(finished(_read_about(group)), stamp=stamp) if stored(group["hash"]) == digest else None

    def stamp(self, name: str) -> str:
        """Return the stamp of a point's result, "" if it is not there."""
        try:
            return stamp_of(self.result(name).stat())
        except OSError:
            return ""

    def set_aside(self, name: str, why: str) -> Path:
        """Rename an unusable result with a word that says why; return the new name. Needs the claim on the point."""
        path = self.result(name)
        kept = path.with_name(f"{path.name}.{why}.{unique()}")
        with suppress(FileNotFoundError):  # another run has done it at the same time
            path.rename(kept)
        return kept

    def entry(self, name: str, digest: str) -> Entry:
        """Return the state of a point from the files alone."""
        try:
            found = self.done(name, digest)
        except Damaged as error:
            found = Entry(FAILED, f"{error}; the next run sets it aside and computes the point again")
        except OSError as error:
            found = Entry(FAILED, f"{error}; it is left as it is")
        return found or self._unfinished(name)

    def _unfinished(self, name: str) -> Entry:
        try:
            running = self.claims.running(name)
        except OSError as error:
            return Entry(MISSING, f"cannot tell whether a process works on it: {error}")
        if running is not None:
            return Entry(RUNNING, "", "", *running)
        return self.failed(name) or Entry(MISSING, self._what_is_left(name))

    def _what_is_left(self, name: str) -> str:
        """Say what an unfinished point can resume from."""
        cut_off = self.claims.attempts(name)
        notes = [f"cut off {cut_off} time(s)"] if cut_off else []
        notes += ["has a checkpoint"] if self.has_checkpoint(name) else []
        return ", ".join(notes)

    def has_checkpoint(self, name: str) -> bool:
        """Say whether an unfinished point has left a checkpoint."""
        return any(path.exists() for path in Checkpoint(self.checkpoint(name)).paths())

    def failed(self, name: str) -> Entry | None:
        """Return the record of a point's failure, or None."""
        try:
            return read_note(self.failure(name), Entry)
        except (OSError, ValueError):
            return None


#: what of the provenance of a result says how a point ended
_ABOUT = "wall_time ranks summary structure versions continued_from excess petsc_options_given".split()


def _read_about(group: h5py.Group) -> dict[str, Any]:
    """Return the entries of the provenance that `finished` looks at, as far as there are any."""
    found = {name: group[name] for name in _ABOUT if name in group}
    return {name: stored(item) for name, item in found.items()}


def finished(about: Mapping[str, Any]) -> Entry:
    """Return the entry of a finished point from its provenance; raises KeyError or ValueError."""
    versions = json.loads(about.get("versions", "{}"))
    return Entry(
        DONE,
        wall_time=float(about["wall_time"]),
        ranks=int(about["ranks"]),
        summary=json.loads(about["summary"]),
        structure=about.get("structure", ""),
        version=versions.get("hpcx", ""),
        revision=", ".join(filter(None, (about.get("continued_from", ""), versions.get("git", "")))),
        options=about.get("petsc_options_given", ""),
        excess=float(about.get("excess", "nan")),
        versions=versions,
    )

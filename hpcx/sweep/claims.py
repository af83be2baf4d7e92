"""Claims: which process works on a point, across the ranks of a job and across jobs that share a directory.

A claim is an fcntl lock on `<id>.lock`. The operating system releases it when the process ends, however it ends, so no
process has to distribute the points. Every attempt adds a line to the file, and removes the file when it ends normally:
so the lines of a file without lock count the interrupted attempts. Two properties of such locks matter here: closing
any descriptor of a file releases the process's lock on it, and a lock on a removed file has no effect.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from hpcx.io.replace import unique
from hpcx.parallel.errors import agreed
from hpcx.sweep.notes import understood
from hpcx.textfile import text_of

#: struct flock of 64-bit Linux, padded to its full size
_FLOCK = "hhqqi0q"


class NoLocks(OSError):
    """The file system does not know file locks."""


def lock(path: Path, patience: float = 0.0) -> IO[str] | None:
    """Create, open and lock a file; return None if another process holds it still after `patience` seconds.

    Raises NoLocks, or OSError if the file cannot be made.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            file = open(path, "a+", encoding="utf-8")
        except PermissionError:
            if is_locked(path):  # by another user
                return None
            raise
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX allows both
            file.close()
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.02)
            continue
        except OSError as error:
            file.close()
            raise NoLocks(
                f"{path}: file locks do not work here ({error.strerror}); choose an output.directory on a file system"
                " that supports them"
            ) from error
        if _is_still(path, file):
            return file
        file.close()  # its last owner removed it between our opening and our locking


def _is_still(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def unlock(path: Path, file: IO[str]) -> None:
    """Remove a locked file, then let it go."""
    with suppress(OSError):
        path.unlink()
    file.close()


def is_locked(path: Path) -> bool:
    """Say whether another process holds the lock, without taking it even for a moment; needs read permission only.

    Raises OSError if that cannot be found out: no locks, no permission, too many open files.
    """
    try:
        # without blocking: it may be a pipe
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK


@contextmanager
def present(comm: Any, directory: Path) -> Iterator[bool]:
    """Lock a file in the directory, on rank 0, while the run lasts; yield whether all processes see the lock.

    Collective at the beginning. Raises AgreedError without locks. On some parallel file systems locks hold on one node
    only; claims cannot be used there.
    """
    path = Path(comm.bcast(str(directory / f".run.{unique()}.lock") if comm.rank == 0 else None))
    file = None
    try:
        with agreed(comm):
            if comm.rank == 0:
                _remove_abandoned(directory)
                file = lock(path)
        with agreed(comm):
            seen = comm.rank == 0 or is_locked(path)
        yield comm.allreduce(int(seen)) == comm.size
    finally:
        if file is not None:
            unlock(path, file)


def others_at_work(directory: Path) -> list[Path]:
    """Return the locks of runs and points in a directory that other processes hold, or may hold.

    Locks of this process must not be there: to look at one is to lose it.
    """
    found = [path for pattern in (".run.*.lock", "*.lock", "points/*.lock") for path in directory.glob(pattern)]
    return [path for path in dict.fromkeys(found) if _may_be_locked(path)]


def _may_be_locked(path: Path) -> bool:
    try:
        return is_locked(path)
    except OSError:
        return True


def _remove_abandoned(directory: Path) -> None:
    """Remove the lock files of killed runs."""
    for path in directory.glob(".run.*.lock"):
        if not _may_be_locked(path):
            with suppress(OSError):
                path.unlink()


@dataclass(frozen=True)
class _Attempt:
    """An attempt at a point: the point, when it began (s since 1970), on how many ranks."""

    point: str
    started: float
    ranks: int


class Claims:
    """The claims on the points of one directory, and those of them that this process holds.

    Args:
        directory: where the lock files lie.
        place: name of the one lock file of a directory in which all points have the same place for their result; None
            otherwise.
    """

    def __init__(self, directory: Path, place: str | None = None) -> None:
        self._directory = directory
        self._place = place
        self._held: dict[Path, tuple[IO[str], _Attempt]] = {}

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._place or name}.lock"

    def acquire(self, name: str, ranks: int = 1) -> bool:
        """Claim a point for `ranks` ranks; False if another process has it. Raises NoLocks or OSError."""
        path = self._path(name)
        file = None if path in self._held else lock(path)
        if file is None:
            return False
        attempt = _Attempt(name, time.time(), ranks)
        line = asdict(attempt) | {"host": socket.gethostname(), "pid": os.getpid()}
        try:
            os.write(file.fileno(), (json.dumps(line) + "\n").encode())
        except OSError:  # a full disk; the write is unbuffered, so that closing the file writes nothing
            unlock(path, file)
            raise
        self._held[path] = file, attempt
        return True

    def release(self, name: str) -> None:
        """Release a claim after an attempt that ended normally."""
        path = self._path(name)
        unlock(path, self._held.pop(path)[0])

    def has_file(self, name: str) -> bool:
        """Say whether there is a lock file of the point, which a process holds or has left."""
        return self._path(name).exists()

    def attempts(self, name: str) -> int:
        """Return how many attempts at a point, one that runs included, have not ended in order."""
        return sum(attempt.point == name for attempt in self._attempts(name))

    def last_point(self, name: str) -> str:
        """Return the point at which was worked last under the lock file of `name`, or ""."""
        attempts = self._attempts(name)
        return attempts[-1].point if attempts else ""

    def running(self, name: str) -> tuple[float, int] | None:
        """Return for how many seconds and on how many ranks a process has worked on the point, or None.

        Raises OSError if that cannot be found out.
        """
        path = self._path(name)
        if path not in self._held and not is_locked(path):
            return None
        attempts = self._attempts(name)
        return (max(time.time() - attempts[-1].started, 0.0), attempts[-1].ranks) if attempts else (0.0, 0)

    def _attempts(self, name: str) -> list[_Attempt]:
        """Return what attempts wrote; never opens a file that this process has locked."""
        path = self._path(name)
        if path in self._held:
            return [self._held[path][1]]
        try:
            return [understood(line, _Attempt) for line in text_of(path).splitlines()]
        except (OSError, ValueError):
            return []

"""Claims: which process works on a point, across the ranks of a job and across jobs that share a directory.

A claim is a lock (fcntl) on `<id>.lock` that the operating system takes back when its process ends, however it ends, so
points are shared without a master. Every attempt leaves a line in the file, which goes when the attempt has ended in
order: a file that nobody holds tells how often the point was cut off. Two rules of such locks shape the code: closing
any descriptor of a file drops this process's lock on it, and a lock on a file that has been removed is worth nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from hpcx.parallel.errors import agreed

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
        file = open(path, "a+", encoding="utf-8")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.02)
            continue
        except OSError as error:
            file.close()
            raise NoLocks(f"{path}: file locks fail here ({error.strerror}); output.directory needs a file system that has them") from error
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
    """Say whether another process holds the lock, without taking it even for a moment; needs read permission only."""
    try:
        with open(path, encoding="utf-8") as file:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False
    return struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK


def unique() -> str:
    """Return a part of a file name that no other process uses now."""
    return f"{socket.gethostname()}.{os.getpid()}"


def locks_reach(comm: Any, directory: Path) -> bool:
    """Say whether a lock taken by rank 0 is seen by all other processes; collective. Raises AgreedError without locks.

    Some parallel file systems are mounted so that locks are known on one node alone; there claims cannot be trusted.
    """
    path = Path(comm.bcast(str(directory / f".probe.{unique()}.lock") if comm.rank == 0 else None))
    file = None
    with agreed(comm):
        if comm.rank == 0:
            _remove_abandoned(directory)
            file = lock(path)
    seen = comm.allreduce(int(comm.rank == 0 or is_locked(path)))
    if file is not None:
        unlock(path, file)
    return seen == comm.size


def _remove_abandoned(directory: Path) -> None:
    """Remove what runs have left that were killed while they tried the locks."""
    for path in directory.glob(".probe.*.lock"):
        if not is_locked(path):
            path.unlink(missing_ok=True)


class Claims:
    """The claims on the points of one directory, and those of them that this process holds."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, tuple[IO[str], float, int]] = {}

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.lock"

    def take(self, name: str, ranks: int = 1) -> bool:
        """Claim a point for `ranks` ranks; False if another process has it. Raises NoLocks or OSError."""
        file = None if name in self._held else lock(self._path(name))
        if file is None:
            return False
        line = {"host": socket.gethostname(), "pid": os.getpid(), "started": time.time(), "ranks": ranks}
        try:
            os.write(file.fileno(), (json.dumps(line) + "\n").encode())
        except OSError:  # a full disk; nothing may be left to be written when the file is closed
            unlock(self._path(name), file)
            raise
        self._held[name] = file, time.time(), ranks
        return True

    def give_back(self, name: str) -> None:
        """Give a claim back after the attempt has ended in order."""
        unlock(self._path(name), self._held.pop(name)[0])

    def forget(self, name: str) -> None:
        """Remove the lock file of a point that nobody works on."""
        self._path(name).unlink(missing_ok=True)

    def attempts(self, name: str) -> int:
        """Return how many attempts at a point, one that runs included, have not ended in order."""
        return len(self._lines(name))

    def running(self, name: str) -> tuple[float, int] | None:
        """Return since how many seconds and on how many ranks a process works on the point, or None if none does."""
        if name in self._held:
            _, started, ranks = self._held[name]
            return time.time() - started, ranks
        if not is_locked(self._path(name)):
            return None
        lines = self._lines(name)
        return (time.time() - lines[-1]["started"], lines[-1]["ranks"]) if lines else (0.0, 0)

    def _lines(self, name: str) -> list[dict]:
        """Return what attempts wrote; never opens a file that this process has locked."""
        if name in self._held:
            return [{}]
        try:
            return [json.loads(line) for line in self._path(name).read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError):
            return []

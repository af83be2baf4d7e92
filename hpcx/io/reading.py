"""Reading result files and checkpoints: a damaged file is distinguished from one that cannot be read at the moment.

A file is damaged only if it can be read and its content is wrong. A file that cannot be read for another reason (open
in another program, permissions, too many open files, no file locks) may hold finished work and is left as it is.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from hpcx.io.seal import is_broken

#: what h5py raises when the content of a file is wrong
_WRONG = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError)
#: advice on the most frequent errors
_HINTS = {
    errno.EAGAIN: "another program has it open",
    errno.ENOSYS: "no file locks here; HDF5_USE_FILE_LOCKING=FALSE in the environment reads without",
    errno.ENOLCK: "no file locks here; HDF5_USE_FILE_LOCKING=FALSE in the environment reads without",
    errno.EMFILE: "ulimit -n shows how many files a process may open",
}


class Damaged(OSError):
    """A file can be read but is not as hpcx wrote it: another program has changed it, or a disk error."""


class Unreadable(OSError):
    """A file is there and cannot be read now; nothing is known of its content."""


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for the body; raises FileNotFoundError, Unreadable, or Damaged (also for the body's errors)."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise Unreadable(f"{path} is not a file")
        if is_broken(path):
            raise ValueError("its checksum is wrong")
        with h5py.File(path, "r") as file:
            yield file
    except (FileNotFoundError, Unreadable):
        raise
    except _WRONG as error:
        raise _judged(path, error) from error


def stored(dataset: h5py.Dataset) -> Any:
    """Return all values of a dataset; text as str."""
    return dataset.asstr()[()] if h5py.check_string_dtype(dataset.dtype) else dataset[()]


def datasets_in(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """Return all datasets of a group and the groups below by path, without links."""
    found: dict[str, h5py.Dataset] = {}
    group.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def swept_keys(file: h5py.File) -> list[str]:
    """Return the keys that a `sweep.h5` runs over, in the order of its axes; none for other results."""
    scales = [dim[0].name for dim in file["index/status"].dims] if "index/status" in file else []
    return [name.rpartition("/")[2] for name in scales]


def _judged(path: Path, error: Exception) -> OSError:
    """Return Unreadable for an error of the system, which has a number, else Damaged."""
    number = getattr(error, "errno", None)
    if number is None:
        return Damaged(f"{path} is damaged ({error})")
    hint = f"; {_HINTS[number]}" if number in _HINTS else ""
    return Unreadable(f"{path} cannot be read now ({os.strerror(number)}{hint})")

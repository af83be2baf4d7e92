"""Reading datasets of result files, of `sweep.h5` too, whose large results stay in the files of the points.

HDF5 itself yields NaN, and says nothing, where it does not find the files of a virtual dataset, or may not open that
many at once. Here every file is opened for itself, and one that is missing is an error.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np

from hpcx.io.seal import is_broken


class Lost(OSError):
    """The files in which values of a sweep lie are not there, or cannot be read."""


_looked_through = lru_cache(maxsize=4096)(is_broken)


def opened(path: Path) -> h5py.File:
    """Open a result; raises OSError if it cannot be read, or its bytes have changed since it was written."""
    if _looked_through(path):
        raise OSError("it is damaged (its checksum is wrong)")
    return h5py.File(path, "r")


def values(file: h5py.File, path: str) -> np.ndarray:
    """Return a dataset; raises Lost if it is virtual and a file of a finished point cannot be read."""
    item = file[path]
    return _collected(file, item) if item.is_virtual else item[()]


def _collected(file: h5py.File, item: h5py.Dataset) -> np.ndarray:
    found = np.full(item.shape, np.nan, item.dtype)
    folder, lost = Path(file.filename).parent / "points", []
    names, states = (file[f"index/{name}"].asstr()[()] for name in ("id", "status"))
    for place in np.ndindex(names.shape):
        if states[place] != "done":
            continue
        try:
            with opened(folder / f"{names[place]}.h5") as point:
                found[place] = point[item.name][()]
        except (OSError, KeyError):
            lost.append(f"{names[place]}.h5")
    if lost:
        raise Lost(
            f"{file.filename}: '{item.name.strip('/')}' is too large to be in it, and {len(lost)} of the {names.size}"
            " files of the points in which it lies are missing or cannot be read"
            f" ({folder / lost[0]}{', ...' if len(lost) > 1 else ''}). Keep points/ beside it, or put all into one file"
            " with postprocess/standalone.py before it is moved"
        )
    return found


def unfinished(file: h5py.File) -> str:
    """Return a sentence about points of a sweep that have no result, whose values are NaN, or ""."""
    if "index/status" not in file:
        return ""
    states = Counter(np.ravel(file["index/status"].asstr()[()]).tolist())
    done, total = states.pop("done", 0), sum(states.values())
    parts = ", ".join(f"{count} {state}" for state, count in states.items())
    return (
        f"{total} of {total + done} points of the sweep have no result ({parts}): their values are NaN" if total else ""
    )


def warnings(file: h5py.File) -> list[str]:
    """Return what a reader should know of a file before its values are used."""
    return [text for text in (unfinished(file), str(file.attrs.get("warning", ""))) if text]

"""What `sweep.h5` tells of finished points whose files have not changed since: these need not be opened.

A file is known by its size and the time of its last change. Whatever is written into it, or put in its place, has
another time; so a point is either as the index says, or looked at anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from hpcx.io.reading import reading
from hpcx.sweep.store import DONE, Entry, Store, stamp_of

#: columns of the index that make up the entry of a finished point
_TEXTS = ("version", "revision", "options", "stamp")
_NUMBERS = ("wall_time", "ranks", "excess")


def unchanged(store: Store) -> dict[tuple[str, str], Entry]:
    """Return by id and hash the entries of finished points, without structure and versions;
    empty if the index does not tell.
    """
    try:
        rows = _rows(store.directory / "sweep.h5")
        with os.scandir(store.directory / "points") as files:
            stamps = {file.name: stamp_of(file.stat()) for file in files if file.name.endswith(".h5")}
    except (OSError, KeyError, ValueError):  # no index, a damaged one, or one of an earlier version
        return {}
    return {(name, digest): entry for name, digest, entry in rows if entry.stamp == stamps.get(f"{name}.h5")}


def _rows(path: Path) -> list[tuple[str, str, Entry]]:
    """Return id, hash and entry of the finished points of a `sweep.h5`."""
    with reading(path) as file:
        texts = {
            name: np.ravel(file[f"index/{name}"].asstr()[()]) for name in ("id", "hash", "status", "summary", *_TEXTS)
        }
        numbers = {name: np.ravel(file[f"index/{name}"][()]).tolist() for name in _NUMBERS}
    rows = []
    for place in np.flatnonzero(texts["status"] == DONE):
        about = {name: texts[name][place] for name in _TEXTS} | {name: numbers[name][place] for name in _NUMBERS}
        rows.append(
            (
                texts["id"][place],
                texts["hash"][place],
                Entry(DONE, summary=json.loads(texts["summary"][place]), **about),
            )
        )
    return rows

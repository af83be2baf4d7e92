"""Arrays that are expensive to compute, kept for later runs in files with the hash of what they depend on.

Files are written whole or not at all. Every array has a checksum, which also shows changes by other programs. A damaged
file, or one with another hash, counts as missing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

log = logging.getLogger("hpcx")


def save_arrays(path: Path, key: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays under the hash `key`; if the directory cannot be written, warn and continue. One process."""
    from hpcx.io.writer import write_alone

    def fill(file: Any) -> None:
        """Write the arrays, each with its checksum."""
        file.attrs["key"] = key
        for name, values in arrays.items():
            file.create_dataset(name, data=values).attrs["sha256"] = _digest(values)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_alone(path, fill)
    except OSError as error:
        log.warning("%s cannot be saved for later runs: %s", path, error)


def load_arrays(path: Path, key: str) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file with the hash `key`, or None; warn if the file is damaged or cannot be read."""
    if not path.exists():
        return None
    from hpcx.io.reading import Damaged, reading

    try:
        with reading(path) as file:
            if file.attrs["key"] != key:
                return None
            arrays = {name: dataset[()] for name, dataset in file.items()}
            whole = all(file[name].attrs["sha256"] == _digest(values) for name, values in arrays.items())
    except Damaged:
        whole = False
    except OSError as error:
        log.warning("%s; it will be computed again", error)
        return None
    if not whole:
        log.warning("%s is damaged and will be computed again", path)
        return None
    return arrays


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()

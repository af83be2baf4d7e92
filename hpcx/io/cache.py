"""Arrays that are expensive to compute, kept for later runs in files with the hash of what they depend on.

Files are written whole or not at all, with a checksum. A damaged file, or one with another hash, counts as missing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import h5py

log = logging.getLogger("hpcx")


def save_arrays(path: Path, key: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays under the hash `key`; if the directory cannot be written, warn and continue. One process."""
    from hpcx.io.writer import write_alone

    def fill(file: h5py.File) -> None:
        """Write the arrays."""
        file.attrs["key"] = key
        for name, values in arrays.items():
            file[name] = values

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_alone(path, fill)
    except OSError as error:
        log.warning("%s cannot be saved for later runs: %s", path, error)


def load_arrays(path: Path, key: str) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file with the hash `key`, or None; warn if the file is damaged or cannot be read."""
    from hpcx.io.reading import reading

    try:
        with reading(path) as file:
            return {name: dataset[()] for name, dataset in file.items()} if file.attrs["key"] == key else None
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s; it will be computed again", error)
        return None

"""What the figures of the formation model share: opening a sweep over pump energies, picking traces, colours."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import plt, read

PUMP = "pump.photon_energy"


def open_sweep(path: Path) -> tuple[h5py.File, np.ndarray]:
    """Return the file and the pump energies (eV); raises SystemExit if the first swept key is not the pump energy."""
    file = h5py.File(path, "r")
    if PUMP not in file:
        raise SystemExit(f"{path} does not sweep {PUMP}")
    return file, read(file, PUMP)


def labels(file: h5py.File, path: str) -> list[str]:
    """Return a coordinate of texts."""
    return [value.decode() if isinstance(value, bytes) else str(value) for value in read(file, path).ravel()]


def pump_first(file: h5py.File, path: str, pumps: np.ndarray) -> np.ndarray:
    """Return a stacked dataset whose only swept axis is the pump energy; raises SystemExit for other sweeps."""
    values = read(file, path)
    if values.shape[0] != pumps.size:
        raise SystemExit(f"{file.filename}: '{path}' has shape {values.shape}; this figure wants a sweep over {PUMP} alone")
    return values


def pump_colors(pumps: np.ndarray) -> list[tuple]:
    """Return one colour per pump energy, dark for low ones."""
    return [plt.get_cmap("plasma")(x) for x in np.linspace(0.05, 0.85, pumps.size)]

"""What the figures of the valley model share: choosing points of a sweep."""

from __future__ import annotations

import h5py
import numpy as np
from common import read, texts


def axes(file: h5py.File, known: tuple[str, ...]) -> list[str]:
    """Return the swept keys of a sweep in the order of the axes; raises SystemExit for a sweep over other keys."""
    shape = read(file, "dichroism/circular_dichroism").ndim - 2
    found = [key for key in known if key in file and file[key].ndim == 1]
    if len(found) != shape:
        raise SystemExit(f"{file.filename}: this figure knows sweeps over {', '.join(known)} only")
    order = {len(file[key]): key for key in found}
    lengths = read(file, "dichroism/circular_dichroism").shape[:shape]
    if len(order) == shape:
        return [order[length] for length in lengths]
    return found


def by_set(file: h5py.File, path: str) -> dict[str, np.ndarray]:
    """Return a dataset of a sweep over temperature and mechanism sets as set -> array (temperature, ...)."""
    keys = axes(file, ("temperature", "mechanisms.set"))
    values = read(file, path)
    if "temperature" not in keys:
        values, keys = values[None], ["temperature", *keys]
    if "mechanisms.set" not in keys:
        return {"as written": values}
    moved = np.moveaxis(values, (keys.index("mechanisms.set"), keys.index("temperature")), (0, 1))
    return dict(zip(texts(file, "mechanisms.set"), moved))


def temperatures(file: h5py.File) -> np.ndarray:
    """Return the temperatures (K) of a sweep, or NaN if it was not swept."""
    return read(file, "temperature") if "temperature" in file else np.array([np.nan])


def nearest(values: np.ndarray, wanted: float) -> int:
    """Return the position of the value nearest to `wanted`."""
    return int(np.abs(values - wanted).argmin())

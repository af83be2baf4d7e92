"""Shape of the excitation: one spot, a ring, two spots, or an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpcx.wigner.config import Initial
from hpcx.wigner.space.spatial_grid import SpatialGrid


def brightness(spatial_grid: SpatialGrid, initial: Initial, radius: float) -> np.ndarray:
    """Return the intensity of the excitation at the cells, 1 at its maximum; `radius` is the 1/e radius of a spot, nm.

    Raises ValueError if an image cannot be read or is black.
    """
    if initial.file is not None:
        return _image(spatial_grid, Path(initial.file))
    coordinates, initial = spatial_grid.coordinates(), initial.internal
    squares = sum(coordinate**2 for coordinate in coordinates)
    if initial.shape == "ring":
        return np.exp(-(((np.sqrt(squares) - initial.radius) / radius) ** 2))
    if initial.shape == "two spots":
        half, across = 0.5 * initial.separation, squares - coordinates[0] ** 2
        return sum(np.exp(-((coordinates[0] - x) ** 2 + across) / radius**2) for x in (-half, half))
    return np.exp(-squares / radius**2)


def _image(spatial_grid: SpatialGrid, path: Path) -> np.ndarray:
    """Return the brightness of an image (PNG, or an array in a .npy file) that covers the box, its top at large y."""
    try:
        pixels = np.load(path, mmap_mode="r") if path.suffix == ".npy" else _read_png(path)
        pixels = pixels if pixels.dtype.kind in "biuf" else np.full(1, np.nan)
    except Exception as error:  # numpy and matplotlib raise errors of many kinds on broken files
        raise ValueError(f"space.initial.file = '{path}' cannot be read as an image: {error}") from error
    if (
        pixels.ndim != spatial_grid.dimension
        or not pixels.size
        or not np.all(np.isfinite(pixels))
        or pixels.min() < 0
        or pixels.max() == 0
    ):
        raise ValueError(
            f"space.initial.file = '{path}' must be a {spatial_grid.dimension}-dimensional image of brightness >= 0,"
            " not all dark"
        )
    resampled = np.clip(spatial_grid.resampled(pixels, "nearest"), 0.0, None)
    return (np.flipud(resampled) if spatial_grid.dimension == 2 else resampled) / resampled.max()


def _read_png(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    pixels = imread(path)
    return pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=-1)

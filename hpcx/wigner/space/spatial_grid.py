"""The cells in space: coordinates, derivatives, interpolation, mirror symmetry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import zoom

from hpcx.units import from_internal


def in_um(length: float) -> float:
    """Return a length in the unit of messages."""
    return from_internal(length, "um")


@dataclass(frozen=True)
class SpatialGrid:
    """A box centred on the origin, cut into equal square cells (intervals in one dimension).

    Attributes:
        points: cells along y and x (along x alone in one dimension).
        width: length of the box in each direction, nm.
    """

    points: tuple[int, ...]
    width: float

    @property
    def dimension(self) -> int:
        """1 or 2."""
        return len(self.points)

    @property
    def spacing(self) -> float:
        """Length of a cell, nm."""
        return self.width / self.points[0]

    @property
    def cell(self) -> float:
        """Size of a cell, nm or nm^2."""
        return self.spacing**self.dimension

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the directions in the order of the axes of a field."""
        return ("x",) if self.dimension == 1 else ("y", "x")

    @property
    def density_unit(self) -> str:
        """Unit of densities in results."""
        return "1/um" if self.dimension == 1 else "1/um^2"

    @property
    def axis(self) -> np.ndarray:
        """Centres of the cells along one direction, nm."""
        return (np.arange(self.points[0]) - 0.5 * (self.points[0] - 1)) * self.spacing

    def coordinates(self) -> tuple[np.ndarray, ...]:
        """Return (x,) or (x, y) at all cells, nm, views of the axis; y along the first axis."""
        if self.dimension == 1:
            return (self.axis,)
        y, x = np.meshgrid(self.axis, self.axis, indexing="ij", copy=False)
        return (x, y)

    def radius_squared(self) -> np.ndarray:
        """Return r^2 of the cells, nm^2; in one dimension 2 x^2, the mean over directions of a round distribution."""
        return np.sum(np.square(self.coordinates()), axis=0) * (2 / self.dimension)

    def gradient(self, field: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the derivatives of a periodic field along x (and y), with the fourth-order scheme of `Flight`."""
        found = []
        for axis in range(field.ndim - 1, field.ndim - 1 - self.dimension, -1):
            near = np.roll(field, -1, axis) - np.roll(field, 1, axis)
            far = np.roll(field, -2, axis) - np.roll(field, 2, axis)
            found.append((8 * near - far) / (12 * self.spacing))
        return tuple(found)

    def resampled(self, field: np.ndarray, mode: str) -> np.ndarray:
        """Return a field of any size that covers the box, linearly interpolated at the cells; `mode` as in `zoom`."""
        factors = [count / size for count, size in zip(self.points, field.shape)]
        return zoom(field.astype(float), factors, order=1, grid_mode=True, mode=mode)


def is_mirror_symmetric(field: np.ndarray) -> bool:
    """Say whether a field on the grid equals its mirror images in all directions to rounding."""
    tolerance = 1e-13 * np.max(np.abs(field), initial=0.0)
    return all(np.max(np.abs(field - np.flip(field, axis))) <= tolerance for axis in range(field.ndim))

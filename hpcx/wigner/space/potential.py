"""Position-dependent energies of the valleys: analytic shapes, files, and the gradient on the spatial grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpcx.physics.valley_excitons import VALLEY_KEYS
from hpcx.units import to_internal
from hpcx.wigner.config import Landscape
from hpcx.wigner.space.spatial_grid import SpatialGrid, in_um

#: largest energy of a landscape in a file
MOST_MEV = 1000.0


def potential_energy(spatial_grid: SpatialGrid, landscape: Landscape) -> np.ndarray:
    """Return V_v (valley, *cells; eV); raises ValueError if it is not periodic in the box or a file cannot be read."""
    factor_v = np.array([getattr(landscape, f"factor_{key}") for key in VALLEY_KEYS])
    return factor_v.reshape(-1, *(1,) * spatial_grid.dimension) * _shape(spatial_grid, landscape)


def _shape(spatial_grid: SpatialGrid, landscape: Landscape) -> np.ndarray:
    """Return the energy (eV) before it is multiplied by the factors of the valleys: (*cells), or (valley, *cells)."""
    x, length, depth = spatial_grid.coordinates()[0], landscape.internal.length, landscape.internal.depth
    if landscape.kind == "cosine":
        periods = spatial_grid.width / length
        if abs(periods - round(periods)) > 1e-6 or periods < 1:
            raise ValueError(
                f"landscape.length = {landscape.length:g} um must divide space.width = {in_um(spatial_grid.width):g} um"
            )
        return -0.5 * depth * np.cos(2 * np.pi * x / length)
    if landscape.kind == "well":
        return -depth * np.exp(-sum(c**2 for c in spatial_grid.coordinates()) / length**2)
    if landscape.kind == "step":
        # up at x = 0, down again at the edge, so that the box stays periodic
        period = spatial_grid.width / (2 * np.pi)
        return 0.5 * depth * np.tanh(period / length * np.sin(x / period))
    if landscape.kind == "disorder":
        return _disorder(spatial_grid, depth, length, landscape.seed)
    if landscape.file is not None:
        return _from_file(spatial_grid, Path(landscape.file))
    return np.zeros(spatial_grid.points)


def _disorder(spatial_grid: SpatialGrid, depth: float, length: float, seed: int) -> np.ndarray:
    """Return a Gaussian random field of standard deviation `depth` and power spectrum exp(-q^2 length^2).

    Its correlation function is exp(-r^2 / (4 length^2)).
    """
    noise = np.fft.fftn(np.random.default_rng(seed).standard_normal(spatial_grid.points))
    wave_numbers = [2 * np.pi * np.fft.fftfreq(count, spatial_grid.spacing) for count in spatial_grid.points]
    squares = np.sum(np.square(np.meshgrid(*wave_numbers, indexing="ij")), axis=0)
    field = np.fft.ifftn(noise * np.exp(-0.5 * squares * length**2)).real
    field -= field.mean()
    return depth * field / field.std()


def _from_file(spatial_grid: SpatialGrid, path: Path) -> np.ndarray:
    try:
        values = np.load(path, mmap_mode="r")  # a broken header may promise more than there is
        values = values if values.dtype.kind in "biuf" else np.full(1, np.nan)
    except Exception as error:  # numpy raises errors of many kinds on broken headers
        raise ValueError(f"landscape.file = '{path}' cannot be read as a .npy array of meV: {error}") from error
    maps = values if values.ndim == spatial_grid.dimension + 1 else values[None]
    if (
        maps.ndim != spatial_grid.dimension + 1
        or len(maps) not in (1, len(VALLEY_KEYS))
        or not maps.size
        or not np.all(np.abs(np.asarray(maps, float)) <= MOST_MEV)
    ):
        raise ValueError(
            f"landscape.file = '{path}' must hold energies of at most {MOST_MEV:g} meV: a"
            f" {spatial_grid.dimension}-dimensional array, or {len(VALLEY_KEYS)} of them, one per valley, along its"
            " first axis"
        )
    return to_internal(1.0, "meV") * np.stack([spatial_grid.resampled(field, "grid-wrap") for field in maps])


def force_gradient(spatial_grid: SpatialGrid, energy_v: np.ndarray, kT: float) -> np.ndarray:
    """Return the gradient of V_v (direction, valley, *cells; eV/nm) that makes f exp(-V_v/kT) stationary."""
    cells = tuple(range(1, energy_v.ndim))
    boltzmann_v = np.exp(-(energy_v - energy_v.min(axis=cells, keepdims=True)) / kT)
    return np.stack([-kT * derivative / boltzmann_v for derivative in spatial_grid.gradient(boltzmann_v)])

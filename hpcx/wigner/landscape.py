"""A position-dependent energy of the excitons, the same in all valleys, and the drift that it causes.

The force enters as (1/hbar) grad V . grad_Q N. On energy bins it is written as a flux between neighbouring bins for the step
from harmonic m + 1 to m, which conserves the number, and as its adjoint in the Boltzmann weight for the step from m to m + 1.
With the gradient -kT exp(V/kT) D exp(-V/kT), D being the difference operator of free flight, the distribution f exp(-V/kT) is
stationary to rounding.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import zoom

from hpcx.wigner.advection import couplings, labels
from hpcx.wigner.config import Landscape
from hpcx.wigner.grid import Grid
from hpcx.wigner.lattice import Lattice
from hpcx.wigner.rates import padded

NM_PER_UM = 1e3


def potential_energy(lattice: Lattice, landscape: Landscape) -> np.ndarray:
    """Return V (meV) on the lattice; raises ValueError if it does not fit into the periodic box or a file cannot be read."""
    x, length = lattice.coordinates()[0], landscape.length * NM_PER_UM
    if landscape.kind == "cosine":
        periods = lattice.width / length
        if abs(periods - round(periods)) > 1e-6 or periods < 1:
            raise ValueError(f"landscape.length = {landscape.length:g} um must divide space.width = {lattice.width / NM_PER_UM:g} um")
        return -0.5 * landscape.depth * np.cos(2 * np.pi * x / length)
    if landscape.kind == "well":
        return -landscape.depth * np.exp(-sum(c**2 for c in lattice.coordinates()) / length**2)
    if landscape.kind == "step":
        # up at x = 0, down again at the edge, so that the box stays periodic
        return 0.5 * landscape.depth * np.tanh(lattice.width / (2 * np.pi * length) * np.sin(2 * np.pi * x / lattice.width))
    if landscape.kind == "disorder":
        return _disorder(lattice, landscape.depth, length, landscape.seed)
    if landscape.kind == "file":
        return _from_file(lattice, Path(landscape.file))
    return np.zeros(lattice.points)


def _disorder(lattice: Lattice, depth: float, length: float, seed: int) -> np.ndarray:
    """Gaussian random field of standard deviation `depth` and correlation exp(-r^2 / (2 length^2))."""
    noise = np.fft.fftn(np.random.default_rng(seed).standard_normal(lattice.points))
    squares = 0.0
    for axis, count in enumerate(lattice.points):
        shape = [1] * lattice.dimension
        shape[axis] = count
        squares = squares + (2 * np.pi * np.fft.fftfreq(count, lattice.spacing)).reshape(shape) ** 2
    field = np.fft.ifftn(noise * np.exp(-0.5 * squares * length**2)).real
    field -= field.mean()
    return depth * field / field.std()


def _from_file(lattice: Lattice, path: Path) -> np.ndarray:
    try:
        values = np.load(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"landscape.file = '{path}' cannot be read as a .npy array of meV: {error}") from error
    if values.ndim != lattice.dimension or not np.all(np.isfinite(values)):
        raise ValueError(f"landscape.file = '{path}' must hold a {lattice.dimension}-dimensional array of finite energies in meV")
    factors = [count / size for count, size in zip(lattice.points, values.shape)]
    return zoom(values.astype(float), factors, order=1, grid_mode=True, mode="grid-wrap")


def force_gradient(lattice: Lattice, energy: np.ndarray, kT: float) -> np.ndarray:
    """Return the gradient of V (direction, *lattice; meV/nm) for which f exp(-V/kT) is stationary on the lattice."""
    boltzmann = np.exp(-(energy - energy.min()) / kT)
    return np.stack([-kT * derivative / boltzmann for derivative in lattice.gradient(boltzmann)])


class Drift:
    """(1/hbar) grad V . grad_Q of the state of a block of cells.

    Args:
        grid: energy bins.
        masses_v: masses of the valleys.
        gradient: (direction, cell) of this rank's cells, meV/nm.
        harmonics, dimension: of the state.
    """

    def __init__(self, grid: Grid, masses_v: np.ndarray, gradient: np.ndarray, harmonics: int, dimension: int) -> None:
        table, harmonic_k = couplings(harmonics, dimension), labels(harmonics, dimension)
        self._integers = np.array([(c.target, c.source, c.direction) for c in table])
        self._factors = np.array([c.factor for c in table])
        bands = [_bands(grid, masses_v, harmonic_k[c.target], harmonic_k[c.source]) for c in table]
        self._bands = np.pad(np.array(bands), ((0, 0), (0, 0), (0, padded(grid.size) - grid.size)))
        self._gradient = gradient

    def add(self, state: np.ndarray, out: np.ndarray) -> None:
        """Add the drift of `state` [cell, component, value] to `out`."""
        _compiled()(state, out, self._integers, self._factors, self._bands, self._gradient)


def longest_drift_step(grid: Grid, masses_v: np.ndarray, gradient: np.ndarray) -> float:
    """Return the longest step (ps) in which no exciton drifts across more than about a bin."""
    speeds = [np.sqrt(2 * grid.edges[1:] / mass) / np.diff(grid.edges) for mass in masses_v]
    fastest = float(np.max(speeds) * np.max(np.sqrt(np.sum(gradient**2, axis=0)), initial=0.0))
    return 1.0 / fastest if fastest > 0 else np.inf


def _bands(grid: Grid, masses_v: np.ndarray, target: int, source: int) -> np.ndarray:
    """Return the lower, middle and upper diagonals (3, bins of all valleys) of the step from harmonic `source` to `target`."""
    found = []
    for valley, mass in enumerate(masses_v):
        bins = slice(valley * grid.bins, (valley + 1) * grid.bins)
        lowering = _lowering(grid.edges, float(mass), min(target, source))
        if target < source:
            found.append(lowering)
        else:
            found.append(_raising(lowering, grid.weight_i[bins], grid.velocity_i[bins], grid.kT))
    return np.concatenate(found, axis=1)


def _lowering(edges: np.ndarray, mass: float, harmonic: int) -> np.ndarray:
    """The step from m + 1 to m: d_E (u a) as a flux through the bin edges, plus m u / (2E) integrated over the bin."""
    width, speed = np.diff(edges), np.sqrt(2 * edges / mass)
    below = np.zeros(len(edges))
    above = np.zeros(len(edges))
    inner = slice(1, -1)
    both = width[:-1] + width[1:]
    below[inner] = speed[inner] * width[1:] / both / width[:-1]
    above[inner] = speed[inner] * width[:-1] / both / width[1:]
    middle = below[1:] - above[:-1] + harmonic * np.diff(speed) / width
    return np.stack([-below[:-1], middle, above[1:]])


def _raising(lowering: np.ndarray, weight: np.ndarray, velocity: np.ndarray, kT: float) -> np.ndarray:
    """The step from m to m + 1: -u/kT minus the transpose of the step down in the Boltzmann weight."""
    lower, middle, upper = lowering
    raised_lower, raised_upper = np.zeros_like(lower), np.zeros_like(upper)
    raised_lower[1:] = -weight[1:] * upper[:-1] / weight[:-1]
    raised_upper[:-1] = -weight[:-1] * lower[1:] / weight[1:]
    return np.stack([raised_lower, -velocity / kT - middle, raised_upper])


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """Compile the loop on first use."""
    from numba import njit

    @njit(fastmath={"reassoc", "contract", "nsz"})
    def add(state, out, integers, factors, bands, gradient):
        size = state.shape[2]
        for cell in range(state.shape[0]):
            for entry in range(factors.size):
                target, source, direction = integers[entry]
                factor = factors[entry] * gradient[direction, cell]
                if factor == 0.0:
                    continue
                line = state[cell, source]
                for i in range(1, size - 1):
                    drift = bands[entry, 0, i] * line[i - 1] + bands[entry, 1, i] * line[i] + bands[entry, 2, i] * line[i + 1]
                    out[cell, target, i] += factor * drift
                out[cell, target, 0] += factor * (bands[entry, 1, 0] * line[0] + bands[entry, 2, 0] * line[1])

    return add

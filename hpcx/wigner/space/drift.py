"""Drift of excitons in position-dependent energies of the valleys.

The force enters as (1/hbar) grad V . grad_Q N. The coupling from harmonic m + 1 to m is a flux between neighbouring
energy bins, which conserves the particle number. The coupling from m to m + 1 is its adjoint with respect to the
Boltzmann weight. With the gradient -kT exp(V/kT) D exp(-V/kT), D being the difference operator of free flight, the
distribution f exp(-V/kT) is stationary to rounding.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from hpcx.wigner.energy_grid import Grid
from hpcx.wigner.rates import padded
from hpcx.wigner.space.advection import couplings, labels


class Drift:
    """(1/hbar) grad V_v . grad_Q of the state of a block of cells.

    Args:
        grid: energy bins.
        masses_v: masses of the valleys.
        gradient: (direction, valley, cell) of this rank's cells, eV/nm.
        harmonics, dimension: of the state.
    """

    def __init__(self, grid: Grid, masses_v: np.ndarray, gradient: np.ndarray, harmonics: int, dimension: int) -> None:
        self._integers, self._factors = couplings(harmonics, dimension)
        harmonic_k = labels(harmonics, dimension)
        bands = [_bands(grid, masses_v, harmonic_k[target], harmonic_k[source]) for target, source, _ in self._integers]
        self._bands = np.pad(np.array(bands), ((0, 0), (0, 0), (0, padded(grid.size) - grid.size)))
        self._gradient = np.ascontiguousarray(gradient)
        self._bins = grid.bins

    def add(self, state: np.ndarray, out: np.ndarray) -> None:
        """Add the drift of `state` [cell, component, value] to `out`."""
        _compiled()(state, out, self._integers, self._factors, self._bands, self._gradient, self._bins)


def longest_drift_step(edges: np.ndarray, masses_v: np.ndarray, gradient: np.ndarray) -> float:
    """Return the longest step (fs) in which excitons drift by at most about one bin; gradient as for `Drift`, edges
    in eV.
    """
    speed_v = np.array([np.max(np.sqrt(2 * edges[1:] / mass) / np.diff(edges)) for mass in masses_v])
    force_v = np.sqrt(np.sum(gradient**2, axis=0)).reshape(len(speed_v), -1).max(axis=1)
    fastest = float(np.max(speed_v * force_v))
    return 1.0 / fastest if fastest > 0 else np.inf


def _bands(grid: Grid, masses_v: np.ndarray, target: int, source: int) -> np.ndarray:
    """Return the lower, middle and upper diagonals (3, bins of all valleys) of the coupling from harmonic `source` to
    `target`.
    """
    found = []
    for valley, mass in enumerate(masses_v):
        bands, bins = _lowering(grid.edges, float(mass), min(target, source)), grid.bins_of(valley)
        if target > source:
            bands = _raising(bands, grid.weight_i[bins], grid.velocity_i[bins], grid.kT)
        found.append(bands)
    return np.concatenate(found, axis=1)


def _lowering(edges: np.ndarray, mass: float, harmonic: int) -> np.ndarray:
    """Return the coupling from m + 1 to m: d_E (u a) as a flux through the bin edges, plus m u / (2E) over the bin."""
    width, speed = np.diff(edges), np.sqrt(2 * edges / mass)
    mean_speed = speed[1:-1] / (width[:-1] + width[1:])
    below = np.pad(mean_speed * width[1:] / width[:-1], 1)
    above = np.pad(mean_speed * width[:-1] / width[1:], 1)
    middle = below[1:] - above[:-1] + harmonic * np.diff(speed) / width
    return np.stack([-below[:-1], middle, above[1:]])


def _raising(lowering: np.ndarray, weight: np.ndarray, velocity: np.ndarray, kT: float) -> np.ndarray:
    """Return the coupling from m to m + 1: -u/kT minus the adjoint of `lowering` for the Boltzmann weight."""
    lower, middle, upper = lowering
    raised_lower = np.pad(-weight[1:] * upper[:-1] / weight[:-1], (1, 0))
    raised_upper = np.pad(-weight[:-1] * lower[1:] / weight[1:], (0, 1))
    return np.stack([raised_lower, -velocity / kT - middle, raised_upper])


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """Compile the loop on first use."""
    from numba import njit

    @njit(fastmath={"reassoc", "contract", "nsz"})
    def add(state, out, integers, factors, bands, gradient, bins):
        """Add the drift, valley by valley: it does not couple the valleys."""
        for cell in range(state.shape[0]):
            for entry in range(factors.size):
                target, source, direction = integers[entry]
                line = state[cell, source]
                for valley in range(gradient.shape[1]):
                    factor = factors[entry] * gradient[direction, valley, cell]
                    if factor == 0.0:
                        continue
                    first = valley * bins
                    for i in range(first + 1, first + bins):
                        drift = (
                            bands[entry, 0, i] * line[i - 1]
                            + bands[entry, 1, i] * line[i]
                            + bands[entry, 2, i] * line[i + 1]
                        )
                        out[cell, target, i] += factor * drift
                    out[cell, target, first] += factor * (
                        bands[entry, 1, first] * line[first] + bands[entry, 2, first] * line[first + 1]
                    )

    return add

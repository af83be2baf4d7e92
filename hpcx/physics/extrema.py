"""Valleys that symmetry does not place: extrema of a band of a tight-binding model, and of energies on the zone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from hpcx.physics.tightbinding import TightBinding

#: points of a line on which a minimum is looked for, and precision of what is found there, in fractions of the
#: reciprocal vectors
_POINTS, _PRECISION = 401, 1e-9
#: how far from the line's minimum, relative to the line, that of the plane may be
_NEAR = 0.1
#: most minima of a mesh between whose points a lower one is looked for, and precision there (fractions, eV)
_MINIMA, _BETWEEN = 12, {"xatol": 1e-6, "fatol": 1e-10}
#: steps to the neighbours of a mesh point
_AROUND = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))


def minimum_between(model: TightBinding, band: int, first_v: np.ndarray, last_v: np.ndarray) -> np.ndarray:
    """Return the minimum (2,) of a band (0 is the lowest) next to its lowest one inside a line;
    all in fractions of the reciprocal vectors.

    Raises ValueError if the band has no minimum there; a saddle point is none.
    """
    share_p = np.linspace(0, 1, _POINTS)
    line_pv = np.asarray(first_v) + share_p[:, None] * (np.asarray(last_v) - first_v)
    energy_p = model.energies(line_pv @ model.reciprocal_vx)[:, band]
    inside = np.flatnonzero((energy_p[1:-1] < energy_p[:-2]) & (energy_p[1:-1] <= energy_p[2:])) + 1
    if not len(inside):
        raise ValueError(f"band {band + 1} has no minimum on this line")
    start_v = line_pv[inside[np.argmin(energy_p[inside])]]
    simplex = start_v + np.array([[0, 0], [1, 0], [0, 1]]) * np.abs(np.asarray(last_v) - first_v).max() / _POINTS
    options = {"initial_simplex": simplex, "xatol": _PRECISION, "fatol": 1e-14}
    found = minimize(
        lambda v: model.energies(v[None] @ model.reciprocal_vx)[0, band], start_v, method="Nelder-Mead", options=options
    )
    if np.abs(found.x - start_v).max() > _NEAR * np.abs(np.asarray(last_v) - first_v).max():
        raise ValueError(f"band {band + 1} has a saddle point on this line, and no minimum")
    return found.x


def free_pair(model: TightBinding, occupied: int, pair_momentum_x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the lowest e_c(k+Q) - e_v(k), eV, as a function of k in fractions of the reciprocal vectors (k, 2)."""

    def energy(fraction_kv: np.ndarray) -> np.ndarray:
        """Return the energies (k,), eV."""
        hole_kx = fraction_kv @ model.reciprocal_vx
        return model.energies(hole_kx + pair_momentum_x)[:, occupied] - model.energies(hole_kx)[:, occupied - 1]

    return energy


def minimum_between_points(
    energy: Callable[[np.ndarray], np.ndarray], energy_ij: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the lowest value (eV) of a smooth function on the zone, and where it is (2,), in fractions.

    Args:
        energy: returns the values at fractions of the reciprocal vectors (k, 2).
        energy_ij: its values on the mesh (i b1 + j b2) / N, (N, N). A true minimum is not farther below that of the
            mesh than the mean of the neighbours is above it, if it is a paraboloid: those that cannot win are left out.
    """
    n = len(energy_ij)
    around_sij = np.stack([np.roll(energy_ij, step, (0, 1)) for step in _AROUND])
    least_ij = 2 * energy_ij - around_sij.mean(axis=0)
    index_mx = np.argwhere((energy_ij <= around_sij.min(axis=0)) & (least_ij <= energy_ij.min()))
    index_mx = index_mx[np.argsort(energy_ij[tuple(index_mx.T)], kind="stable")][:_MINIMA]
    simplex_sv = np.array([[0, 0], [1, 0], [0, 1]]) / (2 * n)
    found = [
        minimize(
            lambda v: energy(v[None])[0],
            index / n,
            method="Nelder-Mead",
            options={"initial_simplex": index / n + simplex_sv} | _BETWEEN,
        )
        for index in index_mx
    ]
    best = min(found, key=lambda one: one.fun)
    return float(best.fun), best.x

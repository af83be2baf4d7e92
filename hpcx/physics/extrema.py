"""Valleys that symmetry does not place: extrema of a band of a tight-binding model."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from hpcx.physics.tightbinding import TightBinding

#: points of a line on which a minimum is looked for, and precision of what is found there, in fractions of the
#: reciprocal vectors
_POINTS, _PRECISION = 401, 1e-9
#: how far from the line's minimum, relative to the line, that of the plane may be
_NEAR = 0.1


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

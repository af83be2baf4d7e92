"""Enabled mechanisms that have no effect, and why."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import dijkstra

from hpcx.valley.config import Config
from hpcx.valley.rates import Rates


def idle_mechanisms(config: Config, rates: Rates, formation_nj: np.ndarray) -> dict[str, str]:
    """Return the enabled mechanisms without effect, with the reason."""
    formed = (formation_nj > 0).any(axis=1)
    steps = dijkstra(rates.total().T, indices=np.flatnonzero(formed), unweighted=True, min_only=True)
    reached = np.isfinite(steps)  # cells that excitons reach from those in which they are formed
    idle = {}
    for name, rate_fi in rates.matrices.items():
        if rate_fi.nnz == 0:
            idle[name] = "all its rates are zero"
        elif not formed.any():
            idle[name] = "no phonon turns the polarisation into population"
        elif not (rate_fi @ reached).any():
            idle[name] = "no population reaches its initial states"
    if config.mechanisms.dexter_coherent and config.dexter.constant == 0:
        idle["dexter_coherent"] = "dexter.constant is zero"
    return idle

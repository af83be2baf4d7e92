"""What a user should know about a set of mechanisms: which of them cannot act, and why."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import dijkstra

from hpcx.valley.config import Config
from hpcx.valley.rates import Rates


def idle_mechanisms(config: Config, rates: Rates, formation_nj: np.ndarray) -> dict[str, str]:
    """Return the enabled mechanisms that cannot act in this set, with the reason."""
    formed = (formation_nj > 0).any(axis=1)
    reached = (
        np.isfinite(dijkstra(rates.total().T, indices=np.flatnonzero(formed), unweighted=True, min_only=True))
        if formed.any()
        else formed
    )
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

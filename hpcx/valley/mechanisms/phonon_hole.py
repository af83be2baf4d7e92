"""Zone-edge phonons that move the hole between K and K' (between the A and the B branch); the electron stays.

Source: as for electrons. The hole releases about 0.47 eV, more than the binding energy, so the final relative motion is not the
1s state alone: the form factor is one, which is closure over the states of the relative motion (`approximation.hole_closure`).
Conserves: both spins, the electron; the Boltzmann distribution is stationary.
Open: the closure. With the 1s form factor holes of the B branch live for picoseconds and a seventh of all holes stays there.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.phonon_kernel import Channel, form_factors, grouped_emission, hole_share, phonon_matrix
from hpcx.valley.problem import Problem
from hpcx.valley.species import Species

NAME = "h:K-K'"


def matrix(problem: Problem, config: Config) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs."""
    numbered = list(enumerate(problem.species))
    channels = [Channel(i, f, NAME) for i, a in numbered for f, b in numbered if _coupled(a, b)]
    closure = config.approximation.hole_closure
    return phonon_matrix(problem, channels, lambda channel: _emission(problem, channel, closure))


def _coupled(a: Species, b: Species) -> bool:
    return a.electron == b.electron and a.hole.spin == b.hole.spin and a.hole.valley != b.hole.valley


def _emission(problem: Problem, channel: Channel, closure: bool) -> np.ndarray:
    a, b = problem.species[channel.initial], problem.species[channel.final]
    cells = problem.grid.cells
    form_squared = np.ones((cells, cells, 1))
    if not closure:
        form_squared = np.mean(form_factors(problem, a, b, hole_share) ** 2, axis=-1, keepdims=True)
    return grouped_emission(problem, channel.initial, channel.final, problem.parameters.zone_edge[NAME], form_squared)

"""Zone-edge phonons that move the hole between K and K' (between the A and the B branch); the electron stays.

Source: as for electrons. The hole releases about 0.47 eV, more than the binding energy, so that many states of the
relative motion are final states: the form factor is one by closure over them (`approximation.hole_closure`).
Conserves: both spins, the electron; the Boltzmann distribution is stationary.
Open questions: the closure. With the 1s form factor, holes of the B branch live for picoseconds, and a seventh of all
holes stays there.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.phonon_kernel import SpeciesPair, form_factors, grouped_emission, hole_share, phonon_matrix
from hpcx.valley.problem import Problem

NAME = "h:K-K'"


def matrix(problem: Problem, config: Config) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs."""
    pairs = [SpeciesPair(i, f, NAME) for i in range(len(problem.species)) for f in partners(problem, i)]
    closure = config.approximation.hole_closure
    return phonon_matrix(
        problem, pairs, lambda c: emission(problem, c.initial, c.final, form_squared(problem, c, closure))
    )


def partners(problem: Problem, index: int) -> list[int]:
    """Return the species that differ from a given one by the valley of the hole."""
    a = problem.species[index]
    return [
        i
        for i, b in enumerate(problem.species)
        if a.electron == b.electron and a.hole.spin == b.hole.spin and a.hole.valley != b.hole.valley
    ]


def form_squared(problem: Problem, pair: SpeciesPair, closure: bool) -> np.ndarray:
    """Return the squared form factor (cells, cells, 1) of the relative motion,
    averaged over angles; one with `closure`.
    """
    if closure:
        return np.ones((problem.grid.cells, problem.grid.cells, 1))
    a, b = problem.species[pair.initial], problem.species[pair.final]
    return np.mean(form_factors(problem, a, b, hole_share) ** 2, axis=-1, keepdims=True)


def emission(problem: Problem, initial: int, final: int, form_squared: np.ndarray) -> np.ndarray:
    """Return the emission rates (cells of `final`, cells of `initial`) in 1/fs."""
    return grouped_emission(problem, initial, final, problem.parameters.zone_edge[NAME], form_squared)

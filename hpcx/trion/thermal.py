"""Resident carriers in thermal equilibrium: an average over their momentum."""

from __future__ import annotations

import numpy as np

from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.trion.problem import TrionProblem
from hpcx.trion.symmetry import largest

#: share of the population that may be left out
_TAIL = 1e-5


def boltzmann_points(problem: TrionProblem, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return initial points of the resident carrier and their probabilities at a temperature in K.

    Points that the symmetry of the problem makes equivalent are represented by one of them. The least likely ones, one
    part in 1e5 together, are left out, and the others' probabilities add up to 1.
    """
    if temperature == 0:
        return np.array([0]), np.array([1.0])
    orbit_k = problem.mesh.point_group(largest(problem))[0].min(axis=0)
    return likely_points(problem.resident.energy_k, orbit_k, temperature)


def likely_points(energy_k: np.ndarray, orbit_k: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the initial points, one of each orbit,
    and their probabilities for energies (n,) in eV and a temperature in K.
    """
    factor_k = np.exp(-energy_k / (BOLTZMANN_EV_PER_K * temperature))
    probability_k = np.bincount(orbit_k, factor_k / factor_k.sum(), minlength=len(energy_k))
    order = np.argsort(-probability_k, kind="stable")
    missing = 1 - np.cumsum(probability_k[order])
    points = np.sort(order[: int(np.argmax(missing < _TAIL)) + 1])
    return points, probability_k[points] / probability_k[points].sum()

"""Pauli blocking of the probed transitions by the electrons and holes of the pumped excitons.

D_i = [delta(hole) B(m_h Q / M) + delta(electron) B(m_e Q / M)] with B the overlap of the probed 1s function with the
occupied relative motion (Dogadov et al. 2025, Eqs. 3 and 7), per unit oscillator strength and averaged over energy.
"""

from __future__ import annotations

import numpy as np

from hpcx.valley.problem import Problem
from hpcx.valley.species import Species

#: probed transitions at K, by the kind of their hole
TRANSITIONS = ("A", "B")


def probed_species(problem: Problem) -> list[int]:
    """Return the indices of the bright A and B species at K, which a sigma+ probe sees."""
    at_k = [index for index, s in enumerate(problem.species) if s.bright and s.hole.valley == "K"]
    return sorted(at_k, key=lambda index: TRANSITIONS.index(problem.species[index].hole.kind))


def bleaching_in(problem: Problem) -> np.ndarray:
    """Return D (transition, size), nm^2 per particle."""
    probes = [problem.species[index] for index in probed_species(problem)]
    return np.array([np.ravel([_one(probe, s, problem.grid.momentum) for s in problem.species]) for probe in probes])


def coherent_bleaching_ij(problem: Problem, bright: list[int]) -> np.ndarray:
    """Return D at zero momentum for the species `bright` (transition, bright), nm^2 per particle."""
    species, zero = problem.species, np.zeros(1)
    return np.array([[_one(species[i], species[j], zero)[0] for j in bright] for i in probed_species(problem)])


def _one(probe: Species, occupant: Species, momentum: np.ndarray) -> np.ndarray:
    bleaching = np.zeros_like(momentum)
    if occupant.hole == probe.hole:
        bleaching += probe.state.blocked_overlap(occupant.state, occupant.hole_mass / occupant.mass * momentum)
    if occupant.electron == probe.electron:
        bleaching += probe.state.blocked_overlap(occupant.state, occupant.electron_mass / occupant.mass * momentum)
    return bleaching

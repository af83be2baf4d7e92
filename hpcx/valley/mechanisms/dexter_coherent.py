"""Couplings of the coherent polarisations: Dexter between A and B of opposite valleys,
short-range exchange within a valley.

Source: Bernal-Villamil et al., 2D Mater. 5, 025011 (2018); Berghaeuser et al., Nat. Commun. 9, 971 (2018); Guo et al.,
Nat. Phys. 15, 228 (2019) for A-B mixing within a valley.
Conserves: |P|^2 (the couplings are Hermitian); Dexter conserves both spins.
Open questions: long-range exchange vanishes at the momentum of light, so it has no coherent effect at normal incidence;
the size of the short-range part is a guess, and it is off by default. At detunings of 0.4 eV both couplings only admix
the other exciton.
"""

from __future__ import annotations

import numpy as np

from hpcx.valley.config import Config
from hpcx.valley.problem import Problem
from hpcx.valley.species import Species


def coupling_jj(problem: Problem, config: Config, bright: list[int]) -> np.ndarray:
    """Return the Hermitian couplings between the polarisations of the species `bright` (bright, bright), eV."""
    return np.array([[_element(config, problem.species[a], problem.species[b]) for b in bright] for a in bright])


def _element(config: Config, first: Species, second: Species) -> float:
    if first.hole.kind == second.hole.kind:
        return 0.0
    if first.hole.valley == second.hole.valley:
        return config.internal.mechanisms.exchange_short_range
    active = config.mechanisms.dexter_coherent and first.hole.spin == second.hole.spin
    return config.internal.dexter.constant * first.state.contact * second.state.contact if active else 0.0

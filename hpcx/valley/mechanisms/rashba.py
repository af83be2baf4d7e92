"""Rashba mixing: a field across the layer mixes the two spin branches of an electron,
hence spin-bright and spin-dark excitons.

H = alpha (k_x s_y - k_y s_x) acts on the electron, whose share of a pair momentum Q is (m_e / M) Q; the relative motion
of two s states adds nothing on average. So the element is alpha (m_e / M) Q <1s|1s'>, with the mean of both species'
shares: linear in Q, with a phase that turns once with the direction of Q.
Source: Ochoa and Roldan, PRB 87, 245421 (2013); Kormanyos et al., PRX 4, 011034 (2014).
Conserves: particles, holes, the valley of the electron; the Boltzmann distribution is stationary. Changes the spin by
one. Open: the strength, which the substrate and gates decide; mirror-odd phonons would add to it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.phonon_kernel import hole_share
from hpcx.valley.problem import Problem
from hpcx.valley.transfer_kernel import Pair, transfer_matrix


def pairs(problem: Problem, coupling: float) -> list[Pair]:
    """Return the pairs of species that differ by the spin of their electron at K or K' alone,
    for a `coupling` in eV nm.
    """
    found = []
    for i, a in enumerate(problem.species):
        for f, b in enumerate(problem.species[:i]):
            if a.hole == b.hole and a.electron.valley == b.electron.valley and a.electron.spin != b.electron.spin:
                share = 0.5 * (hole_share(a) + hole_share(b))  # m_e / M
                element = coupling * share * float(a.state.form_factor(b.state, np.zeros(1))[0])
                found.append(Pair(i, f, element * problem.grid.momentum))
    return found


def matrix(problem: Problem, config: Config, phonon_out: np.ndarray) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs; `phonon_out` are the out-rates by phonons (size,) that dephase."""
    return transfer_matrix(
        problem, config, pairs(problem, config.internal.spin_flip.rashba), phonon_out, detailed_balance=True
    )

"""Rashba mixing of the spin branches of an electron, hence of spin-bright and spin-dark excitons, by a normal field.

H = alpha (k_x s_y - k_y s_x) acts on the electron, whose part of a pair momentum Q is (m_e / M) Q; the relative motion
between two s states contributes nothing. The matrix element is alpha (m_e / M) Q <1s|1s'>, with m_e / M averaged over
both species, and a phase that winds once with the direction of Q.
Source: Ochoa and Roldan, PRB 87, 245421 (2013); Kormanyos et al., PRX 4, 011034 (2014).
Conserves: particles, holes, the valley of the electron; the Boltzmann distribution is stationary. Changes the spin by
one. Open questions: the strength, which depends on substrate and gates; mirror-odd phonons would add to it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.phonon_kernel import hole_share
from hpcx.valley.problem import Problem
from hpcx.valley.transfer_kernel import Pair, transfer_matrix


def pairs(problem: Problem, coupling: float) -> list[Pair]:
    """Return the pairs of species that differ only in the spin of their electron, for a `coupling` in eV nm."""
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

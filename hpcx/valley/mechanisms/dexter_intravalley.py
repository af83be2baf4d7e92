"""Dexter transfer between A of one valley and B of the other: hole and electron both change the valley.

Source: Bernal-Villamil et al., 2D Mater. 5, 025011 (2018); Berghaeuser et al., Nat. Commun. 9, 971 (2018).
Conserves: particles, both spins, crystal momentum; with the kernel "detailed-balance" the Boltzmann distribution is
stationary too.
Open questions: the two states differ by 0.4 eV, far more than their width, so that the Lorentzian kernel populates the
upper one without conserving energy; the constant is calibrated.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.dexter import dexter_matrix
from hpcx.valley.problem import Problem
from hpcx.valley.transfer_kernel import contact_pairs


def matrix(problem: Problem, config: Config, phonon_out: np.ndarray) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs; `phonon_out` are the out-rates by phonons (size,) that dephase."""
    pairs = contact_pairs(problem, config.internal.dexter.constant, (("K", "K"), ("K'", "K'")))
    return dexter_matrix(problem, config, pairs, phonon_out)

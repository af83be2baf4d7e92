"""Dexter transfer between momentum-dark excitons: (hole K, electron K') and (hole K', electron K), spins kept.

Source: Dogadov, Mittenzwey et al., npj 2D Mater. Appl. (2025), doi 10.1038/s41699-025-00653-2. It transfers excitons
out of the lowest dark state; hole scattering then brings them to the bright A exciton, which is subject to exchange.
Conserves: particles and both spins; with the kernel "detailed-balance" the Boltzmann distribution is stationary too.
Open questions: the total crystal momentum changes by K modulo a reciprocal vector, which a two-body interaction does
not allow; and the states differ by 0.5 eV, so that the rate comes from the tail of a Lorentzian. With detailed balance
the uphill rate is exp(-0.504 eV / kT) times the downhill rate, 1e-33 at 77 K and 3e-9 at 300 K. There remains the
second-order mixing of both states (kernel "phonon-assisted"), which gives a small fraction of the electron-phonon rates
between the same states.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.dexter import dexter_matrix
from hpcx.valley.problem import Problem
from hpcx.valley.transfer_kernel import contact_pairs

#: valleys of hole and electron of the two species
VALLEYS = (("K", "K'"), ("K'", "K"))


def matrix(problem: Problem, config: Config, phonon_out: np.ndarray) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs; `phonon_out` are the out-rates by phonons (size,) that dephase."""
    constant = config.dexter.dark_ratio * config.internal.dexter.constant
    return dexter_matrix(problem, config, contact_pairs(problem, constant, VALLEYS), phonon_out)

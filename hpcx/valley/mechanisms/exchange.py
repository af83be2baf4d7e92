"""Long-range electron-hole exchange: a bright exciton of one valley becomes one of the other, both spins flip.

J_Q = e^2 / (2 eps0 kappa) (a t / E_g)^2 phi_a(0) phi_b(0) Q exp(2 i theta): linear in Q, zero at Q = 0.
Source: Maialle, de Andrada e Silva, Sham, PRB 47, 15776 (1993); Yu and Wu, PRB 89, 205303 (2014); Selig et al., Phys.
Rev. Research 2, 022007 (2020).
Conserves: particles and energy (in a magnetic field, which splits the pairs, the Boltzmann distribution is stationary).
Changes the spin by two. Absent for momentum-dark excitons, which therefore keep their valley polarisation.
Open questions: screening by the surroundings only (that of the layer would weaken it up to threefold at large Q); the
short-range part is left out.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.physics.constants import COULOMB
from hpcx.valley.config import Config
from hpcx.valley.problem import Problem
from hpcx.valley.transfer_kernel import Pair, transfer_matrix


def pairs(problem: Problem) -> list[Pair]:
    """Return the pairs of bright species that are each other's mirror image, with |J_Q| (cells,) in eV."""
    p = problem.parameters
    kappa = float(p.interaction.dielectric_function(0.0))
    slope_i = 2.0 * np.pi * COULOMB / kappa * (p.velocity / p.dipole_gap) ** 2 * problem.grid.momentum
    return [
        Pair(index, image, slope_i * problem.species[index].state.contact ** 2)
        for index, image in enumerate(problem.mirror)
        if index < image and problem.species[index].bright
    ]


def matrix(problem: Problem, config: Config, phonon_out: np.ndarray) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs; `phonon_out` are the out-rates by phonons (size,) that dephase."""
    return transfer_matrix(problem, config, pairs(problem), phonon_out, detailed_balance=True)

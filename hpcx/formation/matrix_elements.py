"""Couplings between excitons and light: Pauli blocking, bleaching by populations, the 1s Hartree-Fock shift.

Derived from the two-band electron-hole Hamiltonian in the coherent limit. Blocking by a polarisation has a factor 2,
for electron and hole; bleaching by a population has half of it (Trovatello et al., Eq. 2).
"""

from __future__ import annotations

import numpy as np

from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.wannier_radial import WannierStates


def printed_bleaching(states: WannierStates) -> np.ndarray:
    """Return sum_k phi_f(k) |phi_s(k)|^2 (nm) as `bleaching_fs`: how much state s reduces the dipole moment of f."""
    return (states.phi_lk * states.grid.weight_k) @ (states.phi_lk**2).T


def plane_wave_bleaching(states: WannierStates) -> np.ndarray:
    """Return the bleaching (nm) with unbound states s replaced by plane waves: phi_f(k_s) in an infinite area.

    For unbound states the printed integral has an error of the order of the inverse box radius. Their density in an
    infinite area is a delta function at k_s = sqrt(2 mu e_s) / hbar.
    """
    bleaching_fs = printed_bleaching(states)
    unbound = states.energy_l > 0
    momentum_s = np.sqrt(2 * states.reduced_mass * states.energy_l[unbound] / HBAR2_PER_M0)
    bleaching_fs[:, unbound] = [np.interp(momentum_s, states.grid.k_k, phi_k) for phi_k in states.phi_lk]
    return bleaching_fs


def hartree_fock_1s(states: WannierStates) -> float:
    """Return V_1s1s1s1s (eV nm^2): vertex correction less exchange self-energy; positive, a blue shift."""
    weight_k, phi_k = states.grid.weight_k, states.phi_lk[0]
    dressed_k = states.coulomb_kk @ (weight_k * phi_k)
    density_k = states.coulomb_kk @ (weight_k * phi_k**2)
    return float(2 * (weight_k * phi_k**2) @ (phi_k * dressed_k - density_k))

"""The three-band model of monolayer MX2 by Liu, Shan, Yao, Yao, Xiao, PRB 88, 085433 (2013):
d_z2, d_xy, d_x2-y2 of the metal.

Hoppings to nearest neighbours (their Eqs. 8-13), spin-orbit coupling on the metal (Eqs. 23-25). One spin at a time: the
other one is the time-reversed partner.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hpcx.physics.lattice import integer_pairs
from hpcx.physics.tightbinding import TightBinding

#: names of the numbers of the model in the order of its table II
PARAMETERS = ("e1", "e2", "t0", "t1", "t2", "t11", "t12", "t22")
#: mesh on which H(k) is transformed to H(R): nearest neighbours do not alias
_MESH = 4


def three_band_model(
    lattice_constant: float, parameters: Mapping[str, float], spin_orbit: float, spin: int
) -> TightBinding:
    """Return the model of one spin; a in nm, parameters and lambda in eV, spin +1 or -1."""
    lattice_vx = lattice_constant * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    reciprocal_vx = 2 * np.pi * np.linalg.inv(lattice_vx).T
    fraction_kv = integer_pairs(range(_MESH), range(_MESH)) / _MESH
    h_kij = _hamiltonian(fraction_kv @ reciprocal_vx * lattice_constant, parameters)
    h_kij[:, 1, 2] += 1j * spin * spin_orbit
    h_kij[:, 2, 1] -= 1j * spin * spin_orbit
    cell_rv = integer_pairs(range(-1, 2), range(-1, 2))
    phase_rk = np.exp(-2j * np.pi * cell_rv @ fraction_kv.T) / len(fraction_kv)
    return TightBinding(lattice_vx, cell_rv, np.einsum("rk,kij->rij", phase_rk, h_kij), np.zeros((3, 3)))


def _hamiltonian(reduced_kx: np.ndarray, given: Mapping[str, float]) -> np.ndarray:
    """Return H without spin at momenta times the lattice constant, (k, 2); (k, 3, 3), eV."""
    e1, e2, t0, t1, t2, t11, t12, t22 = (given[name] for name in PARAMETERS)
    alpha, beta = reduced_kx[:, 0] / 2, np.sqrt(3) / 2 * reduced_kx[:, 1]
    ca, sa, cb, sb, c2a = np.cos(alpha), np.sin(alpha), np.cos(beta), np.sin(beta), np.cos(2 * alpha)
    h = np.empty((len(alpha), 3, 3), complex)
    h[:, 0, 0] = 2 * t0 * (c2a + 2 * ca * cb) + e1
    h[:, 0, 1] = -2 * np.sqrt(3) * t2 * sa * sb + 2j * t1 * (np.sin(2 * alpha) + sa * cb)
    h[:, 0, 2] = 2 * t2 * (c2a - ca * cb) + 2j * np.sqrt(3) * t1 * ca * sb
    h[:, 1, 1] = 2 * t11 * c2a + (t11 + 3 * t22) * ca * cb + e2
    h[:, 2, 2] = 2 * t22 * c2a + (3 * t11 + t22) * ca * cb + e2
    h[:, 1, 2] = np.sqrt(3) * (t22 - t11) * sa * sb + 4j * t12 * sa * (ca - cb)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        h[:, j, i] = h[:, i, j].conj()
    return h

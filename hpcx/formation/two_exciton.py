"""Bound and scattering states of two 1s excitons with momenta +Q and -Q (resonating-group equation, s wave).

The spin configuration c = +1 (electron singlet, hole singlet) binds, c = -1 (triplet, triplet) repels. With the
electrons exchanged, the relative momenta of the two pairs are K +- a/2 before and K +- b/2 after, a = Q' - d Q,
b = Q - d Q', d = (m_h - m_e) / M, so that everything follows from one four-fold overlap

    S(a, b) = int d2K/(2 pi)^2 phi(K - a/2) phi(K + a/2) phi(K - b/2) phi(K + b/2).

A momentum transfer q between the electrons gives S(a - q, b - q), between the holes S(a - q, b + q). The electron-hole
attractions within the exchanged pairs are eliminated with the Wannier equation; the other two belong to the free pairs.
phi is a sum of three Gaussians, so that the integral over K is elementary. Units: eV, nm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh

from hpcx.formation.gaussians import GaussianSum, Transfer, Vectors, exchange_overlap, fit_gaussians, transfer_overlap
from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.interaction import Interaction
from hpcx.physics.wannier_radial import WannierStates

#: nodes and largest value (1/nm) of Q = largest u^1.5 and of q = largest v^2, and nodes of the angle of Q and Q'
PAIR_NODES, PAIR_MAX = 26, 5.0
TRANSFER_NODES, TRANSFER_MAX = 22, 8.0
PAIR_ANGLES = 8
#: number of momenta between which the form factors of the charge densities are interpolated (to 1e-5)
CLOUD_NODES = 60
#: eigenvalue of the overlap matrix below which an eigenvector counts as Pauli-forbidden and is dropped
FORBIDDEN = 0.02


@dataclass(frozen=True)
class PairMedium:
    """Masses (free-electron masses) and interaction (lengths in nm)."""

    electron_mass: float
    hole_mass: float
    interaction: Interaction

    @property
    def total_mass(self) -> float:
        """Mass of one exciton."""
        return self.electron_mass + self.hole_mass

    @property
    def imbalance(self) -> float:
        """(m_h - m_e) / M."""
        return (self.hole_mass - self.electron_mass) / self.total_mass


@dataclass(frozen=True)
class Kernels:
    """Angle-averaged kernels between the momenta Q = 0 (first) and the nodes.

    Attributes:
        momentum_q: 0 and the nodes, 1/nm.
        weight_q: 0 and Q dQ / 2 pi, 1/nm^2.
        overlap_qq: S, nm^2.
        exchange_qq: U, eV nm^2.
        direct_qq: direct interaction of the charge densities, eV nm^2; zero for equal masses.
    """

    momentum_q: np.ndarray
    weight_q: np.ndarray
    overlap_qq: np.ndarray
    exchange_qq: np.ndarray
    direct_qq: np.ndarray


@dataclass(frozen=True)
class SpinConfiguration:
    """States of one spin configuration.

    Attributes:
        energy_n: above two free excitons, eV.
        coupling_nab: W of Trovatello et al., Eq. 5, eV nm: how P_a P_b at Q = 0 drives the state; a, b = 1s, 2s, ...
        dropped: number of Pauli-forbidden combinations left out.
        smallest_overlap: smallest eigenvalue of the overlap matrix.
    """

    energy_n: np.ndarray
    coupling_nab: np.ndarray
    dropped: int
    smallest_overlap: float


@dataclass(frozen=True)
class TwoExcitonStates:
    """Both spin configurations, and -U(0, 0) (eV nm^2), which must equal V_1s1s1s1s."""

    binding: SpinConfiguration
    antibinding: SpinConfiguration
    exchange_energy: float


def solve_two_excitons(states: WannierStates, medium: PairMedium, equal_masses: bool = False) -> TwoExcitonStates:
    """Return the two-exciton states of the 1s state of `states`.

    With `equal_masses` the kernels are those of electron and hole sharing the mass of the exciton equally, while phi
    and the kinetic energies of relative motion keep the reduced mass of `states`.
    """
    gaussians = fit_gaussians(states)
    imbalance = 0.0 if equal_masses else medium.imbalance
    kernels = build_kernels(states, gaussians, medium, imbalance)
    binding, antibinding = (solve_configuration(kernels, medium, sign) for sign in (1, -1))
    return TwoExcitonStates(binding, antibinding, -float(kernels.exchange_qq[0, 0]))


def build_kernels(states: WannierStates, gaussians: GaussianSum, medium: PairMedium, imbalance: float) -> Kernels:
    """Return the kernels; `imbalance` is (m_h - m_e) / M."""
    momentum_q, weight_q = (np.append(0.0, part) for part in _grid(PAIR_NODES, PAIR_MAX, 1.5))
    upper = np.triu_indices(momentum_q.size)  # the kernels are symmetric
    vectors, distance_pa = pair_vectors(momentum_q, upper, imbalance)
    overlap_pa, kinetic_pa = exchange_overlap(gaussians, vectors, states.reduced_mass, -2 * states.energy_l[0])
    exchanged_q, area_q = _grid(TRANSFER_NODES, TRANSFER_MAX, 2)
    transfer = Transfer(exchanged_q, area_q * COULOMB * medium.interaction.in_momentum(exchanged_q))
    repulsion_pa = sum(transfer_overlap(gaussians, vectors, transfer, sign) for sign in (1, -1))
    parts = (overlap_pa, repulsion_pa - kinetic_pa, _direct_kernel(states, medium, distance_pa, imbalance))
    return Kernels(momentum_q, weight_q, *(_symmetric(part_pa.mean(axis=1), upper) for part_pa in parts))


def pair_vectors(
    momentum_q: np.ndarray, upper: tuple[np.ndarray, np.ndarray], imbalance: float
) -> tuple[Vectors, np.ndarray]:
    """Return a and b, and |Q - Q'| (1/nm), for pairs of momenta and the angles between them (pair, angle)."""
    cosine_a = np.cos(np.pi * (np.arange(PAIR_ANGLES) + 0.5) / PAIR_ANGLES)
    one_p, two_p = momentum_q[upper[0]][:, None], momentum_q[upper[1]][:, None]
    mixed_pa = one_p * two_p * cosine_a
    a2 = one_p**2 + (imbalance * two_p) ** 2 - 2 * imbalance * mixed_pa
    b2 = two_p**2 + (imbalance * one_p) ** 2 - 2 * imbalance * mixed_pa
    ab = mixed_pa * (1 + imbalance**2) - imbalance * (one_p**2 + two_p**2)
    return Vectors(a2, b2, ab), np.sqrt(one_p**2 + two_p**2 - 2 * mixed_pa)


def _symmetric(values_p: np.ndarray, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    matrix_qq = np.zeros((upper[0].max() + 1,) * 2)
    matrix_qq[upper] = values_p
    matrix_qq.T[upper] = values_p
    return matrix_qq


def solve_configuration(kernels: Kernels, medium: PairMedium, sign: int) -> SpinConfiguration:
    """Return the states of the configuration `sign` = +1 or -1 from H x = e O x, x^T O x = 1."""
    energy_q = HBAR2_PER_M0 * kernels.momentum_q**2 / medium.total_mass
    mean_qq = 0.5 * np.add.outer(energy_q, energy_q)
    root_q = np.sqrt(kernels.weight_q)
    interaction_qq = kernels.direct_qq + sign * (mean_qq * kernels.overlap_qq + kernels.exchange_qq)
    hamiltonian_qq = np.diag(energy_q) + root_q[:, None] * interaction_qq * root_q
    overlap_qq = np.eye(root_q.size) + sign * root_q[:, None] * kernels.overlap_qq * root_q
    drive_abq = (root_q[1:] * interaction_qq[1:, 0])[None, None]
    return configuration_states(hamiltonian_qq[1:, 1:], overlap_qq[1:, 1:], drive_abq)


def configuration_states(
    hamiltonian_qq: np.ndarray, overlap_qq: np.ndarray, drive_abq: np.ndarray, forbidden: float = FORBIDDEN
) -> SpinConfiguration:
    """Return the states of H x = e O x, x^T O x = 1, with their overlaps with `drive_abq` (eV nm)."""
    value_n, vector_qn = eigh(overlap_qq)
    keep = value_n >= forbidden
    basis_qn = vector_qn[:, keep] / np.sqrt(value_n[keep])
    energy_n, mix_nn = eigh(basis_qn.T @ hamiltonian_qq @ basis_qn)
    coupling_abn = drive_abq @ basis_qn @ mix_nn
    return SpinConfiguration(
        energy_n, np.moveaxis(coupling_abn, -1, 0), int(np.count_nonzero(~keep)), float(value_n[0])
    )


def _grid(nodes: int, largest: float, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss nodes k = largest u^power (1/nm), and weights k dk / 2 pi (1/nm^2)."""
    node, weight = np.polynomial.legendre.leggauss(nodes)
    u = 0.5 * (node + 1)
    momentum, step = largest * u**power, 0.5 * weight * power * largest * u ** (power - 1)
    return momentum, momentum * step / (2 * np.pi)


def _direct_kernel(states: WannierStates, medium: PairMedium, transfer: np.ndarray, imbalance: float) -> np.ndarray:
    """Return V(q) [F(m_h q / M) - F(m_e q / M)]^2 at transfers q (1/nm)."""
    if imbalance == 0.0:
        return np.zeros_like(transfer)
    table = np.linspace(0.0, 2 * PAIR_MAX, CLOUD_NODES)
    ground = states.state()
    heavy, light = (ground.form_factor(ground, 0.5 * (1 + side * imbalance) * table) for side in (1, -1))
    difference = CubicSpline(table, heavy - light)(transfer)
    safe = np.maximum(transfer, 1e-9)  # the difference vanishes like q^2, so q = 0 contributes nothing
    return COULOMB * medium.interaction.in_momentum(safe) * difference**2

"""Two-exciton states of several s states per exciton, in a basis of Gaussians in which every integral is elementary.

The pairs (i, Q; j, -Q) of the states 1s, 2s, ... have, with carriers exchanged, the overlaps and energies of `hpcx.formation.two_exciton`
with four different functions,

    S = int d2K/(2 pi)^2 phi_i(K - a/2) phi_j(K + a/2) phi_k(K - b/2) phi_l(K + b/2).

All four attractions are integrated here. So the energies are upper bounds whatever the basis, and the source of the two-exciton states is
what acts between the excitons i and j, <kl, Q'| D_ij> = c (repulsions less the attractions within k and l).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.linalg import eigh

from hpcx.formation.gaussians import Term, Transfer, Vectors
from hpcx.formation.two_exciton import (
    PairMedium,
    SpinChannel,
    TwoExcitonStates,
    channel_states,
    pair_grid,
    pair_vectors,
    transfer_grid,
)
from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.wannier_radial import WannierStates

#: number of Gaussians, and their smallest and largest exponent times the mean square momentum of the 1s state
GAUSSIANS, RANGE = 6, (0.032, 6.5)
#: nodes of the momenta that carriers exchange
TRANSFER_NODES = 30


@dataclass(frozen=True)
class GaussianStates:
    """The lowest s states in the basis exp(-exponent_g k^2): coefficients (nm), normalised, and energies from the gap (eV)."""

    exponent_g: np.ndarray
    coefficient_sg: np.ndarray
    energy_s: np.ndarray

    def in_momentum(self, k_k: np.ndarray) -> np.ndarray:
        """Return phi_s(k), nm, shape (states, k)."""
        return self.coefficient_sg @ np.exp(-np.outer(self.exponent_g, k_k**2))

    def form_factors(self, q: np.ndarray) -> np.ndarray:
        """Return int d2r phi_s phi_t exp(i q r), shape (s, t, *q)."""
        total_gg = np.add.outer(self.exponent_g, self.exponent_g)
        reduced_gg = np.outer(self.exponent_g, self.exponent_g) / total_gg
        product_gg = np.exp(-np.multiply.outer(reduced_gg, q**2)) / (4 * np.pi * total_gg)[(...,) + (None,) * q.ndim]
        return np.einsum("sg,th,gh...->st...", self.coefficient_sg, self.coefficient_sg, product_gg)


def lowest_states(states: WannierStates, count: int) -> GaussianStates:
    """Return the `count` lowest states of the basis, with the interaction of `states`."""
    k_k, weight_k = states.grid.k_k, states.grid.weight_k
    exponent_g = np.geomspace(*RANGE, GAUSSIANS) / (weight_k @ (states.phi_lk[0] ** 2 * k_k**2))
    total_gg = np.add.outer(exponent_g, exponent_g)
    kinetic_gg = HBAR2_PER_M0 / (2 * states.reduced_mass) / (4 * np.pi * total_gg**2)
    weighted_gk = np.exp(-np.outer(exponent_g, k_k**2)) * weight_k
    energy_s, coefficient_gs = eigh(kinetic_gg - weighted_gk @ states.coulomb_kk @ weighted_gk.T, 1 / (4 * np.pi * total_gg))
    coefficient_sg = coefficient_gs.T[:count] * np.where(coefficient_gs.sum(axis=0) < 0, -1.0, 1.0)[:count, None]
    return GaussianStates(exponent_g, coefficient_sg, energy_s[:count])


def paired_states(states: WannierStates, count: int) -> np.ndarray:
    """Return the overlaps of the states that two-exciton states are made of with all states (paired, state): 1s alone, or the `count` lowest."""
    if count == 1:
        return np.eye(1, states.energy_l.size)
    return (lowest_states(states, count).in_momentum(states.grid.k_k) * states.grid.weight_k) @ states.phi_lk.T


@dataclass(frozen=True)
class Exchange:
    """Integrals with exchanged carriers between (i, j, Q) and (k, l, Q'): nm^2, then eV nm^2.

    `left` are the attractions within i and within j, `right` those within k and within l.
    """

    overlap: np.ndarray
    kinetic: np.ndarray
    repulsion: np.ndarray
    left: np.ndarray
    right: np.ndarray


def solve_excited_pairs(states: WannierStates, medium: PairMedium, equal_masses: bool, count: int) -> TwoExcitonStates:
    """Return the two-exciton states of the `count` lowest s states per exciton."""
    basis, imbalance = lowest_states(states, count), 0.0 if equal_masses else medium.imbalance
    exchange, direct = exchange_integrals(basis, medium, states.reduced_mass, imbalance), _direct(basis, medium, imbalance)
    binding, antibinding = (_channel(basis, exchange, direct, medium, sign) for sign in (1, -1))
    return TwoExcitonStates(binding, antibinding, float(exchange.right[0, 0] - exchange.repulsion[0, 0]), 1.0)


def exchange_integrals(basis: GaussianStates, medium: PairMedium, reduced_mass: float, imbalance: float) -> Exchange:
    """Return the integrals; `imbalance` is (m_h - m_e) / M."""
    momentum_q, _ = pair_grid()
    upper = np.triu_indices(momentum_q.size)
    vectors, transfer = pair_vectors(momentum_q, upper, imbalance)[0], transfer_grid(medium, TRANSFER_NODES)
    quadruples = [_integrals(Term.of(np.array(four), 1.0), vectors, transfer, reduced_mass) for four in product(basis.exponent_g, repeat=4)]
    primitive = np.array(quadruples).reshape(*(GAUSSIANS,) * 4, 5, -1)
    overlap, kinetic, repulsion, left, right = np.einsum("abcdxp,ia,jb,kc,ld->xijklp", primitive, *(basis.coefficient_sg,) * 4, optimize=True)
    # the other function of each pair is the same integral with both pairs turned round, K -> -K
    left, right = (part + part.transpose(1, 0, 3, 2, 4) for part in (left, right))
    overlap, kinetic, repulsion = (_matrix(part, part, upper) for part in (overlap, kinetic, repulsion))
    return Exchange(overlap, kinetic, repulsion, _matrix(left, right, upper), _matrix(right, left, upper))


def _integrals(term: Term, vectors: Vectors, transfer: Transfer, reduced_mass: float) -> np.ndarray:
    """Return overlap, kinetic energy, repulsion, and the attraction within the first and the third function, averaged over angles."""
    overlap = term.overlap(vectors)
    repulsion = sum(term.exchanged(vectors, transfer, sign) for sign in (1, -1))
    attractions = [term.attracted(vectors, transfer, number) for number in (0, 2)]
    return np.array([overlap, overlap * term.kinetic(vectors, reduced_mass), repulsion, *attractions]).mean(axis=-1)


def _matrix(values_ijklp: np.ndarray, swapped_ijklp: np.ndarray, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the matrix between (i, j, Q) and (k, l, Q'); `swapped` are the values for Q and Q' exchanged together with the pairs.

    a = Q' - d Q belongs to the functions i and j, so the first momentum of `upper` is that of k and l.
    """
    states, nodes = values_ijklp.shape[0], upper[0].max() + 1
    matrix = np.zeros((states, states, nodes, states, states, nodes))
    matrix[:, :, upper[1], :, :, upper[0]] = np.moveaxis(values_ijklp, -1, 0)
    matrix[:, :, upper[0], :, :, upper[1]] = np.moveaxis(swapped_ijklp.transpose(2, 3, 0, 1, 4), -1, 0)
    return matrix.reshape(states**2 * nodes, -1)


def _direct(basis: GaussianStates, medium: PairMedium, imbalance: float) -> np.ndarray:
    """Return the matrix of V(q) times the charge clouds of i -> k and j -> l, which vanish for equal masses, eV nm^2."""
    momentum_q, _ = pair_grid()
    upper = np.triu_indices(momentum_q.size)
    distance_pa = pair_vectors(momentum_q, upper, imbalance)[1]
    cloud = basis.form_factors(0.5 * (1 + imbalance) * distance_pa) - basis.form_factors(0.5 * (1 - imbalance) * distance_pa)
    interaction_pa = COULOMB * medium.interaction.in_momentum(np.maximum(distance_pa, 1e-9))
    values = np.einsum("ikpa,jlpa,pa->ijklp", cloud, cloud, interaction_pa) / distance_pa.shape[1]
    return _matrix(values, values, upper)


def _channel(basis: GaussianStates, exchange: Exchange, direct: np.ndarray, medium: PairMedium, sign: int) -> SpinChannel:
    """Return the states of one channel, energies above two 1s excitons."""
    count, (momentum_q, weight_q) = basis.energy_s.size, pair_grid()
    internal_ij = np.add.outer(basis.energy_s, basis.energy_s) - 2 * basis.energy_s[0]
    motion = np.tile(HBAR2_PER_M0 * momentum_q**2 / medium.total_mass, count**2)
    energy = np.repeat(internal_ij.ravel(), momentum_q.size) + motion
    mean = 0.5 * np.add.outer(motion, motion) - 2 * basis.energy_s[0]
    interaction = direct + sign * (exchange.kinetic + mean * exchange.overlap + exchange.repulsion - exchange.left - exchange.right)
    root, at_rest = np.tile(np.sqrt(weight_q), count**2), np.tile(momentum_q == 0, count**2)
    hamiltonian = np.diag(energy) + root[:, None] * interaction * root
    overlap = np.eye(root.size) + sign * root[:, None] * exchange.overlap * root
    source = direct + sign * (exchange.repulsion - exchange.left)
    drive_abq = (root[~at_rest, None] * source[np.ix_(~at_rest, at_rest)]).T.reshape(count, count, -1)
    return channel_states(hamiltonian[np.ix_(~at_rest, ~at_rest)], overlap[np.ix_(~at_rest, ~at_rest)], drive_abq)

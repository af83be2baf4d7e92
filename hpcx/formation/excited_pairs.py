"""Two-exciton states driven by several s states of each exciton, in correlated Gaussians of all four particles.

Pairs of the states 1s, 2s, ... at rest drive two-exciton states of zero angular momentum and even parity. These contain
s, p, d, ... states of each exciton and all partial waves of the relative motion of the two (MODEL.md says which of them
couple). The basis functions are therefore

    g_A = exp(-x^T A x / 2),    x = (rho_1, rho_2, R)

of the distances within both pairs and between their centres of mass, with any positive matrix A. Their integrals are
elementary, and the energies are upper bounds. With the permutations P of both electrons and both holes, and c = 1
(singlets) or -1 (triplets), overlaps, energies and sources are

    O = <g| S |g'>,   H = <g| S H |g'>,   W_ab = <g| S V_ab |phi_a phi_b>,   S = (1 + P_e P_h + c P_e + c P_h) / 2

where V_ab is the interaction between the excitons a and b: the repulsions and attractions between carriers of
different pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from hpcx.formation.two_exciton import PairMedium, SpinConfiguration, TwoExcitonStates, configuration_states
from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.interaction import Interaction
from hpcx.physics.wannier_gaussian import GAUSSIANS, GaussianStates, lowest_states
from hpcx.physics.wannier_radial import WannierStates

#: widths in R (nm) of the products of s states, which describe distant excitons; number of functions in which all
#: distances are correlated, and the range of their lengths (nm)
FAR, CORRELATED, LENGTHS = np.geomspace(0.25, 20.0, 12), 200, (0.3, 12.0)
#: smallest eigenvalue of the overlaps of normalised functions, and largest energy (eV) of the states; those above
#: contribute 2 % of the response
INDEPENDENT, HIGHEST = 1e-8, 3.0
#: variances (nm^2) between which the mean interaction is tabulated, and momenta (1/nm) of its integral, both
#: logarithmic
VARIANCES, MOMENTA = np.geomspace(1e-6, 1e5, 600), np.geomspace(1e-6, 1e5, 2500)


def paired_states(states: WannierStates, count: int) -> np.ndarray:
    """Return the overlaps (paired, state) with all states of those that drive two-exciton states:
    1s alone, or the `count` lowest s states in the Gaussian basis.
    """
    if count == 1:
        return np.eye(1, states.energy_l.size)
    return (lowest_states(states, count).in_momentum(states.grid.k_k) * states.grid.weight_k) @ states.phi_lk.T


@dataclass(frozen=True)
class Particles:
    """Electron 1, hole 1, electron 2, hole 2 in the coordinates x, and their interaction.

    Attributes:
        within_px, between_px: distances in units of x: of the carriers of each pair; of those that repel, then of those
            that attract each other.
        permutation_sxx: none, both, electrons, holes exchanged.
        stiffness_x: hbar^2 over the masses that belong to x, eV nm^2.
        mean_interaction: mean interaction (eV) over a Gaussian of distances, from its variance per direction (nm^2).
    """

    within_px: np.ndarray
    between_px: np.ndarray
    permutation_sxx: np.ndarray
    stiffness_x: np.ndarray
    mean_interaction: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def of(cls, medium: PairMedium) -> Particles:
        """Return the particles of two excitons with the masses and the interaction of `medium`."""
        total, reduced = medium.total_mass, medium.electron_mass * medium.hole_mass / medium.total_mass
        e, h = medium.electron_mass / total, medium.hole_mass / total
        x_of = np.array([[1, -1, 0, 0], [0, 0, 1, -1], [e, h, -e, -h]])
        position_x = np.linalg.inv(np.vstack([x_of, [e, h, e, h]]))[:, :3]
        orders = ([0, 1, 2, 3], [2, 3, 0, 1], [2, 1, 0, 3], [0, 3, 2, 1])
        apart = lambda *pairs: np.array([position_x[i] - position_x[j] for i, j in pairs])
        return cls(
            apart((0, 1), (2, 3)),
            apart((0, 2), (1, 3), (0, 3), (2, 1)),
            np.array([x_of @ position_x[order] for order in orders]),
            HBAR2_PER_M0 * np.array([1 / reduced, 1 / reduced, 2 / total]),
            _averaged(medium.interaction),
        )

    def within(self, covariance: np.ndarray) -> np.ndarray:
        """Return the mean attraction (eV) inside the pairs, for Gaussians with a `covariance` (..., 3, 3) of x."""
        return np.sum([self.mean_interaction(_variance(way, covariance)) for way in self.within_px], axis=0)

    def between(self, covariance: np.ndarray) -> np.ndarray:
        """Return the mean interaction (eV) between the pairs."""
        one, two, three, four = (self.mean_interaction(_variance(way, covariance)) for way in self.between_px)
        return one + two - three - four


def _averaged(interaction: Interaction) -> Callable[[np.ndarray], np.ndarray]:
    measure_q = MOMENTA**2 * np.log(MOMENTA[1] / MOMENTA[0]) / (2 * np.pi) * COULOMB * interaction.in_momentum(MOMENTA)
    spline = CubicSpline(np.log(VARIANCES), np.exp(-0.5 * np.outer(VARIANCES, MOMENTA**2)) @ measure_q)
    return lambda variance: spline(np.log(variance))


def _variance(way_x: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return the variance of the distance `way_x` for covariances (..., 3, 3)."""
    return np.einsum("a,...ab,b->...", way_x, covariance, way_x, optimize=True)


def solve_excited_pairs(states: WannierStates, medium: PairMedium, equal_masses: bool, count: int) -> TwoExcitonStates:
    """Return the two-exciton states driven by the `count` lowest s states of each exciton.

    With `equal_masses` electron and hole have twice the reduced mass each.
    """
    if equal_masses:
        medium = replace(medium, electron_mass=2 * states.reduced_mass, hole_mass=2 * states.reduced_mass)
    particles, basis = Particles.of(medium), lowest_states(states, count)
    parts = elements(np.concatenate([_products(basis), _correlated(particles, CORRELATED)]), basis, particles)
    binding, antibinding = (configuration(parts, sign, 2 * states.energy_l[0]) for sign in (1, -1))
    return TwoExcitonStates(binding, antibinding, -float(exchanged(basis, particles)[0, 0, 0, 0]))


#: overlaps, energies (eV) and sources (a, b, function; eV nm)
Elements = tuple[np.ndarray, np.ndarray, np.ndarray]


def elements(functions: np.ndarray, basis: GaussianStates, particles: Particles) -> list[Elements]:
    """Return overlaps, energies and sources of functions A for each permutation of `particles`."""
    moved = [permutation_xx.T @ functions @ permutation_xx for permutation_xx in particles.permutation_sxx]
    return [(*_matrices(functions, ket, particles), source(ket, basis, particles)) for ket in moved]


def configuration(parts: list[Elements], sign: int, threshold: float) -> SpinConfiguration:
    """Return the states of one spin configuration up to `HIGHEST`, energies above `threshold` (eV), of `elements`."""
    norm = 1 / np.sqrt(np.diagonal(parts[0][0]))
    overlap, energy, source_abn = (
        0.5 * (one + both + sign * (electrons + holes)) for one, both, electrons, holes in zip(*parts)
    )
    overlap, energy = (0.5 * norm[:, None] * (matrix + matrix.T) * norm for matrix in (overlap, energy))  # rounding
    found = configuration_states(energy, overlap, source_abn * norm, INDEPENDENT)
    low = found.energy_n < threshold + HIGHEST
    return replace(found, energy_n=found.energy_n[low] - threshold, coupling_nab=found.coupling_nab[low])


def _products(basis: GaussianStates) -> np.ndarray:
    """Return A of products of the Gaussians of two s states and one of R."""
    width = 1 / (2 * basis.exponent_g)
    return np.array(
        [np.diag([width[i], width[j], far**-2]) for i in range(GAUSSIANS) for j in range(i + 1) for far in FAR]
    )


def _correlated(particles: Particles, number: int) -> np.ndarray:
    """Return A of functions with one random length for each of the six distances; the seed is fixed."""
    low, high = np.log(LENGTHS)
    length_np = np.exp(np.random.default_rng(1).uniform(low, high, (number, 6)))
    distance_px = np.concatenate([particles.within_px, particles.between_px])
    return np.einsum("np,pa,pb->nab", length_np**-2, distance_px, distance_px)


def _matrices(bra: np.ndarray, ket: np.ndarray, particles: Particles) -> tuple[np.ndarray, np.ndarray]:
    """Return overlaps and energies (eV) of Gaussians with the matrices `bra` and `ket`, (bra, ket)."""
    total = bra[:, None] + ket
    covariance, overlap = np.linalg.inv(total), (2 * np.pi) ** 3 / np.linalg.det(total)
    kinetic = np.einsum("iab,b,jbc,ijca->ij", bra, particles.stiffness_x, ket, covariance, optimize=True)
    return overlap, overlap * (kinetic - particles.within(covariance) + particles.between(covariance))


def _at_rest(basis: GaussianStates) -> tuple[np.ndarray, np.ndarray]:
    """Return A of the products of two s Gaussians without any dependence on R,
    and the amplitudes of the pairs (a, b, product).
    """
    width = 1 / (2 * basis.exponent_g)
    amplitude_sg = basis.coefficient_sg / (4 * np.pi * basis.exponent_g)
    matrices = np.array([np.diag([one, two, 0.0]) for one in width for two in width])
    return matrices, np.einsum("ag,bh->abgh", amplitude_sg, amplitude_sg).reshape(*2 * [len(amplitude_sg)], -1)


def source(bra: np.ndarray, basis: GaussianStates, particles: Particles) -> np.ndarray:
    """Return <bra| V_ab |phi_a phi_b> of pairs at rest, (a, b, bra)."""
    matrices, amplitude_abs = _at_rest(basis)
    total = bra[:, None] + matrices
    value_ns = (2 * np.pi) ** 3 / np.linalg.det(total) * particles.between(np.linalg.inv(total))
    return np.einsum("abs,ns->abn", amplitude_abs, value_ns)


def exchanged(basis: GaussianStates, particles: Particles) -> np.ndarray:
    """Return <P_e phi_c phi_d| V_ab |phi_a phi_b> of pairs at rest, eV nm^2, (a, b, c, d).

    With the opposite sign these are the Hartree-Fock terms.
    """
    matrices, amplitude_cds = _at_rest(basis)
    electrons_xx = particles.permutation_sxx[2]
    source_abs = source(electrons_xx.T @ matrices @ electrons_xx, basis, particles)
    return np.einsum("cds,abs->abcd", amplitude_cds, source_abs)

"""States of the two-dimensional Wannier equation in a Gaussian basis: every integral that follows is analytic.

The relative motion obeys [p^2 / (2 mu) + V(r)] phi = -Eb phi with the attraction of an interaction V
(hpcx.physics.interaction).
With phi(r) = sum_n c_n exp(-a_n r^2) the overlaps, momentum-space functions and form factors are sums of Gaussians.
Units: eV, nm, masses in free-electron masses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import eigh

from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.interaction import Interaction
from hpcx.physics.wannier_radial import WannierStates


@dataclass(frozen=True)
class GaussianBasis:
    """An even-tempered set of exponents and the radial quadrature of the potential.

    Attributes:
        count: number of Gaussians.
        smallest: smallest exponent, 1/nm^2.
        largest: largest exponent, 1/nm^2.
        radius: end of the radial quadrature, nm.
        points: number of Gauss-Legendre points in y, r = radius * y^3.
    """

    count: int = 16
    smallest: float = 2e-3
    largest: float = 80.0
    radius: float = 90.0
    points: int = 400

    @classmethod
    def of_coulomb(cls, radius: float) -> GaussianBasis:
        """Return a basis for states near exp(-r / radius), the ground state without a screening layer; radius in nm.

        Its cusp at the origin needs narrow Gaussians: the binding energy is exact to 1e-4.
        """
        return cls(24, 1e-2 / radius**2, 1e4 / radius**2, 40 * radius)

    def exponents(self) -> np.ndarray:
        """Return the exponents a_n (1/nm^2), from the widest Gaussian to the narrowest."""
        return np.geomspace(self.smallest, self.largest, self.count)

    def quadrature(self) -> tuple[np.ndarray, np.ndarray]:
        """Return radii r (nm) and weights such that sum(w f(r)) = int f(r) 2 pi r dr."""
        node, weight = np.polynomial.legendre.leggauss(self.points)
        y = 0.5 * (node + 1.0)
        r = self.radius * y**3
        return r, 0.5 * weight * 3.0 * self.radius * y**2 * 2.0 * np.pi * r


@dataclass(frozen=True, eq=False)
class GaussianState:
    """A normalised 1s state, equal to itself alone.

    Attributes:
        exponents: a_n, 1/nm^2, shape (n,).
        coefficients: c_n, 1/nm, shape (n,); positive at the origin.
        binding_energy: eV.
    """

    exponents: np.ndarray
    coefficients: np.ndarray
    binding_energy: float

    @property
    def contact(self) -> float:
        """Wave function at zero distance, 1/nm."""
        return float(self.coefficients.sum())

    def momentum_terms(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (b_n, beta_n) such that phi(k) = sum_n b_n exp(-beta_n k^2), k in 1/nm; shapes (n,)."""
        return self.coefficients * np.pi / self.exponents, 0.25 / self.exponents

    def in_momentum(self, k: np.ndarray) -> np.ndarray:
        """Return phi(k) (nm) at wave numbers `k` (1/nm), same shape."""
        b, beta = self.momentum_terms()
        return np.exp(-np.multiply.outer(np.square(k), beta)) @ b

    def form_factor(self, other: GaussianState, q: np.ndarray) -> np.ndarray:
        """Return int phi phi' exp(i q r) d^2r at wave numbers `q` (1/nm), same shape."""
        total = self.exponents[:, None] + other.exponents[None, :]
        amplitude = np.outer(self.coefficients, other.coefficients) * np.pi / total
        return np.exp(-np.multiply.outer(np.square(q), 0.25 / total.ravel())) @ amplitude.ravel()

    def blocked_overlap(self, occupant: GaussianState, p: np.ndarray) -> np.ndarray:
        """Return 1 / phi(r = 0) int d^2k / (2 pi)^2 phi(k) |phi'(k - p)|^2 at shifts `p` (1/nm), in nm^2."""
        b, beta = self.momentum_terms()
        c, gamma = occupant.momentum_terms()
        wide = np.add.outer(gamma, gamma).ravel()
        square = np.outer(c, c).ravel()
        total = beta[:, None] + wide[None, :]
        amplitude = np.outer(b, square) / (4.0 * np.pi * total) / self.contact
        width = beta[:, None] * wide[None, :] / total
        return np.exp(-np.multiply.outer(np.square(p), width.ravel())) @ amplitude.ravel()

    def squared_overlap(self, other: GaussianState, p: np.ndarray) -> np.ndarray:
        """Return int d^2k / (2 pi)^2 |phi(k)|^2 |phi'(k - p)|^2 at shifts `p` (1/nm, one axis), in nm^2."""
        terms = [state.square_terms() for state in (self, other)]
        total = terms[0][1][:, None] + terms[1][1][None, :]
        amplitude = np.outer(terms[0][0], terms[1][0]) / (4.0 * np.pi * total)
        width = np.outer(terms[0][1], terms[1][1]) / total
        return np.array([np.sum(amplitude * np.exp(-width * shift**2)) for shift in np.atleast_1d(p)])

    def square_terms(self) -> tuple[np.ndarray, np.ndarray]:
        """Return amplitudes and widths of |phi(k)|^2 = sum A exp(-B k^2), equal widths joined."""
        b, beta = self.momentum_terms()
        row, column = np.triu_indices(len(b))
        return b[row] * b[column] * np.where(row == column, 1.0, 2.0), beta[row] + beta[column]


#: rise of the dielectric function up to the momenta of a state, relative, from which it is no longer Coulomb's
_RISE = 0.1


def choose_basis(reduced_mass: float, law: Interaction) -> GaussianBasis:
    """Return the basis for an interaction (lengths in nm): the usual one, or Coulomb's if the layer hardly matters.

    For a thin layer that is r0 < 0.1 kappa a, with a the radius of the state exp(-r / a) without the layer.
    """
    kappa = float(law.dielectric_function(0.0))
    bohr_radius = kappa * HBAR2_PER_M0 / (2 * COULOMB * reduced_mass)
    rise = float(law.dielectric_function(1 / bohr_radius)) - kappa
    return GaussianBasis.of_coulomb(bohr_radius) if rise < _RISE * kappa else GaussianBasis()


def ground_state(reduced_mass: float, law: Interaction) -> GaussianState:
    """Return the lowest state for a reduced mass (m0) and an interaction.

    Raises ValueError if no state is bound in the basis of `choose_basis`.
    """
    used = choose_basis(reduced_mass, law)
    overlap, kinetic, potential = _matrices(used, law)
    energy, vector = eigh(kinetic / reduced_mass + potential, overlap, subset_by_index=[0, 0])
    if energy[0] >= 0:
        raise ValueError(f"no bound state for reduced mass {reduced_mass:g} m0; widen the Gaussian basis")
    return GaussianState(used.exponents(), vector[:, 0] * np.sign(vector[:, 0].sum()), -float(energy[0]))


@lru_cache(maxsize=16)
def _matrices(basis: GaussianBasis, law: Interaction) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return overlaps, kinetic energies for the free electron's mass, and attractions between the Gaussians;
    kept for other masses.
    """
    a = basis.exponents()
    total = a[:, None] + a[None, :]
    kinetic = 2.0 * np.pi * HBAR2_PER_M0 * np.outer(a, a) / total**2
    r, weight = basis.quadrature()
    attraction = -COULOMB * law.in_space(r)
    return np.pi / total, kinetic, np.exp(-np.multiply.outer(total, r**2)) @ (weight * attraction)


class TabulatedState(GaussianState):
    """A state whose form factors come from a table, linear between momenta (good to 1e-5):
    for models that ask for millions of them.
    """

    def form_factor(self, other: GaussianState, q: np.ndarray) -> np.ndarray:
        """Return int phi phi' exp(i q r) d^2r at wave numbers `q` (1/nm), same shape."""
        return np.interp(q, _TABLE_Q, _tabulated(self, other))


#: momenta of the table, 1/nm
_TABLE_Q = np.arange(0.0, 30.0, 0.01)


@lru_cache(maxsize=64)
def _tabulated(first: GaussianState, second: GaussianState) -> np.ndarray:
    return GaussianState.form_factor(first, second, _TABLE_Q)


def tabulated_1s(reduced_mass: float, law: Interaction) -> TabulatedState:
    """Return `ground_state` with a table of form factors."""
    state = ground_state(reduced_mass, law)
    return TabulatedState(state.exponents, state.coefficients, state.binding_energy)


#: number of Gaussians of the s states, and their smallest and largest exponent times the mean square momentum of the 1s
#: state
GAUSSIANS, RANGE = 6, (0.032, 6.5)


@dataclass(frozen=True)
class GaussianStates:
    """The lowest s states in the basis exp(-exponent_g k^2): coefficients (nm),
    normalised, and energies from the gap (eV).
    """

    exponent_g: np.ndarray
    coefficient_sg: np.ndarray
    energy_s: np.ndarray

    def in_momentum(self, k_k: np.ndarray) -> np.ndarray:
        """Return phi_s(k), nm, shape (states, k)."""
        return self.coefficient_sg @ np.exp(-np.outer(self.exponent_g, k_k**2))


def lowest_states(states: WannierStates, count: int) -> GaussianStates:
    """Return the `count` lowest states of the basis, with the interaction of `states`."""
    k_k, weight_k = states.grid.k_k, states.grid.weight_k
    exponent_g = np.geomspace(*RANGE, GAUSSIANS) / (weight_k @ (states.phi_lk[0] ** 2 * k_k**2))
    total_gg = np.add.outer(exponent_g, exponent_g)
    kinetic_gg = HBAR2_PER_M0 / (2 * states.reduced_mass) / (4 * np.pi * total_gg**2)
    weighted_gk = np.exp(-np.outer(exponent_g, k_k**2)) * weight_k
    energy_s, coefficient_gs = eigh(
        kinetic_gg - weighted_gk @ states.coulomb_kk @ weighted_gk.T, 1 / (4 * np.pi * total_gg)
    )
    coefficient_sg = coefficient_gs.T[:count] * np.where(coefficient_gs.sum(axis=0) < 0, -1.0, 1.0)[:count, None]
    return GaussianStates(exponent_g, coefficient_sg, energy_s[:count])

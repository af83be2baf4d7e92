"""Bound and unbound s states of an electron-hole pair in a two-dimensional crystal, on a radial momentum grid.

The Wannier equation with parabolic bands and an interaction V (hpcx.physics.interaction),

    (hbar^2 k^2 / 2 mu - e) phi(k) - int d2k'/(2 pi)^2 V(|k - k'|) phi(k') = 0,    int d2k/(2 pi)^2 |phi|^2 = 1,

is a symmetric eigenproblem in psi_i = sqrt(w_i) phi(k_i), w_i = k_i dk_i / 2 pi. The logarithmic singularity of the
angle-averaged interaction is removed by Lande subtraction. Units: eV, nm, free-electron masses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import brentq

from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.interaction import Interaction
from hpcx.physics.momentum_overlaps import MomentumOverlaps

#: Gauss nodes of the angle average and of the subtracted integral; both integrands are smooth in the variables used
ANGLES = 64
RADII = 96
#: angles of a form factor
FORM_FACTOR_ANGLES = 48
#: nodes and momenta (1/nm) of the grid of `RadialGrid.reaching_the_cusp` for a bound state alone
USUAL_NODES = (110, 3.2, 40, 30.0)
#: 2 / (k a) at the end of a grid, a being the Bohr radius with the permittivity at that momentum: what is left of the
#: cusp at r = 0
CUSP = 0.01
#: largest momentum at which a cusp is looked for, 1/nm
FARTHEST = 1e5


@dataclass(frozen=True)
class RadialGrid:
    """Nodes k_i (1/nm) and weights w_i = k_i dk_i / 2 pi (1/nm^2) of int d2k/(2 pi)^2 for functions of |k|."""

    k_k: np.ndarray
    weight_k: np.ndarray

    @classmethod
    def uniform_with_tail(cls, points: int, uniform_max: float, tail_points: int, maximum: float) -> RadialGrid:
        """Return `points` midpoints on 0..`uniform_max` and Gauss nodes in log k from there to `maximum` (1/nm).

        The uniform part makes the unbound states evenly spaced in k; the tail holds the cusp of the bound ones.
        """
        step = uniform_max / points
        head_k = (np.arange(points) + 0.5) * step
        node, weight = np.polynomial.legendre.leggauss(tail_points)
        half = 0.5 * np.log(maximum / uniform_max)
        tail_k = uniform_max * np.exp(half * (node + 1))
        k_k = np.concatenate([head_k, tail_k])
        dk_k = np.concatenate([np.full(points, step), half * weight * tail_k])
        return cls(k_k, k_k * dk_k / (2 * np.pi))

    @classmethod
    def reaching_the_cusp(
        cls, points: int, uniform_max: float, tail_points: int, maximum: float, reduced_mass: float, law: Interaction
    ) -> RadialGrid:
        """Return that grid, its tail as dense but longer where a weakly screening
        layer pulls the pair closer than 1 / `maximum`.
        """
        farthest = max(maximum, cusp_reach(reduced_mass, law))
        longer = np.log(farthest / uniform_max) / np.log(maximum / uniform_max)
        return cls.uniform_with_tail(points, uniform_max, int(np.ceil(tail_points * longer - 1e-9)), farthest)

    def refined(self) -> RadialGrid:
        """Return the grid with every node replaced by two, for convergence reports."""
        dk_k = 2 * np.pi * self.weight_k / self.k_k
        k_k = np.stack([self.k_k - dk_k / 4, self.k_k + dk_k / 4], axis=1).ravel()
        return RadialGrid(k_k, k_k * np.repeat(dk_k / 2, 2) / (2 * np.pi))


@dataclass(frozen=True)
class WannierStates:
    """Radial states in the order of their energies.

    Attributes:
        grid: nodes and weights.
        reduced_mass: of electron and hole, in free-electron masses.
        energy_l: from the band gap, eV; negative for bound states.
        phi_lk: wave functions, nm; positive at the smallest k.
        coulomb_kk: symmetric matrix of the interaction, eV nm^2; (V f)_i = sum_j coulomb_ij w_j f_j.
    """

    grid: RadialGrid
    reduced_mass: float
    energy_l: np.ndarray
    phi_lk: np.ndarray
    coulomb_kk: np.ndarray

    @property
    def bound(self) -> int:
        """Number of states below the gap."""
        return int(np.count_nonzero(self.energy_l < 0))

    @property
    def contact_l(self) -> np.ndarray:
        """Wave functions at zero distance, phi_l(r = 0) in 1/nm."""
        return self.phi_lk @ self.grid.weight_k

    def up_to(self, energy: float) -> WannierStates:
        """Return the states below `energy` (eV from the gap)."""
        keep = self.energy_l < energy
        return WannierStates(self.grid, self.reduced_mass, self.energy_l[keep], self.phi_lk[keep], self.coulomb_kk)

    def state(self) -> RadialState:
        """Return the lowest state."""
        return RadialState(self.grid, self.phi_lk[0], -float(self.energy_l[0]))


@dataclass(frozen=True)
class RadialState(MomentumOverlaps):
    """One state: wave function phi_k (nm) at the nodes, interpolated between them and zero beyond the last;
    binding energy in eV.
    """

    grid: RadialGrid
    phi_k: np.ndarray
    binding_energy: float

    @property
    def contact(self) -> float:
        """Wave function at zero distance, 1/nm."""
        return float(self.grid.weight_k @ self.phi_k)

    def in_momentum(self, k: np.ndarray) -> np.ndarray:
        """Return phi(k) (nm) at wave numbers `k` (1/nm), same shape."""
        return np.interp(k, self.grid.k_k, self.phi_k, right=0.0)

    def form_factor(self, other: RadialState, q: np.ndarray) -> np.ndarray:
        """Return F(q) = sum_k phi(k) phi'(|k + q|), without unit, at momenta q (1/nm)."""
        cosine_a = np.cos(np.pi * (np.arange(FORM_FACTOR_ANGLES) + 0.5) / FORM_FACTOR_ANGLES)
        k_k, measure_k = self.grid.k_k[:, None], self.grid.weight_k * self.phi_k
        shifted = lambda q: other.in_momentum(np.sqrt(np.maximum(q**2 + k_k**2 + 2 * q * k_k * cosine_a, 0.0)))
        return np.array([shifted(one).mean(axis=1) for one in np.ravel(q)]).reshape(*np.shape(q), -1) @ measure_k


def radial_states(nodes: tuple[int, float, int, float], reduced_mass: float, law: Interaction) -> WannierStates:
    """Return all s states, bound and unbound, on a grid of these `nodes` (see `RadialGrid.reaching_the_cusp`)."""
    return solve_wannier(RadialGrid.reaching_the_cusp(*nodes, reduced_mass, law), reduced_mass, law)


def radial_1s(reduced_mass: float, law: Interaction) -> RadialState:
    """Return the lowest state for a reduced mass (m0) and an interaction; raises ValueError if it is not bound."""
    state = radial_states(USUAL_NODES, reduced_mass, law).state()
    if state.binding_energy <= 0:
        raise ValueError(f"no bound state for reduced mass {reduced_mass:g} m0")
    return state


def cusp_reach(reduced_mass: float, law: Interaction) -> float:
    """Return the momentum k (1/nm) at which the interaction is weak: 2 mu e^2 / (4 pi eps0 hbar^2 eps(k) k) = `CUSP`.

    Beyond it the 1s state of a hydrogen atom with its permittivity has fallen as (k a)^-3; the energy misses about
    CUSP^1.7.
    """
    strength = 2 * reduced_mass * COULOMB / HBAR2_PER_M0
    excess = lambda log_k: np.log(strength / (CUSP * float(law.dielectric_function(np.exp(log_k))))) - log_k
    low, high = np.log(1 / FARTHEST), np.log(FARTHEST)
    if excess(low) <= 0 or excess(high) >= 0:
        return float(np.exp(low if excess(low) <= 0 else high))
    return float(np.exp(brentq(excess, low, high)))


def coulomb_matrix(grid: RadialGrid, law: Interaction) -> np.ndarray:
    """Return the angle-averaged interaction between the nodes, eV nm^2, with Lande's subtraction on the diagonal.

    The diagonal makes the quadrature exact for f(k') = [2 k^2 / (k^2 + k'^2)]^2, which equals 1 at k' = k.
    """
    k_k, weight_k = grid.k_k, grid.weight_k
    node, weight = _unit_gauss(ANGLES)
    angle_a, measure_a = np.pi * node**3, 3 * node**2 * weight
    coulomb_kk = np.zeros((k_k.size, k_k.size))
    half_a = 4 * np.sin(angle_a / 2) ** 2
    for i, k in enumerate(k_k[:-1]):
        rest_k = k_k[i + 1 :, None]
        square_ka = (k - rest_k) ** 2 + k * rest_k * half_a
        coulomb_kk[i, i + 1 :] = COULOMB * law.in_momentum(np.sqrt(square_ka)) @ measure_a
    coulomb_kk += coulomb_kk.T  # the diagonal comes below
    shape_kk = (2 * k_k[:, None] ** 2 / (k_k[:, None] ** 2 + k_k**2)) ** 2
    np.fill_diagonal(shape_kk, 0.0)
    diagonal_k = (_subtracted_integral(k_k, law) - (shape_kk * coulomb_kk) @ weight_k) / weight_k
    np.fill_diagonal(coulomb_kk, diagonal_k)
    return coulomb_kk


def solve_wannier(grid: RadialGrid, reduced_mass: float, law: Interaction) -> WannierStates:
    """Return all radial states of the grid for a reduced mass in free-electron masses."""
    coulomb_kk = coulomb_matrix(grid, law)
    energy_l, psi_kl = eigh(_hamiltonian(grid, reduced_mass, coulomb_kk))
    phi_lk = (psi_kl / np.sqrt(grid.weight_k)[:, None]).T
    phi_lk *= np.where(phi_lk @ grid.weight_k < 0, -1.0, 1.0)[:, None]
    return WannierStates(grid, reduced_mass, energy_l, phi_lk, coulomb_kk)


def _hamiltonian(grid: RadialGrid, mu: float, coulomb_kk: np.ndarray) -> np.ndarray:
    """Return the matrix of the Wannier equation for psi, eV."""
    root_k = np.sqrt(grid.weight_k)
    kinetic_k = HBAR2_PER_M0 * grid.k_k**2 / (2 * mu)
    return np.diag(kinetic_k) - root_k[:, None] * coulomb_kk * root_k


def convergence(states: WannierStates, law: Interaction, count: int) -> np.ndarray:
    """Return how much the lowest `count` bound energies change on a grid of twice as many nodes, |e - e'|, eV."""
    count, fine = min(count, states.bound), states.grid.refined()
    hamiltonian_kk = _hamiltonian(fine, states.reduced_mass, coulomb_matrix(fine, law))
    fine_l = eigh(hamiltonian_kk, eigvals_only=True, subset_by_index=(0, count - 1))
    return np.abs(fine_l - states.energy_l[:count])


def _unit_gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * (node + 1), 0.5 * weight


def _subtracted_integral(k_k: np.ndarray, law: Interaction) -> np.ndarray:
    """Return int d2q/(2 pi)^2 V(q) [2 k^2 / (k^2 + |k + q|^2)]^2 in eV.

    With q = k x the angle integral is elementary: the mean of (a + b cos)^-2 is a (a^2 - b^2)^(-3/2), here with
    a = 2 + x^2 and b = 2 x, so that a^2 - b^2 = 4 + x^4. The rest is smooth in t, x = t / (1 - t).
    """
    t, weight = _unit_gauss(RADII)
    x_x, measure_x = t / (1 - t), weight / (1 - t) ** 2
    mean_x = 4 * (2 + x_x**2) / (4 + x_x**4) ** 1.5 * measure_x
    return COULOMB * k_k * ((1 / law.dielectric_function(np.outer(k_k, x_x))) @ mean_x)

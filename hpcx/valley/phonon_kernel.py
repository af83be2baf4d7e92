"""Scattering of excitons between cells by emission of phonons.

The rate from cell i of species a to cell f of species b is
(2 pi / hbar) DOS_b < |g(q)|^2 |F(q)|^2 (n + 1) frac >, with |g|^2 A = D^2 hbar^2 / (2 rho omega) for a deformation
potential D, the form factor F of the relative motion, and the Gaussian-broadened conservation of energy integrated over
the final cell (Thraenhardt et al., PRB 62, 2706 (2000); Selig et al., 2D Mater. 5, 035017 (2018)). Absorption follows
by detailed balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline
from scipy.special import erf

from hpcx.physics.constants import HBAR, HBAR2_PER_M0
from hpcx.physics.phonons import Mode, coupling_squared, occupation
from hpcx.valley.blocks import block_matrix, with_absorption
from hpcx.valley.problem import Problem
from hpcx.valley.species import Species

#: smallest momentum in the energy of an acoustic phonon, 1/nm
SMALLEST_ACOUSTIC_MOMENTUM = 2e-3
#: points from which form factors are interpolated
FORM_FACTOR_POINTS = 2000


@dataclass(frozen=True)
class SpeciesPair:
    """One pair of species coupled by emission in the direction `initial` -> `final`; `name` says by which phonons."""

    initial: int
    final: int
    name: str


def electron_share(species: Species) -> float:
    """Return m_h / M, the share of a momentum transferred to the electron that reaches the relative motion."""
    return species.hole_mass / species.mass


def hole_share(species: Species) -> float:
    """Return m_e / M, the share of a momentum transferred to the hole that reaches the relative motion."""
    return species.electron_mass / species.mass


def form_factors(problem: Problem, first: Species, second: Species, share: Callable[[Species], float]) -> np.ndarray:
    """Return F(share * q) at all transfers (cells, cells, angles); `share` is averaged over the two species."""
    q = np.linspace(0.0, 2.0 * problem.grid.edges[-1], FORM_FACTOR_POINTS)
    fraction = 0.5 * (share(first) + share(second))
    return CubicSpline(q, first.state.form_factor(second.state, fraction * q))(problem.grid.transfer_ijt)


def emission_rate(
    problem: Problem, initial: int, final: int, phonon_energy: float | np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """Return the emission rates (cells of `final`, cells of `initial`) in 1/fs.

    Args:
        phonon_energy: eV; a number, or one value per transfer (cells_i, cells_f, angles).
        strength: |D F|^2 in (eV/nm)^2 (cells_i, cells_f, angles), or averaged over angles (cells_i, cells_f, 1).
    """
    target = problem.species[final]
    states = target.degeneracy * target.mass / (2.0 * np.pi * HBAR2_PER_M0)
    coupling = coupling_squared(strength, phonon_energy, HBAR**2 / problem.parameters.mass_density)
    kernel = (
        coupling
        * (1 + occupation(phonon_energy, problem.thermal_energy))
        * final_fraction(problem, initial, final, phonon_energy)
    )
    return 2.0 * np.pi / HBAR * states * kernel.mean(axis=-1).T


def final_fraction(problem: Problem, initial: int, final: int, phonon_energy: float | np.ndarray) -> np.ndarray:
    """Return the share of the broadened final energy that lies in each final cell (cells_i, cells_f, angles or 1)."""
    edge = problem.species[final].edge + 0.5 * HBAR2_PER_M0 / problem.species[final].mass * problem.grid.edges**2
    distance = edge[None, :, None] - problem.energy(initial)[:, None, None]
    scale = 1.0 / (np.sqrt(2.0) * problem.broadening)
    upper = erf(scale * (distance[:, 1:] + phonon_energy))
    return 0.5 * (upper - erf(scale * (distance[:, :-1] + phonon_energy)))


def acoustic_energy(problem: Problem) -> np.ndarray:
    """Return the energies of acoustic phonons at all transfers (cells, cells, angles), eV."""
    q = np.maximum(problem.grid.transfer_ijt, SMALLEST_ACOUSTIC_MOMENTUM)
    return HBAR * problem.parameters.sound_velocity * q


def electron_emission(problem: Problem, pair: SpeciesPair, groups: Iterable[Mode]) -> np.ndarray:
    """Return the rates (final cells, initial cells; 1/fs) of emission by the electron into groups of phonons."""
    a, b = problem.species[pair.initial], problem.species[pair.final]
    form_squared = np.mean(form_factors(problem, a, b, electron_share) ** 2, axis=-1, keepdims=True)
    return grouped_emission(problem, pair.initial, pair.final, groups, form_squared)


def grouped_emission(
    problem: Problem, initial: int, final: int, groups: Iterable[Mode], form_squared: np.ndarray
) -> np.ndarray:
    """Return the emission rates into dispersionless groups of phonons; `form_squared` is (cells, cells, 1)."""
    rates = [
        emission_rate(problem, initial, final, group.energy, group.potential**2 * form_squared) for group in groups
    ]
    return np.sum(rates, axis=0)


def phonon_matrix(
    problem: Problem, pairs: Iterable[SpeciesPair], emission: Callable[[SpeciesPair], np.ndarray]
) -> sparse.csr_matrix:
    """Return W of all pairs, absorption included.

    Pairs with the same name, kinds of species and energy difference are related by symmetry. They are computed once,
    which keeps time-reversal symmetry exact.
    """
    known: dict[tuple[str, str, str, float], np.ndarray] = {}
    blocks: dict[tuple[int, int], np.ndarray] = {}
    for pair in pairs:
        initial, final = problem.species[pair.initial], problem.species[pair.final]
        key = (pair.name, initial.kind, final.kind, final.edge - initial.edge)
        if key not in known:
            known[key] = emission(pair)
        place = (pair.final, pair.initial)
        blocks[place] = blocks[place] + known[key] if place in blocks else known[key]
    return with_absorption(problem, block_matrix(problem, blocks))

"""Coulomb transfer between two species at fixed momentum.

Eliminating the coherence C between species a and b, i hbar dC/dt = (E_a - E_b - i g) C + V (N_b - N_a), leaves
dn_a/dt = -r (n_a - n_b) with r = (2 / hbar) |V|^2 g / ((E_a - E_b)^2 + g^2) and g = (hbar / 2)(Gamma_a + Gamma_b) +
pure dephasing, where Gamma is the out-scattering by phonons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hpcx.physics.constants import HBAR
from hpcx.valley.blocks import block_matrix
from hpcx.valley.config import Config
from hpcx.valley.problem import Problem


@dataclass(frozen=True)
class Pair:
    """Two species and their coupling `element_i` (cells,), eV."""

    first: int
    second: int
    element_i: np.ndarray


def coherence_width(problem: Problem, config: Config, pair: Pair, phonon_out: np.ndarray) -> np.ndarray:
    """Return g (cells,) in eV from the out-rates of phonons (size,), 1/fs."""
    rates = phonon_out[problem.cells_of(pair.first)] + phonon_out[problem.cells_of(pair.second)]
    dephasing = config.internal.dephasing
    return np.maximum(0.5 * HBAR * rates + dephasing.pure, dephasing.floor)


def transfer_rate(problem: Problem, config: Config, pair: Pair, phonon_out: np.ndarray) -> np.ndarray:
    """Return r (cells,) in 1/fs."""
    width = coherence_width(problem, config, pair, phonon_out)
    detuning = problem.energy(pair.first) - problem.energy(pair.second)
    return 2.0 / HBAR * np.abs(pair.element_i) ** 2 * width / (detuning**2 + width**2)


def transfer_matrix(
    problem: Problem, config: Config, pairs: list[Pair], phonon_out: np.ndarray, detailed_balance: bool = False
) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs; with `detailed_balance` uphill rates have a factor exp(-|Delta| / kT)."""
    blocks = {}
    for pair in pairs:
        rate = transfer_rate(problem, config, pair, phonon_out)
        rise = (problem.energy(pair.second) - problem.energy(pair.first)) / problem.thermal_energy
        suppression = np.exp(-np.abs(rise)) if detailed_balance else np.ones_like(rise)
        blocks[pair.second, pair.first] = np.diag(rate * np.where(rise > 0, suppression, 1.0))
        blocks[pair.first, pair.second] = np.diag(rate * np.where(rise < 0, suppression, 1.0))
    return block_matrix(problem, blocks)


def contact_pairs(problem: Problem, constant: float, valleys: tuple[tuple[str, str], tuple[str, str]]) -> list[Pair]:
    """Return the pair of species with all spins up and these (hole's, electron's) valleys, and its mirror image.

    The element is constant * phi_a(0) phi_b(0) at every momentum, for a contact `constant` in eV nm^2.
    """
    first, second = (_spin_up(problem, *pair) for pair in valleys)
    contact = problem.species[first].state.contact * problem.species[second].state.contact
    element_i = np.full(problem.grid.cells, constant * contact)
    return [Pair(first, second, element_i), Pair(problem.mirror[first], problem.mirror[second], element_i)]


def _spin_up(problem: Problem, hole_valley: str, electron_valley: str) -> int:
    wanted = (hole_valley, 1, electron_valley, 1)
    names = [(s.hole.valley, s.hole.spin, s.electron.valley, s.electron.spin) for s in problem.species]
    return names.index(wanted)

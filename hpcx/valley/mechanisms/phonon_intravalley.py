"""Intravalley scattering by acoustic and Gamma optical phonons, within one species.

Source: deformation-potential coupling, Selig et al., 2D Mater. 5, 035017 (2018); Jin et al., PRB 90, 045422 (2014).
Conserves: species, both spins; the Boltzmann distribution is stationary.
Open questions: the relative sign of the electron's and the hole's deformation potential. By default their contributions
add as probabilities; `mechanisms.phonon_interference` adds the amplitudes with either sign.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hpcx.valley.config import Config
from hpcx.valley.phonon_kernel import (
    SpeciesPair,
    acoustic_energy,
    electron_share,
    emission_rate,
    form_factors,
    hole_share,
    phonon_matrix,
)
from hpcx.valley.problem import Problem


def matrix(problem: Problem, config: Config) -> sparse.csr_matrix:
    """Return W (size, size) in 1/fs."""
    pairs = [SpeciesPair(index, index, "intravalley") for index in range(len(problem.species))]
    interference = config.mechanisms.phonon_interference
    return phonon_matrix(problem, pairs, lambda pair: emission(problem, pair.initial, interference))


def emission(problem: Problem, index: int, interference: str, harmonic: int = 0) -> np.ndarray:
    """Return the emission rates (cells, cells) within one species, in 1/fs, entries within a cell included.

    With `harmonic` l the kernel is averaged with cos(l theta), where theta is the scattering angle: the in-scattering
    rate of the l-th angular harmonic of a distribution.
    """
    species, p = problem.species[index], problem.parameters
    turn_t = np.cos(harmonic * problem.grid.angles)
    electron = form_factors(problem, species, species, electron_share)
    hole = form_factors(problem, species, species, hole_share)
    acoustic = _strength(p.acoustic[0] * electron, p.acoustic[1] * hole, interference) * problem.grid.transfer_ijt**2
    optical = _strength(p.optical[0].potential * electron, p.optical[1].potential * hole, interference)
    averaged = np.mean(optical * turn_t, axis=-1, keepdims=True)
    rate = emission_rate(problem, index, index, acoustic_energy(problem), acoustic * turn_t)
    return rate + emission_rate(problem, index, index, p.optical[0].energy, averaged)


def rate_with_cell(problem: Problem, config: Config, index: int, harmonic: int) -> np.ndarray:
    """Return emission and absorption (cells, cells) of an angular harmonic in one species, within cells too, 1/fs."""
    emission_fi = emission(problem, index, config.mechanisms.phonon_interference, harmonic)
    weight, energy = problem.weight(index), problem.energy(index)
    rise_fi = np.clip((energy[None, :] - energy[:, None]) / problem.thermal_energy, -700.0, 700.0)
    return emission_fi + emission_fi.T * (weight[:, None] / weight[None, :]) * np.where(
        emission_fi.T == 0, 0.0, np.exp(rise_fi)
    )


def within_cells(problem: Problem, config: Config) -> np.ndarray:
    """Return the rate (size,) in 1/fs of scattering within each cell, which is not part of W."""
    first = {species.kind: index for index, species in reversed(list(enumerate(problem.species)))}
    known = {kind: np.diag(rate_with_cell(problem, config, index, 0)) for kind, index in first.items()}
    return np.concatenate([known[species.kind] for species in problem.species])


def _strength(electron: np.ndarray, hole: np.ndarray, interference: str) -> np.ndarray:
    sign = {"none": 0.0, "difference": -1.0, "sum": 1.0}[interference]
    return electron**2 + hole**2 + 2.0 * sign * electron * hole

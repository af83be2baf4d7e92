"""Effects of the lattice temperature: dephasing by phonons, absorption of phonons in the cascade, thermal momenta.

Dephasing by acoustic phonons grows linearly with temperature, by optical ones with their Bose occupation (Selig et al.,
Nat. Commun. 7, 13279 (2016); Moody et al., Nat. Commun. 6, 8315 (2015)). Without a temperature all three are absent, as
in Trovatello et al. (2020). Units: eV, nm, K.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.two_exciton import PairMedium
from hpcx.materials.loader import Material
from hpcx.physics.constants import BOLTZMANN_EV_PER_K, HBAR2_PER_M0
from hpcx.physics.phonons import occupation
from hpcx.physics.wannier_radial import WannierStates

#: number of processes by which optical phonons dephase: absorption for 1s; absorption and emission for states higher by
#: more than a phonon
GROUND_WAYS, EXCITED_WAYS = 1, 2
#: nodes of the thermal mean over kinetic energies (Gauss-Laguerre) and of the angles between momenta
ENERGIES, ANGLES = 24, 24


@dataclass(frozen=True)
class Phonons:
    """Half widths by phonons.

    Attributes:
        acoustic: by acoustic phonons, eV/K.
        optical: by absorption of optical phonons, per phonon, eV.
        energy: of the optical phonons, eV.
    """

    acoustic: float
    optical: float
    energy: float

    @classmethod
    def of(cls, material: Material) -> Phonons:
        """Return those of a material; raises MaterialError if it lacks a number."""
        return cls(
            material.number("optics.dephasing_acoustic", "eV/K"),
            material.number("optics.dephasing_optical", "eV"),
            material.number("phonons.optical.energy", "eV"),
        )

    def width(self, temperature: float, ways: int) -> float:
        """Return the part of a half width (eV) that vanishes at zero temperature; spontaneous emission is not in it."""
        return self.acoustic * temperature + ways * self.optical * float(
            occupation(self.energy, BOLTZMANN_EV_PER_K * temperature)
        )


@dataclass(frozen=True)
class HalfWidths:
    """Half widths at half maximum (eV) of 1s, of the other bound states, and of unbound states."""

    s1: float
    bound: float
    continuum: float

    @property
    def smallest(self) -> float:
        """The smallest of the three."""
        return min(self.s1, self.bound, self.continuum)


def half_widths(config: Config, material: Material) -> HalfWidths:
    """Return the half widths at the temperature of the input, or those of the input if it has no temperature."""
    given = config.dephasing.internal
    if config.temperature is None:
        return HalfWidths(given.s1, given.bound, given.continuum)
    phonons = Phonons.of(material)
    ground, excited = (
        phonons.width(config.temperature, ways) - phonons.width(given.measured_at, ways)
        for ways in (GROUND_WAYS, EXCITED_WAYS)
    )
    return HalfWidths(given.s1 + ground, given.bound + excited, given.continuum + excited)


def with_absorption(rate_ml: np.ndarray, energy_l: np.ndarray, temperature: float) -> np.ndarray:
    """Return the rates (1/fs) of a cascade with emission and absorption, from `rate_ml` of spontaneous emission.

    With n the occupation of phonons of the energy difference, emission is n + 1 times as fast and absorption n times.
    Each state represents an energy interval, so upward rates carry the ratio of the intervals. The stationary
    populations are then interval times exp(-energy / kT) on any grid, and the mean energy loss does not change.
    """
    upper = np.triu_indices(energy_l.size, 1)  # from l to a lower m
    occupied_ml = np.zeros_like(rate_ml)
    occupied_ml[upper] = occupation(energy_l[upper[1]] - energy_l[upper[0]], BOLTZMANN_EV_PER_K * temperature)
    interval_l = np.gradient(energy_l)
    stimulated_ml = rate_ml * occupied_ml
    return rate_ml + stimulated_ml + (stimulated_ml / interval_l[:, None] * interval_l).T


def thermal_bleaching(states: WannierStates, medium: PairMedium, temperature: float) -> np.ndarray:
    """Return the bleaching sum_k phi_f(k) <|phi_1s|^2> (nm) of all f by 1s excitons with thermal momenta Q.

    The electron of such an exciton blocks at k - (m_e / M) Q, the hole at k + (m_h / M) Q, each with weight one half.
    The mean is over the Boltzmann distribution of the kinetic energy of the exciton.
    """
    x_x, weight_x = np.polynomial.laguerre.laggauss(ENERGIES)
    momentum_x = np.sqrt(2 * medium.total_mass * BOLTZMANN_EV_PER_K * temperature * x_x / HBAR2_PER_M0)
    shares = (medium.electron_mass / medium.total_mass, medium.hole_mass / medium.total_mass)
    shifts = [(weight, share * q) for q, weight in zip(momentum_x, weight_x) for share in shares]
    density_k = sum(0.5 * weight * _shifted_density(states, shift) for weight, shift in shifts)
    return (states.phi_lk * states.grid.weight_k) @ density_k


def _shifted_density(states: WannierStates, shift: float) -> np.ndarray:
    """Return the mean of |phi_1s(|k + shift|)|^2 (nm^2) over the angle between both, at the nodes k;
    zero beyond the last node.
    """
    k_k = states.grid.k_k
    cosine_a = np.cos(np.pi * (np.arange(ANGLES) + 0.5) / ANGLES)
    distance_ka = np.sqrt(np.maximum(k_k[:, None] ** 2 + shift**2 + 2 * shift * k_k[:, None] * cosine_a, 0.0))
    return np.interp(distance_ka, k_k, states.phi_lk[0] ** 2, right=0.0).mean(axis=1)

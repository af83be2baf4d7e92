"""Phonon-assisted light of the momentum-dark valleys: second order, with the bright exciton as the virtual state.

An exciton of valley v emits or absorbs a zone-edge phonon of energy W and a photon. With the coupling c = hbar D^2 / (2
rho w) of the scattering rates, the radiative rate gamma inside the light cone of radius q_c, and the half width G of
the bright exciton at rest,

    R = gamma q_c^2 / (4 pi) sum over phonons, +- of c (n + 1/2 +- 1/2) / [(E - E_KK -+ W)^2 + G^2]

(Brem et al., Nano Lett. 20, 2849 (2020)). It is small, so its effect on the populations is neglected. Near E - E_KK =
+-W the formula also contains real scattering to KK followed by emission there, which is part of the light of KK too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.physics.constants import HBAR
from hpcx.physics.phonons import Mode, coupling_squared, occupation
from hpcx.physics.valley_excitons import Excitons, ValleyPair
from hpcx.wigner.energy_grid import Grid, mean_energy


@dataclass(frozen=True)
class Line:
    """One sideband: a dark valley, a phonon, emitted (-1) or absorbed (+1).

    Attributes:
        valley: number of the dark valley.
        rate_i: rate of light (1/fs) from every energy bin of that valley.
        photon_i: photon energy less that of the bright exciton at rest, eV, for every bin.
    """

    valley: int
    rate_i: np.ndarray
    photon_i: np.ndarray


def lines(excitons: Excitons, grid: Grid, damping: float) -> list[Line]:
    """Return all sidebands; `damping` (1/fs) is that of the amplitude of the bright exciton at rest."""
    found: list[Line] = []
    if not grid.radiative_i.any():
        return found
    energy_i, width = mean_energy(grid.edges, grid.kT), HBAR * damping
    cone = excitons.radiative_rate * excitons.degeneracy_v[0] * excitons.light_cone**2 / (4 * np.pi)
    for pair in excitons.valley_pairs:
        if pair.first != 0 or pair.second == 0:
            continue
        for mode in pair.modes:
            coupling_i = _coupling(excitons, pair, mode, energy_i)
            quanta = float(occupation(mode.energy, grid.kT))
            for sign, factor in ((-1, quanta + 1), (1, quanta)):
                photon_i = excitons.energy_v[pair.second] - excitons.energy_v[0] + energy_i + sign * mode.energy
                rate_i = cone * coupling_i * factor / (photon_i**2 + width**2)
                found.append(Line(pair.second, rate_i, photon_i))
    return found


def _coupling(excitons: Excitons, pair: ValleyPair, mode: Mode, energy_i: np.ndarray) -> np.ndarray:
    """Return hbar D^2 / (2 rho w) (eV^2 nm^2), form factors included,
    for excitons of the dark valley at `energy_i` (eV).
    """
    momentum_i = np.sqrt(2 * excitons.mass_v[pair.second] * energy_i) / HBAR
    potential_i = mode.potential * excitons.intervalley_overlap(pair.second, pair.first, momentum_i)
    return np.asarray(coupling_squared(potential_i**2, mode.energy, excitons.hbar2_per_density))


def sideband_rates(found: list[Line], grid: Grid) -> np.ndarray:
    """Return the rate of all phonon-assisted light from every bin of all valleys, 1/fs."""
    rate_i = np.zeros(grid.size)
    for line in found:
        rate_i[grid.bins_of(line.valley)] += line.rate_i
    return rate_i


def spectrum(found: list[Line], grid: Grid, population_ti: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the light (time, photon energy; 1/fs/eV) between `edges`
    (eV from the bright exciton) of populations (time, bin).

    Lines are broadened by the distributions over energy alone.
    """
    light_te = np.zeros((len(population_ti), len(edges) - 1))
    for line in found:
        light_ti = line.rate_i * population_ti[:, grid.bins_of(line.valley)]
        index = np.searchsorted(edges, line.photon_i, side="right") - 1
        inside = (index >= 0) & (index < len(edges) - 1)
        np.add.at(light_te.T, index[inside], light_ti[:, inside].T)
    return light_te / np.diff(edges)

"""Energy bins, equal in all valleys, with their equilibrium weights and velocities.

Flattened index of a bin: valley * bins + bin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.physics.constants import BOLTZMANN_EV_PER_K, HBAR
from hpcx.physics.valley_excitons import Excitons
from hpcx.units import from_internal

#: largest number of energy bins per valley: rates are matrices over the bins of three valleys
MOST_BINS = 1000
#: distance of the valleys in kT beyond which Boltzmann factors are relative to the highest valley
FAR_ABOVE = 100.0
#: relative rounding error of sums of energies: energies this close to the edge of a bin count as on it
ROUNDING = 1e-12


@dataclass(frozen=True)
class Grid:
    """Energy bins of all valleys at one temperature.

    Attributes:
        edges: bin edges in eV above the minimum of a valley (bins + 1).
        kT: thermal energy, eV.
        weight_i: equilibrium density (1/nm^2, up to one common factor) of each bin of each valley.
        velocity_i: root mean square velocity of each bin in equilibrium, nm/fs.
        radiative_i: rate of radiative decay of each bin, 1/fs.
    """

    edges: np.ndarray
    kT: float
    weight_i: np.ndarray
    velocity_i: np.ndarray
    radiative_i: np.ndarray

    @property
    def bins(self) -> int:
        """Number of bins per valley."""
        return len(self.edges) - 1

    @property
    def size(self) -> int:
        """Number of bins of all valleys."""
        return len(self.weight_i)

    @property
    def valleys(self) -> int:
        """Number of valleys."""
        return self.size // self.bins

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of valleys and of bins per valley."""
        return self.valleys, self.bins

    @property
    def middle(self) -> np.ndarray:
        """Middles of the bins, eV."""
        return 0.5 * (self.edges[:-1] + self.edges[1:])

    def bins_of(self, valley: int) -> slice:
        """Return where the bins of a valley stand among those of all valleys."""
        return slice(valley * self.bins, (valley + 1) * self.bins)

    def bin_of(self, energy: np.ndarray | float) -> np.ndarray:
        """Return the bins of energies (eV) within a valley.

        An energy on an edge belongs to the bin above, one outside all bins to the nearest bin.
        """
        found = np.searchsorted(self.edges, energy + ROUNDING * self.edges[-1], side="right") - 1
        return np.clip(found, 0, self.bins - 1)

    def sum_v(self, values_i: np.ndarray) -> np.ndarray:
        """Sum over the bins of each valley (last axis)."""
        return values_i.reshape(*values_i.shape[:-1], *self.shape).sum(axis=-1)


def in_meV(energy: float) -> float:
    """Return an energy in the unit of messages."""
    return from_internal(energy, "meV")


def usual_bins(temperature: float) -> tuple[float, float, float]:
    """Return the default energy bins at a temperature (K): width of the lowest and of the largest bin, top of all, eV.

    Below 19 K the largest bins lie far above all thermal excitons and need not shrink with kT (the check is 2 kT).
    """
    kT = BOLTZMANN_EV_PER_K * temperature
    return min(3e-5, 0.05 * kT), min(4e-3, max(0.25 * kT, min(4e-4, 0.8 * kT))), max(0.075, 11 * kT)


def energy_edges(first: float, growth: float, largest: float, maximum: float) -> np.ndarray:
    """Return bin edges (eV): widths grow from `first` by `growth` up to `largest` until `maximum` is reached.

    Raises ValueError for more than MOST_BINS.
    """
    edges, width = [0.0], first
    while edges[-1] < maximum * (1 - ROUNDING):
        if len(edges) > MOST_BINS:
            raise ValueError(
                f"more than {MOST_BINS} energy bins up to {in_meV(maximum):g} meV: raise momentum.first_bin,"
                " momentum.growth or momentum.largest_bin, or lower momentum.energy_max"
            )
        edges.append(edges[-1] + width)
        width = min(width * growth, largest)
    return np.array(edges)


def boltzmann_integral(lower: np.ndarray, upper: np.ndarray, kT: float) -> np.ndarray:
    """Return the integral of exp(-E/kT) from `lower` to `upper` (eV), without cancellation in narrow bins."""
    return -kT * np.exp(-lower / kT) * np.expm1(-(upper - lower) / kT)


def density_of_states(excitons: Excitons) -> np.ndarray:
    """Return g M / (2 pi hbar^2) of the valleys, 1/(eV nm^2)."""
    return excitons.degeneracy_v * excitons.mass_v / (2 * np.pi * HBAR**2)


def boltzmann_density(excitons: Excitons, kT: float) -> np.ndarray:
    """Return the density of states of the valleys times exp(-E_v/kT), up to a common factor.

    E_v is relative to the lowest valley, or to the highest if that is far above: otherwise its weights would underflow.
    """
    lowest, highest = excitons.energy_v.min(), excitons.energy_v.max()
    reference = highest if highest - lowest > FAR_ABOVE * kT else lowest
    return density_of_states(excitons) * np.exp(-(excitons.energy_v - reference) / kT)


def make_grid(excitons: Excitons, temperature: float, edges: np.ndarray, radiative: bool) -> Grid:
    """Build the bins of all valleys at `temperature` (K) with given edges (eV)."""
    kT = BOLTZMANN_EV_PER_K * temperature
    weight_i = equilibrium_weights(excitons, edges, kT)
    velocity_i = np.concatenate([np.sqrt(2 * mean_energy(edges, kT) / mass) for mass in excitons.mass_v])
    radiative_i = np.zeros(len(weight_i))
    if radiative:
        radiative_i[: len(edges) - 1] = excitons.radiative_rate * _bright_share(excitons, edges)
    return Grid(edges, kT, weight_i, velocity_i, radiative_i)


def equilibrium_weights(excitons: Excitons, edges: np.ndarray, kT: float) -> np.ndarray:
    """Return the equilibrium density of each bin of all valleys, 1/nm^2 up to one common factor; edges and kT in eV."""
    return np.outer(boltzmann_density(excitons, kT), boltzmann_integral(edges[:-1], edges[1:], kT)).ravel()


def mean_energy(edges: np.ndarray, kT: float) -> np.ndarray:
    """Return the Boltzmann mean of the energy in each bin: E_1 + kT - width / (exp(width/kT) - 1)."""
    width = np.diff(edges)
    return edges[:-1] + kT - width / np.expm1(width / kT)


def _bright_share(excitons: Excitons, edges: np.ndarray) -> np.ndarray:
    """Return the fraction of each bin of KK that lies in the light cone."""
    limit = (HBAR * excitons.light_cone) ** 2 / (2 * excitons.mass_v[0])
    return np.clip((limit - edges[:-1]) / np.diff(edges), 0.0, 1.0)

"""Half widths of optical lines by phonons: second Born and Markov approximation, excitons and trions at rest.

The coherence |upper><lower| loses half of what phonons scatter out of each state. A phonon that scatters both takes it
to another coherence; where upper and lower stay on their shells together, as with acoustic phonons, that one shines as
well, and only the difference of the potentials dephases: of each state G^2 becomes G (G - G'). Of an exciton the lower
state is empty, and the half width is half of the golden rule's rate. Units: eV, nm, fs; masses eV fs^2 / nm^2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hpcx.physics.constants import ELECTRON_MASS, HBAR
from hpcx.physics.phonons import Branch, Optical, coupling_squared, occupation
from hpcx.physics.valley_excitons import Excitons


@dataclass(frozen=True)
class Particle:
    """A state at rest that phonons scatter within its valley.

    Attributes:
        mass: of the whole.
        form_factors: at q (1/nm) what stands before the potentials of an electron and of a hole.
        spectators: at q, what carriers outside the exciton put on a potential that acts inside it.
    """

    mass: float
    form_factors: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    spectators: Callable[[np.ndarray], np.ndarray] = np.ones_like

    def acoustic(self, excitons: Excitons, q: np.ndarray) -> np.ndarray:
        """Return the potential of the longitudinal branch, eV."""
        return excitons.acoustic_of(0, *self.form_factors(q))

    def optical(self, mode: Optical, q: np.ndarray) -> np.ndarray:
        """Return the potential of an optical phonon, eV/nm."""
        return mode.potential(*self.form_factors(q))


#: what is left where the exciton was
EMPTY = Particle(0.0, lambda q: (np.zeros_like(q), np.zeros_like(q)))


def exciton(excitons: Excitons) -> Particle:
    """Return the bright 1s exciton."""
    return Particle(excitons.mass_v[0], lambda q: excitons.form_factors(0, q))


def carrier(mass: float, is_electron: bool) -> Particle:
    """Return a free carrier of a mass in m0."""
    return Particle(ELECTRON_MASS * mass, lambda q: (np.full_like(q, is_electron), np.full_like(q, not is_electron)))


def trion(excitons: Excitons, resident: Particle, binding_energy: float) -> Particle:
    """Return a trion: a 1s exciton and a resident carrier at a distance r from its
    centre of mass with the amplitude exp(-decay r).

    decay (1/nm) follows from the binding energy (eV) and the reduced mass of the two; exact at distances beyond the
    exciton's radius.
    """
    whole, inner = excitons.mass_v[0] + resident.mass, exciton(excitons)
    decay = np.sqrt(2 * binding_energy * inner.mass * resident.mass / whole) / HBAR

    def cloud(q: np.ndarray) -> np.ndarray:
        """Return the mean of exp(i q r) over exp(-2 decay r)."""
        return (1 + (q / (2 * decay)) ** 2) ** -1.5

    def spectators(q: np.ndarray) -> np.ndarray:
        """Return the form factor of the carrier's cloud, because the exciton is off the common centre of mass."""
        return cloud(q * resident.mass / whole)

    def form_factors(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Add what the exciton and the resident carrier put on the potentials."""
        outer = cloud(q * inner.mass / whole)
        electron, hole = (
            spectators(q) * ours + outer * other for ours, other in zip(inner.form_factors(q), resident.form_factors(q))
        )
        return electron, hole

    return Particle(whole, form_factors, spectators)


class Widths(NamedTuple):
    """Half widths at half maximum, eV: acoustic and optical phonons inside the valley,
    phonons that take the electron to another valley.
    """

    acoustic: float
    optical: float
    intervalley: float


def half_widths(excitons: Excitons, kT: float, upper: Particle, lower: Particle = EMPTY) -> Widths:
    """Return the half widths of the transition from `lower` to `upper` at a thermal energy kT (eV).

    Optical phonons take upper and lower to coherences of other energies, so that their losses add up. Electrons change
    the valley inside the upper state alone, at the energies of the excitons KK' and K-Lambda.
    """
    pairs = ((upper, lower), (lower, upper))
    return Widths(
        sum(_acoustic(excitons, kT, branch, *pair) for branch in excitons.branches for pair in pairs),
        sum(_optical(excitons, kT, mode, particle) for mode in excitons.optical for particle in (upper, lower)),
        _intervalley(excitons, kT, upper),
    )


def _acoustic(excitons: Excitons, kT: float, branch: Branch, particle: Particle, other: Particle) -> float:
    """Return the half width of one of the two states by absorption at hbar^2 q^2 / 2M = hbar c q:
    M |G|^2 n / hbar^2 with q = 2 M c / hbar.
    """
    if particle.mass == 0:
        return 0.0
    q = np.array(2 * particle.mass * branch.velocity / HBAR)
    own, others = particle.acoustic(excitons, q), other.acoustic(excitons, q)
    energy = HBAR * branch.velocity * q
    coupling = coupling_squared(own * (own - others) * (branch.coupling * q) ** 2, energy, excitons.hbar2_per_density)
    return float(particle.mass * coupling * occupation(energy, kT) / HBAR**2)


def _optical(excitons: Excitons, kT: float, mode: Optical, particle: Particle) -> float:
    potential = particle.optical(mode, np.array(np.sqrt(2 * particle.mass * mode.energy) / HBAR))
    return _flat(excitons, particle.mass, mode.energy, potential, float(occupation(mode.energy, kT)))


def _flat(excitons: Excitons, mass: float, energy: float, potential: np.ndarray, quanta: float) -> float:
    """Return half of hbar times the rate into a band of a mass, by phonons of one energy: M |G|^2 quanta / 2 hbar^2."""
    return float(mass * coupling_squared(potential**2, energy, excitons.hbar2_per_density) * quanta / (2 * HBAR**2))


def _intervalley(excitons: Excitons, kT: float, upper: Particle) -> float:
    total, spectator = 0.0, upper.mass - excitons.mass_v[0]
    for pair in (pair for pair in excitons.valley_pairs if pair.first == 0):
        mass, fall = excitons.mass_v[pair.second] + spectator, excitons.energy_v[0] - excitons.energy_v[pair.second]
        for mode in pair.modes:
            quanta = float(occupation(mode.energy, kT))
            for kinetic, factor in ((fall - mode.energy, quanta + 1), (fall + mode.energy, quanta)):
                q = np.array(np.sqrt(2 * mass * max(kinetic, 0.0)) / HBAR)
                potential = mode.potential * excitons.intervalley_overlap(0, pair.second, q) * upper.spectators(q)
                total += (kinetic >= 0) * pair.degeneracy[1] * _flat(excitons, mass, mode.energy, potential, factor)
    return float(total)

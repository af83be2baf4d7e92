"""The coherent polarisation of a pulse and the incoherent excitons that phonons scatter out of it.

At resonance the polarisation is a damped oscillator, and phonons scatter it into states that conserve energy relative
to the bottom of KK. Above resonance it follows the pulse at the pump's frequency, and the final states lie higher by
the detuning: absorption of a photon with emission or absorption of a phonon creates a hot exciton. This is second-order
perturbation theory with the 1s exciton as the intermediate state (phonon sidebands in absorption: Christiansen et al.,
Phys. Rev. Lett. 119, 187402 (2017)), the rate of MODEL.md with the pump's photon energy in place of the exciton's
energy. The scattering rates of the model then cool the excitons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import log_ndtr

from hpcx.physics.constants import HBAR
from hpcx.physics.phonons import coupling_squared, occupation
from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import Grid, in_meV
from hpcx.wigner.processes import Dispersionless, emission_processes


@dataclass(frozen=True)
class Source:
    """Generation rate of excitons, s_i(t) = rate_i |p(t)|^2, normalised to one exciton in all.

    Attributes:
        rate_i: scattering rate from the polarisation into each bin, 1/fs.
        damping: decay rate of the polarisation's amplitude, 1/fs.
        centre, width: time of the pulse's maximum and standard deviation of its amplitude, fs.
        spot: 1/e radius of the intensity, nm.
        scale: norm of |p|^2.
        detuning: of the pump above the exciton's resonance, eV; 0 at resonance.
    """

    rate_i: np.ndarray
    damping: float
    centre: float
    width: float
    spot: float
    scale: float
    detuning: float = 0.0

    def intensity(self, time: np.ndarray | float) -> np.ndarray:
        """Return |p(t)|^2 (dimensionless, normalised): a damped resonant oscillator, or one that follows the pulse."""
        delay = (np.asarray(time, dtype=float) - self.centre) / self.width
        if self.detuning:
            return self.scale * np.exp(-(delay**2))
        loss = self.damping * self.width
        return self.scale * np.exp(2 * (0.5 * loss**2 - loss * delay + log_ndtr(delay - loss)))

    def born(self, time: float) -> float:
        """Return the number of excitons generated until `time` (fs); one in the end."""
        if time <= self._begin:
            return 0.0
        return float(self.rate_i.sum() * _integral(self.intensity, self._begin, time, self.width))

    @property
    def _begin(self) -> float:
        return self.centre - 9 * self.width


FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


#: least detuning in spectral widths hbar / sigma_t for which the polarisation follows the pulse: its free oscillation
#: at resonance is then below 1e-4
LEAST_DETUNING = 4.0
#: half width of the pump's spectrum in standard deviations, and number of photon energies in it
_SPECTRUM_REACH, _SPECTRUM_POINTS = 3.0, 31


def check_detuning(excitons: Excitons, edges: np.ndarray, detuning: float, duration: float) -> None:
    """Raise ValueError if the model does not hold for a pump of this `detuning` (eV) and `duration` (fs), or the bins
    end too low.
    """
    width = HBAR * FWHM_PER_SIGMA / duration
    if detuning < 0 or 0 < detuning < LEAST_DETUNING * width:
        raise ValueError(
            f"the pump is {in_meV(detuning):.1f} meV from the resonance: it must be at resonance, or at least "
            f"{in_meV(LEAST_DETUNING * width):.1f} meV above it, {LEAST_DETUNING:g} spectral widths of the pulse; "
            "lengthen pulse.duration for smaller excess energies"
        )
    needed = detuning + _SPECTRUM_REACH * width / np.sqrt(2) + excitons.energy_v[0] - excitons.energy_v.min()
    if detuning and edges[-1] < needed:
        raise ValueError(
            f"momentum.energy_max = {in_meV(edges[-1]):.4g} meV is too low for excitons generated with"
            f" {in_meV(detuning):.1f} meV of excess: take {in_meV(needed):.4g} meV or more"
        )


def make_source(
    excitons: Excitons, grid: Grid, duration: float, centre: float, spot: float, detuning: float = 0.0
) -> Source:
    """Build the source of a pulse: `duration` (fs) and `spot` (nm) are amplitude full widths at half maximum;
    `detuning` in eV.

    The polarisation has radiative damping if `grid` has radiative rates. Raises ValueError if no phonon scatters it.
    """
    rate_i = formation_rates(excitons, grid)
    if not rate_i.any():
        raise ValueError(
            "no phonon scatters the polarisation of KK into excitons: at least one coupling of KK must be nonzero"
        )
    radiative = excitons.radiative_rate if grid.radiative_i.any() else 0.0
    width = duration / FWHM_PER_SIGMA
    source = Source(
        rate_i=detuned_rates(excitons, grid, detuning, width) if detuning else rate_i,
        damping=0.5 * (radiative + rate_i.sum()),
        centre=centre,
        width=width,
        spot=spot / FWHM_PER_SIGMA,
        scale=1.0,
        detuning=detuning,
    )
    tail = 40.0 / (2 * source.damping) + 9 * source.width
    whole = source.born(centre + tail)
    return replace(source, scale=1.0 / whole)


def detuned_rates(excitons: Excitons, grid: Grid, detuning: float, width: float) -> np.ndarray:
    """Return the rates of `formation_rates` averaged over the spectrum of a pump of amplitude exp(-t^2 / 2 width^2),
    detuned by `detuning` (eV).
    """
    deviation = np.linspace(-_SPECTRUM_REACH, _SPECTRUM_REACH, _SPECTRUM_POINTS)
    weight = np.exp(-(deviation**2) / 2)
    excess = detuning + deviation * HBAR / (np.sqrt(2) * width)
    return np.average([formation_rates(excitons, grid, energy) for energy in excess], axis=0, weights=weight)


def formation_rates(excitons: Excitons, grid: Grid, excess: float = 0.0) -> np.ndarray:
    """Return the scattering rate (1/fs) from the polarisation, at rest and `excess` (eV) above KK,
    into every bin: emission and absorption.
    """
    rate_i = np.zeros(grid.size)
    for valley, energy, rate in (*_acoustic(excitons, grid.kT, excess), *_dispersionless(excitons, grid.kT, excess)):
        if 0 <= energy < grid.edges[-1]:
            rate_i[valley * grid.bins + int(grid.bin_of(energy))] += rate
    return rate_i


def _acoustic(excitons: Excitons, kT: float, excess: float) -> Iterator[tuple[int, float, float]]:
    """Yield valley, energy and rate of emission and absorption where hbar^2 q^2 / 2M = excess -+ hbar c q.

    At resonance nothing can be emitted.
    """
    mass = excitons.mass_v[0]
    for branch, sign in product(excitons.branches, (1, -1)):  # absorption, emission
        sound = branch.velocity
        recoil = mass * sound / HBAR
        q = sign * recoil + float(np.sqrt(recoil**2 + 2 * mass * excess / HBAR**2))
        if q <= 0:
            continue
        phonon = HBAR * sound * q
        quanta = float(occupation(phonon, kT)) + (sign < 0)
        potential = branch.coupling * excitons.acoustic_potential(0, np.array(q))
        coupling = coupling_squared((potential * q) ** 2, phonon, excitons.hbar2_per_density)
        slope = HBAR**2 * q / mass - sign * HBAR * sound  # derivative of the conserved energy
        yield 0, (HBAR * q) ** 2 / (2 * mass), float(q * coupling * quanta / (HBAR * slope))


def _dispersionless(excitons: Excitons, kT: float, excess: float) -> Iterator[tuple[int, float, float]]:
    """Yield valley, energy and rate of emission and absorption of phonons of fixed energies."""
    for process in emission_processes(excitons):
        if isinstance(process, Dispersionless) and process.source == 0:
            for energy, quanta in process.ways(excitons, np.array(excess), kT):
                q = np.sqrt(2 * excitons.mass_v[process.final] * np.maximum(energy, 0.0)) / HBAR
                yield process.final, float(energy), float(process.rate(excitons, q, quanta))


def _integral(function, begin: float, end: float, width: float) -> float:
    """Gauss quadrature on pieces no longer than the pulse's width; the integrand is smooth on that scale."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(begin, end, max(2, int(np.ceil((end - begin) / width)) + 1))
    half = 0.5 * np.diff(edges)[:, None]
    times = edges[:-1, None] + half * (1 + nodes)
    return float(np.sum(half * weights * function(times)))

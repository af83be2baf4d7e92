"""The coherent polarisation of a resonant pulse and the incoherent excitons that phonons make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from hpcx.physics.constants import HBAR_MEV_PS
from hpcx.wigner.grid import Grid
from hpcx.wigner.parameters import Branch, Excitons
from hpcx.wigner.processes import Dispersionless, bose, emission_processes


@dataclass(frozen=True)
class Source:
    """Rate at which excitons are born, s_i(t) = rate_i |p(t)|^2, scaled so that all together one exciton is made.

    Attributes:
        rate_i: scattering rate from the polarisation into each bin, 1/ps.
        damping: decay rate of the polarisation's amplitude, 1/ps.
        centre, width: time of the pulse's maximum and standard deviation of its amplitude, ps.
        spot: 1/e radius of the intensity, nm.
        scale: norm of |p|^2.
    """

    rate_i: np.ndarray
    damping: float
    centre: float
    width: float
    spot: float
    scale: float

    def intensity(self, time: np.ndarray | float) -> np.ndarray:
        """Return |p(t)|^2 (1/ps after scaling) of a Gaussian pulse acting on a damped resonant oscillator, in closed form."""
        return self.scale * np.exp(2 * _log_amplitude(time, self.damping, self.centre, self.width))

    def born(self, time: float) -> float:
        """Return how many excitons have been made until `time` (ps); one in the end."""
        if time <= self._begin:
            return 0.0
        return float(self.rate_i.sum() * _integral(self.intensity, self._begin, time, self.width))

    @property
    def _begin(self) -> float:
        return self.centre - 9 * self.width


FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


def make_source(excitons: Excitons, grid: Grid, duration: float, centre: float, spot: float) -> Source:
    """Build the source of a pulse: `duration` (ps) and `spot` (nm) are amplitude full widths at half maximum.

    Radiative damping of the polarisation is taken from `grid`'s radiative rates being switched on or not. Raises ValueError if
    nothing scatters out of the polarisation.
    """
    rate_i = formation_rates(excitons, grid)
    if not rate_i.any():
        raise ValueError("no phonon turns the polarisation of KK into excitons: give KK a coupling that is not zero")
    radiative = excitons.radiative_rate if grid.radiative_i.any() else 0.0
    source = Source(
        rate_i=rate_i,
        damping=0.5 * (radiative + rate_i.sum()),
        centre=centre,
        width=duration / FWHM_PER_SIGMA,
        spot=spot / FWHM_PER_SIGMA,
        scale=1.0,
    )
    tail = 40.0 / (2 * source.damping) + 9 * source.width
    whole = source.born(centre + tail)
    return Source(rate_i, source.damping, centre, source.width, source.spot, 1.0 / whole)


def formation_rates(excitons: Excitons, grid: Grid) -> np.ndarray:
    """Return the scattering rate (1/ps) from an exciton at rest in KK into every bin, emission and absorption."""
    rate_i = np.zeros(grid.size)
    for branch in excitons.branches:
        _add_acoustic(rate_i, excitons, grid, branch)
    for process in emission_processes(excitons):
        if isinstance(process, Dispersionless) and process.source == 0:
            _add_dispersionless(rate_i, excitons, grid, process)
    return rate_i


def _add_acoustic(rate_i: np.ndarray, excitons: Excitons, grid: Grid, branch: Branch) -> None:
    """Absorption of an acoustic phonon of q = 2 M c / hbar; an exciton at rest cannot emit one."""
    mass, velocity = excitons.mass_v[0], branch.velocity
    q = 2 * mass * velocity / HBAR_MEV_PS
    potential = branch.coupling * excitons.acoustic_potential(0, np.array(q))
    coupling = HBAR_MEV_PS * potential**2 * q / (2 * excitons.mass_density * velocity)
    rate = 2 * mass / HBAR_MEV_PS**3 * coupling * bose(HBAR_MEV_PS * velocity * q, grid.kT)
    _put(rate_i, grid, 0, 2 * mass * velocity**2, float(rate))


def _add_dispersionless(rate_i: np.ndarray, excitons: Excitons, grid: Grid, process: Dispersionless) -> None:
    occupation = float(bose(process.energy, grid.kT))
    offset = excitons.energy_v[0] - excitons.energy_v[process.final]
    for energy, factor in ((offset - process.energy, 1 + occupation), (offset + process.energy, occupation)):
        if energy >= 0:
            q = np.sqrt(2 * excitons.mass_v[process.final] * energy) / HBAR_MEV_PS
            _put(rate_i, grid, process.final, energy, float(process.rate(excitons, np.array(q), factor)))


def _put(rate_i: np.ndarray, grid: Grid, valley: int, energy: float, rate: float) -> None:
    if energy < grid.edges[-1]:
        bin_ = int(np.searchsorted(grid.edges, energy, side="right")) - 1
        rate_i[valley * grid.bins + bin_] += rate


def _log_amplitude(time: np.ndarray | float, damping: float, centre: float, width: float) -> np.ndarray:
    delay = np.asarray(time, dtype=float) - centre
    return -damping * delay + 0.5 * (damping * width) ** 2 + log_ndtr((delay - damping * width**2) / width)


def _integral(function, begin: float, end: float, width: float) -> float:
    """Gauss quadrature on pieces no longer than the pulse's width; the integrand is smooth on that scale."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(begin, end, max(2, int(np.ceil((end - begin) / width)) + 1))
    half = 0.5 * np.diff(edges)[:, None]
    times = edges[:-1, None] + half * (1 + nodes)
    return float(np.sum(half * weights * function(times)))

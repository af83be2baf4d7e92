"""Populations, mean squared displacements and diffusivities from the spatial moments of the energy bins.

D_v = (1/4) d_t w_v^2 is split into free flight, intervalley scattering, radiative decay and source. Derivatives are
evaluated from the equation of motion at the given time, never by differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import mean_energy
from hpcx.wigner.rates import Rates
from hpcx.wigner.source import Source


@dataclass(frozen=True)
class Gains:
    """What the valleys gain at one time otherwise than by light: zeroth and second moments in space (2, valley).

    Attributes:
        exchanged: by intervalley scattering, 1/fs and nm^2/fs.
        born: by the pulse, 1/fs and nm^2/fs.
        made: excitons generated until then.
    """

    exchanged: np.ndarray
    born: np.ndarray
    made: float


@dataclass(frozen=True)
class Annihilation:
    """What the valleys lose at one time by annihilation.

    Attributes:
        rate: zeroth and second moments in space (2, valley), 1/fs and nm^2/fs.
        number: excitons annihilated until then.
    """

    rate: np.ndarray
    number: float = 0.0


NO_ANNIHILATION = Annihilation(np.zeros((2, 1)))


class Observer:
    """Turns moments (3, bins of all valleys) into observables."""

    def __init__(self, rates: Rates, source: Source, sideband_i: np.ndarray) -> None:
        """`sideband_i` are the rates of phonon-assisted light of every bin, 1/fs."""
        self.rates, self.source, self._sideband_i = rates, source, sideband_i
        self._transfer_vi = rates.valley_transfer()
        self._energy_i = np.tile(mean_energy(rates.grid.edges, rates.grid.kT), rates.grid.size // rates.grid.bins)

    def gains(self, time: float, moments_ni: np.ndarray, intervalley: bool) -> Gains:
        """Return the gains at `time` (fs) where rates and source are the same everywhere."""
        exchanged = np.stack([self._transfer_vi @ moments_ni[n] for n in (0, 2)])
        born = self.rates.grid.sum_v(self.source.rate_i) * float(self.source.intensity(time))
        return Gains(exchanged * intervalley, np.stack([born, self.source.spot**2 * born]), self.source.born(time))

    def snapshot(
        self, moments_ni: np.ndarray, gains: Gains, annihilation: Annihilation = NO_ANNIHILATION
    ) -> dict[str, np.ndarray]:
        """Return the observables of `moments_ni` by name, per valley or "..._total" for all;
        those of light are numbers but for `sidebands`.

        "population" (one exciton has been made in all), "mean_squared_displacement" (nm^2), "diffusivity" and its parts
        "free", "intervalley", "radiative", "source", "annihilation" (nm^2/fs), "population_rate" by intervalley
        scattering (1/fs), "energy" above the minimum of the valley (eV), "photoluminescence" and phonon-assisted
        "sidebands" (1/fs).
        """
        grid = self.rates.grid
        m0, m1, m2 = moments_ni
        population = grid.sum_v(m0)
        known = np.where(population > 0, population, np.nan)
        mean_squared_displacement = grid.sum_v(m2) / known
        lost, lost_second = grid.sum_v(grid.radiative_i * m0), grid.sum_v(grid.radiative_i * m2)
        parts = {
            "free": grid.sum_v(grid.velocity_i * m1) / (2 * known),
            "intervalley": (gains.exchanged[1] - mean_squared_displacement * gains.exchanged[0]) / (4 * known),
            "radiative": (mean_squared_displacement * lost - lost_second) / (4 * known),
            "source": (gains.born[1] - mean_squared_displacement * gains.born[0]) / (4 * known),
            "annihilation": (mean_squared_displacement * annihilation.rate[0] - annihilation.rate[1]) / (4 * known),
        }
        sidebands = grid.sum_v(self._sideband_i * m0)
        return {
            **parts,
            "population": population,
            "mean_squared_displacement": mean_squared_displacement,
            "diffusivity": np.sum(list(parts.values()), axis=0),
            "population_rate": gains.exchanged[0],
            "energy": grid.sum_v(self._energy_i * m0) / known,
            "sidebands": sidebands,
            "mean_squared_displacement_sidebands": _mean(self._sideband_i @ m2, sidebands.sum()),
            **self._totals(moments_ni, lost, gains.born - annihilation.rate, lost_second),
        }

    def _totals(
        self, moments_ni: np.ndarray, lost: np.ndarray, born: np.ndarray, lost_second: np.ndarray
    ) -> dict[str, np.ndarray]:
        m0, m1, m2 = moments_ni
        total = m0.sum() if m0.sum() > 0 else np.nan
        mean_squared_displacement = m2.sum() / total
        slope = 2 * self.rates.grid.velocity_i @ m1 - lost_second.sum() + born[1].sum()
        change = born[0].sum() - lost.sum()
        light = lost.sum()
        return {
            "population_total": m0.sum(),
            "mean_squared_displacement_total": mean_squared_displacement,
            "diffusivity_total": (slope - mean_squared_displacement * change) / (4 * total),
            "photoluminescence": light,
            "mean_squared_displacement_photoluminescence": _mean(lost_second.sum(), light),
        }


def _mean(moment: np.ndarray, light: np.ndarray) -> np.ndarray:
    return moment / light if light > 0 else np.array(np.nan)


def stationary_diffusivity(rates: Rates, valleys: Sequence[int], intervalley: bool) -> float:
    """Return (1/2) u (-C1)^-1 (u f) / sum f over `valleys`, nm^2/fs: the diffusivity after all transients.

    It is infinite where some bin is never left.
    """
    grid = rates.grid
    index = np.concatenate([np.arange(v * grid.bins, (v + 1) * grid.bins) for v in valleys])
    weight_i, velocity_i = grid.weight_i[index], grid.velocity_i[index]
    moment_i = _stationary_moment(rates, index, intervalley)
    return np.inf if moment_i is None else float(0.5 * velocity_i @ moment_i / weight_i.sum())


def _stationary_moment(rates: Rates, index: np.ndarray, intervalley: bool) -> np.ndarray | None:
    """Return the first moments (-C1)^-1 (u f) of the bins `index` after all transients;
    None if some bin is never left.
    """
    collision_ij = rates.collision(1, intervalley)[np.ix_(index, index)]
    if not (np.diag(collision_ij) < 0).all():
        return None
    return np.linalg.solve(-collision_ij, rates.grid.velocity_i[index] * rates.grid.weight_i[index])


def stationary_free(rates: Rates) -> np.ndarray:
    """Return the part of free flight (nm^2/fs) of each valley's diffusivity after all transients,
    with intervalley scattering.

    All valleys then widen alike, with the common diffusivity D; what D exceeds the free part of a valley by,
    intervalley scattering contributes to that valley for ever.
    """
    grid = rates.grid
    moment_i = _stationary_moment(rates, np.arange(grid.size), True)
    if moment_i is None:
        return np.full(grid.size // grid.bins, np.inf)
    return 0.5 * grid.sum_v(grid.velocity_i * moment_i) / grid.sum_v(grid.weight_i)


def stationary_diffusivities(rates: Rates) -> np.ndarray:
    """Return the diffusivity (nm^2/fs) of each valley without intervalley scattering."""
    valleys = rates.grid.size // rates.grid.bins
    return np.array([stationary_diffusivity(rates, [valley], False) for valley in range(valleys)])


def relaxation_times(rates: Rates, excitons: Excitons) -> np.ndarray:
    """Return D M / kT (fs) of each valley without intervalley scattering."""
    return stationary_diffusivities(rates) * excitons.mass_v / rates.grid.kT

"""Populations, mean squared displacements and diffusivities from the spatial moments of the energy bins.

D_v = (1/4) d_t w_v^2 is split into free flight, intervalley scattering, radiative decay, source and annihilation. The
derivatives follow from the equation of motion at the given time, not from finite differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import mean_energy
from hpcx.wigner.problem import Problem
from hpcx.wigner.rates import Rates
from hpcx.wigner.sidebands import sideband_rates


@dataclass(frozen=True)
class Changes:
    """Changes of the valleys at one time other than by radiative decay: zeroth and second moments in space (2, valley).

    Attributes:
        exchanged, born, annihilated: rates of intervalley scattering, of generation by the pulse and of annihilation,
            1/fs and nm^2/fs.
        made, lost: excitons generated and annihilated until then.
    """

    exchanged: np.ndarray
    born: np.ndarray
    annihilated: np.ndarray
    made: float
    lost: float


def uniform_changes(problem: Problem, time: float, moments_ni: np.ndarray) -> Changes:
    """Return the changes at `time` (fs) of moments (3, bins of all valleys) where rates do not depend on position."""
    source, grid = problem.source, problem.grid
    exchanged = moments_ni[[0, 2]] @ problem.rates.valley_transfer().T
    born = grid.sum_v(source.rate_i) * float(source.intensity(time))
    return Changes(
        exchanged * problem.times.intervalley_at(time),
        np.stack([born, source.spot**2 * born]),
        np.zeros_like(exchanged),
        source.born(time),
        0.0,
    )


class Observer:
    """Computes observables from moments (3, bins of all valleys)."""

    def __init__(self, problem: Problem) -> None:
        self._grid = problem.grid
        self._sideband_i = sideband_rates(problem.sidebands(), problem.grid)
        self._energy_i = np.tile(mean_energy(self._grid.edges, self._grid.kT), self._grid.valleys)

    def snapshot(self, moments_ni: np.ndarray, changes: Changes) -> dict[str, np.ndarray]:
        """Return the observables of `moments_ni` by their names in the result, per valley; "..._total" of all valleys.

        Populations are per generated exciton, mean squared displacements in nm^2, diffusivities and their parts in
        nm^2/fs, rates (of light and of the population) in 1/fs, the mean energy above the minimum of the valley in eV.
        """
        grid = self._grid
        m0, m1, m2 = moments_ni
        population = grid.sum_v(m0)
        known = np.where(population > 0, population, np.nan)
        mean_squared_displacement = grid.sum_v(m2) / known
        lost, lost_second = grid.sum_v(grid.radiative_i * m0), grid.sum_v(grid.radiative_i * m2)

        def part(rate: np.ndarray, second: np.ndarray) -> np.ndarray:
            """Return the part of the diffusivity due to changes of the zeroth and second moment."""
            return (second - mean_squared_displacement * rate) / (4 * known)

        parts = {
            "diffusivity_free": grid.sum_v(grid.velocity_i * m1) / (2 * known),
            "diffusivity_intervalley": part(*changes.exchanged),
            "diffusivity_radiative": part(-lost, -lost_second),
            "diffusivity_source": part(*changes.born),
            "diffusivity_annihilation": part(*-changes.annihilated),
        }
        sidebands = grid.sum_v(self._sideband_i * m0)
        total = m0.sum() if m0.sum() > 0 else np.nan
        growth = (changes.born - changes.annihilated).sum(axis=1) - (lost.sum(), lost_second.sum())
        mean_total = m2.sum() / total
        return {
            **parts,
            "population": population,
            "population_rate_intervalley": changes.exchanged[0],
            "mean_squared_displacement": mean_squared_displacement,
            "diffusivity": np.sum(list(parts.values()), axis=0),
            "mean_energy": grid.sum_v(self._energy_i * m0) / known,
            "population_total": m0.sum(),
            "mean_squared_displacement_total": mean_total,
            "diffusivity_total": (2 * grid.velocity_i @ m1 + growth[1] - mean_total * growth[0]) / (4 * total),
            "photoluminescence": lost.sum(),
            "mean_squared_displacement_photoluminescence": _mean(lost_second.sum(), lost.sum()),
            "photoluminescence_phonon": sidebands,
            "mean_squared_displacement_photoluminescence_phonon": _mean(self._sideband_i @ m2, sidebands.sum()),
        }


def _mean(moment: np.ndarray, light: np.ndarray) -> np.ndarray:
    return moment / light if light > 0 else np.array(np.nan)


def stationary_diffusivity(rates: Rates, valleys: Sequence[int], intervalley: bool) -> float:
    """Return (1/2) u (-C1)^-1 (u f) / sum f over `valleys`, nm^2/fs: the diffusivity after all transients.

    It is infinite if excitons of some energy are never scattered.
    """
    grid = rates.grid
    index = np.concatenate([np.arange(grid.size)[grid.bins_of(v)] for v in valleys])
    moment_i = _stationary_moment(rates, index, intervalley)
    if moment_i is None:
        return np.inf
    return float(0.5 * grid.velocity_i[index] @ moment_i / grid.weight_i[index].sum())


def _stationary_moment(rates: Rates, index: np.ndarray, intervalley: bool) -> np.ndarray | None:
    """Return the stationary first moments (-C1)^-1 (u f) of the bins `index`; None if a bin is never left."""
    collision_ij = rates.collision(1, intervalley)[np.ix_(index, index)]
    if not (np.diag(collision_ij) < 0).all():
        return None
    return np.linalg.solve(-collision_ij, rates.grid.velocity_i[index] * rates.grid.weight_i[index])


def stationary_free(rates: Rates) -> np.ndarray:
    """Return the free-flight part (nm^2/fs) of each valley's diffusivity after all transients, with all scattering.

    The spots of all valleys then widen at the common diffusivity D. The difference between D and the free part of a
    valley is the contribution of intervalley scattering to that valley.
    """
    grid = rates.grid
    moment_i = _stationary_moment(rates, np.arange(grid.size), True)
    if moment_i is None:
        return np.full(grid.valleys, np.inf)
    return 0.5 * grid.sum_v(grid.velocity_i * moment_i) / grid.sum_v(grid.weight_i)


def stationary_diffusivities(rates: Rates) -> np.ndarray:
    """Return the diffusivity (nm^2/fs) of each valley without intervalley scattering."""
    return np.array([stationary_diffusivity(rates, [valley], False) for valley in range(rates.grid.valleys)])


def relaxation_times(rates: Rates, excitons: Excitons) -> np.ndarray:
    """Return D M / kT (fs) of each valley without intervalley scattering."""
    return stationary_diffusivities(rates) * excitons.mass_v / rates.grid.kT

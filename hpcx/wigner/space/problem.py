"""The spatial part of the problem: cells, excitation, edges of the box, landscape, annihilation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.wigner.config import Config
from hpcx.wigner.energy_grid import mean_energy
from hpcx.wigner.problem import Problem, check_edges
from hpcx.wigner.source import FWHM_PER_SIGMA
from hpcx.wigner.space.advection import STABLE_COURANT
from hpcx.wigner.space.drift import longest_drift_step
from hpcx.wigner.space.initial_density import brightness
from hpcx.wigner.space.local_rates import Regions, find_regions
from hpcx.wigner.space.potential import force_gradient, potential_energy
from hpcx.wigner.space.spatial_grid import SpatialGrid, is_mirror_symmetric

#: default of landscape.rate_step over kT
RATE_STEP = 1 / 8
#: steps per lifetime of an exciton where annihilation is fastest: their errors are below 1e-7
STEPS_PER_LIFETIME = 10


@dataclass(frozen=True)
class SpatialProblem:
    """The spatial part of the problem.

    Attributes:
        grid: the whole box.
        harmonics: highest angular harmonic M.
        birth: fraction of the excitons generated in each cell; sums to one.
        mirror: compute the positive half (quarter) only.
        absorbing: excitons are absorbed in a layer along the edges.
        gradient: gradient of the landscape (direction, valley, *cells), eV/nm, or None.
        regions: cells grouped by the relative shifts of the valleys, or None if these are the same everywhere.
        annihilation: annihilation rate of an exciton if all excitons were in one cell, 1/fs: R times the number of
            excitons over the size of a cell.
    """

    grid: SpatialGrid
    harmonics: int
    birth: np.ndarray
    mirror: bool
    absorbing: bool = False
    gradient: np.ndarray | None = None
    regions: Regions | None = None
    annihilation: float = 0.0

    @property
    def fastest_annihilation(self) -> float:
        """Annihilation rate (1/fs) in the cell with the highest density if all excitons were generated at once."""
        return self.annihilation * float(self.birth.max())


def make_spatial_problem(config: Config) -> SpatialProblem:
    """Evaluate excitation and landscape on the grid; use mirror symmetry where both have it."""
    spatial_grid = SpatialGrid((config.space.points,) * config.space.dimension, config.internal.space.width)
    bright = brightness(spatial_grid, config.space.initial, config.internal.pulse.spot / FWHM_PER_SIGMA)
    birth = bright / bright.sum()
    energy_v = potential_energy(spatial_grid, config.landscape)
    mirror = config.space.points % 2 == 0 and all(is_mirror_symmetric(field) for field in (birth, *energy_v))
    losses = config.internal.annihilation
    spatial = SpatialProblem(
        spatial_grid,
        config.momentum.harmonics,
        birth,
        mirror,
        config.space.boundary == "absorbing",
        annihilation=losses.rate * losses.density * float(bright.sum()),
    )
    if config.landscape.kind == "none":
        return spatial
    kT = BOLTZMANN_EV_PER_K * config.temperature
    regions = find_regions(energy_v, config.internal.landscape.rate_step or RATE_STEP * kT, kT)
    return replace(spatial, gradient=force_gradient(spatial_grid, energy_v, kT), regions=regions)


def check_local_energies(spatial: SpatialProblem, energy_v: np.ndarray, edges: np.ndarray, temperature: float) -> None:
    """Raise ValueError if the energy bins (eV) do not reach far enough where the landscape shifts the valleys."""
    for offset_v in spatial.regions.offset_rv if spatial.regions is not None else ():
        check_edges(energy_v + offset_v, edges, temperature)


def longest_stable_step(
    spatial: SpatialProblem, edges: np.ndarray, mass_v: np.ndarray, kT: float, exchange: float
) -> float:
    """Return the longest step (fs) for which free flight, drift and the explicit part of the out-rates are stable.

    `exchange` is the largest intervalley scattering rate (1/fs) without landscape; edges and kT in eV.
    """
    flight = STABLE_COURANT * spatial.grid.spacing / float(np.sqrt(2 * mean_energy(edges, kT)[-1] / mass_v.min()))
    losses = STEPS_PER_LIFETIME * spatial.fastest_annihilation
    if spatial.gradient is None:
        return 1 / (1 / flight + losses)
    excess = exchange * np.expm1(0.5 * spatial.regions.step / kT) if spatial.regions is not None else 0.0
    return 1 / (1 / flight + 1 / longest_drift_step(edges, mass_v, spatial.gradient) + float(excess) + losses)


def place_source(problem: Problem, spatial: SpatialProblem) -> Problem:
    """Return the problem with the mean squared radius that the generated excitons have on the grid."""
    mean_square = float(np.sum(spatial.birth * spatial.grid.radius_squared()))
    return replace(problem, source=replace(problem.source, spot=float(np.sqrt(mean_square))))

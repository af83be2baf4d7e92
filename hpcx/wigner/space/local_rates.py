"""Landscapes that shift the valleys relative to each other: cells are grouped into regions with common rates.

Apart from the factor exp(-(V_v + V_w)/2kT), the symmetric flux between bins of valleys v and w depends only on the
difference of the local energies of the valleys. Rates are assembled for rounded differences, once per region; the
factor is exact in every cell:

    rate_ij(cell) = r_v / r_w rate_ij(region),    r_v = exp(-(V_v(cell) - V_v(region)) / 2kT).

The flux therefore stays symmetric: f exp(-V_v/kT) is stationary and the number is conserved for any rounding, which
changes phonon energies by at most half a step. The scattering matrix of a cell is R C R^-1 - diag(excess) with C of its
region, whose inverse is stored. The excess, the difference of the out-rates from those of the region, is small and
integrated explicitly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpcx.parallel.errors import agreed
from hpcx.parallel.run import Run
from hpcx.petsc.imex import StoredInverses
from hpcx.wigner.energy_grid import Grid, equilibrium_weights
from hpcx.wigner.problem import Problem
from hpcx.wigner.processes import emission_processes
from hpcx.wigner.rate_cache import kept_rates
from hpcx.wigner.rates import Rates, padded
from hpcx.wigner.source import FWHM_PER_SIGMA, Source, make_source

if TYPE_CHECKING:
    from mpi4py import MPI


@dataclass(frozen=True)
class Regions:
    """Cells grouped by the shifts of the valleys relative to that of KK.

    Attributes:
        offset_rv: shifts of the valleys relative to KK in each region (region, valley), eV, multiples of the step.
        index: region of each cell, an array over the cells.
        ratio_v: r_v of each cell (valley, *cells).
        step: to whose multiples shifts are rounded, eV.
    """

    offset_rv: np.ndarray
    index: np.ndarray
    ratio_v: np.ndarray
    step: float


def find_regions(energy_v: np.ndarray, step: float, kT: float) -> Regions | None:
    """Group cells by V_v (valley, *cells; eV) in steps of `step` (eV); None if all valleys are shifted equally."""
    offset_v = energy_v - energy_v[0]
    if np.max(np.abs(offset_v)) <= 1e-12 * np.max(np.abs(energy_v)):
        return None
    rounded_v = np.round(offset_v / step)
    found, index = np.unique(rounded_v.reshape(len(offset_v), -1), axis=1, return_inverse=True)
    ratio_v = np.exp(-(offset_v - step * rounded_v) / (2 * kT))
    return Regions(step * found.T, index.reshape(offset_v.shape[1:]), ratio_v, step)


def regional_physics(
    comm: MPI.Comm, problem: Problem, regions: Regions, needed: set[int], run: Run
) -> Iterator[tuple[int, Rates, Source]]:
    """Yield (number of the region, rates, source) for the regions that this rank needs; ranks share the assembly.

    Collective. If a stop is requested, finished rates are in the cache, and Stopped is raised.
    """
    for first in range(0, len(regions.offset_rv), comm.size):
        mine = first + comm.rank
        physics = None
        with agreed(comm):
            if mine < len(regions.offset_rv):
                physics = _physics(problem, regions.offset_rv[mine], run)
        for number in range(first, min(first + comm.size, len(regions.offset_rv))):
            received = comm.bcast(physics, root=number - first)
            if number in needed:
                yield number, *received
        run.progress("regions", (first + comm.size) / len(regions.offset_rv))
        run.checkpoint_if_due(comm)


def _physics(problem: Problem, offset_v: np.ndarray, run: Run) -> tuple[Rates, Source]:
    """Return rates and source for valleys shifted by `offset_v` (eV)."""
    from mpi4py import MPI

    flat, source = problem.rates, problem.source
    excitons = replace(problem.excitons, energy_v=problem.excitons.energy_v + offset_v)
    grid = replace(flat.grid, weight_i=equilibrium_weights(excitons, flat.grid.edges, flat.grid.kT))
    born = make_source(excitons, grid, source.width * FWHM_PER_SIGMA, source.centre, source.spot * FWHM_PER_SIGMA)
    # inside a valley only the equilibrium weight changes, to which the flux is proportional
    intravalley_mij = flat.intravalley_mij * (grid.weight_i / flat.grid.weight_i)
    intervalley_mij = np.zeros_like(intravalley_mij)
    if flat.intervalley_mij.any():
        processes = [process for process in emission_processes(excitons) if process.intervalley]
        intervalley_mij = kept_rates(MPI.COMM_SELF, excitons, grid, flat.harmonics, processes, run).intervalley_mij
    return Rates(grid, intravalley_mij, intervalley_mij), born


@dataclass(frozen=True)
class Region:
    """A region on this rank.

    Attributes:
        cells: its cells on this rank.
        scattering: C of the region.
        inflow_vwb: rate of intervalley scattering into valley v from bin b of valley w, 1/fs.
        source: generation of excitons, normalised to one.
    """

    cells: np.ndarray
    scattering: StoredInverses
    inflow_vwb: np.ndarray
    source: Source


class LocalScattering:
    """Scattering with position-dependent rates; the `implicit` part of a stepper.

    Attributes:
        regions: those of this rank.
        excess_ci: out-rates (cell, bin; 1/fs) less those of the region.

    Args:
        comm, problem, run: as elsewhere; constructing is collective.
        regions: index (cell,) and ratio (valley, cell) are those of this rank's cells.
        labels_k: harmonic of each component.
    """

    def __init__(self, comm: MPI.Comm, problem: Problem, regions: Regions, labels_k: tuple[int, ...], run: Run) -> None:
        self._grid = problem.grid
        self._ratio_vc = regions.ratio_v
        self._ratio_ci = _spread(regions.ratio_v, problem.grid)
        self.regions = [
            Region(
                np.flatnonzero(regions.index == number),
                rates.implicit(labels_k),
                rates.inflow().reshape(-1, *problem.grid.shape),
                source,
            )
            for number, rates, source in regional_physics(comm, problem, regions, set(regions.index.tolist()), run)
        ]
        self.excess_ci = np.empty((len(regions.index), problem.grid.size))
        for region in self.regions:
            self.excess_ci[region.cells] = self._excess(region)

    def apply(self, state: np.ndarray, out: np.ndarray) -> None:
        """Write R C R^-1 X into `out`; both [cell, component, value]."""
        self._each(state, out, lambda region, x, y: region.scattering.apply(x, y))

    def solve(self, shift: float, state: np.ndarray, out: np.ndarray) -> None:
        """Write R (C - shift)^-1 R^-1 X into `out`."""
        self._each(state, out, lambda region, x, y: region.scattering.solve(shift, x, y))

    def exchange(self, isotropic_ci: np.ndarray) -> np.ndarray:
        """Return the change (cell, valley; 1/fs) of the populations of the cells by intervalley scattering."""
        valleys, bins = self._grid.shape
        change_cv = np.zeros((len(isotropic_ci), valleys))
        for region in self.regions:
            isotropic_cvb = isotropic_ci[region.cells].reshape(-1, valleys, bins)
            flow_cvw = np.einsum("cwb,vwb->cvw", isotropic_cvb, region.inflow_vwb) * self._ratios(region)
            change_cv[region.cells] = flow_cvw.sum(axis=2) - flow_cvw.sum(axis=1)
        return change_cv

    def _each(self, state: np.ndarray, out: np.ndarray, work: Callable[[Region, np.ndarray, np.ndarray], None]) -> None:
        for region in self.regions:
            ratio = self._ratio_ci[region.cells, None]
            scaled = state[region.cells] / ratio
            result = np.empty_like(scaled)
            work(region, scaled, result)
            out[region.cells] = result * ratio

    def _excess(self, region: Region) -> np.ndarray:
        """Return the out-rates (cell of the region, bin; 1/fs) less those of the region."""
        excess_cwb = np.einsum("cvw,vwb->cwb", self._ratios(region) - 1, region.inflow_vwb)
        return excess_cwb.reshape(len(region.cells), -1)

    def _ratios(self, region: Region) -> np.ndarray:
        """Return r_v / r_w (cell of the region, to valley v, from valley w)."""
        ratio_cv = self._ratio_vc[:, region.cells].T
        return ratio_cv[:, :, None] / ratio_cv[:, None, :]


def _spread(ratio_vc: np.ndarray, grid: Grid) -> np.ndarray:
    """Return r of every value of a cell (cell, value); for emitted light it is that of KK."""
    ratio_ci = np.repeat(ratio_vc.T, grid.bins, axis=1)
    return np.concatenate([ratio_ci, np.repeat(ratio_vc[:1].T, padded(grid.size) - grid.size, axis=1)], axis=1)

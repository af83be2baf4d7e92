"""The Wigner equation in space: angular moments in cells, scattering inside the cells, free flight between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from mpi4py import MPI

from hpcx.io.part import Part
from hpcx.parallel.run import Run
from hpcx.petsc.cells import CellGrid, real_view
from hpcx.petsc.imex import ImexStepper, StoredInverses
from hpcx.wigner.observables import Changes
from hpcx.wigner.problem import Problem
from hpcx.wigner.rates import padded
from hpcx.wigner.source import Source
from hpcx.wigner.space.advection import Flight, labels
from hpcx.wigner.space.drift import Drift
from hpcx.wigner.space.local_rates import LocalScattering
from hpcx.wigner.space.problem import SpatialProblem
from hpcx.wigner.space.spatial_grid import SpatialGrid

#: absorbing layer: its thickness over half the width of the box, and the largest rate, 1/fs
ABSORBING_SHARE = 1 / 6
ABSORPTION_RATE = 2e-3


class Transport:
    """State and equation of motion of the excitons in all cells.

    The state of a cell is the number of its excitons by component and value. After the bins, component 0 counts the
    emitted light and component 1 the annihilated excitons. Constructing is collective on `comm`.
    """

    def __init__(self, comm: MPI.Comm, problem: Problem, spatial: SpatialProblem, run: Run | None = None) -> None:
        self.comm, self.problem, self.spatial = comm, problem, spatial
        spatial_grid, size = spatial.grid, problem.grid.size
        self.labels_k = labels(spatial.harmonics, spatial_grid.dimension)
        points = tuple(count // 2 if spatial.mirror else count for count in spatial_grid.points)
        self.cells = CellGrid(comm, points, len(self.labels_k), padded(size), spatial.mirror)
        velocity_i = np.zeros(padded(size))
        velocity_i[:size] = problem.grid.velocity_i
        self._flight = Flight(velocity_i, spatial_grid.spacing, spatial.harmonics, self.cells)
        self._birth = self.local(spatial.birth).ravel()
        self._loss = self.local(absorption(spatial_grid)).ravel() if spatial.absorbing else None
        self._drift = self._make_drift()
        self._local = self._make_local(run or Run())
        self._sources = self._make_sources()
        self._weights = self._moment_weights()
        self.stepper = ImexStepper(self.cells, self._implicit(True), self._explicit)
        self.intervalley = True

    def local(self, field: np.ndarray) -> np.ndarray:
        """Return this rank's cells of a field [..., (y,) x] on the whole grid."""
        before = (slice(None),) * (field.ndim - self.spatial.grid.dimension)
        if self.spatial.mirror:
            field = field[(*before, *(slice(count // 2, None) for count in self.spatial.grid.points))]
        return field[(*before, *self.cells.box)]

    def with_images(self, field: np.ndarray) -> np.ndarray:
        """Return a field on this rank's cells [..., (y,) x] with its mirror images; it is even under reflection."""
        if self.spatial.mirror:
            for axis in range(field.ndim - self.spatial.grid.dimension, field.ndim):
                field = np.concatenate([np.flip(field, axis), field], axis=axis)
        return field

    def part(self) -> Part:
        """Return the part of the whole grid that this rank's cells and their mirror images cover."""
        points = self.spatial.grid.points
        if not self.spatial.mirror:
            return Part.block(points, self.cells.box)
        halves = [count // 2 for count in points]
        return Part(
            points,
            tuple(
                (slice(half - own.stop, half - own.start), slice(half + own.start, half + own.stop))
                for half, own in zip(halves, self.cells.box)
            ),
        )

    @property
    def state(self) -> np.ndarray:
        """This rank's cells [(y,) x, component, value], a view."""
        return real_view(self.stepper.vector, (*self.cells.local_points, *self.cells.shape[1:]), writable=True)

    def set_intervalley(self, switched_on: bool) -> None:
        """Choose whether intervalley scattering acts from now on."""
        if switched_on != self.intervalley:
            self.stepper.implicit = self._implicit(switched_on)
            self.intervalley = switched_on

    def moments(self) -> np.ndarray:
        """Return the spatial moments (3, values) of the whole box. Collective."""
        state = self.stepper.state
        zeroth, first, second = self._weights
        moments = np.stack(
            [
                zeroth @ state[:, 0],
                sum(weight @ state[:, 1 + direction] for direction, weight in enumerate(first)),
                second @ state[:, 0],
            ]
        )
        self.comm.Allreduce(MPI.IN_PLACE, moments)
        return moments

    def changes(self, time: float) -> Changes:
        """Return how the valleys change at `time` (fs) other than by radiative decay. Collective."""
        grid, state = self.problem.grid, self.stepper.state
        born_cv, made_c = self._births(time)
        lost_cv = self._annihilation_rate(state)[:, None] * grid.sum_v(state[:, 0, : grid.size])
        zeroth, _, second = self._weights
        rates = np.stack([self.exchange() * self.problem.times.intervalley_at(time), born_cv, lost_cv])
        sums = np.concatenate(
            [np.ravel([zeroth @ rates, second @ rates]), [zeroth @ made_c, zeroth @ state[:, 1, grid.size]]]
        )
        self.comm.Allreduce(MPI.IN_PLACE, sums)
        exchanged, born, annihilated = np.swapaxes(sums[:-2].reshape(2, 3, -1), 0, 1)
        return Changes(exchanged, born, annihilated, *sums[-2:].tolist())

    def exchange(self) -> np.ndarray:
        """Return the change (cell, valley; 1/fs) of this rank's populations by intervalley scattering."""
        isotropic = self.stepper.state[:, 0, : self.problem.grid.size]
        if not self.intervalley:
            return np.zeros((len(isotropic), self.problem.grid.valleys))
        if self._local is not None:
            return self._local.exchange(isotropic)
        return isotropic @ self.problem.rates.valley_transfer().T

    def by_valley(self) -> np.ndarray:
        """Return the densities (valley, (y,) x) of this rank's cells, 1/nm or 1/nm^2."""
        grid, spatial_grid = self.problem.grid, self.spatial.grid
        summed = grid.sum_v(self.state[..., 0, : grid.size]) / spatial_grid.cell
        return np.moveaxis(summed, -1, 0)

    def destroy(self) -> None:
        """Free the PETSc objects. Collective."""
        self.stepper.destroy()

    def _implicit(self, intervalley: bool) -> StoredInverses | LocalScattering:
        if intervalley and self._local is not None:
            return self._local
        return self.problem.rates.implicit(self.labels_k, intervalley)

    def _explicit(self, time: float, state: np.ndarray, out: np.ndarray) -> None:
        self._flight(state, out)
        self._add_births(time, out)
        size = self.problem.grid.size
        if self._drift is not None:
            self._drift.add(state, out)
        if self._local is not None and self.intervalley:
            for component in range(len(self.labels_k)):
                out[:, component, :size] -= self._local.excess_ci * state[:, component, :size]
        if self._loss is not None:
            edge = np.flatnonzero(self._loss)
            out[edge, :, :size] -= self._loss[edge, None, None] * state[edge, :, :size]
        if self.spatial.annihilation:
            rate = self._annihilation_rate(state)
            out[:, :, :size] -= rate[:, None, None] * state[:, :, :size]
            out[:, 1, size] += rate * state[:, 0, :size].sum(axis=1)

    def _annihilation_rate(self, state: np.ndarray) -> np.ndarray:
        """Return the rate (cell; 1/fs) at which an exciton is annihilated, R n."""
        return self.spatial.annihilation * state[:, 0, : self.problem.grid.size].sum(axis=1)

    def _add_births(self, time: float, out: np.ndarray) -> None:
        for cells, source in self._sources:
            intensity = float(source.intensity(time))
            if intensity:  # it vanishes soon after the pulse
                born_ci = self._birth[cells, None] * (intensity * source.rate_i)
                out[cells, 0, : self.problem.grid.size] += born_ci

    def _births(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the excitons born per fs (cell, valley) at `time` (fs), and those made until then (cell,)."""
        grid = self.problem.grid
        born_cv, made_c = np.empty((len(self._birth), grid.valleys)), np.empty_like(self._birth)
        for cells, source in self._sources:
            rate_v = grid.sum_v(source.rate_i) * float(source.intensity(time))
            born_cv[cells] = self._birth[cells, None] * rate_v
            made_c[cells] = self._birth[cells] * source.born(time)
        return born_cv, made_c

    def _make_sources(self) -> list[tuple[np.ndarray | slice, Source]]:
        """Return the sources with the cells that they act on."""
        if self._local is None:
            return [(slice(None), self.problem.source)]
        return [(region.cells, region.source) for region in self._local.regions]

    def _make_local(self, run: Run) -> LocalScattering | None:
        regions = self.spatial.regions
        if regions is None:
            return None
        ratio_vc = self.local(regions.ratio_v).reshape(len(regions.ratio_v), -1)
        own = replace(regions, index=self.local(regions.index).ravel(), ratio_v=ratio_vc)
        return LocalScattering(self.comm, self.problem, own, self.labels_k, run)

    def _make_drift(self) -> Drift | None:
        spatial, problem = self.spatial, self.problem
        if spatial.gradient is None:
            return None
        gradient = self.local(spatial.gradient).reshape(*spatial.gradient.shape[:2], -1)
        return Drift(problem.grid, problem.excitons.mass_v, gradient, spatial.harmonics, spatial.grid.dimension)

    def _moment_weights(self) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """Return the weights of the cells in the zeroth, first (per direction) and second moment."""
        spatial_grid = self.spatial.grid
        copies = 2.0**spatial_grid.dimension if self.spatial.mirror else 1.0
        isotropy = 2 / spatial_grid.dimension
        first = [copies * isotropy * self.local(coordinate).ravel() for coordinate in spatial_grid.coordinates()]
        second = copies * self.local(spatial_grid.radius_squared()).ravel()
        return np.full(len(second), copies), first, second


def absorption(spatial_grid: SpatialGrid) -> np.ndarray:
    """Return the loss rate (1/fs) of an absorbing layer: it grows with the square of the depth inside the layer."""
    half = 0.5 * spatial_grid.width
    depth = np.max([np.abs(coordinate) for coordinate in spatial_grid.coordinates()], axis=0)
    return ABSORPTION_RATE * np.clip((depth / half - 1 + ABSORBING_SHARE) / ABSORBING_SHARE, 0.0, 1.0) ** 2

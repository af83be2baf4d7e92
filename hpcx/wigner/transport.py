"""The Wigner equation in space: cells of angular moments, scattering inside the cells, free flight between them."""

from __future__ import annotations


import numpy as np
from mpi4py import MPI

from hpcx.petsc.cells import CellGrid, real_view
from hpcx.petsc.imex import ImexStepper, StoredInverses
from hpcx.wigner.advection import Flight, labels, parities
from hpcx.wigner.landscape import Drift, longest_drift_step
from hpcx.wigner.lattice import Lattice
from hpcx.wigner.problem import Problem
from hpcx.wigner.rates import padded
from hpcx.wigner.setting import Setting

#: longest stable step times largest speed over cell length, in one and two dimensions (scheme 4 and 3)
STABLE_COURANT = 1.4
#: an absorbing edge: share of the half width that absorbs, and largest rate, 1/ps
ABSORBING_SHARE = 1 / 6
ABSORPTION_RATE = 2.0


class Transport:
    """State and equation of motion of the excitons in all cells.

    The state of a cell is the number of its excitons by component and value. Constructing is collective on `comm`.
    """

    def __init__(self, comm: MPI.Comm, problem: Problem, setting: Setting, scheme: str = "4") -> None:
        self.comm, self.problem, self.setting = comm, problem, setting
        lattice, size = setting.lattice, problem.grid.size
        self.labels_k = labels(setting.harmonics, lattice.dimension)
        mirror = parities(setting.harmonics, lattice.dimension) if setting.mirror else None
        points = tuple(count // 2 if setting.mirror else count for count in lattice.points)
        self.cells = CellGrid(comm, points, len(self.labels_k), padded(size), mirror)
        velocity_i = np.zeros(padded(size))
        velocity_i[:size] = problem.grid.velocity_i
        self._flight = Flight(velocity_i, lattice.spacing, setting.harmonics, lattice.dimension)
        self._birth = self.local(setting.birth).ravel()
        self._loss = self.local(absorption(lattice)).ravel() if setting.absorbing else None
        self._drift = self._make_drift()
        self._weights = self._moment_weights()
        self.stepper = ImexStepper(self.cells, self._implicit(True), self._explicit, scheme)
        self.intervalley = True

    def local(self, field: np.ndarray) -> np.ndarray:
        """Return this rank's cells of a field on the whole lattice."""
        if self.setting.mirror:
            field = field[tuple(slice(count // 2, None) for count in field.shape)]
        return field[self.cells.start : self.cells.start + self.cells.rows]

    def whole(self, field: np.ndarray) -> np.ndarray:
        """Return a field on the whole lattice from this rank's cells [..., (y,) x]; even under reflection. Collective."""
        axis = field.ndim - self.setting.lattice.dimension
        joined = np.concatenate(self.comm.allgather(field), axis=axis)
        if self.setting.mirror:
            for direction in range(axis, field.ndim):
                joined = np.concatenate([np.flip(joined, direction), joined], axis=direction)
        return joined

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

    def by_valley(self) -> np.ndarray:
        """Return the densities (valley, (y,) x) of this rank's cells, 1/nm or 1/nm^2."""
        grid, lattice = self.problem.grid, self.setting.lattice
        summed = grid.sum_v(self.state[..., 0, : grid.size]) / lattice.spacing**lattice.dimension
        return np.moveaxis(summed, -1, 0)

    def destroy(self) -> None:
        """Free the PETSc objects. Collective."""
        self.stepper.destroy()

    def _implicit(self, intervalley: bool) -> StoredInverses:
        rates = self.problem.rates
        blocks = {m: rates.evolution(m, intervalley) for m in set(self.labels_k)}
        return StoredInverses(blocks, self.labels_k)

    def _explicit(self, time: float, ghosted: np.ndarray, out: np.ndarray) -> None:
        self._flight(ghosted, out)
        source = self.problem.source
        intensity = float(source.intensity(time))
        out[:, 0, : self.problem.grid.size] += self._birth[:, None] * (intensity * source.rate_i)
        if self._loss is None and self._drift is None:
            return
        state = ghosted[(slice(2, -2),) * self.setting.lattice.dimension].reshape(self.cells.shape)
        if self._drift is not None:
            self._drift.add(state, out)
        if self._loss is not None:
            size, edge = self.problem.grid.size, np.flatnonzero(self._loss)
            out[edge, :, :size] -= self._loss[edge, None, None] * state[edge, :, :size]

    def _make_drift(self) -> Drift | None:
        setting, problem = self.setting, self.problem
        if setting.gradient is None:
            return None
        gradient = np.stack([self.local(component).ravel() for component in setting.gradient])
        return Drift(problem.grid, problem.excitons.mass_v, gradient, setting.harmonics, setting.lattice.dimension)

    def _moment_weights(self) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """Return the weights of the cells in the zeroth, first (per direction) and second moment."""
        lattice = self.setting.lattice
        copies = 2.0**lattice.dimension if self.setting.mirror else 1.0
        isotropy = 2 / lattice.dimension
        first = [copies * isotropy * self.local(coordinate).ravel() for coordinate in lattice.coordinates()]
        second = copies * self.local(lattice.radius_squared()).ravel()
        return np.full(len(second), copies), first, second


def longest_stable_step(problem: Problem, setting: Setting) -> float:
    """Return the longest step (ps) for which free flight of the fastest excitons and their drift are stable."""
    flight = STABLE_COURANT * setting.lattice.spacing / float(problem.grid.velocity_i.max())
    if setting.gradient is None:
        return flight
    drift = longest_drift_step(problem.grid, problem.excitons.mass_v, setting.gradient)
    return 1 / (1 / flight + 1 / drift)


def absorption(lattice: Lattice) -> np.ndarray:
    """Return the loss rate (1/ps) of an absorbing layer: rising with the square of the depth over a sixth of the half width."""
    half = 0.5 * lattice.width
    depth = np.max([np.abs(coordinate) for coordinate in lattice.coordinates()], axis=0)
    return ABSORPTION_RATE * np.clip((depth / half - 1 + ABSORBING_SHARE) / ABSORBING_SHARE, 0.0, 1.0) ** 2

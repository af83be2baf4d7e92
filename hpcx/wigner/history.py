"""Observables against time, and the run of the moments that gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np

from hpcx.wigner.moments import Hierarchy, MomentStepper, Stepper, march
from hpcx.wigner.observables import Observer, Snapshot, stationary_diffusivity
from hpcx.wigner.problem import Problem
from hpcx.wigner.schedule import Schedule, choose_steps, levels_for


@dataclass
class History:
    """Snapshots at the output times.

    Attributes:
        time: output times, ps.
        snapshots: observables.
        emitted: light emitted until then, in excitons.
        number: excitons present and emitted, over those made, minus one.
    """

    time: list[float] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    emitted: list[float] = field(default_factory=list)
    number: list[float] = field(default_factory=list)

    def array(self, name: str) -> np.ndarray:
        """Return a quantity of the snapshots against time: (time,) or (time, valley)."""
        return np.array([getattr(snapshot, name) for snapshot in self.snapshots])

    def names(self) -> list[str]:
        """Return the names of the quantities of a snapshot."""
        return [item.name for item in fields(Snapshot)]


class Recorder:
    """Collects a `History` from states of the moments (3, values of a cell)."""

    def __init__(self, problem: Problem) -> None:
        self.history = History()
        self._problem = problem
        self._observer = Observer(problem.rates, problem.source)

    def record(self, time: float, state: np.ndarray, hierarchy: Hierarchy) -> None:
        """Append the observables of a state."""
        size = self._problem.grid.size
        self.history.time.append(time)
        self.history.snapshots.append(self._observer.snapshot(time, state[:, :size], hierarchy.intervalley))
        self.history.emitted.append(float(state[0, size]))
        self.history.number.append(float(state[0].sum()) / self._problem.source.born(time) - 1)


def run_moments(problem: Problem, steps: np.ndarray, make_stepper: Callable[..., Stepper] = MomentStepper) -> History:
    """Run the hierarchy of moments over `steps` (start, length; ps)."""
    recorder = Recorder(problem)
    phases = [(end, problem.hierarchy(intervalley)) for end, intervalley in problem.phases]
    march(make_stepper, phases, steps, problem.outputs, recorder.record)
    return recorder.history


def schedule_and_moments(problem: Problem, tolerance: float, longest: float = np.inf) -> tuple[Schedule, History]:
    """Choose steps no longer than `longest` (ps) for a tolerance; also return the moments with halved steps.

    Raises ToleranceError if the tolerance is out of reach.
    """
    source = problem.source
    duration = source.width * np.sqrt(8 * np.log(2))
    scale = stationary_diffusivity(problem.rates, range(len(problem.excitons.energy_v)), True)
    begin = source.centre + duration
    return choose_steps(
        lambda refinement: levels_for(duration, source.centre, refinement, longest),
        problem.stops,
        lambda steps: run_moments(problem, steps),
        lambda coarse, fine: largest_difference(coarse, fine, begin, scale),
        tolerance,
    )


def largest_difference(coarse: History, fine: History, begin: float, scale: float) -> float:
    """Return the largest relative difference of populations, squared widths and diffusivities of any valley after `begin`.

    The diffusivity passes zero, so its difference is relative to |D| + `scale` (nm^2/ps).
    """
    late = np.array(coarse.time) > begin
    worst = 0.0
    for name, floor in (("population", 0.0), ("width_squared", 0.0), ("diffusivity", scale)):
        first, second = coarse.array(name)[late], fine.array(name)[late]
        worst = max(worst, float(np.nanmax(np.abs(first - second) / (np.abs(second) + floor), initial=0.0)))
    return worst

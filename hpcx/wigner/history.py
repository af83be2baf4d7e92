"""Observables against time, and the run of the moments that gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from hpcx.wigner.moment_runs import KeptMoments, MomentRuns
from hpcx.wigner.moments import Hierarchy, MomentStepper, Stepper, march
from hpcx.wigner.observables import Gains, Observer, Snapshot, stationary_diffusivity
from hpcx.wigner.problem import Problem
from hpcx.wigner.sidebands import sideband_rates
from hpcx.wigner.time_steps import Schedule, choose_steps, levels_for

#: a distribution over energy is kept when time has grown by this factor since the one before
SPECTRUM_GROWTH = 1.1


@dataclass
class History:
    """Snapshots at the output times.

    Attributes:
        time: output times, ps.
        snapshots: observables.
        emitted: light emitted until then, in excitons.
        number: excitons present and emitted, over those made, minus one.
        spectrum_time, spectra: times (ps), ever further apart, and excitons in the bins of all valleys then.
    """

    time: list[float] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    emitted: list[float] = field(default_factory=list)
    number: list[float] = field(default_factory=list)
    spectrum_time: list[float] = field(default_factory=list)
    spectra: list[np.ndarray] = field(default_factory=list)

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
        self._problem, self._size = problem, problem.grid.size
        self._observer = Observer(problem.rates, problem.source, sideband_rates(problem.sidebands(), problem.grid))

    def take_up(self, times: Sequence[float], moments: Sequence[np.ndarray]) -> None:
        """Append what an earlier run has recorded."""
        for time, state in zip(times, moments):
            self.record(float(time), state, intervalley_at(self._problem, time - 1e-9))

    def record(self, time: float, state: np.ndarray, intervalley: bool, gains: Gains | None = None) -> None:
        """Append the observables of a state; `gains` are given where rates depend on position, else `intervalley` counts."""
        history, moments_ni = self.history, state[:, : self._size]
        gains = gains or self._observer.gains(time, moments_ni, intervalley)
        history.time.append(time)
        history.snapshots.append(self._observer.snapshot(moments_ni, gains))
        history.emitted.append(float(state[0, self._size]))
        history.number.append(float(state[0].sum()) / gains.made - 1)
        if not history.spectra or time >= SPECTRUM_GROWTH * history.spectrum_time[-1]:
            history.spectrum_time.append(time)
            history.spectra.append(moments_ni[0].copy())


def run_moments(problem: Problem, steps: np.ndarray, make_stepper: Callable[..., Stepper] = MomentStepper, kept: KeptMoments | None = None) -> History:
    """Run the hierarchy of moments over `steps` (start, length; ps), going on from what is `kept`. Raises what `kept` raises."""
    kept = kept or KeptMoments()
    recorder = Recorder(problem)
    recorder.take_up(kept.time, kept.moments)
    due = set(np.round(problem.outputs, 9))

    def reached(time: float, state: np.ndarray, hierarchy: Hierarchy) -> None:
        """Note the state after a step; times are rounded, so that those of different steps are the same."""
        now = round(time, 9)
        if now in due:
            recorder.record(now, state, hierarchy.intervalley)
            kept.record(now, state)
        kept.reached(state)

    phases = [(end, problem.hierarchy(intervalley)) for end, intervalley in problem.phases]
    march(make_stepper, phases, steps[kept.position :], reached, kept.state)
    return recorder.history


def intervalley_at(problem: Problem, time: float) -> bool:
    """Say whether intervalley scattering acts in a step that begins at `time` (ps)."""
    return next((on for end, on in problem.phases if time < end - 1e-9), problem.phases[-1][1])


def schedule_and_moments(problem: Problem, tolerance: float, longest: float = np.inf, runs: MomentRuns | None = None) -> tuple[Schedule, History]:
    """Choose steps no longer than `longest` (ps) for a tolerance; also return the moments with halved steps.

    What `runs` has kept of earlier runs is not computed again. Raises ToleranceError if the tolerance is out of reach, and
    Stopped if `runs` is asked to stop.
    """
    runs = runs or MomentRuns()
    source = problem.source
    duration = source.width * np.sqrt(8 * np.log(2))
    scale = stationary_diffusivity(problem.rates, range(len(problem.excitons.energy_v)), True)
    begin = source.centre + duration
    return choose_steps(
        lambda refinement: levels_for(duration, source.centre, refinement, longest),
        problem.stops,
        lambda refinement, steps: run_moments(problem, steps, kept=runs.of(refinement)),
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

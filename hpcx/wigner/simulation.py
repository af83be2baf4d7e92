"""Runs of the moments, and the choice of time steps by them."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.stages import Stage, Stages, State
from hpcx.parallel.run import Run
from hpcx.wigner.history import History, history_of, largest_difference
from hpcx.wigner.moments import Moments
from hpcx.wigner.observables import stationary_diffusivity, uniform_changes
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series, Values, record, rounded
from hpcx.wigner.time_steps import Schedule, choose_steps, levels_for


def run_moments(problem: Problem, steps: np.ndarray, stage: Stage | None = None) -> History:
    """Run the hierarchy of moments over `steps` (start, length; fs), continuing what `stage` has kept; by one rank.

    Raises Stopped.
    """
    stage = stage or Stages(MPI.COMM_SELF, Run()).stage("moments")
    moments, series, position = Moments(problem), Series(rounded(problem.times.outputs)), 0
    handlers = [series.handler(_measure)]
    earlier = stage.earlier()
    if earlier is not None:
        position, moments.state[:] = int(earlier.scalar("position")), earlier.value("state")
        series.resume(earlier)

    def kept() -> State:
        """Return what is needed to resume from here."""
        return {"position": position, "state": moments.state.copy(), **series.state()}

    try:
        for time, step in steps[position:]:
            moments.set_intervalley(problem.times.intervalley_at(time))
            moments.stepper.step(time, step)
            position += 1
            record(handlers, time + step, moments)
            stage.checkpoint_if_due(kept)
        stage.finish(kept())
    finally:
        moments.stepper.destroy()
    return history_of(problem, series)


def _measure(time: float, moments: Moments) -> Values:
    problem, state = moments.problem, moments.state.copy()
    changes = uniform_changes(problem, time, state[:, : problem.grid.size])
    return {"moments": state, **vars(changes)}


def schedule_and_moments(
    problem: Problem, tolerance: float, longest: float = np.inf, stages: Stages | None = None
) -> tuple[Schedule, History]:
    """Choose steps no longer than `longest` (fs) for a tolerance; also return the moments' history with halved steps.

    Each run of the moments is one of the `stages`; by one rank. Raises ToleranceError if the tolerance is out of reach,
    and Stopped.
    """
    source, stages = problem.source, stages or Stages(MPI.COMM_SELF, Run())
    duration = source.width * np.sqrt(8 * np.log(2))
    scale = stationary_diffusivity(problem.rates, range(problem.grid.valleys), True)
    begin = source.centre + duration
    return choose_steps(
        lambda refinement: levels_for(duration, source.centre, refinement, longest),
        problem.times.stops,
        lambda refinement, steps: run_moments(problem, steps, stage=stages.stage(f"moments/{refinement}")),
        lambda coarse, fine: largest_difference(coarse, fine, begin, scale),
        tolerance,
    )

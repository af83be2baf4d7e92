"""Runs of the moments, and the time steps that they are chosen by."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.stages import Stage, Stages
from hpcx.parallel.run import Run
from hpcx.wigner.history import History, history_of, largest_difference
from hpcx.wigner.moments import march
from hpcx.wigner.observables import stationary_diffusivity
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Recorder, Series, rounded
from hpcx.wigner.time_steps import Schedule, choose_steps, levels_for


def run_moments(
    problem: Problem,
    steps: np.ndarray,
    stage: Stage | None = None,
) -> History:
    """Run the hierarchy of moments over `steps` (start, length; fs), going on from what `stage` has kept;
    by one rank. Raises Stopped.
    """
    stage = stage or Stages(MPI.COMM_SELF, Run()).stage("moments")
    series, position, state = Series(rounded(problem.outputs)), 0, None
    recorder = Recorder([series.handler(lambda time, moments: {"moments": moments.copy()})])
    earlier = stage.earlier()
    if earlier is not None:
        position, state = int(earlier.scalar("position")), earlier.value("state")
        series.resume(earlier)

    def reached(time: float, moments: np.ndarray) -> None:
        """Take notice of a step."""
        nonlocal position
        position += 1
        recorder.record(time, moments)
        stage.checkpoint_if_due(lambda: {"position": position, "state": moments, **series.state()})

    phases = [(end, problem.hierarchy(intervalley)) for end, intervalley in problem.phases]
    march(phases, steps[position:], reached, state)
    stage.finish({"position": position, "state": np.empty(0), **series.state()})
    return history_of(problem, series)


def schedule_and_moments(
    problem: Problem, tolerance: float, longest: float = np.inf, stages: Stages | None = None
) -> tuple[Schedule, History]:
    """Choose steps no longer than `longest` (fs) for a tolerance;
    also return the observables of the moments with halved steps.

    Each run of the moments is one of the `stages`; by one rank. Raises ToleranceError if the tolerance is out of reach,
    and Stopped.
    """
    source, stages = problem.source, stages or Stages(MPI.COMM_SELF, Run())
    duration = source.width * np.sqrt(8 * np.log(2))
    scale = stationary_diffusivity(problem.rates, range(len(problem.excitons.energy_v)), True)
    begin = source.centre + duration
    return choose_steps(
        lambda refinement: levels_for(duration, source.centre, refinement, longest),
        problem.stops,
        lambda refinement, steps: run_moments(problem, steps, stage=stages.stage(f"moments/{refinement}")),
        lambda coarse, fine: largest_difference(coarse, fine, begin, scale),
        tolerance,
    )

"""One point of the model `wigner`."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.wigner.config import Config
from hpcx.wigner.history import schedule_and_moments
from hpcx.wigner.problem import Problem, make_problem
from hpcx.wigner.report import add_observables, add_rates, summarise


def solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Compute one point, collectively on `comm`.

    Raises MaterialError if the material lacks numbers and ToleranceError if no time step is short enough.
    """
    problem = make_problem(comm, config, material, run)
    result = Result()
    add_rates(result, problem)
    _solve_moments(problem, config, run, result)
    return result


def _solve_moments(problem: Problem, config: Config, run: Run, result: Result) -> None:
    with run.timings.measure("moments"):
        schedule, history = schedule_and_moments(problem, config.time.tolerance)
    run.diagnostics.update(steps=2 * len(schedule.steps), step_error=schedule.error)
    add_observables(result, history)
    result.summary += summarise(problem, history)
    result.add("checks/particle_number", np.array(history.number), ("time",), "1", "excitons and light over excitons made, minus 1")

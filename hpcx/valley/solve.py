"""One point of the model `valley`: from input to result."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.parallel.errors import on_first_rank
from hpcx.parallel.run import Run
from hpcx.valley.bleaching import bleaching_in
from hpcx.valley.config import Config
from hpcx.valley.modes import Modes, find_modes
from hpcx.valley.notices import idle_mechanisms
from hpcx.valley.observables import compute_traces
from hpcx.valley.output import add_checks, add_flow, add_modes, add_populations, add_traces, lifetimes, summary
from hpcx.valley.problem import Problem, build_problem
from hpcx.valley.simulate import Simulation, simulate

#: delay (fs) at which the weights of the modes are evaluated: after the pump and most of the fast relaxation
REFERENCE_TIME = 1500.0


def solve(comm: Any, config: Config, material: Material, run: Run) -> Result:
    """Solve one point; collective on `comm`. Raises IntegrationError, ModesError.

    A point is too small to be distributed: rank 0 of the group computes it, the others receive the result. The points
    of a sweep run in parallel.
    """
    result, diagnostics = on_first_rank(comm, lambda: (compute(config, material, run), run.diagnostics))
    run.diagnostics.update(diagnostics)
    return result


def compute(config: Config, material: Material, run: Run) -> Result:
    """Compute one point on this process alone."""
    with run.timings.measure("set-up"):
        problem = build_problem(config, material)
    simulation = simulate(problem, config, run)
    with run.timings.measure("signals"):
        traces = compute_traces(problem, config, simulation.polarization, simulation.dynamics, simulation.scale)
        times = lifetimes(config, traces)
    with run.timings.measure("modes"):
        state = simulation.dynamics.state_at(min(REFERENCE_TIME, config.internal.time.end))
        weights = np.pad(bleaching_in(problem), ((0, 0), (0, len(state) - problem.size)))
        modes = find_modes(problem, simulation.generator, config.modes.count, weights, state)
    run.diagnostics.update(
        simulation.dynamics.statistics, unknowns=problem.size, mode_residual=float(modes.residual.max())
    )
    return _result(problem, config, simulation, traces, times, modes)


def _result(
    problem: Problem, config: Config, simulation: Simulation, traces, times: dict[str, np.ndarray], modes: Modes
) -> Result:
    result = Result()
    add_traces(result, traces, times, modes)
    add_populations(result, problem, simulation)
    add_flow(result, problem, config, simulation)
    add_modes(result, modes)
    add_checks(result, problem, simulation)
    idle = idle_mechanisms(config, simulation.rates, simulation.formation_nj)
    result.summary += summary(config, traces, times, modes)
    result.summary += [f"note: {name} is switched on but cannot act: {reason}" for name, reason in idle.items()]
    return result

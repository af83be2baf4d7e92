"""One point: from a validated input to a result."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.observables import add_populations, add_signal, add_states, read_traces, summary
from hpcx.formation.perturbative import third_order_traces
from hpcx.formation.problem import Problem, build_problem, convergence_table, notices
from hpcx.formation.tables import tables
from hpcx.formation.traces import Traces
from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.parallel.tables import make_together
from hpcx.physics.constants import HBAR_EV_FS

log = logging.getLogger("hpcx")


def solve(comm: Any, config: Config, material: Material, run: Run) -> Result:
    """Compute traces, rise times and shares of one pump; collective on `comm`, the result is whole on every rank.

    Raises MaterialError if the material lacks a number.
    """
    with run.timings.measure("states"):
        make_together(comm, run.shared, tables(config, material))
        problem = build_problem(config, material, run.shared)
    run.checkpoint_if_due(comm)
    notes = notices(config, problem.manifolds[-1].gap)
    for note in notes:
        log.info("%s: %s", run.name, note)
    delay_d = np.linspace(config.delay.start, config.delay.stop, config.delay.points)
    traces = _traces(comm, config, problem, run, delay_d)
    slow = HBAR_EV_FS / max(1e-3 * config.cascade.decay, 1e-9)
    with run.timings.measure("fits"):
        readings = read_traces(comm, traces, slow, config.signal.bootstrap)
    result = Result()
    add_states(result, problem)
    with run.timings.measure("states"):
        change_l = convergence_table(config, material).take(run.shared)
    result.add("wannier/convergence", change_l, ("bound_state",), "eV", "change of the bound energies of A on twice the nodes")
    add_signal(result, problem, traces, readings)
    add_populations(result, config, problem, traces)
    result.summary += [*summary(problem, traces, readings), *(f"note: {note}" for note in notes)]
    run.diagnostics.update(traces.statistics)
    return result


def _traces(comm: Any, config: Config, problem: Problem, run: Run, delay_d: np.ndarray) -> Traces:
    if config.solver.route == "third-order":
        return third_order_traces(comm, config, problem, run, delay_d)
    from hpcx.formation.time_domain import time_traces

    return time_traces(comm, config, problem, run, delay_d)

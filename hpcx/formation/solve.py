"""One point: from a validated input to a result."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.observables import read_traces
from hpcx.formation.output import add_populations, add_signal, add_states, join, summary
from hpcx.formation.perturbative import third_order_traces
from hpcx.formation.problem import Problem, build_problem, convergence_table, notices
from hpcx.formation.shared_tables import shared_tables
from hpcx.formation.traces import Traces
from hpcx.io.result import Result
from hpcx.io.stages import Stages
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.parallel.shared_tables import make_together
from hpcx.physics.constants import HBAR

log = logging.getLogger("hpcx")


def solve(comm: Any, config: Config, material: Material, run: Run) -> Result:
    """Compute traces, rise times and shares of one pump; collective on `comm`, the result is whole on every rank.

    Raises MaterialError if the material lacks a number.
    """
    with run.timings.measure("states"):
        make_together(comm, run.shared, shared_tables(config, material))
        problem = build_problem(config, material, run.shared)
    run.checkpoint_if_due(comm)
    notes = notices(config, problem.manifolds[-1].gap)
    for note in notes:
        log.info("%s: %s", run.name, note)
    delay_d = np.linspace(config.delay.start, config.delay.stop, config.delay.points)
    slow = HBAR / max(config.cascade.internal.decay, 1e-9)
    parts = []
    for traces in _traces(Stages(comm, run), config, problem, delay_d):
        with run.timings.measure("fits"):
            readings = read_traces(comm, traces, slow, config.signal.bootstrap)
        part = Result()
        add_signal(part, problem, traces, readings)
        add_populations(part, config, traces)
        part.summary = summary(problem, traces, readings)
        parts.append(part)
        run.diagnostics.update(traces.statistics)
    with run.timings.measure("states"):
        change_l = convergence_table(config, material).take(run.shared)
    result = Result()
    add_states(result, problem, change_l)
    join(result, parts, config.pump)
    result.summary += [f"note: {note}" for note in notes]
    return result


def _traces(stages: Stages, config: Config, problem: Problem, delay_d: np.ndarray) -> list[Traces]:
    """Return the traces for each polarisation of the pump."""
    if config.solver.route == "third-order":
        return third_order_traces(stages, config, problem, delay_d)
    from hpcx.formation.time_domain import time_traces

    return [time_traces(stages, config, problem, delay_d, polarization) for polarization in config.pump.polarizations]

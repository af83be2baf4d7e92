"""One point of the model `wigner`."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.parallel.errors import AgreedError, agreed, on_first_rank
from hpcx.parallel.run import Run
from hpcx.wigner.box import check_box, check_spot
from hpcx.wigner.config import Config
from hpcx.wigner.flow import Flow
from hpcx.wigner.history import History, Recorder, largest_difference, schedule_and_moments
from hpcx.wigner.landscape import potential_energy
from hpcx.wigner.moment_runs import Chosen, MomentRuns
from hpcx.wigner.problem import Problem, make_problem
from hpcx.wigner.report import add_observables, add_rates, add_sidebands, add_spectra, summarise, summarise_rates
from hpcx.wigner.report_maps import add_checks, add_landscape
from hpcx.wigner.setting import Setting, check_local_energies, make_setting, place_source
from hpcx.wigner.transport import Transport, longest_stable_step
from hpcx.wigner.uncertainty import study


def solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Compute one point, collectively on `comm`.

    Raises AgreedError if the material lacks numbers, no time step is short enough, the grid is too coarse or the box too small.
    """
    try:
        return _solve(comm, config, material, run)
    except ValueError as error:  # of the input, which all ranks know: all of them raise it
        raise AgreedError(str(error)) from error


def _solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    if config.uncertainty.samples:
        return study(comm, config, material, run)
    problem = make_problem(comm, config, material, run)
    result = Result()
    add_rates(result, problem)
    if config.time.rates_only:
        result.summary += summarise_rates(problem)
        return result
    if config.space.dimension:
        history = _solve_space(comm, problem, config, run, result)
    else:
        _, history = _solve_moments(comm, problem, config, run)
    add_observables(result, problem, history)
    add_spectra(result, problem, history)
    add_sidebands(result, problem, history)
    result.summary[:0] = summarise(problem, history)
    number = np.array(history.number)
    result.add("checks/time", np.array(history.time), ("time",), "ps", "time")
    result.add("checks/particle_number", number, ("time",), "1", "excitons and light over excitons made, minus 1")
    return result


def _solve_moments(comm: MPI.Comm, problem: Problem, config: Config, run: Run, longest: float = np.inf) -> tuple[Chosen, History]:
    """Choose the steps and run the moments on the first rank; an interrupted run goes on where it was."""
    saved = run.resume(comm)
    chosen = Chosen.read(saved)
    with run.timings.measure("moments"):
        if chosen is None:
            runs = MomentRuns(run, saved)
            chosen = on_first_rank(comm, lambda: runs.chosen(schedule_and_moments(problem, config.time.tolerance, longest, runs)[0]))
    recorder = Recorder(problem)
    recorder.take_up(chosen.time, chosen.moments)
    schedule = chosen.schedule
    run.diagnostics.update(steps=len(schedule.steps), shortest_step=float(schedule.lengths[0]), step_error=schedule.error)
    return chosen, recorder.history


def _solve_space(comm: MPI.Comm, problem: Problem, config: Config, run: Run, result: Result) -> History:
    with agreed(comm):
        setting = make_setting(config)
        check_spot(setting.lattice, config.pulse.spot)
        check_local_energies(setting, problem.excitons.energy_v, problem.grid.edges, config.temperature)
    problem = place_source(problem, setting)
    chosen, moments = _solve_moments(comm, problem, config, run, longest_stable_step(problem, setting))
    check_box(setting, moments)
    with run.timings.measure("regions"):
        transport = Transport(comm, problem, setting, run=run)
    flow = Flow(transport, chosen.schedule.steps, run, chosen)
    flow.advance()
    flow.outputs.add_to(result)
    if setting.gradient is not None:
        add_landscape(result, transport, problem, potential_energy(setting.lattice, config.landscape))
    add_checks(result, flow.checks)
    result.summary += _compare(problem, setting, flow, moments, run)
    run.timings.exchanged("borders of cells", transport.cells.traffic)
    transport.destroy()
    return flow.history


def _compare(problem: Problem, setting: Setting, flow: Flow, moments: History, run: Run) -> list[str]:
    """Say how far the full equation is from the moments with halved steps, and what the grid in space did."""
    begin = problem.source.centre + 10 * problem.source.width
    error = largest_difference(flow.history, moments, begin, scale=100.0)
    unknowns = int(np.prod(flow.transport.cells.points)) * flow.transport.cells.components * flow.transport.cells.values
    run.diagnostics.update(unknowns=unknowns, mirror_symmetry=int(setting.mirror))
    lines = [f"unknowns: {unknowns}{' (mirror symmetry used)' if setting.mirror else ''}"]
    if setting.regions is not None:
        lines.append(f"regions with rates of their own: {len(setting.regions.offset_rv)}")
    if setting.gradient is None:
        run.diagnostics["difference_from_moments"] = error
        lines.append(f"difference from the moments (populations, widths, diffusivities): {error:.1e}")
    edge, minimum = np.max(flow.checks.edge), np.min(flow.checks.minimum)
    return lines + [
        f"density at the edge of the box over its maximum: {edge:.1e}; smallest density over largest: {minimum:.1e}",
    ]

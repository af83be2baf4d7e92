"""One point of the model `wigner`."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.result import Result
from hpcx.io.stages import Stages
from hpcx.materials.loader import Material
from hpcx.parallel.errors import AgreedError, agreed
from hpcx.parallel.run import Run
from hpcx.units import from_internal
from hpcx.wigner.config import Config
from hpcx.wigner.history import History, largest_difference
from hpcx.wigner.output import add_history, add_rates, summarise, summarise_rates
from hpcx.wigner.problem import Problem, make_problem
from hpcx.wigner.simulation import schedule_and_moments
from hpcx.wigner.space.output import add_checks, add_landscape
from hpcx.wigner.space.potential import potential_energy
from hpcx.wigner.space.problem import (
    SpatialProblem,
    check_local_energies,
    longest_stable_step,
    make_spatial_problem,
    place_source,
)
from hpcx.wigner.space.resolution_checks import check_box, check_spot
from hpcx.wigner.space.simulation import Simulation
from hpcx.wigner.space.transport import Transport
from hpcx.wigner.time_steps import Schedule
from hpcx.wigner.uncertainty import study

#: differences of diffusivities from the moments are relative to |D| plus this, nm^2/fs: 1 cm^2/s
_SCALE = 0.1


def solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Compute one point, collectively on `comm`.

    Raises AgreedError if the material lacks numbers, no time step is short enough, the grid is too coarse or the box
    too small.
    """
    try:
        return _solve(comm, config, material, run)
    except ValueError as error:  # caused by the input, so all ranks raise it
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
        _, history = _solve_moments(problem, config, run, Stages(comm, run))
    add_history(result, problem, history, annihilation=config.annihilation.rate > 0)
    result.summary[:0] = summarise(problem, history)
    return result


def _solve_moments(
    problem: Problem, config: Config, run: Run, stages: Stages, longest: float = np.inf
) -> tuple[Schedule, History]:
    """Choose the steps and run the moments on the first rank."""
    with run.timings.measure("moments"):
        schedule, history = stages.on_first_rank(
            lambda alone: schedule_and_moments(problem, config.time.tolerance, longest, alone)
        )
    run.diagnostics.update(
        steps=len(schedule.steps),
        shortest_step=from_internal(float(schedule.steps[:, 1].min()), "ps"),
        step_error=schedule.error,
    )
    return schedule, history


def _solve_space(comm: MPI.Comm, problem: Problem, config: Config, run: Run, result: Result) -> History:
    with agreed(comm):
        spatial = make_spatial_problem(config)
        check_spot(spatial.grid, config.internal.pulse.spot)
        check_local_energies(spatial, problem.excitons.energy_v, problem.grid.edges, config.temperature)
    problem = place_source(problem, spatial)
    stages, grid = Stages(comm, run), problem.grid
    longest = longest_stable_step(
        spatial, grid.edges, problem.excitons.mass_v, grid.kT, float(problem.rates.inflow().sum(axis=0).max())
    )
    schedule, moments = _solve_moments(problem, config, run, stages, longest)
    check_box(spatial, moments)
    with run.timings.measure("regions"):
        transport = Transport(comm, problem, spatial, run=run)
    simulation = Simulation(transport, schedule.steps, run, stages.stage("space"))
    simulation.advance()
    simulation.outputs.add_to(result)
    if spatial.gradient is not None:
        add_landscape(result, transport, problem, potential_energy(spatial.grid, config.landscape))
    add_checks(result, simulation.series)
    history = simulation.history
    result.summary += _compare(problem, spatial, simulation, history, moments, run)
    run.timings.exchanged("borders of cells", transport.cells.traffic)
    transport.destroy()
    return history


def _compare(
    problem: Problem, spatial: SpatialProblem, simulation: Simulation, history: History, moments: History, run: Run
) -> list[str]:
    """Return lines on the difference from the moments with halved steps, and on the checks of the spatial grid."""
    begin = problem.source.centre + 10 * problem.source.width
    error = largest_difference(history, moments, begin, scale=_SCALE)
    cells = simulation.transport.cells
    unknowns = int(np.prod(cells.points)) * cells.components * cells.values
    run.diagnostics.update(unknowns=unknowns, mirror_symmetry=int(spatial.mirror))
    lines = [f"unknowns: {unknowns}{' (mirror symmetry used)' if spatial.mirror else ''}"]
    if spatial.regions is not None:
        lines.append(f"regions with separate rates: {len(spatial.regions.offset_rv)}")
    if spatial.gradient is None and not spatial.annihilation:
        run.diagnostics["difference_from_moments"] = error
        lines.append(f"difference from the moments (populations, widths, diffusivities): {error:.1e}")
    edge, minimum = (simulation.series.values[name] for name in ("edge", "minimum"))
    at_edge = f"density at the edge of the box over its maximum: {np.max(edge):.1e}"
    return [*lines, f"{at_edge}; smallest density over largest: {np.min(minimum):.1e}"]

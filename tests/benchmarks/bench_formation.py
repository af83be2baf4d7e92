"""Formation model: a figure's worth of traces, a sweep on one and on two ranks, and the route in time against SciPy.

# ranks: 1 2

The sweep (24 pump energies, each with 4 polarisations) is timed on rank 0 alone and then on all ranks, in turn, in one
run: from the input file to the finished index, with everything that a sweep computes once (tables, pump responses) made
anew each time. An untimed sweep comes first, so that modules, versions and Wannier states, which a process keeps, are
there in both. Beside wall times stand processor times, which feel less of what else runs on the machine: the efficiency
from them is (processor time alone) / (ranks x the longest processor time of a rank), waiting with a busy processor
included. All repetitions are printed; the last lines take the median of the repetitions' efficiencies, and the best
time of each kind. What the machine itself loses when all its cores work is seen where every rank does the whole sweep
at once, with nothing in common.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mpi4py import MPI
from scipy.integrate import solve_ivp

from hpcx.config.load import load_plan
from hpcx.config.serving import load_for
from hpcx.formation.config import Config
from hpcx.formation.operator import Terms
from hpcx.formation.problem import build_problem
from hpcx.formation.solve import solve
from hpcx.formation.time_domain import PHASES, Experiment, make_experiment, pump_trajectory, start_state
from hpcx.parallel.run import Run
from hpcx.parallel.stop import StopRequests
from hpcx.petsc.explicit_ode import OdeStatistics
from hpcx.petsc.options import initialize
from hpcx.sweep.run import run_plan

ENERGIES = (2.29, 2.35, 2.41, 2.48, 2.58, 2.75)
#: how often the sweep is repeated
SWEEPS = 6
INPUT = Path(__file__).resolve().parents[2] / "inputs" / "formation_polarization.toml"


def say(comm: MPI.Comm, text: str) -> None:
    """Print on rank 0."""
    if comm.rank == 0:
        print(text, flush=True)


def timed(comm: MPI.Comm, work: Callable[[], object]) -> tuple[float, float]:
    """Return wall time and the longest processor time of a rank."""
    gc.collect()  # else it comes in the midst of one of the two that are compared
    comm.Barrier()
    wall, busy = time.perf_counter(), time.process_time()
    work()
    busy = time.process_time() - busy
    meet(comm)
    return time.perf_counter() - wall, comm.allreduce(busy, op=MPI.MAX)


def meet(comm: MPI.Comm) -> None:
    """Wait for all ranks without keeping the core busy."""
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(0.01)


def figure(comm: MPI.Comm) -> None:
    """Six energies, 61 delays, three contributions, fits included, ranks sharing each point."""
    material, shared = load_for("formation", "MoS2"), {}

    def work() -> None:
        for energy in ENERGIES:
            delay = {"start": -100, "stop": 200, "points": 61}
            config = Config(model="formation", material="MoS2", pump={"photon_energy": energy}, delay=delay)
            solve(comm, config, material, Run(shared=shared))

    wall, busy = timed(comm, work)
    what = f"figure, 6 energies x 61 delays x 3 contributions on {comm.size} rank(s)"
    say(comm, f"{what}: {wall:.1f} s wall, {busy:.1f} s processor")


def sweep(comm: MPI.Comm) -> None:
    """The sweep on rank 0 alone, on all ranks together, and whole on every rank at once, in turn."""
    if comm.size == 1:
        return
    times = []  # of each repetition: alone, together and at once; wall and processor
    with tempfile.TemporaryDirectory() as scratch:
        folder = comm.bcast(scratch)
        run_sweep(comm, f"{folder}/first")
        for turn in range(SWEEPS):
            works = (
                lambda: comm.rank or run_sweep(MPI.COMM_SELF, f"{folder}/one{turn}"),
                lambda: run_sweep(comm, f"{folder}/all{turn}"),
                lambda: run_sweep(MPI.COMM_SELF, f"{folder}/each{turn}.{comm.rank}"),
            )
            times.append([timed(comm, work) for work in works])
    one_tk, all_tk, each_tk = np.array(times).transpose(1, 0, 2)
    efficiency_tk, machine_tk = one_tk / all_tk / comm.size, one_tk / each_tk
    what = f"alone, on {comm.size} ranks, whole on each at once; efficiency, machine"
    say(comm, f"sweep of 24 points, wall and processor seconds: {what}")
    for row in np.hstack([one_tk, all_tk, each_tk, efficiency_tk, machine_tk]):
        say(comm, "".join(f"{value:8.2f}" for value in row))
    for k, kind in enumerate(("wall", "processor")):
        name = f"ratio: formation, sweep of 24 points, efficiency of {comm.size} ranks ({kind} time"
        say(comm, f"{name}): {np.median(efficiency_tk[:, k]):.2f}")
        say(comm, f"{name}, best of each): {one_tk[:, k].min() / all_tk[:, k].min() / comm.size:.2f}")
        say(comm, f"{name}, whole on each at once): {np.median(machine_tk[:, k]):.2f}")


def run_sweep(comm: MPI.Comm, folder: str) -> None:
    """Compute all points with the sweep's own scheduling."""
    plan = comm.bcast(load_plan(str(INPUT), [f'output.directory="{folder}"']) if comm.rank == 0 else None)
    report = run_plan(comm, plan, StopRequests())
    states = {entry.status for entry in report.entries}
    if comm.rank == 0 and states != {"done"}:
        raise RuntimeError(f"points of the sweep ended as {states}")


def against_scipy(comm: MPI.Comm) -> None:
    """One delay of the route in time by PETSc's and SciPy's explicit methods, same equations, tolerances and start."""
    if comm.rank:
        return
    config = Config(model="formation", material="MoS2", pump={"photon_energy": 2.35}, solver={"tolerance": 1e-6})
    problem = build_problem(config, load_for("formation", "MoS2"), {})
    experiment = make_experiment(config, problem, np.array([m.energy_l[0] for m in problem.manifolds]))
    delay = 20.0
    [trajectory] = pump_trajectory(experiment, [delay - experiment.lead], Terms(), OdeStatistics())
    accurate = petsc(experiment, delay, trajectory, 1e-10)[0]
    say(
        comm,
        f"one delay of the route in time, {accurate.size}"
        f" unknowns:\n{'method':<26}{'seconds':>9}{'calls':>8}{'error':>11}",
    )
    own = 0.0  # of the first method
    for name, run in {
        "PETSc TSRK 5dp": lambda: petsc(experiment, delay, trajectory, 1e-6),
        "SciPy RK45": lambda: scipy_ivp(experiment, delay, trajectory, "RK45"),
        "SciPy DOP853": lambda: scipy_ivp(experiment, delay, trajectory, "DOP853"),
    }.items():
        start = time.process_time()
        found, calls = run()
        seconds = time.process_time() - start
        error = np.abs(found - accurate)[-2:].max() / np.abs(accurate[-2:]).max()  # the transforms at A and B
        say(comm, f"{name:<26}{seconds:9.2f}{calls:8d}{error:11.1e}")
        own = own or seconds
        say(
            comm,
            f"ratio: formation, time of {name} (error {error:.0e}) over that of PETSc TSRK 5dp: {seconds / own:.2f}",
        )


def petsc(experiment: Experiment, delay: float, trajectory: np.ndarray, tolerance: float) -> tuple[np.ndarray, int]:
    """Return the final state and the number of evaluations."""
    equations = experiment.equations(delay, PHASES, True, Terms())
    integrator = experiment.integrator(equations, PHASES.size, experiment.probe.amplitude)
    integrator.absolute = integrator.absolute * (tolerance / integrator.relative)
    integrator.relative = tolerance
    [final] = integrator.integrate(
        start_state(equations, trajectory), delay - experiment.lead, [delay + experiment.tail]
    )
    return final, integrator.statistics.evaluations


def scipy_ivp(experiment: Experiment, delay: float, trajectory: np.ndarray, method: str) -> tuple[np.ndarray, int]:
    """Return the final state and the number of evaluations."""
    equations = experiment.equations(delay, PHASES, True, Terms())
    integrator = experiment.integrator(equations, PHASES.size, experiment.probe.amplitude)
    start = start_state(equations, trajectory)
    solution = solve_ivp(
        lambda t, y: equations.derivative(t, y.reshape(start.shape)).ravel(),
        (delay - experiment.lead, delay + experiment.tail),
        start.ravel(),
        method=method,
        t_eval=[delay + experiment.tail],
        rtol=integrator.relative,
        atol=integrator.absolute.ravel(),
        max_step=2.0,
    )
    return solution.y[:, -1].reshape(start.shape), solution.nfev


def main() -> None:
    """Run all parts."""
    comm = MPI.COMM_WORLD
    initialize([])  # collective, so not only where the route in time runs
    figure(comm)
    against_scipy(comm)
    sweep(comm)


if __name__ == "__main__":
    main()

"""The whole mechanism study (7 temperatures x 11 sets x 2 helicities), its efficiency on two ranks, and SciPy's BDF on
the same operator.

Efficiency is measured within one run: rank 0 alone computes a sample of the points, then all ranks compute the whole
study. Wall time per point and processor time per point are both given; on a shared machine the second is the one to
trust.
"""

# ranks: 2

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from mpi4py import MPI
from scipy.integrate import solve_ivp

from hpcx.config.load import Plan, load_plan
from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.run import run_plan
from hpcx.valley.config import Config
from hpcx.valley.dynamics import propagate, segments
from hpcx.valley.problem import build_problem
from hpcx.valley.simulate import simulate

INPUT = Path(__file__).resolve().parents[2] / "inputs" / "valley_study.toml"
#: seconds that the whole study may take on two idle ranks
GOAL = 120.0


def plan_of(comm: MPI.Comm, directory: str, settings: list[str]) -> Plan:
    """Return the plan of the study with results in `directory`, read on rank 0."""
    return comm.bcast(load_plan(str(INPUT), [f"output.directory={directory}", *settings]) if comm.rank == 0 else None)


def timed(comm: MPI.Comm, settings: list[str]) -> tuple[int, float, float]:
    """Run a study on all ranks of `comm`; return points, wall seconds and processor seconds of all ranks."""
    directory = comm.bcast(tempfile.mkdtemp(prefix="hpcx-bench-") if comm.rank == 0 else None)
    plan = plan_of(comm, directory, settings)
    comm.Barrier()
    wall, processor = time.monotonic(), time.process_time()
    report = run_plan(comm, plan, StopRequests(Path(directory)))
    seconds = time.monotonic() - wall
    used = comm.allreduce(time.process_time() - processor)
    wait(comm)
    if comm.rank == 0:
        shutil.rmtree(directory)
    if comm.rank == 0 and any(entry.status != "done" for entry in report.entries):
        raise SystemExit("some points failed")
    return len(plan.points), seconds, used


def wait(comm: MPI.Comm) -> None:
    """Wait for all ranks without keeping a processor busy."""
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(0.05)


def study(comm: MPI.Comm) -> None:
    """Time a sample on one rank and the whole study on all, and print both."""
    alone = comm.Split(comm.rank, 0)
    sample = timed(alone, ["sweep.temperature=[77, 300]"]) if comm.rank == 0 else None
    wait(comm)
    whole = timed(comm, [])
    if comm.rank == 0:
        print(f"{'':<28}{'points':>8}{'wall (s)':>10}{'per point':>11}{'processor (s)':>15}")
        print(f"{'sample, 1 rank':<28}{sample[0]:8d}{sample[1]:10.1f}{sample[1] / sample[0]:11.2f}{sample[2]:15.1f}")
        name = f"whole study, {comm.size} ranks"
        print(f"{name:<28}{whole[0]:8d}{whole[1]:10.1f}{whole[1] / whole[0]:11.2f}{whole[2]:15.1f}")
        efficiency = sample[1] / sample[0] / (comm.size * whole[1] / whole[0])
        print(
            f"efficiency {efficiency:.2f} (wall); processor time per point {sample[2] / sample[0]:.2f} s and"
            f" {whole[2] / whole[0]:.2f} s"
        )
        print(f"ratio: valley, study of {whole[0]} points, efficiency of {comm.size} ranks: {efficiency:.2f}")
        print(
            f"whole study: {whole[1]:.0f} s of wall time, {whole[2] / comm.size:.0f} s of processor time per rank; goal"
            f" {GOAL:.0f} s"
        )


def against_bdf() -> None:
    """Integrate the populations of the full model at 77 K by PETSc and by SciPy's BDF."""
    config = Config.model_validate({"model": "valley", "material": "WSe2"})
    problem = build_problem(config, load_for("valley", "WSe2"))
    simulation = simulate(problem, config, Run())
    steps = segments(config.time, config.internal.time.end)
    start = time.process_time()
    mine = propagate(
        simulation.generator, simulation.formation_nj, simulation.polarization, simulation.formation, steps
    )
    own = time.process_time() - start
    print(f"PETSc TS, both helicities: {own:.2f} s of processor time, {mine.statistics}")
    generator, source = simulation.generator.tocsc(), simulation.formation_nj

    def slope(t: float, n: np.ndarray) -> np.ndarray:
        return generator @ n + source @ simulation.polarization.density_tjh(np.array([t]))[0, :, 0]

    for tolerance in (1e-4, 1e-6):
        start = time.process_time()
        span = (float(mine.time[0]), config.internal.time.end)
        size = mine.population_tnh.max()
        bdf = solve_ivp(
            slope,
            span,
            np.zeros(problem.size),
            method="BDF",
            jac=generator,
            rtol=tolerance,
            atol=tolerance * 1e-3 * size,
            max_step=100.0,
        )
        seconds = time.process_time() - start
        difference = np.abs(bdf.y[:, -1] - mine.population_tnh[-1, :, 0]).sum() / mine.population_tnh[-1, :, 0].sum()
        print(
            f"SciPy BDF, one helicity, rtol {tolerance:g}: {seconds:.2f} s, {bdf.t.size - 1} steps, {bdf.nlu}"
            f" factorisations, end differs by {difference:.1e}"
        )
        print(
            f"ratio: valley, processor time of SciPy's BDF (one helicity, rtol {tolerance:g}) over that of hpcx (both):"
            f" {seconds / own:.2f}"
        )


def main() -> None:
    """Run both parts."""
    study(MPI.COMM_WORLD)
    if MPI.COMM_WORLD.rank == 0:
        against_bdf()
    wait(MPI.COMM_WORLD)


if __name__ == "__main__":
    main()

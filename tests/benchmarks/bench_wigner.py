"""Wigner model in the plane: cost per unknown and step against dgemm and copying,
one against two ranks, SciPy on the same equation.

The default energy bins at 77 K (98 per valley), two angular harmonics. Wall times stand beside processor times, which
do not feel what else runs on the machine; the efficiency is (time of rank 0 alone) / (ranks x time of all ranks on the
same cells).
"""

# ranks: 1 2

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from mpi4py import MPI
from scipy.integrate import solve_ivp

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.parallel.traffic import Traffic
from hpcx.wigner.config import Config
from hpcx.wigner.problem import Problem, make_problem
from hpcx.wigner.space.advection import couplings
from hpcx.wigner.space.problem import SpatialProblem
from hpcx.wigner.space.spatial_grid import SpatialGrid
from hpcx.wigner.space.transport import Transport

CELLS = 40
STEPS = 6
#: length of a step and time of the first one that counts, fs
STEP, LATE = 50.0, 20e3
TURNS = 6
#: end of the comparison with SciPy, fs
END = 1e3
#: steps to 150 ps of the run in the plane (120 x 120 cells of 30 nm, a quarter of them computed)
PLANE_CELLS, PLANE_STEPS = 120, 978


def say(comm: MPI.Comm, text: str) -> None:
    """Print on rank 0."""
    if comm.rank == 0:
        print(text, flush=True)


def problem_of(comm: MPI.Comm, temperature: float, **momentum: float) -> Problem:
    """Return grid, rates and source of a run in space."""
    space = {"dimension": 2, "points": 8}
    config = Config(
        model="wigner", material="WS2", temperature=temperature, space=space, momentum={"harmonics": 2} | momentum
    )
    return make_problem(comm, config, load_for("wigner", "WS2"), Run())


def setting_of(points: tuple[int, ...], spacing: float) -> SpatialProblem:
    """Return a whole box with a spot in the middle."""
    spatial_grid = SpatialGrid(points, points[0] * spacing)
    spot = np.exp(-sum(coordinate**2 for coordinate in spatial_grid.coordinates()) / 212.0**2)
    return SpatialProblem(spatial_grid, 2, spot / spot.sum(), mirror=False)


def timed(comm: MPI.Comm, work: Callable[[], None]) -> tuple[float, float]:
    """Return wall time and the longest processor time of a rank."""
    comm.Barrier()
    wall, busy = time.perf_counter(), time.process_time()
    work()
    busy = comm.allreduce(time.process_time() - busy, op=MPI.MAX)
    comm.Barrier()
    return time.perf_counter() - wall, busy


def machine(comm: MPI.Comm, values: int) -> tuple[float, float]:
    """Return the rates of a matrix product (flop/s) and of copying (bytes read and written per second) of one rank."""
    rows, matrix, source = np.ones((1600, values)), np.ones((values, values)), np.ones(8_000_000)
    target = source.copy()
    product = min(timed(comm, lambda: rows @ matrix)[1] for _ in range(5))
    copying = min(timed(comm, lambda: np.copyto(target, source))[1] for _ in range(5))
    return 2 * 1600 * values**2 / product, 2 * source.nbytes / copying


class Clock:
    """Processor seconds spent in a function that is wrapped."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wrap(self, work: Callable) -> Callable:
        """Return `work` with its time added up."""

        def wrapped(*arguments):
            """Call the function and add its time."""
            start = time.process_time()
            try:
                return work(*arguments)
            finally:
                self.seconds += time.process_time() - start

        return wrapped


class Cost(NamedTuple):
    """Wall and processor seconds of a step, the processor seconds in its parts,
    messages and bytes sent, seconds of waiting.
    """

    wall: float
    busy: float
    parts: dict[str, float]
    sent: tuple[int, int]
    waiting: float


def plane(comm: MPI.Comm, problem: Problem) -> Cost:
    """Time some steps."""
    transport = Transport(comm, problem, setting_of((CELLS, CELLS), 30.0))
    clocks = {"products": Clock(), "free flight": Clock(), "halo": Clock()}
    transport.stepper.implicit._multiply = clocks["products"].wrap(transport.stepper.implicit._multiply)
    transport._flight._treat = clocks["free flight"].wrap(transport._flight._treat)
    for part in ("start_exchange", "further_exchange", "finish_exchange"):
        setattr(transport.cells, part, clocks["halo"].wrap(getattr(transport.cells, part)))
    for step in range(2):
        transport.stepper.step(step * STEP, STEP)
    # then as nearly all steps of a run are, when the pulse is over
    before = {name: clock.seconds for name, clock in clocks.items()}
    traffic = transport.cells.traffic = Traffic()

    def work() -> None:
        """Take the steps that are timed."""
        for step in range(STEPS):
            transport.stepper.step(LATE + step * STEP, STEP)

    wall, busy = timed(comm, work)
    parts = {name: (clock.seconds - before[name]) / STEPS for name, clock in clocks.items()}
    transport.destroy()
    return Cost(
        wall / STEPS, busy / STEPS, parts, (traffic.messages // STEPS, traffic.bytes // STEPS), traffic.seconds / STEPS
    )


def alone(comm: MPI.Comm, problem: Problem) -> Cost:
    """Let rank 0 do the same cells while the others sleep."""
    cost = plane(MPI.COMM_SELF, problem) if comm.rank == 0 else None
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(0.05)
    return comm.bcast(cost)


def step_cost(comm: MPI.Comm) -> None:
    """Print the cost of a step, its parts, the limit by dgemm, and what the run in the plane takes at this cost.

    One rank and all ranks take turns, and the best turn of each counts: what else the machine does only adds time.
    """
    problem, own_problem = problem_of(comm, 77.0), problem_of(MPI.COMM_SELF, 77.0)
    values = problem.rates.evolution(0).shape[0]
    flops, bandwidth = machine(comm, values)
    say(
        comm,
        f"dgemm {flops / 1e9:.1f} Gflop/s, copying {bandwidth / 1e9:.1f} GB/s per rank, {comm.size} rank(s) at once",
    )
    together, single = [], []
    for _ in range(TURNS):
        together.append(plane(comm, problem))
        if comm.size > 1:
            single.append(alone(comm, own_problem))
    cost = min(together)
    unknowns = CELLS * CELLS * 5 * values
    scale = 1e9 * comm.size / unknowns
    say(
        comm,
        f"{CELLS} x {CELLS} cells, {unknowns} unknowns: {cost.wall * scale:.1f} ns per unknown and step and rank"
        f" (processor {cost.busy * scale:.1f})",
    )
    limit = 6 * 2 * values / flops * 1e9
    for name, seconds in cost.parts.items():
        say(
            comm,
            f"    {name:<12} {seconds * scale:6.1f} ns{f' (dgemm alone: {limit:.1f})' if name == 'products' else ''}",
        )
    rest = cost.busy - sum(cost.parts.values())
    copies = rest / unknowns * comm.size * bandwidth / 16
    say(
        comm,
        f"    rest         {rest * scale:6.1f} ns (vector operations of the stepper, as much as {copies:.0f} copies of"
        " the state)",
    )
    quarter = PLANE_CELLS**2 // 4 * 5 * values
    minutes = [quarter * PLANE_STEPS * seconds / unknowns / 60 for seconds in (cost.wall, cost.busy)]
    say(
        comm,
        f"run in the plane, {quarter} unknowns, {PLANE_STEPS} steps: {minutes[0]:.1f} min at this wall time,"
        f" {minutes[1]:.1f} min by processor time",
    )
    if single:
        efficiency(comm, single, together)
        messages, cells = (comm.allreduce(count, op=MPI.MAX) for count in cost.sent)
        say(
            comm,
            f"halo: {messages} messages of {cells / 1e6:.2f} MB in all per step and rank, {1e3 * cost.waiting:.1f} ms"
            " of waiting",
        )


def efficiency(comm: MPI.Comm, single: list[Cost], together: list[Cost]) -> None:
    """Print (time of rank 0 alone) / (ranks x time of all ranks): the median of the turns, and that of the best ones.

    Ranks wait for each other in the halo exchange with their processors busy; without it the processor time counts work
    alone.
    """
    measures = (lambda cost: cost.wall, lambda cost: cost.busy, lambda cost: cost.busy - cost.parts["halo"])
    median = [
        np.median([each(one) / each(all_) for one, all_ in zip(single, together)]) / comm.size for each in measures
    ]
    best = [each(min(single)) / each(min(together)) / comm.size for each in measures]
    say(comm, f"ratio: wigner, steps in the plane, efficiency of {comm.size} ranks, median: {median[0]:.2f}")
    for name, (wall, busy, work) in (("median", median), ("best turns", best)):
        text = f"{wall:.2f} by wall time, {busy:.2f} by processor time, {work:.2f} outside of the halo exchange"
        say(comm, f"efficiency on {comm.size} ranks, {name}: {text}")


def matrix_of(transport: Transport) -> sparse.csc_matrix:
    """Return the whole right-hand side in one dimension as a sparse matrix over [cell, component, value]."""
    spatial_grid, size = transport.spatial.grid, transport.problem.grid.size
    count, components, values = spatial_grid.points[0], transport.cells.components, transport.cells.values
    eye = np.eye(count)
    difference = sparse.csr_matrix(np.apply_along_axis(lambda column: spatial_grid.gradient(column)[0], 0, eye))
    velocity = sparse.diags(np.pad(transport.problem.grid.velocity_i, (0, values - size)))
    blocks = [sparse.csr_matrix(transport.stepper.implicit.transposed[label].T) for label in transport.labels_k]
    total = sparse.kron(sparse.identity(count), sparse.block_diag(blocks))
    for (target, origin, _), factor in zip(*couplings(transport.spatial.harmonics, 1)):
        place = sparse.coo_matrix(([-factor], ([target], [origin])), (components, components))
        total = total + sparse.kron(difference, sparse.kron(place, velocity))
    return total.tocsc()


def against_scipy() -> None:
    """Compare with SciPy on the identical right-hand side in one dimension at 300 K, to 1 ps."""
    problem = problem_of(MPI.COMM_SELF, 300.0, first_bin=6.0, growth=1.4, largest_bin=30.0)
    transport = Transport(MPI.COMM_SELF, problem, setting_of((16,), 60.0))
    matrix, source = matrix_of(transport), problem.source
    born = np.zeros(transport.cells.shape)
    born[:, 0, : problem.grid.size] = transport.spatial.birth[:, None] * source.rate_i

    def slope(now: float, state: np.ndarray) -> np.ndarray:
        """Return the right-hand side."""
        return matrix @ state + float(source.intensity(now)) * born.ravel()

    start = np.zeros(matrix.shape[0])
    exact = solve_ivp(slope, (0, END), start, method="DOP853", rtol=1e-9, atol=1e-15).y[:, -1]
    print(f"right-hand side of {matrix.shape[0]} unknowns to 1 ps at equal error (processor time):")
    ours = integrate(transport, 25.0, exact)
    show("ARKIMEX 4, 0.025 ps", ours, ours[0])
    for method, extra in (("RK45", {}), ("BDF", {"jac": matrix})):
        show(method, scipy_at(ours[2], slope, start, exact, method, extra), ours[0])
    transport.destroy()


def show(name: str, found: tuple[float, int, float], unit: float) -> None:
    """Print a row: processor seconds, evaluations, error, and the time over that of our stepper."""
    seconds, evaluations, error = found
    print(f"    {name:<20} {seconds:8.2f} s {evaluations:6d} evaluations   error {error:.1e}", flush=True)
    print(f"ratio: wigner, processor time of {name} over that of hpcx at equal error: {seconds / unit:.1f}", flush=True)


def integrate(transport: Transport, step: float, exact: np.ndarray) -> tuple[float, int, float]:
    """Return processor seconds, evaluations and relative error of the stepper; its matrices are inverted beforehand."""
    transport.stepper.step(0.0, step)
    transport.state[...] = 0.0
    start = time.process_time()
    for number in range(round(END / step)):
        transport.stepper.step(number * step, step)
    seconds = time.process_time() - start
    error = np.max(np.abs(transport.state.ravel() - exact)) / np.max(np.abs(exact))
    return seconds, 6 * round(END / step), float(error)


def scipy_at(
    goal: float, slope: Callable, start: np.ndarray, exact: np.ndarray, method: str, extra: dict
) -> tuple[float, int, float]:
    """Return seconds, evaluations and error of a method of SciPy with the loosest tolerance that reaches `goal`."""
    for tolerance in 10.0 ** -np.arange(3.0, 10.0):
        begin = time.process_time()
        found = solve_ivp(
            slope, (0, END), start, method=method, rtol=tolerance, atol=tolerance * 1e-3 * np.max(exact), **extra
        )
        seconds = time.process_time() - begin
        error = float(np.max(np.abs(found.y[:, -1] - exact)) / np.max(np.abs(exact)))
        if error <= goal or seconds > 60:
            break
    return seconds, found.nfev, error


def main() -> None:
    """Run all parts that make sense on this number of ranks."""
    comm = MPI.COMM_WORLD
    step_cost(comm)
    if comm.size == 1:
        against_scipy()


if __name__ == "__main__":
    main()

"""Run under mpirun: the Wigner equation in the plane on groups of ranks of every size asked for, against one rank.

    mpirun -n 9 python -m mpi4py tests/wigner/many_ranks.py 1 2 3 4 6 9

prints for each size the largest difference of the density from that of one rank over its maximum, and whether what the
ranks sent in the exchanges of borders is what follows from the layout. The spot has no symmetry; nothing divides 13 x
13 cells evenly.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.parallel.tiling import border_traffic
from hpcx.wigner.config import Config
from hpcx.wigner.problem import make_problem
from hpcx.wigner.space.problem import SpatialProblem
from hpcx.wigner.space.spatial_grid import SpatialGrid
from hpcx.wigner.space.transport import Transport

POINTS, SPACING = 13, 90.0
STEPS, STEP = 4, 100.0


def make(comm: MPI.Comm) -> Transport:
    """Return the state of a skew spot in a whole box."""
    config = Config(
        model="wigner",
        material="WS2",
        temperature=300.0,
        space={"dimension": 2, "points": POINTS},
        momentum={"energy_max": 110, "first_bin": 5.0, "growth": 1.5, "largest_bin": 25.0, "harmonics": 2},
    )
    spatial_grid = SpatialGrid((POINTS, POINTS), POINTS * SPACING)
    x, y = spatial_grid.coordinates()
    spot = np.exp(-((x - 100) ** 2 + 0.5 * (y + 70) ** 2 + 0.3 * x * y) / 250.0**2)
    problem = make_problem(comm, config, load_for("wigner", "WS2"), Run())
    problem = replace(problem, source=replace(problem.source, centre=100.0))
    return Transport(comm, problem, SpatialProblem(spatial_grid, 2, spot / spot.sum(), mirror=False))


def compute(comm: MPI.Comm) -> tuple[np.ndarray, bool]:
    """Return the density (valley, y, x) after some steps, whole on all ranks,
    and whether the traffic is as foretold.
    """
    transport = make(comm)
    for number in range(STEPS):
        transport.stepper.step(number * STEP, STEP)
    density = np.zeros((3, POINTS, POINTS))
    density[(slice(None), *transport.cells.box)] = transport.by_valley()
    comm.Allreduce(MPI.IN_PLACE, density)
    return density, all(comm.allgather(as_foretold(transport)))


def as_foretold(transport: Transport) -> bool:
    """Say whether this rank has sent what follows from the layout alone."""
    cells, comm = transport.cells, transport.comm
    sent, expected = cells.traffic, border_traffic(cells.tiling, mirror=False)
    size = 8 * cells.components * cells.values
    exchanges = transport.stepper.explicit_calls
    return (sent.exchanges, sent.messages, sent.bytes) == (
        exchanges,
        exchanges * expected.messages[comm.rank],
        exchanges * expected.cells[comm.rank] * size,
    )


def main() -> None:
    """Print a JSON object: by number of ranks the difference and whether the traffic is as foretold."""
    world = MPI.COMM_WORLD
    alone, _ = compute(MPI.COMM_SELF)
    found = {}
    for ranks in map(int, sys.argv[1:]):
        group = world.Split(0 if world.rank < ranks else 1)
        if world.rank < ranks:
            density, foretold = compute(group)
            found[ranks] = float(np.max(np.abs(density - alone)) / np.max(alone)), foretold
        world.Barrier()
    if world.rank == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

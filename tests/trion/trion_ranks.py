"""Run under mpirun: a product of a trion on groups of ranks of every size asked for sends what follows from the layout.

    mpirun -n 16 python -m mpi4py tests/trion/trion_ranks.py 1 2 3 16

prints for each size and kind of problem whether messages and bytes of all ranks are as foretold.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from mpi4py import MPI

from hpcx.materials.loader import load_material
from hpcx.trion.config import Config
from hpcx.trion.exchanges import exchanges
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem

CASES = [
    ("C6v", "singlet", "gemm"),
    ("C6v", "triplet", "fft"),
    ("C6", "singlet", "fft-single"),
    ("none", "singlet", "gemm"),
]


def as_foretold(comm: MPI.Comm, symmetry: str, species: str, kernel: str) -> bool:
    """Say whether all ranks of a group send in two products what follows from the layout alone."""
    config, material = Config(model="trion", material="MoS2", mesh={"N": 48, "k0": 0.1}), load_material("MoS2")
    problem = trion_problem(config, material, exciton_of(config, material), species)
    operator = TrionOperator(comm, problem, symmetry, kernel)
    for _ in range(2):
        operator.apply(np.ones(operator.rows, operator.dtype))
    foretold = exchanges(problem.mesh, symmetry, problem.identical, comm.size)
    size, sent = np.dtype(operator.kernel.precision).itemsize, operator.traffic
    expected = 2, 2 * foretold.messages[comm.rank], 2 * size * foretold.amplitudes[comm.rank]
    return all(comm.allgather((sent.exchanges, sent.messages, sent.bytes) == expected))


def main() -> None:
    """Print a JSON object: by number of ranks whether every case is as foretold."""
    world, found = MPI.COMM_WORLD, {}
    for ranks in map(int, sys.argv[1:]):
        group = world.Split(0 if world.rank < ranks else 1)
        if world.rank < ranks:
            found[ranks] = [as_foretold(group, *case) for case in CASES]
        world.Barrier()
    if world.rank == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

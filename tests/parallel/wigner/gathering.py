"""Whole arrays from the parts that the ranks have."""

import numpy as np
from mpi4py import MPI

from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.wigner.space.simulation import Simulation


def place(whole: np.ndarray, part: Part, values: np.ndarray) -> None:
    """Put a part into the whole array."""
    index = np.ix_(*(np.concatenate([np.arange(run.start, run.stop) for run in runs]) for runs in part.runs))
    assert values.shape == part.local_shape
    assert np.isnan(whole[index]).all()  # no two ranks have the same
    whole[index] = values


def gathered(comm: MPI.Comm, result: Result, name: str) -> np.ndarray:
    """Return a distributed dataset of a result on all ranks."""
    data = result.datasets[name]
    whole = np.full(data.shape, np.nan)
    for part, values in comm.allgather((data.part, data.data)):
        place(whole, part, values)
    return whole


def outputs(simulation: Simulation) -> Result:
    """Return the outputs of a simulation."""
    result = Result()
    simulation.outputs.add_to(result)
    return result

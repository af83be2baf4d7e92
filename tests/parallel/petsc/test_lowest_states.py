"""The eigensolver on a matrix whose eigenvalues are known."""

import numpy as np
import pytest

from hpcx.parallel.layout import block_rows
from hpcx.parallel.stop import Stopped
from hpcx.petsc.eigen import SolverError, lowest_states
from hpcx.petsc.options import initialize
from hpcx.petsc.start import keyed_noise


class Chain:
    """Discrete Laplacian on a chain: eigenvalues 2 - 2 cos(pi m / (n + 1))."""

    flops = 0.0

    def __init__(self, comm, size):
        self.comm, self.size = comm, size
        self.first = block_rows(size, comm.size)
        self.rows = int(np.diff(self.first)[comm.rank])
        self.mine = slice(self.first[comm.rank], self.first[comm.rank + 1])

    def apply(self, x):
        whole = np.concatenate(self.comm.allgather(x.copy()))
        padded = np.pad(whole, 1)
        return (2 * whole - padded[2:] - padded[:-2])[self.mine]

    def start(self):
        return 1 + keyed_noise(np.arange(self.size)[self.mine])


def exact(size, count):
    return 2 - 2 * np.cos(np.pi * np.arange(1, count + 1) / (size + 1))


@pytest.mark.mpi
@pytest.mark.parametrize(("size", "count"), [(120, 5), (3, 2), (2, 9)])
def test_eigenpairs(comm, size, count):
    chain = Chain(comm, size)
    pairs = lowest_states(comm, chain, count, 1e-9, "chain_", chain.start())
    assert np.allclose(pairs.values, exact(size, min(count, size)), atol=1e-12)
    for value, vector in zip(pairs.values, pairs.vectors, strict=True):
        residual = chain.apply(vector) - value * vector
        assert np.sqrt(comm.allreduce(np.vdot(residual, residual).real)) < 2e-9
        assert comm.allreduce(np.vdot(vector, vector).real) == pytest.approx(1)
    assert pairs.products > 0 and pairs.seconds >= pairs.product_seconds


@pytest.mark.mpi
def test_options_of_the_prefix_are_read(comm):
    initialize(["-chain_eps_max_it", "1"])
    try:
        with pytest.raises(SolverError, match="-chain_eps_max_it"):
            lowest_states(comm, Chain(comm, 500), 4, 1e-12, "chain_", Chain(comm, 500).start())
    finally:
        initialize(["-chain_eps_max_it", "10000"])


@pytest.mark.mpi
def test_stopped_solver_goes_on_with_what_it_knew(comm):
    partial = []

    def keep(known):
        partial.append(known())
        if partial[-1].converged:
            raise Stopped("a test")

    chain = Chain(comm, 120)
    with pytest.raises(Stopped, match="a test"):
        lowest_states(comm, chain, 4, 1e-9, "chain_", chain.start(), keep=keep)
    known = partial[-1]
    assert 1 <= known.converged < 4 and len(known.vectors) == 4
    overlap = comm.allreduce(known.vectors.conj() @ known.vectors.T)
    assert np.abs(overlap - np.eye(4)).max() < 1e-12
    whole = lowest_states(comm, chain, 4, 1e-9, "chain_", chain.start())
    pairs = lowest_states(comm, chain, 4, 1e-9, "chain_", known.start(chain.start()), known.found)
    assert np.abs(pairs.values - whole.values).max() < 1e-12
    assert pairs.residuals.max() < 1.1e-9
    assert pairs.products < whole.products
    again = lowest_states(comm, chain, 4, 1e-9, "chain_", chain.start(), whole.vectors)
    assert again.products == 4 and np.abs(again.values - whole.values).max() < 1e-12


@pytest.mark.mpi
def test_progress_grows_to_one(comm):
    shares = []
    chain = Chain(comm, 300)
    pairs = lowest_states(comm, chain, 3, 1e-10, "chain_", chain.start(), progress=shares.append)
    assert len(shares) == pairs.iterations
    assert 0 <= shares[0] < shares[-1] == 1


@pytest.mark.mpi
def test_empty_space(comm):
    with pytest.raises(SolverError, match="dimension 0"):
        lowest_states(comm, Chain(comm, 0), 1, 1e-9, "chain_")


def test_noise_depends_on_the_key_alone():
    noise = keyed_noise(np.arange(1000))
    assert np.array_equal(keyed_noise(np.arange(500, 1000)), noise[500:])
    assert np.abs(noise.real).max() <= 0.5 and abs(noise.mean()) < 0.03
    assert len(np.unique(noise)) == 1000

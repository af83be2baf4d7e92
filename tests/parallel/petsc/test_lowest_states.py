"""The eigensolver on matrices whose eigenvalues are known, degenerate ones among them."""

from functools import partial

import numpy as np
import pytest

from hpcx.parallel.layout import block_rows
from hpcx.parallel.stop import Stopped
from hpcx.petsc.eigen import SolverError, follow_state, lowest_states
from hpcx.petsc.missing import WeightBelow, is_state_missing
from hpcx.petsc.options import initialize
from hpcx.petsc.ritz import Partial
from hpcx.petsc.start import keyed_noise


class Chain:
    """Discrete Laplacian on a chain: eigenvalues 2 - 2 cos(pi m / (n + 1))."""

    flops, dtype = 0.0, complex

    def __init__(self, comm, size):
        self.comm, self.size = comm, size
        self.first = block_rows(size, comm.size)
        self.rows = int(np.diff(self.first)[comm.rank])
        self.mine = slice(self.first[comm.rank], self.first[comm.rank + 1])

    def apply(self, x, out=None):
        whole = np.concatenate(self.comm.allgather(x.copy()))
        padded = np.pad(whole, 1)
        return np.add(2 * whole[self.mine], -(padded[2:] + padded[:-2])[self.mine], out=out)

    def draw(self, number):
        return (number == 0) + keyed_noise(np.arange(self.size)[self.mine], number)


class Copies(Chain):
    """Several chains side by side, moved in energy: every level of one is a level of all, if they are not moved."""

    def __init__(self, comm, size, shifts):
        super().__init__(comm, size * len(shifts))
        self.shift = np.repeat(shifts, size)[self.mine]
        self.links = len(shifts), size

    def apply(self, x, out=None):
        whole = np.concatenate(self.comm.allgather(x.copy())).reshape(self.links)
        padded = np.pad(whole, [(0, 0), (1, 1)])
        return np.add((2 * whole - padded[:, 2:] - padded[:, :-2]).ravel()[self.mine], self.shift * x, out=out)


WIDTH = 1e-6


def solve(operator, count, tolerance=1e-9, **given):
    given = {"draw": operator.draw, **given}
    return lowest_states(operator.comm, operator, count, tolerance, "chain_", level_width=WIDTH, **given)


def exact(size, count):
    return 2 - 2 * np.cos(np.pi * np.arange(1, count + 1) / (size + 1))


@pytest.mark.mpi
@pytest.mark.parametrize(("size", "count"), [(120, 5), (3, 2), (2, 9)])
def test_eigenpairs(comm, size, count):
    chain = Chain(comm, size)
    pairs = solve(chain, count)
    assert np.allclose(pairs.values[:count], exact(size, min(count, size)), atol=1e-12)
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
            solve(Chain(comm, 500), 4, 1e-12)
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
        solve(chain, 4, keep=keep)
    known = partial[-1]
    assert 1 <= known.converged < 4 and len(known.vectors) == 4
    overlap = comm.allreduce(known.vectors.conj() @ known.vectors.T)
    assert np.abs(overlap - np.eye(4)).max() < 1e-12
    whole = solve(chain, 4)
    pairs = solve(chain, 4, known=known)
    assert np.abs(pairs.values - whole.values).max() < 1e-12
    assert pairs.residuals.max() < 1.1e-9
    assert pairs.products < whole.products
    again = solve(chain, 4, known=Partial(whole.vectors, 4, complete=True))
    assert again.products == 4 and np.abs(again.values - whole.values).max() < 1e-12


@pytest.mark.mpi
def test_progress_grows_to_one(comm):
    shares = []
    chain = Chain(comm, 300)
    pairs = solve(chain, 3, 1e-10, progress=shares.append)
    assert len(shares) > pairs.iterations  # what follows is told, too
    assert 0 <= shares[0] < shares[pairs.iterations - 1] == pytest.approx(0.7) and shares[-1] == 1


@pytest.mark.mpi
def test_empty_space(comm):
    with pytest.raises(SolverError, match="dimension 0"):
        solve(Chain(comm, 0), 1)


@pytest.mark.mpi
@pytest.mark.parametrize("count", [1, 4, 7])
def test_degenerate_levels_are_found_as_often_as_they_are(comm, count):
    pairs = solve(Copies(comm, 30, [0, 0, 0]), count)
    states = 3 * -(-count // 3)
    assert pairs.values[:states] == pytest.approx(np.repeat(exact(30, states // 3), 3), abs=1e-12)
    overlap = comm.allreduce(pairs.vectors.conj() @ pairs.vectors.T)
    assert np.abs(overlap - np.eye(len(overlap))).max() < 1e-8


@pytest.mark.mpi
@pytest.mark.parametrize("shift", [1e-5, 1e-8])
def test_nearly_degenerate_levels_are_found(comm, shift):
    pairs = solve(Copies(comm, 30, [0, shift]), 4)
    assert pairs.values[:4] == pytest.approx(np.repeat(exact(30, 2), 2) + [0, shift, 0, shift], abs=1e-9)


@pytest.mark.mpi
def test_states_that_the_start_vector_lacks_are_found(comm):
    operator = Copies(comm, 30, [0, 0.01])
    lacking = operator.draw(1) * (operator.shift > 0)
    assert follow_state(comm, operator, 1e-9, "chain_", lacking).values == pytest.approx(exact(30, 1) + 0.01)
    pairs = solve(operator, 2, start=lacking)
    assert pairs.values[:2] == pytest.approx(np.sort(np.concatenate([exact(30, 2), exact(30, 2) + 0.01]))[:2], abs=1e-9)


@pytest.mark.mpi
@pytest.mark.parametrize("stage", ["first", "test", "others"])
def test_stopped_at_any_stage_and_continued(comm, stage):
    operator, calls, kept = Copies(comm, 30, [0, 0, 0]), {"first": 0, "test": 0, "others": 0}, []
    expected = solve(operator, 5).values[:5]

    def keep(known):
        state = known()
        now = (
            "first"
            if state.converged < 5 and len(state.vectors) <= 5
            else "test"
            if state.converged == len(state.vectors)
            else "others"
        )
        calls[now] += 1
        if now == stage and calls[now] == 2:
            kept.append(state)
            raise Stopped("a test")

    with pytest.raises(Stopped):
        solve(operator, 5, keep=keep)
    again = solve(operator, 5, known=kept[0])
    assert again.values[:5] == pytest.approx(expected, abs=1e-12)
    assert again.residuals.max() < 2e-9


@pytest.mark.mpi
def test_the_test_for_missing_states_is_cheap_and_certain(comm):
    operator = Copies(comm, 30, [0, 0])
    found = solve(operator, 4).vectors[:4]
    limit = exact(30, 2)[1] + WIDTH
    counted = []

    def apply(x):
        counted.append(1)
        return operator.apply(x)

    ask = partial(is_state_missing, comm, apply, energy=limit, start=operator.draw(4), share=1e-6)
    assert not ask(found=found)
    products = len(counted)
    for left_out in range(4):
        assert ask(found=np.delete(found, left_out, axis=0))
    assert products < 90


def test_bound_of_the_weight_holds_for_any_measure():
    random = np.random.default_rng(1)
    energy = np.sort(random.normal(size=40))
    weight = random.random(40)
    weight /= weight.sum()
    alpha, beta = lanczos(energy, weight, 16)
    at, below = WeightBelow(energy[0]), WeightBelow(energy[0] - 0.1)
    for coefficients in zip(alpha, beta, strict=True):
        at.append(*coefficients)
        below.append(*coefficients)
        assert weight[0] <= at.bound
    assert at.bound < 2 * weight[0] and below.bound < 1e-3 * weight[0] and not below.found
    above = WeightBelow(energy[0] + 0.05)
    for coefficients in zip(alpha, beta, strict=True):
        above.append(*coefficients)
    assert above.found


def lanczos(energy, weight, steps):
    """Return the coefficients of the recursion from a vector with these squared parts, reorthogonalised."""
    basis, alpha, beta = [np.sqrt(weight)], [], []
    for _ in range(steps):
        product = energy * basis[-1]
        alpha.append(basis[-1] @ product)
        for _ in range(2):
            product -= np.array(basis).T @ (np.array(basis) @ product)
        beta.append(np.linalg.norm(product))
        basis.append(product / beta[-1])
    return alpha, beta


def test_noise_depends_on_the_key_alone():
    noise = keyed_noise(np.arange(1000))
    assert np.array_equal(keyed_noise(np.arange(500, 1000)), noise[500:])
    assert np.abs(noise.real).max() <= 0.5 and abs(noise.mean()) < 0.03
    assert len(np.unique(noise)) == 1000
    other = keyed_noise(np.arange(1000), 1)
    assert not np.isin(other, noise).any() and abs(np.vdot(other, noise)) < 0.1 * np.vdot(noise, noise).real

"""Slow modes of a random generator against dense LAPACK."""

import numpy as np
import pytest
from scipy import sparse

from hpcx.petsc.slow_modes import slowest_modes


@pytest.fixture(scope="module")
def generator():
    random = np.random.default_rng(3)
    rates = random.random((60, 60)) ** 6
    np.fill_diagonal(rates, 0.0)
    return sparse.csr_matrix(rates - np.diag(rates.sum(axis=0)))


def test_eigenvalues_against_lapack(generator):
    dense = np.linalg.eigvals(generator.toarray())
    dense = dense[np.argsort(np.abs(dense))][:4]
    modes = slowest_modes(generator, 4, 1e-4)
    assert np.sort(modes.eigenvalue.real) == pytest.approx(np.sort(dense.real), abs=1e-9)
    assert np.all(np.diff(modes.eigenvalue.real) <= 1e-12)
    assert abs(modes.eigenvalue[0]) < 1e-10 and modes.residual.max() < 1e-8


def test_left_and_right_vectors_are_dual(generator):
    modes = slowest_modes(generator, 3, 1e-4)
    product = modes.left_nm.conj().T @ modes.right_nm
    assert np.abs(product - np.eye(len(product))).max() < 1e-7
    left = generator.T @ modes.left_nm - modes.left_nm * modes.eigenvalue.conj()
    assert np.abs(left).max() < 1e-7


def alike(copies: int, closed: int = 0) -> sparse.csr_matrix:
    """Return a generator of `copies` equal chains of eight cells;
    `closed` further cells are fed by all and keep what they have.
    """
    random = np.random.default_rng(5)
    rates = random.random((8, 8))
    np.fill_diagonal(rates, 0.0)
    size = 8 * copies + closed
    joined = np.zeros((size, size))
    joined[: 8 * copies, : 8 * copies] = np.kron(np.eye(copies), rates)
    joined[8 * copies :, : 8 * copies] = 0.1
    return sparse.csr_matrix(joined - np.diag(joined.sum(axis=0)))


@pytest.mark.parametrize(
    ("copies", "closed", "count"),
    [(2, 0, 2), (3, 0, 2), (4, 0, 6), (6, 0, 6), (1, 3, 4), (3, 4, 8), (5, 1, 5), (9, 0, 1)],
)
def test_equal_decay_times_are_counted(copies, closed, count):
    """Decoupled cells that are alike, and several ones that keep what they have,
    give every slow mode more than once.
    """
    matrix = alike(copies, closed)
    dense = np.sort(-np.abs(np.linalg.eigvals(matrix.toarray())))[::-1][:count]
    modes = slowest_modes(matrix, count, 1e-4)
    assert modes.eigenvalue.real == pytest.approx(dense, abs=1e-9)
    assert modes.residual.max() < 1e-8
    product = modes.left_nm.conj().T @ modes.right_nm
    assert np.abs(product - np.eye(count)).max() < 1e-7
    left = matrix.T @ modes.left_nm - modes.left_nm * modes.eigenvalue.conj()
    assert np.abs(left).max() < 1e-7

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

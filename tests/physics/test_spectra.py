"""Spectra from recursion coefficients, and the bound of their error."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.parallel.recursion import Recursion
from hpcx.physics.spectra import ContinuedFraction, lorentzian_spectrum, merged, steps_for_time, sticks


def random_hermitian(size, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return (a + a.conj().T) / 4


def recursion_of(matrix, start, steps):
    recursion = Recursion(MPI.COMM_SELF, lambda x: matrix @ x, start)
    for _ in range(steps):
        recursion.step()
    return recursion


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [3, 10, 30])
def test_error_is_below_its_bound_everywhere(seed, steps):
    matrix = random_hermitian(80, seed)
    start = np.random.default_rng(seed + 100).normal(size=80) + 0j
    recursion = recursion_of(matrix, start, steps)
    energy_w, eta = np.linspace(-6, 6, 241), 0.3
    fraction = ContinuedFraction(energy_w, eta, recursion.square_norm)
    for coefficients in zip(recursion.alpha, recursion.beta):
        fraction.append(*coefficients)
    value, vector = np.linalg.eigh(matrix)
    exact_w = lorentzian_spectrum(energy_w, value, np.abs(vector.conj().T @ start) ** 2, eta)
    error_w = np.abs(fraction.spectrum_w - exact_w)
    assert (error_w <= fraction.bound_w * (1 + 1e-10) + 1e-13).all()
    # and the bound is of use: somewhere the error comes near to it
    assert (error_w > 0.2 * fraction.bound_w).any()


def test_sticks_give_the_continued_fraction_and_the_sum_rule():
    matrix, start = random_hermitian(60, 1), np.ones(60, complex)
    recursion = recursion_of(matrix, start, 20)
    energy_w = np.linspace(-4, 4, 50)
    fraction = ContinuedFraction(energy_w, 0.2, recursion.square_norm)
    for coefficients in zip(recursion.alpha, recursion.beta):
        fraction.append(*coefficients)
    energy, weight = sticks(recursion.alpha, recursion.beta, recursion.square_norm)
    np.testing.assert_allclose(lorentzian_spectrum(energy_w, energy, weight, 0.2), fraction.spectrum_w, rtol=1e-10)
    assert weight.sum() == pytest.approx(60, rel=1e-13)


def test_recursion_ends_when_all_lines_are_found():
    start = np.array([1.0, 1.0, 0.0, 0.0], complex)
    recursion = recursion_of(np.diag([1.0, 2.0, 3.0, 4.0]), start, 2)
    assert recursion.exhausted
    energy, weight = sticks(recursion.alpha, recursion.beta, recursion.square_norm)
    np.testing.assert_allclose(energy, [1, 2], atol=1e-12)
    np.testing.assert_allclose(weight, [1, 1], atol=1e-12)


def test_lines_found_several_times_become_one():
    energy, weight = merged(np.array([1.0, 2.0, 1.0 + 5e-8]), np.array([0.2, 1.0, 0.6]), 1e-7)
    np.testing.assert_allclose(energy, [1 + 3.75e-8, 2], rtol=1e-15)
    np.testing.assert_allclose(weight, [0.8, 1.0])


@pytest.mark.parametrize("time", [3.0, 10.0])
def test_enough_steps_for_a_time_give_the_motion(time):
    matrix, start = random_hermitian(400, 7), np.ones(400, complex)
    steps = steps_for_time(recursion_of(matrix, start, 30).band_width, time)
    assert steps < 400
    value, vector = np.linalg.eigh(matrix)
    exact = np.abs(vector.conj().T @ start) ** 2 @ np.exp(-1j * value * time / 0.6582119569)
    for share, good in ((1.0, True), (0.5, False)):
        recursion = recursion_of(matrix, start, int(share * steps))
        energy, weight = sticks(recursion.alpha, recursion.beta, recursion.square_norm)
        error = abs(weight @ np.exp(-1j * energy * time / 0.6582119569) - exact) / 400
        assert (error < 1e-10) == good


def test_a_recursion_of_one_step_is_one_line():
    """As when the optical vector is an eigenvector; SciPy's evd driver refuses matrices of one row."""
    energy, weight = sticks([0.25], [0.0], 3.0)
    assert energy == [0.25] and weight == [3.0]

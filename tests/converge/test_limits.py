"""Limits with error bars of sequences whose limit is known."""

import numpy as np
import pytest

from hpcx.converge.limits import extrapolate, power_limit

MODELS = {"-2": (2,), "-3": (3,), "-4": (4,)}
X = 1 / np.array([48.0, 60.0, 72.0, 84.0])


def limit_of(y, x=X, error=0.0):
    return extrapolate(x, y, np.full(len(x), error), MODELS)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_limit_of_a_power_lies_within_its_error(power):
    limit = limit_of(30 + 2 * (X / X[0]) ** power)
    assert abs(limit.value - 30) <= limit.error < 0.6
    assert not [text for text in limit.warnings if "only" in text]


def test_error_grows_with_the_data_s_own():
    y = 30 + 2 * (X / X[0]) ** 3
    assert limit_of(y, error=0.5).error > 0.5 > limit_of(y).error


def test_noise_is_part_of_the_error():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(50):
        limit = limit_of(30 + 2 * (X / X[0]) ** 3 + rng.normal(0, 0.1, len(X)))
        inside += abs(limit.value - 30) <= 2 * limit.error
    assert inside >= 47


def test_too_few_points_are_told():
    limit = extrapolate(X[:1], np.array([30.0]), np.zeros(1), MODELS)
    assert limit.value == 30 and np.isinf(limit.error) and "do not determine" in limit.warnings[0]
    assert any("only 2 points" in text for text in limit_of(30 + X[:2], X[:2]).warnings)


def test_a_sequence_that_does_not_settle_is_told():
    assert any("differences do not shrink" in text for text in limit_of(np.array([30.0, 30.2, 30.6, 33.0])).warnings)


def test_fit_with_as_many_points_as_parameters_is_exact():
    limit, scatter = power_limit(X[:3], 5 + 100 * X[:3] ** 2 - 300 * X[:3] ** 3, (2, 3))
    assert limit == pytest.approx(5, abs=1e-10) and scatter < 1e-10

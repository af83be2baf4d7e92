"""Rise times: the convolution, recovery of known times, and what the constraint does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcx.formation.fits import (
    SIGMA,
    Fit,
    convolved_exponentials,
    fit_plain,
    fit_two_components,
    formation_time,
    model,
    rise_time_range,
)

DELAYS = np.arange(-100.0, 251.0, 5.0)
SLOW = 658.2


@given(st.floats(0.5, 500), st.floats(-100, 200))
def test_convolution_with_the_response(decay, time):
    shift_s = np.linspace(0, 12 * SIGMA + max(time, 0.0), 20001)
    weight_s = np.exp(-((time - shift_s) ** 2) / (2 * SIGMA**2)) / (SIGMA * np.sqrt(2 * np.pi))
    integrand_s = weight_s * np.exp(-shift_s / decay)
    expected = np.sum(integrand_s[1:] + integrand_s[:-1]) * (shift_s[1] - shift_s[0]) / 2
    found = convolved_exponentials(np.array([time]), np.array([1 / decay]))[0, 0]
    assert found == pytest.approx(expected, abs=2e-5 * max(1.0, expected))


def test_far_right_is_the_exponential_without_overflow():
    found = convolved_exponentials(np.array([5000.0]), np.array([1 / 658.2]))[0, 0]
    assert found == pytest.approx(np.exp(0.5 * (SIGMA / 658.2) ** 2 - 5000 / 658.2), rel=1e-12)


@pytest.mark.parametrize(("rise", "distance"), [(4.0, 40.0), (12.0, 60.0), (28.0, 30.0)])
def test_two_components_are_recovered(rise, distance):
    truth = Fit(rise, 2 * rise + distance, distance, (0.8, 1.0), 0.0)
    fit = fit_two_components(DELAYS, model(truth, DELAYS, SLOW), SLOW)
    assert fit.rise == pytest.approx(rise, rel=1e-3)
    assert fit.distance == pytest.approx(distance, rel=1e-2)
    assert fit.misfit < 1e-5


@pytest.mark.parametrize("rise", [0.5, 9.0, 60.0])
def test_plain_rise_is_recovered(rise):
    truth = Fit(rise, np.nan, np.nan, (0.0, 2.0), 0.0)
    assert fit_plain(DELAYS, model(truth, DELAYS, SLOW), SLOW).rise == pytest.approx(rise, rel=1e-3)


def test_formation_time_is_the_rise_of_a_plain_exponential():
    times = np.arange(-100.0, 400.0, 1.0)
    truth = Fit(15.0, np.nan, np.nan, (0.0, 1.0), 0.0)
    shifted = model(truth, times, 1e9)  # without decay the missing area is the rise time itself
    assert formation_time(times, shifted, 1e9, 250.0) == pytest.approx(15.0, abs=0.1)


def test_the_range_holds_the_fit_and_the_bootstrap_is_reproducible():
    random = np.random.default_rng(3)
    truth = Fit(10.0, 30.0, 10.0, (0.5, 1.0), 0.0)
    noisy = model(truth, DELAYS, SLOW) + 0.01 * random.standard_normal(DELAYS.size)
    first, again = (rise_time_range(DELAYS, noisy, SLOW, 5, seed=1) for _ in range(2))
    assert first == again
    fit, lowest, highest, scatter = first
    assert lowest <= fit.rise <= highest
    assert 0 < scatter < 5

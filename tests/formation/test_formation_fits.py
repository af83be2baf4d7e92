"""Rise times: the convolution, recovery of known times, and what the constraint does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpi4py import MPI
from scipy.optimize import lsq_linear

from hpcx.formation.fits import (
    SIGMA,
    Fit,
    columns,
    convolved_exponentials,
    fit_many,
    formation_time,
    model,
    rise_times,
)
from hpcx.formation.observables import read_many, read_traces
from hpcx.formation.traces import Traces

DELAYS = np.arange(-100.0, 251.0, 5.0)
SLOW = 658.2


@given(st.floats(0.5, 500), st.floats(-100, 200))
def test_convolution_with_the_response(decay, time):
    shift_s = np.linspace(0, 12 * SIGMA + max(time, 0.0), 20001)
    weight_s = np.exp(-((time - shift_s) ** 2) / (2 * SIGMA**2)) / (SIGMA * np.sqrt(2 * np.pi))
    integrand_s = weight_s * np.exp(-shift_s / decay)
    expected = np.sum(integrand_s[1:] + integrand_s[:-1]) * (shift_s[1] - shift_s[0]) / 2
    found = convolved_exponentials(np.array([time]), 1 / decay)[0][0]
    assert found == pytest.approx(expected, abs=2e-5 * max(1.0, expected))


def test_far_right_is_the_exponential_without_overflow():
    found = convolved_exponentials(np.array([5000.0]), 1 / 658.2)[0][0]
    assert found == pytest.approx(np.exp(0.5 * (SIGMA / 658.2) ** 2 - 5000 / 658.2), rel=1e-12)


@pytest.mark.parametrize(("rise", "distance"), [(4.0, 40.0), (12.0, 60.0), (28.0, 30.0)])
def test_two_components_are_recovered(rise, distance):
    truth = Fit(rise, distance, (0.8, 1.0), 0.0)
    fit = fit_one(model(truth, DELAYS, SLOW), 10.0)
    assert fit.rise == pytest.approx(rise, rel=1e-3)
    assert fit.distance == pytest.approx(distance, rel=1e-2)
    assert fit.misfit < 1e-5


@pytest.mark.parametrize("rise", [0.5, 9.0, 60.0])
def test_plain_rise_is_recovered(rise):
    truth = Fit(rise, np.nan, (0.0, 2.0), 0.0)
    assert fit_one(model(truth, DELAYS, SLOW), np.nan).rise == pytest.approx(rise, rel=1e-5)


def test_formation_time_is_the_rise_of_a_plain_exponential():
    times = np.arange(-100.0, 400.0, 1.0)
    truth = Fit(15.0, np.nan, (0.0, 1.0), 0.0)
    shifted = model(truth, times, 1e9)  # without decay the missing area is the rise time itself
    assert formation_time(times, shifted, 1e9, 250.0) == pytest.approx(15.0, abs=0.1)


def test_what_has_decayed_has_no_formation_time():
    decayed = np.exp(-((DELAYS / 20.0) ** 2)) + 1e-12
    assert np.isnan(formation_time(DELAYS, decayed, SLOW, 150.0))
    [reading] = read_many(DELAYS, decayed[None], SLOW, 0)
    assert np.isnan([reading.formation, reading.peak_to_plateau]).all()


def test_the_range_holds_the_fit_and_the_bootstrap_is_reproducible():
    first, again = (rise_times(DELAYS, noisy()[None], SLOW, 5, seed=1) for _ in range(2))
    assert first == again
    [found] = first
    assert found.lowest <= found.fit.rise <= found.highest
    assert 0 < found.scatter < 5


def test_derivatives_of_the_columns():
    at_p, step = np.log([[14.0, 23.0]]), 1e-5
    slope_pct = columns(DELAYS, SLOW, at_p)[1][0]
    for p, slope_ct in enumerate(slope_pct):
        shift_p = step * np.eye(2)[p]
        ahead_ct, behind_ct = (columns(DELAYS, SLOW, at_p + side * shift_p)[0][0] for side in (1, -1))
        assert slope_ct == pytest.approx((ahead_ct - behind_ct) / (2 * step), abs=1e-9)


@pytest.mark.parametrize("separation", [5.0, 10.0, 20.0])
def test_the_fit_is_the_best_of_a_fine_search(separation):
    """No point of a fine grid of both times, with amplitudes by non-negative least squares, has smaller squares."""
    signal_t = noisy()[DELAYS <= 200]
    fit = fit_one(noisy(), separation)
    squares = fit.misfit**2 * signal_t.size * np.abs(signal_t).max() ** 2
    for rise in np.geomspace(0.3, 80, 60):
        for distance in np.geomspace(separation, 150, 30):
            column_ct = columns(DELAYS[DELAYS <= 200], SLOW, np.log([[rise, distance]]))[0][0]
            low = [0.0, -np.inf]
            best = lsq_linear(column_ct.T, signal_t, bounds=(low, np.inf)).cost * 2
            assert squares <= best * (1 + 1e-6)


def test_a_trace_does_not_depend_on_those_fitted_with_it():
    signals = np.array([noisy(seed) for seed in range(4)])
    together = fit_many(DELAYS, signals, SLOW, np.array([5.0, 10.0, np.nan, 20.0]))
    for number, separation in ((1, 10.0), (3, 20.0)):
        alone = fit_one(signals[number], separation)
        assert together[number].rise == pytest.approx(alone.rise, rel=1e-13)


@pytest.mark.parametrize(("rise", "flagged"), [(150.0, True), (60.0, False)])
def test_a_rise_time_at_its_bound_is_flagged(rise, flagged):
    truth = Fit(rise, np.nan, (0.0, 1.0), 0.0)
    assert fit_one(model(truth, DELAYS, SLOW), 10.0).at_bound == flagged


def noisy(seed: int = 3) -> np.ndarray:
    truth = Fit(10.0, 10.0, (0.5, 1.0), 0.0)
    return model(truth, DELAYS, SLOW) + 0.01 * np.random.default_rng(seed).standard_normal(DELAYS.size)


def fit_one(signal_d: np.ndarray, separation: float) -> Fit:
    [fit] = fit_many(DELAYS, signal_d[None], SLOW, np.array([separation]))
    return fit


def test_fewer_delays_than_a_fit_has_unknowns_give_no_rise_time():
    """Two times and two amplitudes are not read off four delays, nor does a fit to them end in a singular matrix."""
    for count, known in ((2, False), (3, False), (4, False), (5, True)):
        delay_d = np.linspace(-50.0, 150.0, count)
        change_rcd = np.broadcast_to(model(Fit(20, 60, (1.0, 1.0), 0), delay_d, SLOW), (1, 1, count))
        traces = Traces(delay_d, change_rcd, *[np.zeros(0)] * 5)
        assert (read_traces(MPI.COMM_SELF, traces, SLOW, 2)[0][0] is not None) == known


def test_a_damping_that_fell_to_nothing_leaves_a_step():
    """Every step of a fit without noise helps, so that its damping falls until rounding hides it."""
    signal_nt = model(Fit(20, 60, (1.0, 1.0), 0), DELAYS, SLOW) * np.ones((3, 1))
    for scale in (1e-300, 1.0, 1e300):
        assert fit_many(DELAYS, scale * signal_nt, SLOW, np.full(3, 10.0))[0].rise == pytest.approx(20, rel=1e-3)

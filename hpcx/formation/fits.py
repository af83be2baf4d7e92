"""Rise times of transients.

The fit is that of Trovatello et al., Eq. 1: (1 - exp(-t/rise)) H(t) [A1 exp(-t/decay) + A2 exp(-t/slow)] convolved with
a Gaussian. It is four exponentials, each of which convolves to a scaled complementary error function. Rise and fast decay
are interchangeable unless decay >= 2 rise + separation; where this limit is active the rise time depends on the
separation, and the spread over separations is part of its uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.optimize import least_squares
from scipy.special import erfcx

#: FWHM of the instrument's response (20 and 15 fs in quadrature), and the slow decay (1 meV), fs
RESPONSE = 25.0
SIGMA = RESPONSE / (2 * np.sqrt(2 * np.log(2)))
#: window of the fit, fs
WINDOW = (-100.0, 200.0)
#: least distance of the fast decay from twice the rise: the default and the limits of the spread, fs
SEPARATION, SEPARATIONS = 10.0, (5.0, 10.0, 20.0)
RISE_BOUNDS, DISTANCE_MAX, PLAIN_RISE_MAX = (0.3, 80.0), 150.0, 200.0
RISE_STARTS, DISTANCE_STARTS = (3.0, 12.0, 30.0), (25.0, 60.0)
#: argument of erfcx below which it is two exponentials to rounding; much further to the left it overflows
FAR_LEFT = -6.0


@dataclass(frozen=True)
class Fit:
    """Result of one fit.

    Attributes:
        rise: rise time, fs.
        decay: fast decay time, fs; NaN for the plain rising exponential.
        distance: decay less twice the rise, fs; at its lower bound the decay is the constraint's, not a result.
        amplitude: A1 and A2 in units of the signal.
        misfit: root mean square of the residual over the largest signal.
    """

    rise: float
    decay: float
    distance: float
    amplitude: tuple[float, float]
    misfit: float


def convolved_exponentials(time_t: np.ndarray, rate_c: np.ndarray) -> np.ndarray:
    """Return H(t) exp(-rate t) convolved with the response, shape (times, rates); times in fs, rates in 1/fs."""
    argument_tc = (SIGMA * rate_c - time_t[:, None] / SIGMA) / np.sqrt(2)
    result_tc = 0.5 * erfcx(np.maximum(argument_tc, FAR_LEFT)) * np.exp(-((time_t[:, None] / SIGMA) ** 2) / 2)
    late_tc = argument_tc < FAR_LEFT
    if late_tc.any():
        exponent_tc = 0.5 * (SIGMA * rate_c) ** 2 - time_t[:, None] * rate_c
        result_tc[late_tc] = np.exp(exponent_tc[late_tc])
    return result_tc


def rising(time_t: np.ndarray, rise: float, decay_c: np.ndarray) -> np.ndarray:
    """Return (1 - exp(-t / rise)) H(t) exp(-t / decay) convolved with the response, shape (times, decays)."""
    rate_c = 1 / np.atleast_1d(decay_c)
    both = convolved_exponentials(time_t, np.concatenate([rate_c, rate_c + 1 / rise]))
    return both[:, : rate_c.size] - both[:, rate_c.size :]


def model(fit: Fit, time_t: np.ndarray, slow: float) -> np.ndarray:
    """Return the fitted curve at times in fs; `slow` is the slow decay time."""
    if np.isnan(fit.decay):
        return fit.amplitude[1] * rising(time_t, fit.rise, slow)[:, 0]
    return rising(time_t, fit.rise, np.array([fit.decay, slow])) @ np.array(fit.amplitude)


def fit_two_components(
    time_t: np.ndarray, signal_t: np.ndarray, slow: float, separation: float = SEPARATION, start: Fit | None = None
) -> Fit:
    """Fit rise, fast decay and both amplitudes (A1 >= 0) on the window; `start` replaces the list of starting points."""
    time_t, scaled_t, scale = _window(time_t, signal_t)
    low, high = np.log([RISE_BOUNDS[0], separation]), np.log([RISE_BOUNDS[1], DISTANCE_MAX])
    starts = [(r, d) for r in RISE_STARTS for d in DISTANCE_STARTS] if start is None else [(start.rise, start.distance)]

    def basis(log_rd: np.ndarray) -> np.ndarray:
        rise, distance = np.exp(log_rd)
        return rising(time_t, rise, np.array([2 * rise + distance, slow]))

    best = _best(basis, [np.clip(np.log(s), low + 1e-9, high - 1e-9) for s in starts], low, high, scaled_t)
    rise, distance = np.exp(best)
    amplitude = _amplitudes(basis(best), scaled_t)
    misfit = np.sqrt(np.mean((basis(best) @ amplitude - scaled_t) ** 2))
    return Fit(rise, 2 * rise + distance, distance, tuple(scale * amplitude), misfit)


def fit_plain(time_t: np.ndarray, signal_t: np.ndarray, slow: float, start: Fit | None = None) -> Fit:
    """Fit a rising exponential that decays slowly: the two-component fit without its fast decay."""
    time_t, scaled_t, scale = _window(time_t, signal_t)
    low, high = np.log([RISE_BOUNDS[0]]), np.log([PLAIN_RISE_MAX])
    starts = RISE_STARTS if start is None else (start.rise,)

    def basis(log_r: np.ndarray) -> np.ndarray:
        return rising(time_t, float(np.exp(log_r[0])), slow)

    best = _best(basis, [np.clip(np.log([s]), low + 1e-9, high - 1e-9) for s in starts], low, high, scaled_t)
    amplitude = _amplitudes(basis(best), scaled_t)
    misfit = np.sqrt(np.mean((basis(best) @ amplitude - scaled_t) ** 2))
    return Fit(float(np.exp(best[0])), np.nan, np.nan, (0.0, float(scale * amplitude[0])), misfit)


def rise_time_range(
    time_t: np.ndarray, signal_t: np.ndarray, slow: float, resamplings: int, seed: int
) -> tuple[Fit, float, float, float]:
    """Return the fit, the smallest and largest rise time over the separations, and the bootstrap's standard deviation.

    The bootstrap adds resampled residuals to the fitted curve; `seed` makes it reproducible.
    """
    fits = {separation: fit_two_components(time_t, signal_t, slow, separation) for separation in SEPARATIONS}
    fit = fits[SEPARATION]
    inside_t = _inside(time_t)
    times, curve_t = time_t[inside_t], model(fit, time_t[inside_t], slow)
    residual_t = signal_t[inside_t] - curve_t
    random = np.random.default_rng(seed)
    rises = [
        fit_two_components(times, curve_t + random.choice(residual_t, residual_t.size), slow, start=fit).rise
        for _ in range(resamplings)
    ]
    values = [other.rise for other in fits.values()]
    return fit, min(values), max(values), float(np.std(rises)) if rises else 0.0


def formation_time(time_t: np.ndarray, signal_t: np.ndarray, slow: float, plateau_from: float) -> float:
    """Return int dt [H(t) - y exp(t / slow) / plateau] (fs), the delay of the rise without a fit.

    The plateau is the mean of y exp(t / slow) after `plateau_from`.
    """
    corrected_t = signal_t * np.exp(time_t / slow)
    plateau = corrected_t[time_t >= plateau_from].mean()
    return float(time_t[-1] - trapezoid(corrected_t / plateau, time_t))


def _inside(time_t: np.ndarray) -> np.ndarray:
    return (time_t >= WINDOW[0] - 1e-9) & (time_t <= WINDOW[1] + 1e-9)


def _window(time_t: np.ndarray, signal_t: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    inside_t = _inside(time_t)
    scale = float(np.max(np.abs(signal_t[inside_t])))
    return time_t[inside_t], signal_t[inside_t] / scale, scale


def _amplitudes(basis_tc: np.ndarray, scaled_t: np.ndarray) -> np.ndarray:
    """Return linear least-squares amplitudes; the fast one, if there are two, is not negative."""
    amplitude_c = np.linalg.solve(basis_tc.T @ basis_tc, basis_tc.T @ scaled_t)
    if amplitude_c.size == 2 and amplitude_c[0] < 0:
        slow = basis_tc[:, 1]
        return np.array([0.0, slow @ scaled_t / (slow @ slow)])
    return amplitude_c


def _best(
    basis: Callable[[np.ndarray], np.ndarray], starts: list[np.ndarray], low: np.ndarray, high: np.ndarray, scaled_t: np.ndarray
) -> np.ndarray:
    def misfit(parameters: np.ndarray) -> np.ndarray:
        basis_tc = basis(parameters)
        return basis_tc @ _amplitudes(basis_tc, scaled_t) - scaled_t

    fits = [least_squares(misfit, start, bounds=(low, high)) for start in starts]
    return min(fits, key=lambda fit: fit.cost).x

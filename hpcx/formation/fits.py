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
#: a parameter closer to its bound than this (fs) is said to be at it
AT_BOUND = 0.1


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


def convolved_exponential(time_t: np.ndarray, decay: float) -> np.ndarray:
    """Return H(t) exp(-t / decay) convolved with the response; `time_t` and `decay` in fs."""
    argument_t = (SIGMA / decay - time_t / SIGMA) / np.sqrt(2)
    result_t = np.empty_like(argument_t)
    late_t = argument_t < -5  # erfcx overflows far to the left, where the convolution is the exponential itself
    result_t[late_t] = np.exp(0.5 * (SIGMA / decay) ** 2 - time_t[late_t] / decay)
    result_t[~late_t] = 0.5 * erfcx(argument_t[~late_t]) * np.exp(-((time_t[~late_t] / SIGMA) ** 2) / 2)
    return result_t


def rising(time_t: np.ndarray, rise: float, decay: float) -> np.ndarray:
    """Return (1 - exp(-t / rise)) H(t) exp(-t / decay) convolved with the response."""
    return convolved_exponential(time_t, decay) - convolved_exponential(time_t, 1 / (1 / decay + 1 / rise))


def model(fit: Fit, time_t: np.ndarray, slow: float) -> np.ndarray:
    """Return the fitted curve at times in fs; `slow` is the slow decay time."""
    curve_t = fit.amplitude[1] * rising(time_t, fit.rise, slow)
    return curve_t if np.isnan(fit.decay) else curve_t + fit.amplitude[0] * rising(time_t, fit.rise, fit.decay)


def fit_two_components(
    time_t: np.ndarray, signal_t: np.ndarray, slow: float, separation: float = SEPARATION, start: Fit | None = None
) -> Fit:
    """Fit rise, fast decay and both amplitudes (A1 >= 0) on the window; `start` replaces the list of starting points."""
    time_t, scaled_t, scale = _window(time_t, signal_t)
    low, high = np.log([RISE_BOUNDS[0], separation]), np.log([RISE_BOUNDS[1], DISTANCE_MAX])
    starts = [(r, d) for r in RISE_STARTS for d in DISTANCE_STARTS] if start is None else [(start.rise, start.distance)]

    def basis(log_rd: np.ndarray) -> np.ndarray:
        rise, distance = np.exp(log_rd)
        return np.stack([rising(time_t, rise, 2 * rise + distance), rising(time_t, rise, slow)], axis=1)

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
        return rising(time_t, float(np.exp(log_r[0])), slow)[:, None]

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
    amplitude_c = np.linalg.lstsq(basis_tc, scaled_t, rcond=None)[0]
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

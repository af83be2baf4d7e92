"""Rise times of transients.

The fit is that of Trovatello et al., Eq. 1: (1 - exp(-t/rise)) H(t) [A1 exp(-t/decay) + A2 exp(-t/slow)] convolved with
a Gaussian. It is a sum of four exponentials; the convolution of each is a scaled complementary error function. Rise and
fast decay can be exchanged unless decay >= 2 rise + separation. Where this constraint is active the rise time depends
on the separation, and its spread over several separations is part of its uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import erfcx

from hpcx.formation.separable import Curves, amplitudes, best_of, minimise

#: FWHM of the instrument's response (20 and 15 fs in quadrature), and the slow decay (1 meV), fs
RESPONSE = 25.0
SIGMA = RESPONSE / (2 * np.sqrt(2 * np.log(2)))
#: window of the fit, fs
WINDOW = (-100.0, 200.0)
#: smallest plateau relative to the largest signal; below it the signal has decayed and the plateau is rounding error
PLATEAU_SHARE = 1e-6
#: separation, the smallest difference of the fast decay and twice the rise: the default, and those of the spread, fs
SEPARATION, SEPARATIONS = 10.0, (5.0, 10.0, 20.0)
RISE_MIN, RISE_MAX, PLAIN_RISE_MAX, DISTANCE_MAX = 0.3, 80.0, 200.0, 150.0
#: numbers of rise times and distances of the grid on which a fit finds its starting point
RISE_STARTS, DISTANCE_STARTS = 40, 6
#: argument of erfcx below which erfc is 2 to rounding; erfcx overflows at much smaller ones
FAR_LEFT = -6.0


@dataclass(frozen=True)
class Fit:
    """Result of one fit.

    Attributes:
        rise: rise time, fs.
        distance: decay time less twice the rise time, fs; at its lower bound the constraint sets the decay time, which
            is no result then. NaN for the plain rising exponential.
        amplitude: A1 and A2 in units of the signal.
        misfit: root mean square of the residual over the largest signal.
    """

    rise: float
    distance: float
    amplitude: tuple[float, float]
    misfit: float

    @property
    def decay(self) -> float:
        """Fast decay time, fs; NaN for the plain rising exponential."""
        return 2 * self.rise + self.distance

    @property
    def at_bound(self) -> bool:
        """Whether the rise time is a bound of the search, and so not a result."""
        highest = PLAIN_RISE_MAX if np.isnan(self.distance) else RISE_MAX
        return not RISE_MIN * (1 + 1e-6) < self.rise < highest * (1 - 1e-6)


@dataclass(frozen=True)
class RiseTimes:
    """What is fitted to one trace.

    Attributes:
        fit: two components with the default separation.
        lowest: least rise time over the separations, fs.
        highest: largest rise time over the separations, fs.
        scatter: standard deviation of the rise time over resampled residuals, fs.
        plain: rising exponential that decays slowly.
    """

    fit: Fit
    lowest: float
    highest: float
    scatter: float
    plain: Fit


def convolved_exponentials(time_t: np.ndarray, rate_c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return H(t) exp(-rate t) convolved with the response, and its derivative by the rate, of shape (..., times).

    Times in fs, rates of any shape in 1/fs.
    """
    rate_ct = np.asarray(rate_c)[..., None]
    argument_ct = (SIGMA * rate_ct - time_t / SIGMA) / np.sqrt(2)
    gauss_t = np.exp(-((time_t / SIGMA) ** 2) / 2)
    value_ct = 0.5 * erfcx(np.maximum(argument_ct, FAR_LEFT)) * gauss_t
    late_ct = argument_ct < FAR_LEFT
    if late_ct.any():
        exponent_ct = 0.5 * (SIGMA * rate_ct) ** 2 - time_t * rate_ct
        value_ct[late_ct] = np.exp(exponent_ct[late_ct])
    return value_ct, np.sqrt(2) * SIGMA * argument_ct * value_ct - SIGMA / np.sqrt(2 * np.pi) * gauss_t


def columns(time_t: np.ndarray, slow: float, log_np: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (1 - exp(-t / rise)) H(t) exp(-t / decay) convolved with the response, for the fast and the slow decay.

    The parameters (trace, 2) are the logarithms of the rise time and of the distance decay - 2 rise (fs). The shape is
    (trace, decay, time), that of the derivatives (trace, parameter, decay, time).
    """
    rise_n, distance_n = np.exp(log_np).T
    decay_nc = np.stack([2 * rise_n + distance_n, np.full(rise_n.size, slow)], axis=1)
    value, slope = convolved_exponentials(time_t, np.stack([1 / decay_nc, 1 / decay_nc + 1 / rise_n[:, None]]))
    # rates by the logarithms of rise and distance; the slow decay is fixed
    by_rise_n, by_distance_n = -2 * rise_n / decay_nc[:, 0] ** 2, -distance_n / decay_nc[:, 0] ** 2
    slope_npct = np.zeros((rise_n.size, 2, 2, time_t.size))
    difference_nct = slope[0] - slope[1]
    slope_npct[:, 0] = slope[1] / rise_n[:, None, None]
    slope_npct[:, 0, 0] += by_rise_n[:, None] * difference_nct[:, 0]
    slope_npct[:, 1, 0] = by_distance_n[:, None] * difference_nct[:, 0]
    return value[0] - value[1], slope_npct


def model(fit: Fit, time_t: np.ndarray, slow: float) -> np.ndarray:
    """Return the fitted curve at times in fs; `slow` is the slow decay time."""
    distance = 1.0 if np.isnan(fit.distance) else fit.distance  # the fast amplitude is zero: any value will do
    return fit.amplitude @ columns(time_t, slow, np.log([[fit.rise, distance]]))[0][0]


def fit_many(
    time_t: np.ndarray, signal_nt: np.ndarray, slow: float, separation_n: np.ndarray, starts: list[Fit] | None = None
) -> list[Fit]:
    """Fit rise, fast decay and both amplitudes (A1 >= 0) to every signal on the window.

    A separation (fs) of NaN asks for a plain rising exponential; `starts` replaces the search for starting points.
    """
    inside_t = inside(time_t)
    time_t, scale_n = time_t[inside_t], np.abs(signal_nt[:, inside_t]).max(axis=1)
    plain_n = np.isnan(separation_n)
    curves = Curves(signal_nt[:, inside_t] / scale_n[:, None], plain_n)
    low_np, high_np = _bounds(separation_n)
    if starts is None:
        start_np = _starts(curves, time_t, slow, low_np, high_np)
    else:
        start_np = np.log([[fit.rise, fit.distance] for fit in starts])
    best_np = minimise(curves, lambda log_np: columns(time_t, slow, log_np), start_np, low_np, high_np)
    amplitude_nc, residual_nt = amplitudes(curves, columns(time_t, slow, best_np)[0])
    rise_n, distance_n = np.exp(best_np).T
    amplitude_nc, misfit_n = amplitude_nc * scale_n[:, None], np.sqrt(np.mean(residual_nt**2, axis=1))
    found = zip(plain_n, rise_n.tolist(), distance_n.tolist(), amplitude_nc.tolist(), misfit_n.tolist())
    return [
        Fit(rise, np.nan if plain else distance, tuple(pair), misfit) for plain, rise, distance, pair, misfit in found
    ]


def inside(time_t: np.ndarray) -> np.ndarray:
    """Return which times (fs) are in the window of the fit."""
    return (time_t >= WINDOW[0] - 1e-9) & (time_t <= WINDOW[1] + 1e-9)


def _bounds(separation_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of the parameters; for a plain exponential, which has no distance, it is fixed."""
    plain_n = np.isnan(separation_n)
    low_np = np.stack([np.full(plain_n.size, RISE_MIN), np.where(plain_n, DISTANCE_MAX, separation_n)], axis=1)
    high_np = np.stack([np.where(plain_n, PLAIN_RISE_MAX, RISE_MAX), np.full(plain_n.size, DISTANCE_MAX)], axis=1)
    return np.log(low_np), np.log(high_np)


def _starts(curves: Curves, time_t: np.ndarray, slow: float, low_np: np.ndarray, high_np: np.ndarray) -> np.ndarray:
    """Return the best parameters on a grid, within the bounds of each trace."""
    rise_r = np.geomspace(RISE_MIN, PLAIN_RISE_MAX, RISE_STARTS)
    distance_d = np.geomspace(min(SEPARATIONS), DISTANCE_MAX, DISTANCE_STARTS)
    grid_gp = np.log(np.stack(np.meshgrid(rise_r, distance_d, indexing="ij"), axis=-1)).reshape(-1, 2)
    inside_ngp = (grid_gp >= low_np[:, None] - 1e-9) & (grid_gp <= high_np[:, None] + 1e-9)
    return grid_gp[best_of(curves, columns(time_t, slow, grid_gp)[0], inside_ngp.all(axis=2))]


def rise_times(time_t: np.ndarray, signal_nt: np.ndarray, slow: float, resamplings: int, seed: int) -> list[RiseTimes]:
    """Fit every signal (trace, time); `slow` is the decay time of the 1s population in fs.

    The bootstrap adds resampled residuals to the fitted curve; `seed` makes it reproducible.
    """
    count, kinds = len(signal_nt), (*SEPARATIONS, np.nan)
    fits = fit_many(time_t, np.repeat(signal_nt, len(kinds), axis=0), slow, np.tile(kinds, count))
    found = []
    for n, signal_t in enumerate(signal_nt):
        *separated, plain = fits[n * len(kinds) : (n + 1) * len(kinds)]
        fit, rises = separated[SEPARATIONS.index(SEPARATION)], [other.rise for other in separated]
        scatter = _scatter(time_t, signal_t, slow, fit, resamplings, seed) if resamplings else 0.0
        found.append(RiseTimes(fit, min(rises), max(rises), scatter, plain))
    return found


def _scatter(time_t: np.ndarray, signal_t: np.ndarray, slow: float, fit: Fit, resamplings: int, seed: int) -> float:
    """Return the standard deviation of the rise time over fits to resampled residuals."""
    inside_t = inside(time_t)
    curve_t = model(fit, time_t[inside_t], slow)
    residual_t, random = signal_t[inside_t] - curve_t, np.random.default_rng(seed)
    sample_nt = np.array([curve_t + random.choice(residual_t, residual_t.size) for _ in range(resamplings)])
    again = fit_many(time_t[inside_t], sample_nt, slow, np.full(resamplings, SEPARATION), [fit] * resamplings)
    return float(np.std([other.rise for other in again]))


def formation_time(time_t: np.ndarray, signal_t: np.ndarray, slow: float, plateau_from: float) -> float:
    """Return int dt [H(t) - y exp(t / slow) / plateau] (fs), the delay of the rise without a fit.

    The plateau is the mean of y exp(t / slow) after `plateau_from`; without one above `PLATEAU_SHARE` there is no rise:
    NaN.
    """
    corrected_t = signal_t * np.exp(time_t / slow)
    plateau = corrected_t[time_t >= plateau_from].mean()
    if plateau <= PLATEAU_SHARE * np.abs(corrected_t).max():
        return np.nan
    return float(time_t[-1] - trapezoid(corrected_t / plateau, time_t))

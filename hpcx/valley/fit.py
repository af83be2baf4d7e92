"""The paper's biexponential fit and logarithmic slopes of a trace.

y(t) = {H(t) [A1 exp(-t/t1) + A2 exp(-t/t2) + C]} convolved with a Gaussian response (Dogadov et al. 2025, Eq. 2);
amplitudes by linear least squares inside a bounded search for log t1, log t2 and t0 (variable projection).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erfc, erfcx

#: starting values of t1 and t2, fs
STARTS = tuple((fast, slow) for fast in (60.0, 150.0, 400.0) for slow in (1500.0, 6000.0))
FAST_BOUNDS = (10.0, 1500.0)
SLOW_BOUNDS = (400.0, 2e5)
DELAY_BOUND = 60.0
#: decay times above this (fs) count as no decay
SLOWEST_DECAY = 5e5


@dataclass(frozen=True)
class BiexponentialFit:
    """Times in fs, and the root mean square of the residual in units of the trace's largest magnitude."""

    fast_time: float
    slow_time: float
    delay: float
    residual: float


def convolved_exponential(time: np.ndarray, decay: float, sigma: float) -> np.ndarray:
    """Return H(t) exp(-t / decay) convolved with a normalised Gaussian of standard deviation `sigma`;
    decay may be infinite.
    """
    rate = 1.0 / decay
    z = (sigma * rate - time / sigma) / np.sqrt(2.0)
    large = z > 5.0
    far = 0.5 * np.exp(-0.5 * (time / sigma) ** 2) * erfcx(np.where(large, z, 5.0))
    near = 0.5 * np.exp(np.where(large, 0.0, 0.5 * (sigma * rate) ** 2 - time * rate)) * erfc(z)
    return np.where(large, far, near)


def fit_biexponential(time: np.ndarray, trace: np.ndarray, response: float) -> BiexponentialFit:
    """Fit a trace at `time` (fs) with a Gaussian response of full width `response` (fs); the best of several starts."""
    sigma = response / np.sqrt(8.0 * np.log(2.0))
    scaled = trace / np.abs(trace).max()
    lower = np.array([np.log(FAST_BOUNDS[0]), np.log(SLOW_BOUNDS[0]), -DELAY_BOUND])
    upper = np.array([np.log(FAST_BOUNDS[1]), np.log(SLOW_BOUNDS[1]), DELAY_BOUND])
    solutions = [
        least_squares(
            lambda x: _residual(x, time, scaled, sigma),
            [np.log(fast), np.log(slow), 0.0],
            bounds=(lower, upper),
            x_scale=(1, 1, 10),
        )
        for fast, slow in STARTS
    ]
    best = min(solutions, key=lambda solution: solution.cost)
    fast, slow = np.exp(best.x[:2])
    return BiexponentialFit(fast, slow, best.x[2], float(np.sqrt(2.0 * best.cost / len(time))))


def _residual(x: np.ndarray, time: np.ndarray, trace: np.ndarray, sigma: float) -> np.ndarray:
    """Return the residual for the parameters log t1, log t2, t0 with the best amplitudes."""
    decays = (np.exp(x[0]), np.exp(x[1]), np.inf)
    basis = np.stack([convolved_exponential(time - x[2], decay, sigma) for decay in decays], axis=1)
    return basis @ np.linalg.lstsq(basis, trace, rcond=None)[0] - trace


def slope_time(time: np.ndarray, trace: np.ndarray, first: float, last: float) -> float:
    """Return (last - first) / ln[y(first) / y(last)] in the unit of time; NaN if y changes sign or hardly decays."""
    begin, end = np.interp([first, last], time, trace)
    if not time[0] <= first < last <= time[-1] + 1e-9 or begin * end <= 0 or abs(end) >= abs(begin):
        return float("nan")
    decay = (last - first) / np.log(begin / end)
    return float(decay) if decay <= SLOWEST_DECAY else float("nan")


def sign_change_time(time: np.ndarray, trace: np.ndarray, smallest: float) -> float:
    """Return the time of the first sign change after the largest magnitude.

    NaN if the trace does not exceed `smallest` with the new sign.
    """
    peak = int(np.abs(trace).argmax())
    turned = -np.sign(trace[peak]) * trace[peak:]
    if turned.max() <= smallest:
        return float("nan")
    after = peak + int(np.argmax(turned > 0))
    return float(np.interp(0.0, turned[after - peak - 1 : after - peak + 1], time[after - 1 : after + 1]))

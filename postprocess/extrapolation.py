"""Limits of sequences with error bars: several models, with and without the coarsest points; their disagreement is the error."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import curve_fit

#: an error larger than this share of the way from the last point to the limit calls for a warning, if it is not small anyway
_DISAGREEMENT = 1.0
_SMALL = 0.3


@dataclass(frozen=True)
class Limit:
    """A limit with its error, in the unit of the data, and what is doubtful about it.

    Attributes:
        value: middle of the models' limits.
        error: half their range, the scatter of the data about them, and the data's own errors, added in quadrature.
        models: each model's limit.
        warnings: why the data may not support a limit.
    """

    value: float
    error: float
    models: dict[str, float]
    warnings: list[str] = field(default_factory=list)


def power_limit(x: np.ndarray, y: np.ndarray, powers: tuple[int, ...]) -> tuple[float, float]:
    """Return the limit at x = 0 of a least-squares fit of y = a + sum_p b_p x^p, and the rms of what it leaves."""
    design = np.stack([np.ones_like(x), *(x**power for power in powers)], axis=1)
    scale = np.abs(design).max(axis=0)
    coefficient = np.linalg.lstsq(design / scale, y, rcond=None)[0] / scale
    left = y - design @ coefficient
    return float(coefficient[0]), float(np.sqrt((left**2).sum() / max(1, len(x) - design.shape[1])))


def free_power_limit(x: np.ndarray, y: np.ndarray, power: float) -> float | None:
    """Return the limit of y = a + b x^p with p free, begun at `power`; None if the fit does not settle on a power of 0.5 to 8."""
    start = (y[np.argmin(x)], (y[0] - y[-1]) / (x[0] ** power - x[-1] ** power), power)
    try:
        found, covariance = curve_fit(lambda x, a, b, p: a + b * x**p, x, y, p0=start, maxfev=5000)
    except RuntimeError:
        return None
    settled = 0.5 < found[2] < 8 and np.isfinite(covariance).all()
    return float(found[0]) if settled else None


def extrapolate(x: np.ndarray, y: np.ndarray, y_error: np.ndarray, models: dict[str, tuple[int, ...]]) -> Limit:
    """Return the limit of y(x) for x to 0.

    Args:
        x: such as 1/N, falling.
        y: data.
        y_error: their errors.
        models: powers of x by name; each is fitted to all points and to all but the coarsest.
    """
    limits, scatters = {}, [0.0]
    for name, powers in models.items():
        for dropped in (0, 1):
            if len(x) - dropped > len(powers):
                limit, scatter = power_limit(x[dropped:], y[dropped:], powers)
                limits[name + (", without the coarsest" if dropped else "")] = limit
                scatters.append(scatter)
    if not limits:
        return Limit(float(y[-1]), np.inf, {}, [f"{len(x)} points do not determine a limit: the last value is shown"])
    values = np.array(list(limits.values()))
    value = (values.max() + values.min()) / 2
    error = np.sqrt(((values.max() - values.min()) / 2) ** 2 + np.median(scatters) ** 2 + np.max(y_error[-2:]) ** 2)
    return Limit(value, float(error), limits, _doubts(x, y, value, float(error)))


def _doubts(x: np.ndarray, y: np.ndarray, value: float, error: float) -> list[str]:
    doubts = []
    if len(x) < 3:
        doubts.append(f"only {len(x)} points")
    way = abs(value - y[-1])
    if error > max(_DISAGREEMENT * way, _SMALL):
        doubts.append(f"models disagree by more than what they add to the last point ({value - y[-1]:+.2f})")
    steps = np.abs(np.diff(y))
    if len(steps) > 1 and steps[-1] > max(steps[-2] * (x[-2] - x[-1]) / (x[-3] - x[-2]) * 3, _SMALL):
        doubts.append("the last step is larger than the one before: not yet in the asymptotic region")
    return doubts

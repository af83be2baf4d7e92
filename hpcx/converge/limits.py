"""Limits of sequences with error bars: several models, with and without the coarsest points;
their disagreement is the error.

Scripts of `postprocess/` use this module too; it knows nothing of hpcx.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

#: powers of 1/N that are tried for meshes. The part of 1/N is corrected (exciton) or cancels (trion and exciton feel
#: the same W near q = 0); what is left of the singularity of q^2 W is of order 1/N^3. Neighbouring powers show how much
#: this matters.
MESH_MODELS = {"N^-2": (2,), "N^-3": (3,), "N^-4": (4,)}
#: models that disagree by more than this share of the way from the last point to the limit call for a warning, if by
#: more than _SMALL in the unit of the data (meV)
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


def fitted_limit(terms_tn: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the limit of a least-squares fit of y (n,) by a constant and terms (t, n) that vanish in it,
    and the rms of the residual.
    """
    design = np.concatenate([np.ones((1, len(y))), terms_tn.reshape(-1, len(y))]).T
    scale = np.abs(design).max(axis=0)
    scale[scale == 0] = 1
    coefficient = np.linalg.lstsq(design / scale, y, rcond=None)[0] / scale
    left = y - design @ coefficient
    return float(coefficient[0]), float(np.sqrt((left**2).sum() / max(1, len(y) - design.shape[1])))


def power_limit(x: np.ndarray, y: np.ndarray, powers: tuple[int, ...]) -> tuple[float, float]:
    """Return the limit at x = 0 of a least-squares fit of y = a + sum_p b_p x^p, and the rms of the residual."""
    return fitted_limit(np.array([x**power for power in powers]), y)


def limit_of(
    terms: Mapping[str, np.ndarray], y: np.ndarray, y_error: np.ndarray, models: Mapping[str, tuple[str, ...]]
) -> Limit:
    """Return the limit of a sequence whose error is a sum of terms.

    Args:
        terms: by name what vanishes in the limit, (n,), from the coarsest point to the finest.
        y: data, (n,).
        y_error: their errors, (n,).
        models: names of the terms of each model, by the model's name; each is fitted to all points and to all but the
            coarsest.
    """
    limits, scatters = {}, [0.0]
    for name, parts in models.items():
        for dropped in (0, 1):
            if len(y) - dropped > len(parts):
                limit, scatter = fitted_limit(np.array([terms[part][dropped:] for part in parts]), y[dropped:])
                limits[name + (", without the coarsest" if dropped else "")] = limit
                scatters.append(scatter)
    if not limits:
        return Limit(float(y[-1]), np.inf, {}, [f"{len(y)} points do not determine a limit: the last value is shown"])
    values = np.array(list(limits.values()))
    value, spread = (values.max() + values.min()) / 2, (values.max() - values.min()) / 2
    error = np.sqrt(spread**2 + np.median(scatters) ** 2 + np.max(y_error[-2:]) ** 2)
    return Limit(value, float(error), limits, _disagreement(y, value, spread))


def extrapolate(x: np.ndarray, y: np.ndarray, y_error: np.ndarray, models: Mapping[str, tuple[int, ...]]) -> Limit:
    """Return the limit of y(x) for x to 0.

    Args:
        x: such as 1/N, falling.
        y: data.
        y_error: their errors.
        models: powers of x by name; each is fitted to all points and to all but the coarsest.
    """
    terms = {str(power): x**power for powers in models.values() for power in powers}
    limit = limit_of(terms, y, y_error, {name: tuple(map(str, powers)) for name, powers in models.items()})
    return Limit(limit.value, limit.error, limit.models, limit.warnings + (_steps(x, y) if limit.models else []))


def _disagreement(y: np.ndarray, value: float, spread: float) -> list[str]:
    doubts = [f"only {len(y)} points"] if len(y) < 3 else []
    if spread > max(_DISAGREEMENT * abs(value - y[-1]), _SMALL):
        doubts.append(f"models disagree by more ({spread:.2f}) than they add to the last point ({value - y[-1]:+.2f})")
    return doubts


def _steps(x: np.ndarray, y: np.ndarray) -> list[str]:
    steps = np.abs(np.diff(y))
    if len(steps) > 1 and steps[-1] > max(steps[-2] * (x[-2] - x[-1]) / (x[-3] - x[-2]) * 3, _SMALL):
        return ["differences do not shrink: mesh shells at the cut-off, or not yet in the asymptotic region"]
    return []

"""Interpolation in time."""

from __future__ import annotations

import numpy as np


def hermite(node: np.ndarray, value: np.ndarray, slope: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Interpolate values (nodes, ...) with known slopes at `time`; zero before the first node."""
    time = np.asarray(time, dtype=float)
    index = np.clip(np.searchsorted(node, time) - 1, 0, len(node) - 2)
    step = node[index + 1] - node[index]
    extra = (slice(None),) + (None,) * (value.ndim - 1)
    x, h = ((time - node[index]) / step)[extra], step[extra]
    left, right = value[index], value[index + 1]
    bend = x * (1 - x) * h * ((1 - x) * slope[index] - x * slope[index + 1])
    inside = left + x * x * (3 - 2 * x) * (right - left) + bend
    return np.where((time < node[0])[extra], 0.0, inside)

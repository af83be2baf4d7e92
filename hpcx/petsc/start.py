"""Numbers for start vectors that contain every state and do not depend on how vectors are spread over ranks."""

from __future__ import annotations

import numpy as np

#: multipliers of a mixing of 64-bit numbers (Steele, Lea, Flood, OOPSLA 2014, SplitMix64)
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def keyed_noise(key: np.ndarray, draw: int = 0) -> np.ndarray:
    """Return pseudo-random complex numbers, parts between -1/2 and 1/2, that depend on keys and `draw` alone.

    Keys are between 0 and 2^62; other draws give other numbers.
    """
    return _uniform(2 * key, draw) + 1j * _uniform(2 * key + 1, draw)


def _uniform(key: np.ndarray, draw: int) -> np.ndarray:
    x = _mixed(key.astype(np.uint64) + np.uint64(1))
    if draw:
        x = _mixed((x ^ _mixed(np.array([draw], np.uint64))) + np.uint64(1))
    return (x >> np.uint64(11)).astype(float) / 2.0**53 - 0.5


def _mixed(x: np.ndarray) -> np.ndarray:
    x = x * np.uint64(_MIX[0])
    x = (x ^ (x >> np.uint64(30))) * np.uint64(_MIX[1])
    x = (x ^ (x >> np.uint64(27))) * np.uint64(_MIX[2])
    return x

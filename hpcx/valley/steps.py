"""How long the time steps are, and how many there are."""

from __future__ import annotations

import math

from hpcx.valley.config import Time

#: (end in fs, step in fs) while the pump acts, while phonons relax, and afterwards
STEPS = ((500.0, 10.0), (1500.0, 40.0), (math.inf, 100.0))


def pieces(options: Time, end: float) -> list[tuple[float, float]]:
    """Return (end, step) in fs of the pieces of the integration up to `end` (fs)."""
    chosen = []
    for stop, step in STEPS:
        chosen.append((min(stop, end), step / options.refinement))
        if stop >= end:
            break
    return chosen


def step_count(options: Time, end: float) -> int:
    """Return the number of steps up to `end` (fs)."""
    begin, count = 0.0, 0
    for stop, step in pieces(options, end):
        count += int((stop - begin) / step) + 1
        begin = stop
    return count

"""Time steps that are chosen before the run: few different lengths, an end at every output time, known errors.

The moments are integrated with the same scheme as the full equation, and their errors for given steps are those of
populations, widths and diffusivities of the full equation. Step-size control by a norm of the state would fail for the
bright valley, which holds only 1e-13 of the excitons at low temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from hpcx.units import from_internal

#: digits of a fs to which times of results are rounded; closer times are equal
TIME_DIGITS, SAME_TIME = 6, 1e-6
#: (longest step, until this time), fs: the coarsest schedule after the pulse
COARSE_LEVELS = ((50.0, 1e4), (200.0, np.inf))
#: steps per duration of the pulse, and how long after its maximum these are taken, in durations
STEPS_PER_PULSE = 10
PULSE_SPAN = 4.0
MOST_REFINEMENTS = 7
#: largest number of steps of a schedule, and what reduces it
MOST_STEPS = 3_000_000
_KNOBS = (
    "lower time.end, lengthen pulse.duration, raise time.tolerance, take larger cells or energy bins, or a flatter"
    " landscape"
)

Results = TypeVar("Results")


def in_ps(time: float) -> float:
    """Return a time in the unit of messages."""
    return from_internal(time, "ps")


class ToleranceError(ValueError):
    """No schedule that was tried is accurate enough."""


@dataclass(frozen=True)
class Schedule:
    """Steps of a run.

    Attributes:
        steps: start and length of every step, fs (steps, 2).
        error: estimated largest relative error of populations, widths and diffusivities.
    """

    steps: np.ndarray
    error: float


def output_times(pairs: Sequence[tuple[float, float]], end: float) -> np.ndarray:
    """Return the times (fs) of (interval, until) pairs up to and including `end`, without 0."""
    times, start = [], 0.0
    for interval, until in pairs:
        stop = min(until, end)
        count = int(np.floor((stop - start) / interval + 1e-9))
        times.append(start + interval * np.arange(1, count + 1))
        start = max(start, stop)
    joined = np.unique(np.round(np.concatenate([*times, [end]]), 7))
    return joined[joined > 0]


def make_steps(levels: Sequence[tuple[float, float]], stops: np.ndarray) -> np.ndarray:
    """Return (start, length) of steps that end at every stop and are no longer than `levels` allow at their start.

    Raises ValueError for more than MOST_STEPS.
    """
    return _make_steps(tuple(levels), stops.tobytes())


@lru_cache(maxsize=64)
def _make_steps(levels: tuple[tuple[float, float], ...], bytes_of_stops: bytes) -> np.ndarray:
    """Make the steps once for all points of a sweep with the same times; the array is read-only."""
    stops = np.frombuffer(bytes_of_stops)
    longest_l, until_l = np.array(levels).T
    corners = np.unique(np.round(np.concatenate([[0.0], stops, until_l[until_l < stops[-1]]]), 7))
    begins, spans = corners[:-1], np.diff(corners)
    longest = longest_l[np.searchsorted(until_l - SAME_TIME, begins, side="right")]
    total = np.cumsum(spans / longest)
    if not total[-1] < MOST_STEPS:
        first = np.argmax(~(total < MOST_STEPS))
        raise ValueError(
            f"more than {MOST_STEPS:.0e} steps up to {in_ps(stops[-1]):g} ps, of {in_ps(longest[first]):.2g} ps at"
            f" {in_ps(begins[first]):g} ps: {_KNOBS}"
        )
    counts = np.ceil(spans / longest - 1e-9).astype(int)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.repeat(begins, counts) + np.repeat(spans / counts, counts) * within
    # rounded, so that equal steps are equal to the last digit and share one stored inverse also after a restart
    steps = np.stack([starts, np.repeat(np.round(spans / counts, 9), counts)], axis=1)
    steps.flags.writeable = False
    return steps


def levels_for(duration: float, centre: float, refinement: int, longest: float = np.inf) -> list[tuple[float, float]]:
    """Return the coarse levels for a pulse (fs), halved `refinement` times, no step longer than `longest` fs."""
    pulse = (duration / STEPS_PER_PULSE, centre + PULSE_SPAN * duration)
    levels = [pulse, *(level for level in COARSE_LEVELS if level[1] > pulse[1])]
    return [(min(step / 2**refinement, longest), until) for step, until in levels]


def choose_steps(
    levels: Callable[[int], Sequence[tuple[float, float]]],
    stops: np.ndarray,
    run: Callable[[int, np.ndarray], Results],
    difference: Callable[[Results, Results], float],
    tolerance: float,
) -> tuple[Schedule, Results]:
    """Return the coarsest schedule whose results differ from those of halved steps by less than `tolerance`.

    Args: `levels(refinement)`, stops (fs), `run(refinement, steps)` giving results, `difference(results, finer
    results)`. Also returned are the results of the halved steps. Raises ToleranceError if the tolerance is out of
    reach.
    """
    steps = make_steps(levels(0), stops)
    results = run(0, steps)
    for refinement in range(1, MOST_REFINEMENTS + 1):
        finer_steps = make_steps(levels(refinement), stops)
        finer = run(refinement, finer_steps)
        error = difference(results, finer)
        if error <= tolerance:
            return Schedule(steps, error), finer
        steps, results = finer_steps, finer
    raise ToleranceError(
        f"time.tolerance = {tolerance:g} is not reached with steps of {in_ps(steps[:, 1].min()):.2g} ps (error"
        f" {error:.1g}): raise it"
    )

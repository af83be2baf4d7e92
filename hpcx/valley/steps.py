"""Start, end, length and number of the time steps."""

from __future__ import annotations

import math

from hpcx.valley.config import Config, Pump, Time

#: (end in fs, step in fs) while the pump acts, while phonons relax, and afterwards
STEPS = ((500.0, 10.0), (1500.0, 40.0), (math.inf, 100.0))
#: start of the pump before its maximum, in standard deviations of its field, which is 1e-10 of the maximum there
PUMP_REACH = 7.0
#: half width of the convolution with the probe, in standard deviations of its intensity
PROBE_REACH = 5.0


def pump_sigma(pump: Pump) -> float:
    """Return the standard deviation of the pump's field, fs."""
    return pump.internal.duration / (2.0 * math.sqrt(math.log(2.0)))


def probe_sigma(config: Config) -> float:
    """Return the standard deviation of the probe's intensity, fs."""
    return config.internal.probe.duration / math.sqrt(8.0 * math.log(2.0))


def probe_cells(config: Config) -> int:
    """Return the number of delays on either side within the convolution with the probe."""
    return math.ceil(PROBE_REACH * probe_sigma(config) / config.internal.time.step)


def delay_count(config: Config) -> int:
    """Return the number of delays from time.start up to, not including, time.end."""
    time = config.internal.time
    return math.ceil((time.end - time.start) / time.step - 1e-9)


def begin(pump: Pump) -> float:
    """Return the time (fs) at which the integration begins; the pump has its maximum at zero."""
    return -PUMP_REACH * pump_sigma(pump)


def end(config: Config) -> float:
    """Return the time (fs) at which the integration ends: the last delay plus the extent of the probe."""
    time = config.internal.time
    return time.end + (probe_cells(config) + 1) * time.step


def pieces(options: Time, end: float) -> list[tuple[float, float]]:
    """Return (end, step) in fs of the pieces of the integration up to `end` (fs)."""
    chosen = []
    for stop, step in STEPS:
        chosen.append((min(stop, end), step / options.refinement))
        if stop >= end:
            break
    return chosen


def step_count(config: Config) -> int:
    """Return the number of steps of the whole integration."""
    reached, count = begin(config.pump), 0
    for stop, step in pieces(config.time, end(config)):
        count += max(math.ceil((stop - reached) / step - 1e-9), 1)
        reached = stop
    return count

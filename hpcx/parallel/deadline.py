"""When a run has to stop: the limit that the user gave, and the end of the surrounding SLURM job."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: share of the time, and at most how many seconds, that is kept for the checkpoint
_RESERVE, _MOST_RESERVE = 0.1, 60.0
#: unambiguous times of SLURM: h:mm:ss, d-hh, d-hh:mm, d-hh:mm:ss
_CLOCK = re.compile(
    r"(?:(?P<d>\d+)-(?=\d+(?::\d+){0,2}$)|(?=\d+(?::\d+){2}$))(?P<h>\d+)(?::(?P<m>\d\d?))?(?::(?P<s>\d\d?))?"
)


@dataclass(frozen=True)
class Deadline:
    """In how many seconds from now a run begins to stop, and what limits it so."""

    seconds: float
    reason: str


def deadline(limit: float | None, age: float, environment: Mapping[str, str]) -> Deadline | None:
    """Return when a run should begin to stop, so that it has ended within its time; None without a limit.

    Args:
        limit: seconds that the user gave, counted from the start of the process; None for no limit.
        age: seconds since this process was started.
        environment: of the process; the end of a surrounding SLURM job counts too.
    """
    found = [] if limit is None else [_with_reserve(limit, limit - age, f"time limit of {limit:g} s")]
    left = slurm_seconds_left(environment)
    if left is not None and left > 0:
        end = time.strftime("%H:%M:%S", time.localtime(time.time() + left))
        found.append(_with_reserve(left, left, f"end of the SLURM job at {end}"))
    return min(found, key=lambda one: one.seconds, default=None)


def _with_reserve(whole: float, left: float, reason: str) -> Deadline:
    return Deadline(left - min(_MOST_RESERVE, _RESERVE * whole), reason)


def slurm_seconds_left(environment: Mapping[str, str]) -> float | None:
    """Return the seconds until the end of the surrounding SLURM job, or None where it is not known.

    A negative time is that of an earlier job: otherwise SLURM would have ended this process.
    """
    end = environment.get("SLURM_JOB_END_TIME", "")
    return float(end) - time.time() if re.fullmatch(r"[0-9]{1,12}", end) else None


def process_age() -> float:
    """Return the seconds since this process was started, the loading of Python included."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5): ticks since boot
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - started, 0.0)
    except (OSError, ValueError, IndexError):
        return time.process_time()


def clock_seconds(text: str) -> float | None:
    """Return the seconds of a SLURM time (h:mm:ss, d-hh, d-hh:mm, d-hh:mm:ss), or None if it is none.

    SLURM's mm:ss is not among them: many read it as hours and minutes.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    d, h, m, s = (int(part or 0) for part in found.groups())
    return None if m > 59 or s > 59 else ((24.0 * d + h) * 60 + m) * 60 + s

"""Ranges of swept keys: `{ start = 40, stop = 120, step = 20 }`, `{ start = "0 meV", stop = "20 meV", points = 5 }`."""

from __future__ import annotations

import math
import re
from typing import Any

#: most values of one range
MOST = 100_000
_FORM = "a range has start, stop, and either step or points: { start = 40, stop = 120, step = 20 }"
_NUMBER_AND_UNIT = re.compile(r"\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(.*?)\s*")


def written_out(values: Any) -> Any:
    """Return the values of a range, both ends included, as text with its unit if it has one; what is no range as it is.

    Raises ValueError that says what is wrong.
    """
    if not isinstance(values, dict) or not {"start", "stop"} & values.keys():
        return values
    if set(values) not in ({"start", "stop", "step"}, {"start", "stop", "points"}):
        raise ValueError(f"{_FORM}; this one has {', '.join(values)}")
    count = values.get("points")
    read = {name: _read(name, value) for name, value in values.items() if name != "points"}
    units = {unit for _, unit in read.values()}
    if len(units) > 1:
        raise ValueError(
            "start, stop and step of a range must have the same unit, not"
            f" {', '.join(sorted(unit or 'none' for unit in units))}"
        )
    start, stop = read["start"][0], read["stop"][0]
    steps = _steps(start, stop, read["step"][0]) if "step" in read else _intervals(count)
    step = read["step"][0] if "step" in read else (stop - start) / steps
    numbers = [_tidy(start + number * step, start, step) for number in range(steps + 1)]
    (unit,) = units
    return [f"{number} {unit}" for number in numbers] if unit else numbers


def _read(name: str, value: Any) -> tuple[float, str]:
    """Return a number and its unit; raises ValueError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(name, value), ""
    found = _NUMBER_AND_UNIT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{name} = {value!r} is neither a number nor text with a unit")
    return _finite(name, float(found[1])), found[2]


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{name} is not finite")
    return value


def _steps(start: float, stop: float, step: float) -> int:
    if step == 0 or (stop - start) / step < 0:
        raise ValueError(f"steps of {step:g} do not lead from {start:g} to {stop:g}")
    return _few(int((stop - start) / step + 1e-9))


def _intervals(count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 2:
        raise ValueError(f"points = {count!r} must be an integer >= 2")
    return _few(count - 1)


def _few(steps: int) -> int:
    if steps >= MOST:
        raise ValueError(f"has {steps + 1} values, more than {MOST}")
    return steps


def _tidy(value: float, start: float, step: float) -> int | float:
    """Return a value without the rounding of sums: integers where start and step are, else 12 digits."""
    if float(start).is_integer() and float(step).is_integer():
        return round(value)
    return float(f"{value:.12g}")

"""What is recorded during a run: at which times, how it is measured, and where it is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpcx.io.checkpoint import Saved
from hpcx.wigner.time_steps import TIME_DIGITS

Values = dict[str, np.ndarray]
#: begins the names of recorded values in a checkpoint
_PREFIX = "recorded_"


def rounded(times: Iterable[float]) -> np.ndarray:
    """Return ascending times (fs) as results have them: alike for different steps,
    so that the points of a sweep have the same.
    """
    return np.unique(np.round(np.asarray(times, dtype=float), TIME_DIGITS))


@dataclass(frozen=True)
class Handler:
    """One kind of results.

    Attributes:
        times: when it is due, fs, as `rounded`.
        measure: (time, state) -> values by name; collective if the state is distributed.
        store: (number of the time, values) -> None.
    """

    times: np.ndarray
    measure: Callable[[float, Any], Values]
    store: Callable[[int, Values], None]


class Recorder:
    """Calls the handlers at their times."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        self._handlers = list(handlers)

    def record(self, time: float, state: Any) -> None:
        """Take notice of a step that ends at `time` (fs) in `state`."""
        now = round(time, TIME_DIGITS)
        for handler in self._handlers:
            number = int(np.searchsorted(handler.times, now))
            if number < len(handler.times) and handler.times[number] == now:
                handler.store(number, handler.measure(now, state))


@dataclass
class Series:
    """Values against time in memory.

    Attributes:
        times: when they are due, fs.
        values: lists over the times that have been reached, by name.
    """

    times: np.ndarray
    values: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def handler(self, measure: Callable[[float, Any], Values]) -> Handler:
        """Return the handler that fills the series."""
        return Handler(self.times, measure, self._store)

    def rows(self) -> list[tuple[float, Values]]:
        """Return (time in fs, values by name) of all times that have been reached."""
        return (
            [(float(time), dict(zip(self.values, row))) for time, *row in zip(self.times, *self.values.values())]
            if self.values
            else []
        )

    def state(self) -> Values:
        """Return what a checkpoint keeps."""
        return {_PREFIX + name: np.array(values) for name, values in self.values.items()}

    def resume(self, earlier: Saved) -> None:
        """Take up what an earlier run has recorded."""
        self.values = {
            name.removeprefix(_PREFIX): list(earlier.value(name))
            for name in earlier.names()
            if name.startswith(_PREFIX)
        }

    def _store(self, number: int, values: Values) -> None:
        for name, value in values.items():
            self.values.setdefault(name, []).append(value)

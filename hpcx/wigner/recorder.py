"""What is recorded during a run: at which times, how it is measured, and where it is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpcx.io.checkpoint import Saved
from hpcx.wigner.time_steps import TIME_DIGITS

Values = dict[str, Any]
#: prefix of recorded values in a checkpoint
_PREFIX = "recorded_"


def rounded(times: Iterable[float]) -> np.ndarray:
    """Return times (fs) in ascending order, rounded so that runs with different steps have the same ones."""
    return np.unique(np.round(np.asarray(times, dtype=float), TIME_DIGITS))


@dataclass(frozen=True)
class Handler:
    """One kind of results.

    Attributes:
        times: at which they are due, fs, as `rounded`.
        measure: (time, state) -> values by name; collective if the state is distributed.
        store: (number of the time, values) -> None.
    """

    times: np.ndarray
    measure: Callable[[float, Any], Values]
    store: Callable[[int, Values], None]


def record(handlers: Iterable[Handler], time: float, state: Any) -> None:
    """Let the handlers that are due record the `state` at the end of a step, at `time` (fs)."""
    now = round(time, TIME_DIGITS)
    for handler in handlers:
        number = int(np.searchsorted(handler.times, now))
        if number < len(handler.times) and handler.times[number] == now:
            handler.store(number, handler.measure(now, state))


@dataclass
class Series:
    """Values against time in memory.

    Attributes:
        times: at which they are due, fs.
        values: lists over the times that have been reached, by name.
    """

    times: np.ndarray
    values: dict[str, list[Any]] = field(default_factory=dict)

    def handler(self, measure: Callable[[float, Any], Values]) -> Handler:
        """Return the handler that fills the series."""
        return Handler(self.times, measure, self._store)

    def rows(self) -> list[tuple[float, Values]]:
        """Return (time in fs, values by name) of all times that have been reached."""
        rows = zip(*self.values.values())
        return [(float(time), dict(zip(self.values, row))) for time, row in zip(self.times, rows)]

    def state(self) -> Values:
        """Return what a checkpoint keeps."""
        return {_PREFIX + name: np.array(values) for name, values in self.values.items()}

    def resume(self, earlier: Saved) -> None:
        """Continue with what an earlier run has recorded."""
        names = [name for name in earlier.names() if name.startswith(_PREFIX)]
        self.values = {name.removeprefix(_PREFIX): list(earlier.value(name)) for name in names}

    def _store(self, number: int, values: Values) -> None:
        for name, value in values.items():
            self.values.setdefault(name, []).append(value)

"""Wall-clock time by phase, for the table at the end of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timings:
    """Seconds and calls per phase, in the order in which the phases first ran.

    Phases may be nested; a phase's time includes what ran inside it unless that is moved away with `add`.

    Attributes:
        seconds, calls: by phase.
        wall: seconds of the whole.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.wall = 0.0

    @contextmanager
    def measure(self, phase: str) -> Iterator[None]:
        """Time the body of a `with` statement as `phase`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(phase, time.perf_counter() - start)

    def add(self, phase: str, seconds: float, calls: int = 1) -> None:
        """Add `seconds` (which may be negative, to move time to another phase) to `phase`."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds
        self.calls[phase] = self.calls.get(phase, 0) + calls

    def table(self) -> str:
        """Return the table that ends a run: phase, seconds, share of the wall time in per cent, calls."""
        rows = [f"{'phase':<20}{'seconds':>10}{'share':>8}{'calls':>9}"]
        for phase, seconds in self.seconds.items():
            rows.append(f"{phase:<20}{seconds:10.3f}{100 * seconds / max(self.wall, 1e-12):7.1f}%{self.calls[phase]:9d}")
        rows.append(f"{'wall time':<20}{self.wall:10.3f}")
        return "\n".join(rows)

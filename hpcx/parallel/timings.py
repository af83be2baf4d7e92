"""Wall-clock time by phase, for the table at the end of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from hpcx.parallel.traffic import Traffic


class Timings:
    """Seconds and calls per phase, in the order in which the phases first ran.

    Phases may be nested; a phase's time includes what ran inside it unless that is moved away with `add`.

    Attributes:
        seconds, calls: by phase.
        wall: seconds of the whole.
        exchanges: what this rank has sent to others, and how long it has waited for them, by kind.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.wall = 0.0
        self.exchanges: dict[str, Traffic] = {}

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

    def exchanged(self, kind: str, traffic: Traffic) -> None:
        """Add what exchanges of a kind have cost."""
        self.exchanges.setdefault(kind, Traffic()).add(traffic)

    def table(self) -> str:
        """Return the table at the end of a run: phase, seconds, share (%), calls; then exchanges, if any."""
        rows = [f"{'phase':<20}{'seconds':>10}{'share':>8}{'calls':>9}"]
        for phase, seconds in self.seconds.items():
            rows.append(
                f"{phase:<20}{seconds:10.3f}{100 * seconds / max(self.wall, 1e-12):7.1f}%{self.calls[phase]:9d}"
            )
        rows.append(f"{'wall time':<20}{self.wall:10.3f}")
        sent = {kind: traffic for kind, traffic in self.exchanges.items() if traffic.messages}
        if sent:
            rows.append(f"{'sent by rank 0':<20}{'waited s':>10}{'':>8}{'calls':>9}{'messages':>10}{'MB':>11}")
        for kind, traffic in sent.items():
            counts = f"{traffic.exchanges:9d}{traffic.messages:10d}{traffic.bytes / 1e6:11.3f}"
            rows.append(f"{kind:<20}{traffic.seconds:10.3f}{'':>8}{counts}")
        return "\n".join(rows)

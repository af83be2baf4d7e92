"""What a model is handed beside its input: a log, timings, progress, and the question whether to stop."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from hpcx.parallel.timings import Timings

log = logging.getLogger("hpcx")


@dataclass
class Run:
    """The surroundings of one point.

    Attributes:
        directory: where side files of this point (saved states, checkpoints) go; None when nothing is to be written.
        name: id of the point, used in file names and log lines.
        timings: phases of this point; `with run.timings.measure("products"): ...`
        diagnostics: iterations, residuals and the like, kept in the provenance of the result.
        shared: tables that several points of a sweep use, owned by the sweep and keyed by a hash of what they depend on.
    """

    directory: Path | None = None
    name: str = "result"
    timings: Timings = field(default_factory=Timings)
    diagnostics: dict[str, float | int | str] = field(default_factory=dict)
    shared: dict[str, object] = field(default_factory=dict)
    progress_interval: float = 10.0
    _started: float = field(default_factory=time.monotonic)
    _reported: float = field(default_factory=time.monotonic)

    def progress(self, task: str, fraction: float) -> None:
        """Log how far `task` is (0 to 1) with an estimate of its end, at most every `progress_interval` seconds.

        Call it on every rank; only rank 0 prints.
        """
        now = time.monotonic()
        if fraction <= 0 or now - self._reported < self.progress_interval:
            return
        self._reported = now
        left = (now - self._started) * (1 - fraction) / fraction
        log.info("%s: %s %.0f %%, about %.0f s left", self.name, task, 100 * fraction, max(left, 0.0))

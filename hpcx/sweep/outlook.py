"""The time left of a sweep: its estimates for the remaining points, at the pace of those done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hpcx.parallel.run import spoken
from hpcx.sweep.planning import Task

log = logging.getLogger("hpcx")


@dataclass
class Outlook:
    """The progress messages of a sweep, from rank 0.

    Attributes:
        tasks: all that were to be computed when the run began.
        ranks: number of all ranks.
        is_done: says whether the point of a number has its result, whoever has computed it.
        interval: least seconds between two lines.
    """

    tasks: list[Task]
    ranks: int
    is_done: Callable[[int], bool]
    interval: float = 10.0
    _expected: float = 0.0
    _worked: float = 0.0
    _told: float = field(default_factory=time.monotonic)

    def note(self, task: Task, ranks: int, seconds: float) -> None:
        """Note the `seconds` that a point took on `ranks` ranks, and log the time left if a message is due."""
        self._expected += task.seconds
        self._worked += ranks * seconds
        if time.monotonic() - self._told < self.interval:
            return
        self._told = time.monotonic()
        left = [task for task in self.tasks if not self.is_done(task.number)]
        if left:
            log.info(
                "%d of %d points done, about %s left",
                len(self.tasks) - len(left),
                len(self.tasks),
                spoken(self.seconds_left(left)),
            )

    def seconds_left(self, left: list[Task]) -> float:
        """Return the wall time of the tasks that are left, shared by all ranks, at the pace so far."""
        pace = self._worked / self._expected if self._expected else 1.0
        return pace * sum(task.seconds for task in left) / self.ranks

"""One rank's part of a run: it takes points with the group of ranks that it belongs to at each level."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace

from hpcx.config.point import Point
from hpcx.parallel import log as logs
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.stop import Stopped
from hpcx.parallel.timings import Timings
from hpcx.sweep.compute import SweepContext, compute_point
from hpcx.sweep.existing import is_settled, make_room
from hpcx.sweep.groups import Level
from hpcx.sweep.index import refresh_index
from hpcx.sweep.outlook import Outlook
from hpcx.sweep.planning import Task
from hpcx.sweep.record import OtherPhysics
from hpcx.sweep.store import FAILED, Entry

log = logging.getLogger("hpcx")

#: least time between two updates of sweep.h5 during a sweep: in s, and in units of the duration of an update
_INDEX_INTERVAL, _INDEX_SHARE = 30.0, 20.0


@dataclass
class Outcome:
    """What a rank has done.

    Attributes:
        timings: of the points that were computed, by number; on the first rank of their group.
        entries: what their files say, likewise.
        busy: seconds spent on points.
        stopped: why a stop was asked for, or "".
        trouble: what is wrong with the output directory, or None.
    """

    timings: dict[int, Timings] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    busy: float = 0.0
    stopped: str = ""
    trouble: AgreedError | None = None


class Worker:
    """Computes points until none is left, a stop is asked for, or the output directory fails.

    The first rank of a group decides and broadcasts its decision: no information of one rank alone may keep a rank from
    a broadcast.

    Attributes:
        outcome: of this rank.
    """

    def __init__(self, levels: list[Level], context: SweepContext) -> None:
        self.levels = levels
        self.context = context
        self.outcome = Outcome()
        self._outlook: Outlook | None = None  # on the first rank of all
        self._next_index = time.monotonic() + _INDEX_INTERVAL

    def work(self, tasks: list[Task]) -> None:
        """Take points from large groups to small ones; then, with all ranks again, those that failed before."""
        store, points = self.context.store, self.context.plan.points
        if self.levels[0].comm.rank == 0 and not store.single:
            self._outlook = Outlook(
                list(tasks), self.levels[0].comm.size, lambda number: store.result(points[number].id).exists()
            )
        for suspect in (False, True):
            for depth, level in enumerate(self.levels):
                self._work_on([task for task in tasks if task.level == depth and task.suspect == suspect], level)

    def _work_on(self, tasks: list[Task], level: Level) -> None:
        if not tasks:
            return
        logs.speak(level.comm.rank == 0)
        while True:
            task = level.comm.bcast(self._next(tasks, level.comm.size) if level.comm.rank == 0 else None)
            if task is None:
                return
            self._one(level, task)

    def _next(self, tasks: list[Task], ranks: int) -> Task | None:
        """Claim the first point that nobody has and that is not done meanwhile; None if there is none left."""
        outcome = self.outcome
        try:
            while tasks and not outcome.trouble and not outcome.stopped and not self.context.requests.reason():
                task = tasks.pop(0)
                if self._take(self.context.plan.points[task.number], ranks):
                    return task
        except OtherPhysics as error:
            outcome.trouble = AgreedError(str(error), bad_input=True)
        except OSError as error:
            store = self.context.store  # which may go between any two calls
            removed = f"output.directory = '{store.directory}' was removed while the run used it"
            outcome.trouble = AgreedError(str(error) if store.is_there() else removed)
        outcome.stopped = outcome.stopped or self.context.requests.reason()
        return None

    def _take(self, point: Point, ranks: int) -> bool:
        store = self.context.store
        if not store.is_there():
            raise FileNotFoundError(store.directory)
        if is_settled(self.context, point) or not self._claim(point, ranks):
            return False
        wanted = False
        try:
            wanted = make_room(self.context, point)
        finally:
            if not wanted:
                store.claims.release(point.id)
        return wanted

    def _claim(self, point: Point, ranks: int) -> bool:
        """Claim a point; raises OtherPhysics if a single run with another input is using the directory."""
        store = self.context.store
        taken = store.claims.acquire(point.id, ranks)
        at_work = store.claims.last_point(point.id) if store.single and not taken else ""
        if at_work not in ("", point.id):
            raise OtherPhysics(
                f"another run with a different input is using {store.directory}; choose another output.directory"
            )
        return taken

    def _one(self, level: Level, task: Task) -> None:
        point = self.context.plan.points[task.number]
        if task.refusal:
            point = replace(point, error=task.refusal)
        start = time.monotonic()
        log.info("%s on %d rank(s)", self.context.name(point), level.comm.size)
        try:
            entry, timings = compute_point(level, point, self.context)
        except Stopped as error:
            log.info("%s: stopped (%s)", self.context.name(point), error)
            self.outcome.stopped = str(error)
        else:
            if level.comm.rank == 0 and entry.status != FAILED:
                self.context.store.failure(point.id).unlink(missing_ok=True)
                self.outcome.timings[task.number], self.outcome.entries[task.number] = timings, entry
            if self._outlook is not None:
                self._outlook.note(task, level.comm.size, time.monotonic() - start)
        self.outcome.busy += time.monotonic() - start
        if level.comm.rank == 0:
            self.context.store.claims.release(point.id)
            self._refresh_index()

    def _refresh_index(self) -> None:
        """Update sweep.h5 if it is due; an error is only reported, because the points' files have all results."""
        start = time.monotonic()
        if not self.context.has_index or start < self._next_index:
            return
        try:
            refresh_index(self.context.store, patience=0.0)
        except OSError as error:
            log.warning("sweep.h5 is not up to date: %s", error)
        end = time.monotonic()
        self._next_index = end + max(_INDEX_INTERVAL, _INDEX_SHARE * (end - start))

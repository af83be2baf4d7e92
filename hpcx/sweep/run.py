"""Running a plan: points are taken by groups of ranks as these become free, longest first, each known by its hash."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hpcx import registry
from hpcx.config.load import Plan
from hpcx.config.point import Point
from hpcx.parallel import log as logs
from hpcx.parallel.errors import agreed
from hpcx.parallel.stop import Stopped, StopRequests
from hpcx.registry import Estimate
from hpcx.sweep.compute import Surroundings, compute_point
from hpcx.sweep.groups import Level, choose_level, free_levels, level_of_size, make_levels, memory_per_rank
from hpcx.sweep.index import write_index
from hpcx.sweep.record import read_record, write_record
from hpcx.sweep.single import refuse_other_result
from hpcx.sweep.store import FAILED, Entry, Store

log = logging.getLogger("hpcx")

#: least seconds between two updates of sweep.h5 while the sweep runs
_INDEX_INTERVAL = 30.0


@dataclass
class Report:
    """How a run ended, complete on rank 0.

    Attributes:
        entries: state of every point of the plan.
        tables: tables of timings of the points computed now, by number.
        stopped: whether the run was interrupted.
        idle_share: 1 - busy wall time / (ranks x wall time), while points were being computed.
    """

    entries: list[Entry] = field(default_factory=list)
    tables: dict[int, str] = field(default_factory=dict)
    stopped: bool = False
    idle_share: float = 0.0


@dataclass(frozen=True)
class Task:
    """A point to be computed: its number in the plan, the level of groups that suits it, and why it cannot be (or "")."""

    number: int
    level: int
    refusal: str = ""


def run_plan(comm: Any, plan: Plan, requests: StopRequests, group_size: int | None = None) -> Report:
    """Compute every point that has no result yet, collectively on `comm`; `group_size` forces the ranks per point.

    Raises AgreedError if the output directory cannot be used or holds results of another input.
    """
    store = Store(Path(plan.config.output.directory), single=not plan.axes)
    with agreed(comm):
        if comm.rank == 0:
            _open(store, plan)
    around = Surroundings(plan, store, requests, {})
    memory = memory_per_rank(comm)
    tasks = comm.bcast(_tasks(around, comm.size, memory, group_size) if comm.rank == 0 else None)
    levels = make_levels(comm)
    worker = _Worker(levels, around)
    start = time.monotonic()
    try:
        worker.work(tasks)
    finally:
        logs.speak(comm.rank == 0)
    report = _gather(comm, worker, around, time.monotonic() - start)
    free_levels(levels)
    return report


def _open(store: Store, plan: Plan) -> None:
    store.prepare()
    if plan.axes:
        write_record(store.directory, plan)
    else:
        refuse_other_result(store, plan.points[0])


def _tasks(around: Surroundings, ranks: int, memory: float, group_size: int | None) -> list[Task]:
    """Return what is to be computed: longest first, points that failed or were cut off before at the end."""
    missing = [(i, point) for i, point in enumerate(around.plan.points) if around.store.done(point.id, point.hash) is None]
    estimates = {i: _estimate(point, 1) for i, point in missing}
    ideal = sum(estimate.seconds for estimate in estimates.values()) / ranks
    tasks = []
    for i, _ in missing:
        level = level_of_size(group_size, ranks) if group_size else choose_level(estimates[i], ideal, ranks, memory)
        tasks.append(Task(i, 0 if around.store.single else level, _too_large(around.plan.points[i], ranks, memory)))

    def order(task: Task) -> tuple[bool, float]:
        name = around.plan.points[task.number].id
        suspect = around.store.was_cut_off(name) or around.store.failure(name).exists()
        return suspect, -estimates[task.number].seconds

    return sorted(tasks, key=order)


def _too_large(point: Point, ranks: int, memory: float) -> str:
    needed = _estimate(point, ranks).bytes_per_rank
    return f"needs {needed / 1e9:.1f} GB per rank on {ranks} rank(s), {memory / 1e9:.1f} GB are free" if needed > memory else ""


def _estimate(point: Point, ranks: int) -> Estimate:
    """Return the estimate of a point; one that cannot be estimated will fail at once and costs nothing."""
    if point.error:
        return Estimate(0, 0.0, 0.0)
    try:
        return registry.estimator(point.config.model)(point.config, point.material, ranks)
    except Exception as error:
        log.debug("no estimate of point %s: %s", point.id, error)
        return Estimate(0, 0.0, 0.0)


class _Worker:
    """This rank's part of the work: the points of each level from large groups to small ones."""

    def __init__(self, levels: list[Level], around: Surroundings) -> None:
        self.levels = levels
        self.around = around
        self.tables: dict[int, str] = {}
        self.busy = 0.0
        self.stopped = False
        self._indexed = time.monotonic()

    def work(self, tasks: list[Task]) -> None:
        for depth, level in enumerate(self.levels):
            here = [task for task in tasks if task.level == depth]
            logs.speak(level.comm.rank == 0)
            planned = bool(here)  # the first rank of a group alone takes from the list, so it must not steer the loop
            while planned:
                task = level.comm.bcast(self._claim_next(here) if level.comm.rank == 0 else None)
                if task is None:
                    break
                self._one(level, task)

    def _claim_next(self, tasks: list[Task]) -> Task | None:
        """Claim the first point that nobody has and that is not done meanwhile; None if there is none left."""
        store = self.around.store
        while tasks and not self.stopped and not self.around.requests.reason():
            task = tasks.pop(0)
            point = self.around.plan.points[task.number]
            if not store.claim(point.id):
                continue
            if store.done(point.id, point.hash) is None and not self._failed_in_this_run(point):
                return task
            store.release(point.id)
        self.stopped = self.stopped or bool(self.around.requests.reason())
        return None

    def _failed_in_this_run(self, point: Point) -> bool:
        """Say whether another group has tried the point since this run began, and failed."""
        path = self.around.store.failure(point.id)
        return path.exists() and path.stat().st_mtime > self.around.requests.started

    def _one(self, level: Level, task: Task) -> None:
        point = self.around.plan.points[task.number]
        if task.refusal:
            point = replace(point, error=task.refusal)
        start = time.monotonic()
        log.info("%s on %d rank(s)", self.around.name(point), level.comm.size)
        try:
            entry, table = compute_point(level, point, self.around)
        except Stopped as error:
            log.info("%s: stopped (%s)", self.around.name(point), error)
            self.stopped = True
        else:
            self._note(level, task.number, point, entry, table)
        self.busy += time.monotonic() - start
        if level.comm.rank == 0:
            self.around.store.release(point.id)
            self._refresh_index()

    def _note(self, level: Level, number: int, point: Point, entry: Entry, table: str) -> None:
        if level.comm.rank == 0 and entry.status != FAILED:
            self.around.store.failure(point.id).unlink(missing_ok=True)
            self.tables[number] = table

    def _refresh_index(self) -> None:
        if self.around.store.single or time.monotonic() - self._indexed < _INDEX_INTERVAL:
            return
        write_index(self.around.store, read_record(self.around.store.directory))
        self._indexed = time.monotonic()


def _gather(comm: Any, worker: _Worker, around: Surroundings, seconds: float) -> Report:
    """Collect what all ranks did, write the final index, and return the report (entries on rank 0 only)."""
    parts = comm.allgather((worker.tables, worker.busy, worker.stopped, seconds))
    wall = max(part[3] for part in parts)
    report = Report(stopped=any(part[2] for part in parts))
    report.idle_share = 1 - sum(part[1] for part in parts) / max(comm.size * wall, 1e-9)
    for tables, *_ in parts:
        report.tables |= tables
    with agreed(comm):
        if comm.rank == 0:
            report.entries = [around.store.entry(point.id, point.hash) for point in around.plan.points]
            if not around.store.single:
                write_index(around.store, read_record(around.store.directory))
    return report

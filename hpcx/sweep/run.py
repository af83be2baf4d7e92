"""Running a plan: points are taken by groups of ranks as these become free, longest first, each known by its hash."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hpcx import registry
from hpcx.config.load import Plan
from hpcx.io.provenance import source_revision
from hpcx.materials.loader import MaterialError
from hpcx.parallel import log as logs
from hpcx.parallel.errors import AgreedError, agreed
from hpcx.parallel.memory import memory_per_rank
from hpcx.parallel.shared_tables import make_together
from hpcx.parallel.stop import StopRequests
from hpcx.parallel.timings import Timings
from hpcx.petsc.communicator import duplicates_kept
from hpcx.petsc.options import given_options
from hpcx.sweep.claims import others_at_work, present
from hpcx.sweep.compute import SweepContext
from hpcx.sweep.groups import free_levels, make_levels
from hpcx.sweep.index import refresh_index
from hpcx.sweep.planning import Task
from hpcx.sweep.record import read_record, refuse_other_result, write_record
from hpcx.sweep.store import DONE, FAILED, RUNNING, Entry, Store
from hpcx.sweep.tasks import list_tasks
from hpcx.sweep.worker import Outcome, Worker

log = logging.getLogger("hpcx")


@dataclass
class Report:
    """How a run ended.

    Attributes:
        entries: state of every point of the plan.
        timings: of the points computed now, by number.
        stopped: why the run was interrupted with points left to compute, or "".
        elsewhere: names of the points that another run computes now.
        idle_share: 1 - busy wall time / (ranks x wall time), while points were being computed.
    """

    entries: list[Entry] = field(default_factory=list)
    timings: dict[int, Timings] = field(default_factory=dict)
    stopped: str = ""
    elsewhere: list[str] = field(default_factory=list)
    idle_share: float = 0.0


def run_plan(comm: Any, plan: Plan, requests: StopRequests, group_size: int | None = None) -> Report:
    """Compute every point that has no result yet, collectively on `comm`; `group_size` forces the ranks per point.

    Raises AgreedError if the output directory cannot be used, holds results of another input, or vanishes.
    """
    with at_work(comm, plan, requests) as context:
        return compute_points(comm, context, group_size)


@contextmanager
def at_work(comm: Any, plan: Plan, requests: StopRequests) -> Iterator[SweepContext]:
    """Open the output directory of a plan, collectively on `comm`; raises AgreedError as `run_plan` does."""
    store = Store(Path(plan.config.output.directory), single=not plan.axes)
    with agreed(comm):
        if comm.rank == 0:
            store.prepare()
            if not others_at_work(store.directory):  # else the other runs may not have seen the file
                (store.directory / "STOP").unlink(missing_ok=True)
    with present(comm, store.directory) as reach:
        yield _prepare(comm, plan, requests, store, reach)


def go_on_with(comm: Any, context: SweepContext, plan: Plan) -> SweepContext:
    """Return the context for another plan of the same physics and directory; raises AgreedError; collective."""
    with agreed(comm):
        if comm.rank == 0:
            _open(context.store, plan)
    return replace(context, plan=plan)


def compute_points(comm: Any, context: SweepContext, group_size: int | None = None) -> Report:
    """Compute every point of an opened directory that has no result yet; collective; see `run_plan`."""
    tasks = list_tasks(comm, context, memory_per_rank(comm), group_size)
    _share_tables(comm, context, tasks)
    levels = make_levels(comm)
    context.requests.connect(comm)
    worker = Worker(levels, context)
    start = time.monotonic()
    try:
        with duplicates_kept(level.comm for level in levels):
            worker.work(tasks)
    finally:
        logs.speak(comm.rank == 0)
    seconds = time.monotonic() - start
    context.requests.disconnect()
    free_levels(levels)
    return _gather(comm, worker, context, tasks, seconds)


def _prepare(comm: Any, plan: Plan, requests: StopRequests, store: Store, reach: bool) -> SweepContext:
    """Compare the plan with the directory; `reach`: whether file locks are seen on all nodes."""
    with agreed(comm):
        if comm.rank == 0:
            _open(store, plan)
    if not reach and comm.rank == 0:
        log.warning(
            "file locks in %s are not seen on all nodes: points are computed one after the other on all ranks, and no"
            " other job may use this directory",
            store.directory,
        )
    run, revision = comm.bcast((_name_of_run(), source_revision()) if comm.rank == 0 else None)
    return SweepContext(plan, store, requests, {}, run, reach, revision, given_options())


def _open(store: Store, plan: Plan) -> None:
    if plan.axes:
        with store.exclusively():
            write_record(store.directory, plan)
    else:
        refuse_other_result(store, plan.points[0])


def _name_of_run() -> str:
    """Return a name; all tasks of a SLURM array have one, so that a failing point is tried once."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    return f"slurm-array-{array}" if array else uuid.uuid4().hex


def _share_tables(comm: Any, context: SweepContext, tasks: list[Task]) -> None:
    """Make the shared tables of the first point on all ranks together; its errors are left to the points."""
    point = context.plan.points[tasks[0].number] if len(tasks) > 1 else None
    if point is not None and not point.error:
        with suppress(AgreedError, MaterialError):  # alike on all ranks
            make_together(
                comm, context.shared, registry.shared_tables(point.config.model, point.config, point.material)
            )


def _gather(comm: Any, worker: Worker, context: SweepContext, tasks: list[Task], seconds: float) -> Report:
    """Collect what all ranks did, write the final index, and return the report (entries on rank 0 only)."""
    ranks: list[Outcome] = comm.allgather(worker.outcome)
    trouble = next((rank.trouble for rank in ranks if rank.trouble), None)
    if trouble:
        raise trouble
    busy, whole = sum(rank.busy for rank in ranks), comm.allreduce(seconds)
    report = Report(idle_share=1 - busy / max(whole, 1e-9))
    computed: dict[int, Entry] = {}
    for rank in ranks:
        report.timings |= rank.timings
        computed |= rank.entries
    report.entries = _entries(comm, context, computed)
    report.elsewhere = [
        context.name(point) for point, entry in zip(context.plan.points, report.entries) if entry.status == RUNNING
    ]
    with agreed(comm):
        if comm.rank == 0 and context.has_index:
            done = {
                point.id: entry for point, entry in zip(context.plan.points, report.entries) if entry.status == DONE
            }
            refresh_index(context.store, done=done)
            _tell_other_sweep(context)
    if comm.rank == 0 and any(_is_left(report.entries[task.number], context.run) for task in tasks):
        reasons = filter(None, (rank.stopped for rank in ranks))
        # the rank that received the request names it
        report.stopped = min(reasons, key=lambda reason: "another rank" in reason, default="")
    return report


def _entries(comm: Any, context: SweepContext, computed: dict[int, Entry]) -> list[Entry]:
    """Return the state of every point; collective.

    That of the points `computed` now is known; the others are read and tidied up by all ranks, each its share.
    """
    found: dict[int, Entry] = {}
    numbers = range(len(context.plan.points))
    with agreed(comm):
        for number in [number for number in numbers if number not in computed][comm.rank :: comm.size]:
            point = context.plan.points[number]
            found[number] = context.store.entry(point.id, point.hash)
            if found[number].status == DONE:
                context.store.tidy(point.id)
    for part in comm.allgather(found):
        computed |= part
    return [computed[number] for number in numbers]


def _tell_other_sweep(context: SweepContext) -> None:
    """Warn if sweep.h5 shows another sweep of the same physics, which was started later in this directory."""
    points = (read_record(context.store.directory) or {"points": []})["points"]
    if {point["id"] for point in points} != {point.id for point in context.plan.points}:
        log.warning(
            "sweep.h5 now holds the %d points of a sweep started later in this directory; rerun this one to get"
            " its own",
            len(points),
        )


def _is_left(entry: Entry, run: str) -> bool:
    return entry.status != DONE and not (entry.status == FAILED and entry.run == run)

"""What is to be computed, in which order, and on how many ranks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from hpcx import __version__, registry
from hpcx.config.point import Point
from hpcx.parallel.errors import agreed
from hpcx.registry import Estimate
from hpcx.sweep.compute import Surroundings
from hpcx.sweep.groups import choose_level, level_of_size
from hpcx.sweep.reuse import mixture, objection, program
from hpcx.sweep.store import Damaged, Entry

log = logging.getLogger("hpcx")


@dataclass(frozen=True)
class Task:
    """A point to be computed.

    Attributes:
        number: of the point in the plan.
        level: of the groups of ranks that suit it.
        seconds: expected wall time on one rank.
        suspect: whether an attempt has failed or was cut off before; such points come when all others are done.
        refusal: why it cannot be computed here, or "".
        family: points of one family use tables of each other; "" for none.
    """

    number: int
    level: int
    seconds: float
    suspect: bool
    refusal: str = ""
    family: str = ""


def list_tasks(comm: Any, around: Surroundings, memory: float, group_size: int | None) -> list[Task]:
    """Return what has no result yet, longest first and families together, alike on all ranks; collective, each rank estimates its share.

    A damaged result is set aside and counts as missing. `group_size` forces the ranks per point.
    """
    missing = None
    with agreed(comm):
        missing = _missing(around) if comm.rank == 0 else None
    missing = comm.bcast(missing)
    single_rank = {i: _estimate(around.plan.points[i], 1) for i in list(missing)[comm.rank :: comm.size]}
    ideal = sum(comm.allgather(sum(estimate.seconds for estimate in single_rank.values()))) / comm.size
    tasks = [_task(around, i, first, missing[i], ideal, comm.size, memory, group_size) for i, first in single_rank.items()]
    return ordered([task for part in comm.allgather(tasks) for task in part])


def ordered(tasks: list[Task]) -> list[Task]:
    """Return the tasks longest first; a family stays together, where its longest and first member belongs."""
    place: dict[str, tuple[float, int]] = {}
    for task in tasks:
        own = (-task.seconds, task.number)
        place[task.family] = min(place.get(task.family, own), own)
    return sorted(tasks, key=lambda task: (*(place[task.family] if task.family else (-task.seconds, task.number)), -task.seconds, task.number))


def _missing(around: Surroundings) -> dict[int, bool]:
    """Return the numbers of the points that are to be computed, and whether they are suspect."""
    store, found, there = around.store, {}, []
    for i, point in enumerate(around.plan.points):
        done = _usable(around, point)
        if done is not None:
            there.append(done)
            continue
        cut_off = store.claims.attempts(point.id) if store.claims.running(point.id) is None else 0
        if cut_off:
            log.warning("%s was cut off %d time(s): killed, out of memory, or a node was lost", around.name(point), cut_off)
        found[i] = store.failed(point.id) is not None or cut_off > 0
    _tell_programs(around, there, bool(found))
    return found


def _tell_programs(around: Surroundings, there: list[Entry], some_missing: bool) -> None:
    """Warn of results of several programs in one sweep, and say that results are of another program than this one."""
    current = (__version__, around.revision)
    mixed = mixture(there, current if some_missing else None)
    others = {(entry.version, entry.revision) for entry in there} - {current}
    if mixed:
        log.warning("%s", mixed)
    elif others:
        log.info("the results that are there are from %s, this is %s; --fresh computes them anew", program(*others.pop()), program(*current))


def _usable(around: Surroundings, point: Point) -> Entry | None:
    """Return the entry of a point that is done; a result that is damaged or not good enough for this run is set aside."""
    store = around.store
    try:
        done = store.done(point.id, point.hash)
    except Damaged as error:
        log.warning("%s; it is now %s", error, store.set_damaged_aside(point.id).name)
        return None
    why = objection(done, around.options, around.plan.config.model) if done is not None else ""
    if why:
        kept = store.set_aside(point.id, "other-options").name
        log.warning("the result of %s %s; it is computed again, the old file is now %s", around.name(point), why, kept)
    return None if why else done


def _task(
    around: Surroundings, number: int, first: Estimate, suspect: bool, ideal: float, ranks: int, memory: float, group_size: int | None
) -> Task:
    point = around.plan.points[number]

    def estimate(size: int) -> Estimate:
        """Return the estimate on `size` ranks; that on one is known."""
        return first if size == 1 else _estimate(point, size)

    if around.store.single or not around.locks_reach:
        level = 0
    else:
        level = level_of_size(group_size, ranks) if group_size else choose_level(estimate, ideal, ranks, memory)
    needed = estimate(ranks).bytes_per_rank if first.bytes_per_rank > memory else 0.0
    refusal = _refusal(needed, memory, ranks) if needed > memory else ""
    return Task(number, level, first.seconds, suspect, refusal, first.family)


def _refusal(needed: float, memory: float, ranks: int) -> str:
    return (
        f"needs {needed / 1e9:.1f} GB per rank on {ranks} rank(s), {memory / 1e9:.1f} GB are free on its node "
        "or left of what the job may use there: ask for more memory or more nodes"
    )


def _estimate(point: Point, ranks: int) -> Estimate:
    """Return the estimate of a point; one that cannot be estimated will fail at once and costs nothing."""
    if point.error:
        return Estimate(0, 0.0, 0.0)
    try:
        return registry.estimator(point.config.model)(point.config, point.material, ranks)
    except Exception as error:
        log.debug("no estimate of point %s: %s", point.id, error)
        return Estimate(0, 0.0, 0.0)

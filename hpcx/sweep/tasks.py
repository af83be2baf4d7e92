"""What is to be computed, in which order, and on how many ranks."""

from __future__ import annotations

import logging
from typing import Any

from hpcx import __version__
from hpcx.parallel.errors import agreed
from hpcx.sweep.compute import SweepContext
from hpcx.sweep.existing import usable
from hpcx.sweep.planning import Planner, Task, ordered
from hpcx.sweep.reuse import mixture, program
from hpcx.sweep.store import Entry

log = logging.getLogger("hpcx")


def list_tasks(comm: Any, context: SweepContext, memory: float, group_size: int | None) -> list[Task]:
    """Return what has no result yet, longest first, alike on all ranks; collective, each rank estimates its share.

    A damaged result counts as missing; one that cannot be read now is reported and left alone. `group_size` forces the
    ranks per point.
    """
    missing = None
    with agreed(comm):
        missing = _missing(context) if comm.rank == 0 else None
    missing = comm.bcast(missing)
    together = context.store.single or not context.locks_reach
    planner = Planner(context.plan.points, comm.size, memory, group_size, together)
    share = list(missing)[comm.rank :: comm.size]
    with agreed(comm):
        own = planner.seconds(share)
    seconds = sum(comm.allgather(own))
    with agreed(comm):
        tasks = [planner.task(number, seconds, missing[number]) for number in share]
    return ordered([task for part in comm.allgather(tasks) for task in part])


def _missing(context: SweepContext) -> dict[int, bool]:
    """Return the numbers of the points that are to be computed, and whether they are suspect."""
    store, found, there = context.store, {}, []
    for i, point in enumerate(context.plan.points):
        try:
            done = usable(context, point)
        except OSError as error:
            log.warning("%s; it is left as it is", error)
            continue
        if done is not None:
            there.append(done)
            continue
        cut_off = store.claims.attempts(point.id) if store.claims.running(point.id) is None else 0
        if cut_off:
            log.warning(
                "%s was interrupted %d time(s): killed, out of memory, or a lost node", context.name(point), cut_off
            )
        found[i] = store.failed(point.id) is not None or cut_off > 0
    _tell_programs(context, there, bool(found))
    return found


def _tell_programs(context: SweepContext, there: list[Entry], some_missing: bool) -> None:
    """Warn if several versions of hpcx computed the results of a sweep; log if another version than this one did."""
    current = (__version__, context.revision)
    mixed = mixture(there, current if some_missing else None)
    others = {(entry.version, entry.revision) for entry in there} - {current}
    if mixed:
        log.warning("%s", mixed)
    elif others:
        log.info(
            "the existing results were computed by %s, this is %s; --fresh computes them again",
            program(*others.pop()),
            program(*current),
        )

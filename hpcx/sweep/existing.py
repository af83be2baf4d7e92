"""Existing results: whether a run uses them, or renames them and computes the point again.

Only the process that has claimed a point renames its file, after checking again.
"""

from __future__ import annotations

import logging

from hpcx.config.point import Point
from hpcx.io.reading import Damaged
from hpcx.sweep.compute import SweepContext
from hpcx.sweep.record import refuse_other_result
from hpcx.sweep.reuse import objection
from hpcx.sweep.store import Entry

log = logging.getLogger("hpcx")


def usable(context: SweepContext, point: Point) -> Entry | None:
    """Return the entry of a point whose existing result can be used by this run, or None; raises Unreadable."""
    try:
        done = context.store.done(point.id, point.hash)
    except Damaged:
        return None
    return None if done is None or objection(done, context.options, context.plan.config.model) else done


def is_settled(context: SweepContext, point: Point) -> bool:
    """Say whether a point needs nothing: its result exists or cannot be read now, or it has failed in this run."""
    failed = context.store.failed(point.id)  # another group has tried it since this run began
    if failed is not None and failed.run == context.run:
        return True
    try:
        return usable(context, point) is not None
    except OSError as error:
        log.warning("%s; it is left as it is", error)
        return True


def make_room(context: SweepContext, point: Point) -> bool:
    """Say whether a claimed point must be computed; an existing result that cannot be used is set aside.

    Raises OtherPhysics if the one result of a run without a sweep is of other physics, OSError if the directory fails.
    """
    store = context.store
    if store.single:
        refuse_other_result(store, point)
    if is_settled(context, point):
        return False
    if store.result(point.id).exists():
        word, reason = _why_not(context, point)
        kept = store.set_aside(point.id, word).name
        log.warning(
            "the result of %s %s; it is computed again, the old file is now %s", context.name(point), reason, kept
        )
    return True


def _why_not(context: SweepContext, point: Point) -> tuple[str, str]:
    """Return why a result does not count, as a word for the name of its file and as the end of a sentence."""
    try:
        done = context.store.done(point.id, point.hash)
    except Damaged as error:
        return "damaged", f"is damaged: {error}"
    if done is None:
        return "other-physics", "belongs to another input"
    return "other-options", objection(done, context.options, context.plan.config.model)

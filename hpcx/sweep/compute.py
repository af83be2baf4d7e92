"""Computing one point on one group of ranks: checkpoint, model, result file, and how it ended."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from dataclasses import dataclass, replace
from typing import Any

from hpcx import registry
from hpcx.config.contents import contents, environments
from hpcx.config.load import Plan
from hpcx.config.point import Point
from hpcx.config.sources import surroundings, units_of_keys
from hpcx.io import provenance
from hpcx.io.checkpoint import Checkpoint
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.errors import AgreedError, agreed, settle
from hpcx.parallel.memory import peak_memory, processor_time
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped, StopRequests
from hpcx.parallel.timings import Timings
from hpcx.petsc.options import given_options
from hpcx.sweep.groups import Level
from hpcx.sweep.record import refuse_other_result
from hpcx.sweep.reuse import numerical, typed
from hpcx.sweep.store import FAILED, Entry, Store, finished

log = logging.getLogger("hpcx")

#: ratio of error to tolerance above which a warning is given; the solvers' own estimates are that accurate
_EXCESSIVE = 10.0


@dataclass(frozen=True)
class SweepContext:
    """What all points of a run share.

    Attributes:
        plan: what to do.
        store: the output directory.
        requests: reasons to stop.
        shared: tables that points may reuse.
        run: name of this run, which distinguishes its failures from older ones.
        locks_reach: whether claims hold on all nodes.
        revision: of the running program.
        options: PETSc options that were given, as typed.
    """

    plan: Plan
    store: Store
    requests: StopRequests
    shared: dict[str, object]
    run: str = ""
    locks_reach: bool = True
    revision: str = ""
    options: str = ""

    @property
    def has_index(self) -> bool:
        """Whether the results are stacked in `sweep.h5`: those of a run without a sweep and scattered ones are not."""
        return not self.store.single and not self.plan.scattered

    def name(self, point: Point) -> str:
        """Return how the log speaks of a point."""
        coordinates = ", ".join(f"{key} = {value}" for key, value in point.coordinates.items())
        return f"{point.id} ({coordinates})" if coordinates else self.plan.config.title or self.plan.config.model


def compute_point(level: Level, point: Point, context: SweepContext) -> tuple[Entry, Timings]:
    """Compute a point and write its result, collectively on the group; return its entry and its timings.

    An error on all ranks of the group is recorded and ends this point only. If one rank fails while the others wait for
    it, the failure is recorded and the exception ends the job: the others cannot be reached. Raises Stopped if the
    point was interrupted.
    """
    start = time.monotonic()
    outcome: tuple[Entry, Timings] | None = None
    error: Exception | None = None
    try:
        outcome = _solve_and_write(level.comm, point, context)
    except Stopped:
        settle(level.fate, None)
        raise
    except Exception as caught:
        error = caught
    failed = _failure(error, start, level.comm.size, context.run) if error else None
    try:
        message = settle(level.fate, error)
    except TimeoutError:  # it comes on a failed rank alone
        if failed is not None:
            _record(context, point, failed)
        raise RuntimeError(
            f"{context.name(point)} failed on one rank while the others of its group were waiting for it"
        ) from error
    if message is None and outcome is not None:
        return outcome
    failed = failed or Entry(FAILED, message or "", "", time.monotonic() - start, level.comm.size, run=context.run)
    if level.comm.rank == 0:
        _record(context, point, failed)
    return failed, Timings()


def _record(context: SweepContext, point: Point, failed: Entry) -> None:
    """Log and record a failure; if the directory has become unwritable, the run ends at its next point."""
    log.error("%s failed: %s", context.name(point), failed.message)
    try:
        context.store.fail(point.id, failed)
    except OSError as error:
        log.error("the failure of %s cannot be recorded: %s", context.name(point), error)


def _failure(error: Exception, start: float, ranks: int, run: str) -> Entry:
    message = str(error) if isinstance(error, AgreedError) else f"{type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Entry(FAILED, message, trace, time.monotonic() - start, ranks, [f"failed: {message}"], run)


def _solve_and_write(comm: Any, point: Point, context: SweepContext) -> tuple[Entry, Timings]:
    if point.error:
        raise AgreedError(point.error)
    path = context.store.result(point.id)
    _check_contents(comm, point)
    origin = {"revision": context.revision, "options": typed(numerical(context.options, point.config.model))}
    checkpoint = Checkpoint(context.store.checkpoint(point.id), point.physics, point.hash, origin)
    run = Run(path.parent, path.stem, shared=context.shared, checkpoint=checkpoint, requests=context.requests)
    run.cadence = point.config.output.checkpoint
    solve = registry.solver(point.config.model)  # loads its modules, which is no part of the point
    started, start, begin = provenance.now(), time.monotonic(), time.process_time()
    result = solve(comm, point.config, point.material, run)
    computed = time.monotonic()
    _refuse_silent(comm, result)
    if run.excess > _EXCESSIVE:  # which options of PETSc can bring about
        result.summary.append(f"WARNING: the largest error is {run.excess:.2g} times what solver.tolerance allows")
    entries = {
        "summary": result.summary,
        "structure": result.structure(),
        "excess": run.excess,
        "versions": provenance.versions(context.revision),
        "ranks": comm.size,
        "hosts": sorted(set(comm.allgather(socket.gethostname()))),
        "peak_memory": peak_memory(comm),
        "processor_time": processor_time(comm, begin),
        "started": started,
        "finished": provenance.now(),
        "wall_time": computed - start,
        "continued_from": checkpoint.other_revision,
        "petsc_options_given": context.options,  # the program itself sets others while it works
    }
    about = provenance.plain(_entries(point, run, context.plan) | entries)
    _look_again(comm, point, context)
    write_result(comm, path, result, about)
    checkpoint.discard(comm)
    run.timings.add("output", time.monotonic() - computed)
    run.timings.wall = time.monotonic() - start
    return replace(finished(about), stamp=context.store.stamp(point.id)), run.timings


def _refuse_silent(comm: Any, result: Result) -> None:
    """Raise AgreedError if the result has values that are not finite without a stated meaning; collective."""
    silent = sorted(set().union(*comm.allgather(result.silent())))
    if silent:
        raise AgreedError(
            f"infinite or NaN values were computed in {', '.join(silent)}, so no result is written; check the input for"
            " unusually large or small numbers"
        )


def _look_again(comm: Any, point: Point, context: SweepContext) -> None:
    """Raise AgreedError if another run has put a result of other physics where this one belongs; collective.

    The claim on the point forbids it, but not where file locks of one node are not known on others.
    """
    with agreed(comm):
        if comm.rank == 0 and context.store.single:
            refuse_other_result(context.store, point)


def _check_contents(comm: Any, point: Point) -> None:
    """Raise AgreedError if a file that the input names was changed since the point got its hash; collective."""
    with agreed(comm):
        if comm.rank == 0:
            now, then = contents(point.config), point.physics.get("contents", {})
            changed = [key for key in then if now[key] != then[key]]
            if changed:
                raise ValueError(
                    f"the file of {', '.join(changed)} was changed after the run had started; rerun the command"
                )


def _entries(point: Point, run: Run, plan: Plan) -> dict[str, Any]:
    return {
        "input": plan.text,
        "settings": plan.settings,
        "config": point.config.model_dump(mode="json", by_alias=True),
        "physics": point.physics,
        "hash": point.hash,
        "coordinates": point.coordinates,
        "material": point.material.described(),
        "material_keys": point.config.material_keys(),
        "surroundings": surroundings(point.config, point.material),
        "units": units_of_keys(type(point.config)),
        "environments": {key: found.described() for key, found in environments(point.config).items()},
        "petsc_options_used": given_options(used=True),
        "petsc_options_unused": given_options(used=False),
        "timings": run.timings.seconds,
        "diagnostics": run.diagnostics,
    }

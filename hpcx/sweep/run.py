"""Running the points of a plan: one after the other on all ranks, failures isolated, finished points skipped."""

from __future__ import annotations

import logging
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from hpcx import registry
from hpcx.config.load import Plan
from hpcx.config.point import Point, resolved_physics
from hpcx.io import provenance
from hpcx.io.writer import write_result
from hpcx.parallel.errors import AgreedError, agreed
from hpcx.parallel.run import Run
from hpcx.petsc.options import unused_options, used_options
from hpcx.sweep.index import Entry, write_index

log = logging.getLogger("hpcx")


@dataclass(frozen=True)
class Outcome:
    """What became of one point: "done" or "failed", computed now or found on disk, with the lines of its summary."""

    entry: Entry
    summary: list[str]
    table: str = ""


def result_path(directory: Path, plan: Plan, point: Point) -> Path:
    """Return where a point's result goes: `result.h5`, or `points/<id>.h5` in a sweep."""
    return directory / "points" / f"{point.id}.h5" if plan.axes else directory / "result.h5"


def run_plan(comm: Any, plan: Plan) -> list[Outcome]:
    """Run every point that has no result yet, collectively on `comm`; write `sweep.h5` after each point of a sweep.

    Raises AgreedError if the output directory cannot be used or holds a result of another input.
    """
    directory = Path(plan.config.output.directory)
    with agreed(comm):
        if comm.rank == 0:
            _prepare(directory)
            _refuse_other_result(directory, plan)
    shared: dict[str, object] = {}
    outcomes: list[Outcome] = []
    for number, point in enumerate(plan.points, 1):
        log.info("point %d of %d: %s", number, len(plan.points), _name(point, plan))
        outcomes.append(_finish_point(comm, plan, point, directory, shared))
        _update_index(comm, plan, directory, outcomes)
    return outcomes


def _prepare(directory: Path) -> None:
    """Make the directory and try to write into it before anything is computed."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".hpcx.part"
        probe.write_text("writable\n")
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write to output.directory = '{directory}': {error.strerror}") from error


def _refuse_other_result(directory: Path, plan: Plan) -> None:
    path = directory / "result.h5"
    if plan.axes or not path.exists() or stored_hash(path) == plan.points[0].hash:
        return
    raise OSError(f"{path} is the result of another input; choose another output.directory or give --fresh")


def _name(point: Point, plan: Plan) -> str:
    coordinates = ", ".join(f"{key} = {value}" for key, value in point.coordinates.items())
    return f"{point.id} ({coordinates})" if coordinates else plan.config.title or plan.config.model


def _update_index(comm: Any, plan: Plan, directory: Path, outcomes: list[Outcome]) -> None:
    if not plan.axes:
        return
    with agreed(comm):
        if comm.rank == 0:
            write_index(directory / "sweep.h5", plan, [outcome.entry for outcome in outcomes])


def _finish_point(comm: Any, plan: Plan, point: Point, directory: Path, shared: dict[str, object]) -> Outcome:
    """Skip, refuse or compute one point; an error that all ranks share ends the point, not the sweep."""
    path = result_path(directory, plan, point)
    found = comm.bcast(_stored_outcome(path, point) if comm.rank == 0 else None)
    if found is not None:
        log.info("%s: already there", path)
        return found
    start = time.monotonic()
    try:
        if point.error:
            raise AgreedError(point.error)
        return _compute(comm, plan, point, path, shared)
    except Exception as error:
        if comm.size > 1 and not isinstance(error, AgreedError):
            raise  # the other ranks may wait in a collective call: only the end of the job is safe
        log.error("%s failed: %s", _name(point, plan), error)
        entry = Entry("failed", str(error), traceback.format_exc(), time.monotonic() - start, comm.size)
        return Outcome(entry, [f"failed: {error}"])


def _compute(comm: Any, plan: Plan, point: Point, path: Path, shared: dict[str, object]) -> Outcome:
    run = Run(directory=path.parent, name=path.stem, shared=shared)
    started, start = provenance.now(), time.monotonic()
    result = registry.solver(point.config.model)(comm, point.config, point.material, run)
    where = provenance.hosts(comm)
    entries = {
        "input": plan.text,
        "config": point.config.model_dump(mode="json"),
        "physics": resolved_physics(point.config, point.material),
        "hash": point.hash,
        "coordinates": point.coordinates,
        "material_sources": {key: number.source for key, number in point.material.numbers.items()},
        "petsc_options_used": used_options(),
        "petsc_options_unused": unused_options(),
        "timings": run.timings.seconds,
        "diagnostics": run.diagnostics,
        "summary": result.summary,
    }
    computed = time.monotonic()
    write_result(comm, path, result, provenance.describe(comm, started, computed - start, where, entries))
    wall_time = time.monotonic() - start
    run.timings.add("output", time.monotonic() - computed)
    return Outcome(Entry("done", "", "", wall_time, comm.size), result.summary, run.timings.table(wall_time))


def stored_hash(path: Path) -> str:
    """Return the hash of the physics of a result file, "" if the file has none; raises OSError if it is no HDF5 file."""
    with h5py.File(path, "r") as file:
        return file["provenance/hash"].asstr()[()] if "provenance/hash" in file else ""


def _stored_outcome(path: Path, point: Point) -> Outcome | None:
    """Return the outcome of a point that was computed before, or None."""
    import json

    try:
        with h5py.File(path, "r") as file:
            group = file["provenance"]
            if group["hash"].asstr()[()] != point.hash:
                return None
            entry = Entry("done", "", "", float(group["wall_time"][()]), int(group["ranks"][()]))
            return Outcome(entry, json.loads(group["summary"].asstr()[()]))
    except (OSError, KeyError):
        return None

"""What the time steppers share: segments of fixed steps, trajectories, errors with advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from petsc4py import PETSc
from scipy import sparse


class IntegrationError(RuntimeError):
    """The time stepper failed; the message says where and what to change."""


@dataclass(frozen=True)
class Segment:
    """Steps of `step` up to the time `end`."""

    end: float
    step: float


@dataclass
class Trajectory:
    """States at the ends of all steps, and the cost.

    Attributes:
        time: (times,).
        state_tnc: (times, size, columns).
        statistics: "steps", "linear_solves", "factorizations".
    """

    time: np.ndarray
    state_tnc: np.ndarray
    statistics: dict[str, int] = field(default_factory=dict)


def sequential_matrix(values: sparse.spmatrix) -> PETSc.Mat:
    """Return a sparse PETSc matrix on this process alone, with the pattern of `values`."""
    rows = sparse.csr_matrix(values).astype(complex)
    matrix = PETSc.Mat().createAIJ(rows.shape, csr=(rows.indptr, rows.indices, rows.data), comm=PETSc.COMM_SELF)
    matrix.assemble()
    return matrix


def make_stepper(kind: str, prefix: str) -> PETSc.TS:
    """Return a stepper with fixed steps that solves its linear systems directly, once per stage.

    Step-size control is switched off through the options, the only way that petsc4py offers.
    """
    ts = PETSc.TS().create(PETSc.COMM_SELF)
    ts.setOptionsPrefix(prefix)
    ts.setProblemType(ts.ProblemType.NONLINEAR)
    ts.setType(kind)
    ts.setExactFinalTime(ts.ExactFinalTime.STEPOVER)
    snes = ts.getSNES()
    snes.setType("ksponly")
    snes.getKSP().setType("preonly")
    snes.getKSP().getPC().setType("lu")
    snes.getKSP().getPC().setFactorOrdering("qmd")
    options = PETSc.Options(prefix)
    if not options.hasName("ts_adapt_type"):
        options["ts_adapt_type"] = "none"
    return ts


class Stage(Protocol):
    """Where the states of the steps are saved, so that a later run resumes from them (`hpcx.io.stages.Stage`)."""

    def earlier(self) -> Any:
        """Return what an earlier run with the same steps has left, with a method `value(name)`, or None."""
        ...

    def checkpoint_if_due(self, state: Callable[[], Mapping[str, Any]]) -> None:
        """Call after each step; `state` returns what a checkpoint keeps. May raise to end the run."""
        ...

    def finish(self, state: Mapping[str, Any]) -> None:
        """Keep this of the steps, which are all done."""
        ...


def run_segments(
    ts: PETSc.TS, state: PETSc.Vec, start: float, segments: Sequence[Segment], stage: Stage | None = None
) -> Trajectory:
    """Step `state` from `start` through the segments; steps are stretched to fit a whole number of them into each.

    The trajectory has one (complex) column and is kept in `stage`. Raises IntegrationError if PETSc fails or the state
    is not finite, and what `stage` raises.
    """
    times, states = [start], [state.array_r.copy()]
    earlier = stage.earlier() if stage is not None else None
    if earlier is not None:
        times, states = list(earlier.value("time")), list(earlier.value("state"))
        state.array = states[-1]
    reached, taken, solves, begin = len(times) - 1, 0, 0, start
    ts.setSolution(state)
    ts.setMaxSteps(2**30)
    for segment in segments:
        count = max(int(np.ceil((segment.end - begin) / segment.step - 1e-9)), 1)
        ts.setTimeStep((segment.end - begin) / count)
        for number in range(count):
            taken += 1
            if taken <= reached:
                continue
            ts.setTime(times[-1] if number else begin)
            solves += _step(ts, state, segment)
            times.append(ts.getTime())
            states.append(state.array_r.copy())
            if stage is not None:
                stage.checkpoint_if_due(lambda: {"time": np.array(times), "state": np.array(states)})
        begin = segment.end
    reached_t, state_tn = np.array(times), np.array(states)
    if stage is not None:
        stage.finish({"time": reached_t, "state": state_tn})
    return Trajectory(reached_t, state_tn[:, :, None], {"steps": len(times) - 1, "linear_solves": solves})


def _step(ts: PETSc.TS, state: PETSc.Vec, segment: Segment) -> int:
    """Take one step; return the number of linear solves."""
    before = ts.getKSPIterations()
    try:
        ts.step()
    except PETSc.Error as error:
        raise IntegrationError(_advice(segment, str(error))) from error
    if not np.isfinite(state.norm()):
        raise IntegrationError(_advice(segment, "the state is not finite"))
    if ts.getConvergedReason() < 0:
        raise IntegrationError(_advice(segment, f"reason {ts.getConvergedReason()}"))
    return ts.getKSPIterations() - before


def _advice(segment: Segment, what: str) -> str:
    return (
        f"time stepping towards {segment.end:g} with steps of {segment.step:g} failed ({what}); raise time.refinement"
    )


def run_implicit(
    ts: PETSc.TS,
    system: Any,
    matrix: PETSc.Mat,
    state: PETSc.Vec,
    start: float,
    segments: Sequence[Segment],
    stage: Stage | None,
) -> Trajectory:
    """Step a `system` (`residual`, `jacobian`, count `factorizations`) through the segments; destroys the stepper.

    Raises IntegrationError as `run_segments` does.
    """
    ts.setIFunction(system.residual, state.duplicate())
    ts.setIJacobian(system.jacobian, matrix, matrix)
    ts.setFromOptions()
    try:
        trajectory = run_segments(ts, state, start, segments, stage)
    finally:
        ts.destroy()
    trajectory.statistics["factorizations"] = system.factorizations
    return trajectory

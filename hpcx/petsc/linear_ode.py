"""Stiff linear equations with a constant real operator and a time-dependent source, by PETSc TS.

du/dt = G u + f(t) for several real columns u at once. PETSc is built with complex scalars here: two real columns travel as real and
imaginary part of one vector, because G is real. The stepper is L-stable (TSARKIMEX 4, fourth order, stiffly accurate, singly
diagonally implicit, run fully implicitly) with fixed steps in segments; the matrix 1 / (gamma dt) - G is factored once per segment.
Everything runs on the process itself: parallelism lies outside, over problems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
    """States at the ends of all steps, and what it cost.

    Attributes:
        time: (times,).
        state_tnc: (times, size, columns).
        statistics: "steps", "linear_solves", "factorizations".
    """

    time: np.ndarray
    state_tnc: np.ndarray
    statistics: dict[str, int] = field(default_factory=dict)


def integrate_linear(
    operator: sparse.spmatrix,
    source: Callable[[float], np.ndarray],
    initial_nc: np.ndarray,
    start: float,
    segments: Sequence[Segment],
    prefix: str = "linear_ode_",
) -> Trajectory:
    """Integrate du/dt = operator u + source(t) from `initial_nc` at `start` through the segments.

    Args:
        operator: real (size, size).
        source: time -> real (size, columns).
        initial_nc: real (size, columns).
        segments: each ends where the next begins; steps are stretched to fit a whole number of them.
        prefix: of the PETSc options that change stepper and solver, e.g. `-valley_ts_type`.

    Raises IntegrationError if PETSc cannot factor or step.
    """
    columns = initial_nc.shape[1]
    packs = [slice(first, min(first + 2, columns)) for first in range(0, columns, 2)]
    runs = [
        _integrate_pack(operator, lambda t, pack=pack: _pack(source(t)[:, pack]), _pack(initial_nc[:, pack]), start, segments, prefix)
        for pack in packs
    ]
    states = [_unpack(state_tn, pack.stop - pack.start) for (_, state_tn, _), pack in zip(runs, packs)]
    statistics = {key: sum(run[2][key] for run in runs) for key in runs[0][2]}
    return Trajectory(runs[0][0], np.concatenate(states, axis=2), statistics)


def _pack(real_nc: np.ndarray) -> np.ndarray:
    return real_nc[:, 0] + 1j * real_nc[:, 1] if real_nc.shape[1] == 2 else real_nc[:, 0].astype(complex)


def _unpack(state_tn: np.ndarray, columns: int) -> np.ndarray:
    return np.stack([state_tn.real, state_tn.imag][:columns], axis=2)


class _System:
    """Callbacks of PETSc: residual udot - G u - f and its matrix shift - G, rebuilt only when the shift changes."""

    def __init__(self, operator: sparse.csr_matrix, source: Callable[[float], np.ndarray]) -> None:
        self.operator, self.source = operator, source
        self.identity = sparse.identity(operator.shape[0], format="csr")
        self.shift: complex | None = None
        self.factorizations = 0

    def residual(self, ts, time: float, state, rate, out) -> None:
        """Set out = rate - G state - source."""
        moved = self.operator @ state.array_r.view(float).reshape(-1, 2)  # real arithmetic on both columns
        np.subtract(rate.array_r, moved.view(complex).ravel() + self.source(time), out=out.array)

    def jacobian(self, ts, time: float, state, rate, shift: complex, matrix, preconditioner) -> bool:
        """Set the matrix to shift - G; unchanged shifts leave it alone, and with it the factorisation."""
        if self.shift != shift:
            values = shifted(self.operator, shift, self.identity)
            preconditioner.setValuesCSR(values.indptr, values.indices, values.data)
            preconditioner.assemble()
            self.shift, self.factorizations = shift, self.factorizations + 1
        return True


def shifted(operator: sparse.csr_matrix, shift: complex, identity: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return shift - operator in compressed rows with every diagonal entry present."""
    return (shift * identity - operator).astype(complex).tocsr()


def _integrate_pack(operator, source, initial, start: float, segments: Sequence[Segment], prefix: str):
    system = _System(sparse.csr_matrix(operator), source)
    ts, state = _stepper(system, initial, prefix)
    times, states, steps, solves = [start], [initial.copy()], 0, 0

    def record(ts, step: int, time: float, vector) -> None:
        if step > 0:
            times.append(time)
            states.append(vector.array_r.copy())

    ts.setMonitor(record)
    begin = start
    for segment in segments:
        count = max(int(np.ceil((segment.end - begin) / segment.step - 1e-9)), 1)
        ts.setStepNumber(0)
        ts.setTime(begin)
        ts.setTimeStep((segment.end - begin) / count)
        ts.setMaxSteps(count)
        ts.setMaxTime(segment.end)
        _solve(ts, state, segment)
        steps, solves, begin = steps + count, solves + ts.getKSPIterations(), segment.end
    statistics = {"steps": steps, "linear_solves": solves, "factorizations": system.factorizations}
    ts.destroy()
    return np.array(times), np.array(states), statistics


def _stepper(system: _System, initial: np.ndarray, prefix: str):
    matrix = _jacobian_matrix(system)
    state = matrix.createVecRight()
    state.array = initial
    ts = PETSc.TS().create(PETSc.COMM_SELF)
    ts.setOptionsPrefix(prefix)
    ts.setProblemType(ts.ProblemType.NONLINEAR)
    ts.setIFunction(system.residual, state.duplicate())
    ts.setIJacobian(system.jacobian, matrix, matrix)
    ts.setType(ts.Type.ARKIMEX)
    ts.setARKIMEXType("4")
    ts.setARKIMEXFullyImplicit(True)
    ts.setExactFinalTime(ts.ExactFinalTime.STEPOVER)
    snes = ts.getSNES()
    snes.setType("ksponly")
    snes.getKSP().setType("preonly")
    snes.getKSP().getPC().setType("lu")
    snes.getKSP().getPC().setFactorOrdering("qmd")
    _fix_steps(ts)
    ts.setFromOptions()
    return ts, state


def _fix_steps(ts) -> None:
    """Switch off step-size control, which petsc4py offers through the options alone."""
    options = PETSc.Options(ts.getOptionsPrefix())
    if not options.hasName("ts_adapt_type"):
        options["ts_adapt_type"] = "none"


def _jacobian_matrix(system: _System):
    values = shifted(system.operator, 1.0, system.identity)
    matrix = PETSc.Mat().createAIJ(values.shape, csr=(values.indptr, values.indices, values.data), comm=PETSc.COMM_SELF)
    matrix.assemble()
    return matrix


def _solve(ts, state, segment: Segment) -> None:
    try:
        ts.solve(state)
    except PETSc.Error as error:
        raise IntegrationError(_advice(segment, str(error))) from error
    if not np.isfinite(state.norm()):
        raise IntegrationError(_advice(segment, "the state is not finite"))
    if ts.getConvergedReason() < 0:
        raise IntegrationError(_advice(segment, f"reason {ts.getConvergedReason()}"))


def _advice(segment: Segment, what: str) -> str:
    return f"time stepping towards {segment.end:g} with steps of {segment.step:g} failed ({what}); raise time.refinement"

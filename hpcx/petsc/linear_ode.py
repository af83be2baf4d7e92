"""Stiff linear equations with a constant real operator and a time-dependent source, by PETSc TS.

du/dt = G u + f(t) for several real columns u at once. PETSc is built with complex scalars here: two real columns travel
as real and imaginary part of one vector, because G is real. The stepper is L-stable (TSARKIMEX 4, fourth order, stiffly
accurate, singly diagonally implicit, run fully implicitly) with fixed steps in segments; the matrix 1 / (gamma dt) - G
is factored once per segment. Everything runs on the process itself: parallelism lies outside, over problems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from petsc4py import PETSc
from scipy import sparse

from hpcx.petsc.stepping import Segment, Stage, Trajectory, make_stepper, run_implicit, sequential_matrix


def integrate_linear(
    operator: sparse.spmatrix,
    source: Callable[[float], np.ndarray],
    initial_nc: np.ndarray,
    start: float,
    segments: Sequence[Segment],
    prefix: str = "linear_ode_",
    stage: Callable[[str], Stage] | None = None,
) -> Trajectory:
    """Integrate du/dt = operator u + source(t) from `initial_nc` at `start` through the segments.

    Args:
        operator: real (size, size).
        source: time -> real (size, columns).
        initial_nc: real (size, columns).
        segments: each ends where the next begins; steps are stretched to fit a whole number of them.
        prefix: of the PETSc options that change stepper and solver, e.g. `-valley_ts_type`.
        stage: returns for a name the stage in which the steps of two columns are kept.

    Raises IntegrationError if PETSc cannot factor or step.
    """
    columns = initial_nc.shape[1]
    packs = [slice(first, min(first + 2, columns)) for first in range(0, columns, 2)]
    runs = []
    for pack in packs:
        system = _System(sparse.csr_matrix(operator), lambda time: _pack(source(time)[:, pack]))
        kept = stage(f"columns {pack.start}") if stage is not None else None
        runs.append(_integrate_pack(system, _pack(initial_nc[:, pack]), start, segments, prefix, kept))
    state_tnc = np.concatenate([part for run in runs for part in (run.state_tnc.real, run.state_tnc.imag)], axis=2)[
        :, :, :columns
    ]
    statistics = {key: sum(run.statistics[key] for run in runs) for key in runs[0].statistics}
    return Trajectory(runs[0].time, state_tnc, statistics)


def _pack(real_nc: np.ndarray) -> np.ndarray:
    return real_nc[:, 0] + 1j * real_nc[:, 1] if real_nc.shape[1] == 2 else real_nc[:, 0].astype(complex)


class _System:
    """Callbacks of PETSc: residual udot - G u - f and its matrix shift - G, rebuilt only when the shift changes."""

    def __init__(self, operator: sparse.csr_matrix, source: Callable[[float], np.ndarray]) -> None:
        self.operator, self.source = operator, source
        self.shift: complex | None = None
        self.factorizations = 0

    def shifted(self, shift: complex) -> sparse.csr_matrix:
        """Return shift - G with every diagonal entry present."""
        return (shift * sparse.identity(self.operator.shape[0], format="csr") - self.operator).astype(complex).tocsr()

    def residual(self, ts: PETSc.TS, time: float, state: PETSc.Vec, rate: PETSc.Vec, out: PETSc.Vec) -> None:
        """Set out = rate - G state - source."""
        begin = ts.getTime()
        if not begin <= time <= begin + 1.01 * ts.getTimeStep():
            time = begin  # PETSc 3.26 starts with a stage that it believes to be at time 0
        moved = self.operator @ state.array_r.view(float).reshape(-1, 2)  # real arithmetic on both columns
        np.subtract(rate.array_r, moved.view(complex).ravel() + self.source(time), out=out.array)

    def jacobian(
        self, ts: PETSc.TS, time: float, state: PETSc.Vec, rate: PETSc.Vec, shift: complex, matrix, target: PETSc.Mat
    ) -> bool:
        """Set the matrix to shift - G; unchanged shifts leave it alone, and with it the factorisation."""
        if self.shift != shift:
            values = self.shifted(shift)
            target.setValuesCSR(values.indptr, values.indices, values.data)
            target.assemble()
            self.shift, self.factorizations = shift, self.factorizations + 1
        return True


def _integrate_pack(
    system: _System, initial: np.ndarray, start: float, segments: Sequence[Segment], prefix: str, stage: Stage | None
) -> Trajectory:
    matrix = sequential_matrix(system.shifted(1.0))
    state = matrix.createVecRight()
    state.array = initial
    ts = make_stepper(PETSc.TS.Type.ARKIMEX, prefix)
    ts.setARKIMEXType("4")
    ts.setARKIMEXFullyImplicit(True)
    return run_implicit(ts, system, matrix, state, start, segments, stage)

"""Stiff nonlinear equations of populations by PETSc TS: a Rosenbrock-W scheme, one factorisation per step.

du/dt = R(t, u) for one real column. TSROSW (ra34pw2, third order, L-stable) is a W-method: its order survives an
approximate Jacobian, so that weak dense parts may be left out. Linear invariants are kept to rounding if R and the
Jacobian both have vanishing column sums. Everything runs on the process itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from petsc4py import PETSc
from scipy import sparse

from hpcx.petsc.stepping import Segment, Stage, Trajectory, make_stepper, run_implicit, sequential_matrix


class _System:
    """Callbacks of PETSc: residual udot - R and its matrix shift - dR/du, made once per step."""

    def __init__(
        self, rate: Callable[[float, np.ndarray], np.ndarray], jacobian: Callable[[float, np.ndarray], sparse.spmatrix]
    ) -> None:
        self.rate, self.jacobian_of = rate, jacobian
        self.factorizations = 0

    def residual(self, ts: PETSc.TS, time: float, state: PETSc.Vec, slope: PETSc.Vec, out: PETSc.Vec) -> None:
        """Set out = slope - R(time, state)."""
        out.array = slope.array_r - self.rate(time, state.array_r.real.copy())

    def jacobian(
        self, ts: PETSc.TS, time: float, state: PETSc.Vec, slope: PETSc.Vec, shift: complex, matrix, target: PETSc.Mat
    ) -> bool:
        """Set the matrix to shift - dR/du."""
        values = self.jacobian_of(time, state.array_r.real.copy())
        shifted = (shift * sparse.identity(values.shape[0]) - values).astype(complex).tocsr()
        target.zeroEntries()
        target.setValuesCSR(shifted.indptr, shifted.indices, shifted.data)
        target.assemble()
        self.factorizations += 1
        return True


def integrate_nonlinear(
    rate: Callable[[float, np.ndarray], np.ndarray],
    jacobian: Callable[[float, np.ndarray], sparse.spmatrix],
    pattern: sparse.spmatrix,
    initial_n: np.ndarray,
    start: float,
    segments: Sequence[Segment],
    prefix: str = "nonlinear_ode_",
    stage: Stage | None = None,
) -> Trajectory:
    """Integrate du/dt = rate(t, u) from `initial_n` (size,) at `start` through the segments; one real column.

    Args:
        rate: (time, real (size,)) -> real (size,).
        jacobian: (time, real (size,)) -> its derivative, real and sparse, possibly approximate.
        pattern: a matrix whose nonzeros cover all Jacobians.
        prefix: of the PETSc options that change stepper and solver.
        stage: in which the steps are kept.

    Raises IntegrationError if PETSc cannot factor or step, or the state stops being finite.
    """
    system = _System(rate, jacobian)
    matrix = sequential_matrix(abs(pattern) + sparse.identity(len(initial_n)))
    state = matrix.createVecRight()
    state.array = initial_n
    ts = make_stepper(PETSc.TS.Type.ROSW, prefix)
    trajectory = run_implicit(ts, system, matrix, state, start, segments, stage)
    return Trajectory(trajectory.time, trajectory.state_tnc.real.copy(), trajectory.statistics)

"""Implicit-explicit Runge-Kutta steps (PETSc TSARKIMEX) of d_t X = C X + F(t, X), C constant, linear and local.

C acts on every component of a cell by one matrix out of a small set. The implicit stages are solved with stored
inverses of C - shift, one per matrix and shift, and every stage costs one product: the solver asks for dX/dt at X = 0,
where C X = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.linalg import inv

from hpcx.petsc.cells import CellGrid, SingleCell, real_view
from hpcx.petsc.options import initialize

#: F(t, state, out): writes the explicit part into `out`; both [cell, component, value], the cells of this rank
Explicit = Callable[[float, np.ndarray, np.ndarray], None]
DIGITS = 9
KEPT_SHIFTS = 8


class Implicit(Protocol):
    """C with its inverses; states are [cell, component, value]."""

    def apply(self, state: np.ndarray, out: np.ndarray) -> None:
        """Write C X into `out`."""

    def solve(self, shift: float, state: np.ndarray, out: np.ndarray) -> None:
        """Write (C - shift)^-1 X into `out`."""


class StoredInverses:
    """Inverses of C - shift for the matrices of a problem, kept for the last few shifts.

    Args:
        collision: matrix C (values, values) by label.
        labels_k: label of the matrix that acts on each component.
    """

    def __init__(self, collision: Mapping[int, np.ndarray], labels_k: Sequence[int]) -> None:
        self.transposed = {label: np.ascontiguousarray(matrix.T) for label, matrix in collision.items()}
        self.labels_k = tuple(labels_k)
        self.products = 0
        self._inverses: dict[float, dict[int, np.ndarray]] = {}

    def apply(self, state: np.ndarray, out: np.ndarray) -> None:
        """Write C X into `out`; both [cell, component, value]."""
        self._multiply(self.transposed, state, out)

    def solve(self, shift: float, state: np.ndarray, out: np.ndarray) -> None:
        """Write (C - shift)^-1 X into `out`."""
        self._multiply(self._inverse(shift), state, out)

    def _multiply(self, matrices: Mapping[int, np.ndarray], state: np.ndarray, out: np.ndarray) -> None:
        self.products += 1
        for component, label in enumerate(self.labels_k):
            np.matmul(state[:, component], matrices[label], out=out[:, component])

    def _inverse(self, shift: float) -> Mapping[int, np.ndarray]:
        # steps drift in their last digits; a rounded key makes equal steps share one inverse
        key = float(f"{shift:.{DIGITS}e}")
        if key not in self._inverses:
            while len(self._inverses) >= KEPT_SHIFTS:
                self._inverses.pop(next(iter(self._inverses)))
            self._inverses[key] = {label: _inverse(shift, matrix) for label, matrix in self.transposed.items()}
        return self._inverses[key]


def _inverse(shift: float, transposed: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(inv(transposed - shift * np.eye(len(transposed))))


def _zeros_like(vector: Any) -> Any:
    """Return a vector of zeros to be read only.

    Unwritten memory of `np.zeros` is a single page, which stays in the cache: reading it costs no bandwidth.
    """
    from petsc4py import PETSc

    zeros = np.zeros(vector.getLocalSize(), PETSc.ScalarType)
    return PETSc.Vec().createWithArray(zeros, size=vector.getSizes(), comm=vector.comm)


class _StageSolver:
    """Context of the python SNES: solves the equation of an implicit stage directly.

    PETSc's own chain of SNES, KSP and PC would fill, copy and subtract whole states around the one product that is
    needed; on several ranks these share the memory's bandwidth.
    """

    def __init__(self, stepper: ImexStepper) -> None:
        self.stepper = stepper

    def solve(self, snes: Any, right: Any, x: Any) -> None:
        """Write the stage into `x`."""
        self.stepper.solve_stage(snes, x)
        snes.setConvergedReason(snes.ConvergedReason.CONVERGED_ITS)


class ImexStepper:
    """Fixed steps of a chosen ARKIMEX scheme ("2e", "3", "4", "5"); errors must be controlled by the choice of steps.

    Attributes:
        vector: the state; `state` is its real view.
        explicit_calls: how often F was evaluated.
    """

    def __init__(self, cells: SingleCell | CellGrid, implicit: Implicit, explicit: Explicit, scheme: str = "4") -> None:
        self.cells, self.implicit, self.explicit = cells, implicit, explicit
        self.explicit_calls = 0
        self._shift = 0.0
        self._slope: Any = None  # dX/dt at X = 0 of the stage that is being solved
        self._in_stage = False
        self.vector = cells.create_vector()
        self._zero = _zeros_like(self.vector)
        self._ts = self._make_solver(scheme)

    @property
    def state(self) -> np.ndarray:
        """Writable real view [cell, component, value] of this rank's part of the state."""
        return real_view(self.vector, self.cells.shape, writable=True)

    def step(self, time: float, step: float) -> None:
        """Advance the state from `time` by `step`. Collective."""
        self._ts.setTime(time)
        self._ts.setTimeStep(step)
        self._ts.step()

    def destroy(self) -> None:
        """Free the PETSc objects. Collective."""
        for thing in (self._ts, self._matrix, self._residual, self._zero, self.vector):
            thing.destroy()

    def _make_solver(self, scheme: str) -> Any:
        initialize([])
        from petsc4py import PETSc

        ts = PETSc.TS().create(comm=self.cells.comm)
        ts.setOptionsPrefix("wigner_")
        ts.setType(PETSc.TS.Type.ARKIMEX)
        ts.setARKIMEXType(scheme)
        self._residual = self.vector.duplicate()
        sizes = (self.vector.getSizes(), self.vector.getSizes())
        # the Jacobian is never multiplied with: it only receives the shift of a stage
        self._matrix = PETSc.Mat().createPython(sizes, object(), comm=self.cells.comm)
        self._matrix.setUp()
        ts.setRHSFunction(self._rhs)
        ts.setIFunction(self._ifunction, self._residual)
        ts.setIJacobian(self._ijacobian, self._matrix, self._matrix)
        self._configure(PETSc, ts)
        ts.setFromOptions()
        ts.setSolution(self.vector)
        ts.setUp()
        return ts

    def _configure(self, petsc: Any, ts: Any) -> None:
        # errors are controlled by the choice of steps; the bindings reach the adaptor only through the options
        petsc.Options(ts.getOptionsPrefix())["ts_adapt_type"] = "none"
        ts.setExactFinalTime(petsc.TS.ExactFinalTime.STEPOVER)
        ts.setMaxSteps(2**30)
        snes = ts.getSNES()
        snes.setType(petsc.SNES.Type.PYTHON)
        snes.setPythonContext(_StageSolver(self))

    def solve_stage(self, snes: Any, stage: Any) -> None:
        """Write into `stage` the X that solves shift (X - Z) = C X; PETSc gives the slope -shift Z at X = 0."""
        self._in_stage = True
        snes.computeFunction(self._zero, self._residual)
        snes.computeJacobian(self._zero, self._matrix)
        self._in_stage = False
        slope, self._slope = self._slope, None
        shape = self.cells.shape
        self.implicit.solve(self._shift, real_view(slope, shape), real_view(stage, shape, writable=True))

    def _rhs(self, ts: Any, time: float, u: Any, f: Any) -> None:
        self.explicit_calls += 1
        shape = self.cells.shape
        self.explicit(time, real_view(u, shape), real_view(f, shape, writable=True))

    def _ifunction(self, ts: Any, time: float, u: Any, udot: Any, f: Any) -> None:
        """F = dU/dt - C U; within a stage U = 0, and dU/dt is all that is wanted."""
        if self._in_stage:
            self._slope = udot
            return
        shape = self.cells.shape
        self.implicit.apply(real_view(u, shape), real_view(f, shape, writable=True))
        f.aypx(-1.0, udot)

    def _ijacobian(
        self, ts: Any, time: float, u: Any, udot: Any, shift: float, jacobian: Any, preconditioner: Any
    ) -> None:
        self._shift = shift

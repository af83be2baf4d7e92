"""Implicit-explicit Runge-Kutta steps (PETSc TSARKIMEX) for d_t X = C X + F(t, X) with C constant, linear and local to a cell.

C acts on every component of a cell by one matrix out of a small set. The implicit stages are solved with stored inverses of
shift - C, one per matrix and shift, and every stage costs one product: the solver starts each stage from zero, where C X = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.linalg import inv

from hpcx.petsc.cells import CellGrid, SingleCell, real_view
from hpcx.petsc.options import initialize

#: F(t, state with ghosts, out): writes the explicit part into `out` [cell, component, value]
Explicit = Callable[[float, np.ndarray, np.ndarray], None]
DIGITS = 9
KEPT_SHIFTS = 8


class StoredInverses:
    """Inverses of shift - C for the matrices of a problem, kept for the last few shifts.

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
        """Write (shift - C)^-1 X into `out`."""
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
    return np.ascontiguousarray(inv(shift * np.eye(len(transposed)) - transposed))


class _Shell:
    """Context of the shell Jacobian: the preconditioner does all of the work."""

    def mult(self, matrix: Any, x: Any, y: Any) -> None:
        """Refuse a product, which no solver of this stepper asks for."""
        raise NotImplementedError("the Jacobian is only ever inverted")


class _Preconditioner:
    """Context of the python preconditioner."""

    def __init__(self, stepper: ImexStepper) -> None:
        self.stepper = stepper

    def apply(self, pc: Any, x: Any, y: Any) -> None:
        """Solve (shift - C) y = x with the stored inverses."""
        shape = self.stepper.layout.shape
        self.stepper.implicit.solve(self.stepper.shift, real_view(x, shape), real_view(y, shape, writable=True))


class ImexStepper:
    """Fixed steps of a chosen ARKIMEX scheme ("2e", "3", "4", "5"); errors must be controlled by the choice of steps.

    Attributes:
        vector: the state; `state` is its real view.
        explicit_calls: how often F was evaluated.
    """

    def __init__(
        self,
        layout: SingleCell | CellGrid,
        implicit: StoredInverses,
        explicit: Explicit,
        scheme: str = "4",
        prefix: str = "wigner_",
    ) -> None:
        self.layout, self.implicit, self.explicit = layout, implicit, explicit
        self.shift = 0.0
        self.explicit_calls = 0
        self._at_zero = False
        self.vector = layout.create_vector()
        self._work = self.vector.duplicate()
        self._ts = self._make_solver(scheme, prefix)

    @property
    def state(self) -> np.ndarray:
        """Writable real view [cell, component, value] of this rank's part of the state."""
        return real_view(self.vector, self.layout.shape, writable=True)

    def step(self, time: float, step: float) -> None:
        """Advance the state from `time` by `step`. Collective. Raises FloatingPointError if the state is no longer finite."""
        self._ts.setTime(time)
        self._ts.setTimeStep(step)
        self._ts.step()

    def destroy(self) -> None:
        """Free the PETSc objects. Collective."""
        for thing in (self._ts, self._matrix, self._residual, self._work, self.vector):
            thing.destroy()

    def _make_solver(self, scheme: str, prefix: str) -> Any:
        initialize([])
        from petsc4py import PETSc

        ts = PETSc.TS().create(comm=self.layout.comm)
        ts.setOptionsPrefix(prefix)
        if self.layout.dm is not None:
            ts.setDM(self.layout.dm.clone())  # the functions stay on the DM, so every solver needs its own
        ts.setType(PETSc.TS.Type.ARKIMEX)
        ts.setARKIMEXType(scheme)
        self._residual = self.vector.duplicate()
        sizes = (self.vector.getSizes(), self.vector.getSizes())
        self._matrix = PETSc.Mat().createPython(sizes, _Shell(), comm=self.layout.comm)
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
        snes.setType(petsc.SNES.Type.KSPONLY)
        snes.setInitialGuess(self._start_from_zero)
        ksp = snes.getKSP()
        ksp.setType(petsc.KSP.Type.PREONLY)
        pc = ksp.getPC()
        pc.setType(petsc.PC.Type.PYTHON)
        pc.setPythonContext(_Preconditioner(self))

    def _start_from_zero(self, snes: Any, guess: Any) -> None:
        guess.set(0.0)
        self._at_zero = True

    def _rhs(self, ts: Any, time: float, u: Any, f: Any) -> None:
        self.explicit_calls += 1
        self.explicit(time, self.layout.ghosted(u), real_view(f, self.layout.shape, writable=True))

    def _ifunction(self, ts: Any, time: float, u: Any, udot: Any, f: Any) -> None:
        """F = dU/dt - C U; at the initial guess U = 0 the product is skipped."""
        udot.copy(f)
        if self._at_zero:
            self._at_zero = False
            return
        shape = self.layout.shape
        self.implicit.apply(real_view(u, shape), real_view(self._work, shape, writable=True))
        f.axpy(-1.0, self._work)

    def _ijacobian(self, ts: Any, time: float, u: Any, udot: Any, shift: float, jacobian: Any, preconditioner: Any) -> None:
        self.shift = shift

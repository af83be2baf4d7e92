"""Non-stiff ordinary differential equations by adaptive explicit Runge-Kutta steps of PETSc, each rank its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from petsc4py import PETSc

from hpcx.petsc.stepping import IntegrationError


@dataclass
class OdeStatistics:
    """Accepted steps and evaluations of the right-hand side."""

    steps: int = 0
    evaluations: int = 0


@dataclass
class ExplicitOde:
    """dy/dt = f(t, y) for a complex array y of any shape, integrated by TSRK on one rank.

    PETSc must have been started on all ranks before (`hpcx.petsc.options.initialize`): starting it is collective.

    Args:
        derivative: f(t, y) -> dy/dt, arrays of the shape of y; y must not be changed.
        relative: relative tolerance.
        absolute: absolute tolerances, one per entry of y (shape of y): blocks of different size get their own.
        largest_step: longest step allowed, so that no pulse is stepped over.
        prefix: prefix of the PETSc options, e.g. "formation_" for -formation_ts_rk_type.
        watch: called after every step; an exception from it ends the integration.
    """

    derivative: Callable[[float, np.ndarray], np.ndarray]
    relative: float
    absolute: np.ndarray
    largest_step: float
    prefix: str
    watch: Callable[[], None] = lambda: None
    statistics: OdeStatistics = field(default_factory=OdeStatistics)

    def integrate(self, state: np.ndarray, start: float, times: list[float]) -> list[np.ndarray]:
        """Return y at `times` (ascending, not before `start`) from y(`start`) = `state`; times are hit by steps.

        Raises IntegrationError when the step size collapses or f is not finite.
        """
        vector = PETSc.Vec().createSeq(state.size, comm=PETSc.COMM_SELF)
        vector.array[:] = state.ravel()
        stepper = self._stepper(vector, start)
        found = []
        for time in times:
            if time > stepper.getTime():
                self._advance(stepper, vector, time)
            found.append(vector.array.reshape(state.shape).copy())
        self.statistics.steps += stepper.getStepNumber()
        stepper.destroy()
        vector.destroy()
        return found

    def _stepper(self, vector: PETSc.Vec, start: float) -> PETSc.TS:
        stepper = PETSc.TS().create(comm=PETSc.COMM_SELF)
        stepper.setOptionsPrefix(self.prefix)
        stepper.setProblemType(PETSc.TS.ProblemType.NONLINEAR)
        stepper.setType(PETSc.TS.Type.RK)
        stepper.setRKType(PETSc.TS.RKType.RK5DP)
        tolerance = vector.duplicate()
        tolerance.array[:] = self.absolute.ravel()
        relative = vector.duplicate()
        relative.set(self.relative)
        stepper.setTolerances(rtol=relative, atol=tolerance)
        stepper.setRHSFunction(self._evaluate, vector.duplicate())
        stepper.setMonitor(lambda *_: self.watch())
        stepper.setTime(start)
        stepper.setTimeStep(0.1 * self.largest_step)
        stepper.setMaxSteps(10**9)
        stepper.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
        with _longest_step(self.prefix, self.largest_step):
            stepper.setFromOptions()
        return stepper

    def _evaluate(self, stepper: PETSc.TS, time: float, state: PETSc.Vec, derivative: PETSc.Vec) -> None:
        self.statistics.evaluations += 1
        shaped = state.getArray(readonly=True).reshape(self.absolute.shape)
        derivative.array[:] = self.derivative(time, shaped).ravel()

    def _advance(self, stepper: PETSc.TS, vector: PETSc.Vec, time: float) -> None:
        stepper.setMaxTime(time)
        try:
            stepper.solve(vector)
        except PETSc.Error as error:
            if error.__cause__ is not None:  # newer petsc4py replaces the exception of a callback by its own
                raise error.__cause__ from None
            raise IntegrationError(self._advice(stepper, str(error))) from error
        if stepper.getConvergedReason() < 0 or not np.all(np.isfinite(vector.array)):
            raise IntegrationError(self._advice(stepper, f"reason {stepper.getConvergedReason()}"))

    def _advice(self, stepper: PETSc.TS, what: str) -> str:
        return (
            f"the time integration failed at t = {stepper.getTime():g} with step {stepper.getTimeStep():g} ({what}): "
            f"loosen the tolerance, or choose another method with -{self.prefix}ts_rk_type"
        )


@contextmanager
def _longest_step(prefix: str, largest: float) -> Iterator[None]:
    """Limit the step through the options, petsc4py having no call for it; the user's own option wins."""
    options = PETSc.Options(prefix)
    own = not options.hasName("ts_adapt_dt_max")
    if own:
        options.setValue("ts_adapt_dt_max", largest)
    yield
    if own:
        options.delValue("ts_adapt_dt_max")

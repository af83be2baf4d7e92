"""A second integrator of the moments, written out: what PETSc's is compared with."""

import numpy as np
from scipy.linalg import inv

from hpcx.wigner.moments import Moments
from hpcx.wigner.problem import Problem
from hpcx.wigner.rates import padded


class DirectMoments(Moments):
    """The moments with a stiffly accurate two-stage SDIRK scheme of second order, written out: a check of the other."""

    GAMMA = 1 - np.sqrt(0.5)
    state = np.empty(0)

    def __init__(self, problem: Problem) -> None:
        self.problem, self.intervalley, self.stepper = problem, True, self
        self._size = problem.grid.size
        self.state = np.zeros((3, padded(self._size)))
        self._evolution = [problem.rates.evolution(m) for m in (0, 1)]
        self._inverses: dict[float, list[np.ndarray]] = {}

    def step(self, time: float, step: float) -> None:
        """Advance by one step (fs)."""
        first = self._stage(time + self.GAMMA * step, self.state, step)
        second = self._stage(time + step, self.state + (1 - self.GAMMA) * step * first, step)
        self.state = self.state + step * ((1 - self.GAMMA) * first + self.GAMMA * second)

    def destroy(self) -> None:
        """Nothing to free."""

    def _stage(self, time: float, base_ni: np.ndarray, step: float) -> np.ndarray:
        """Solve k = L (base + gamma step k) + s for k, moment by moment."""
        key, weight = round(step, 9), self.GAMMA * step
        if key not in self._inverses:
            self._inverses[key] = [inv(np.eye(len(matrix)) - weight * matrix) for matrix in self._evolution]
        slope_ni, stage_ni, explicit_ni = np.zeros_like(base_ni), base_ni.copy(), np.zeros_like(base_ni)
        for moment, harmonic in enumerate((0, 1, 0)):
            self.explicit(time, stage_ni[:, : self._size], explicit_ni[:, : self._size])
            drive = self._evolution[harmonic] @ base_ni[moment] + explicit_ni[moment]
            slope_ni[moment] = self._inverses[key][harmonic] @ drive
            stage_ni[moment] = base_ni[moment] + weight * slope_ni[moment]
        return slope_ni

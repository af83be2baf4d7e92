"""The closed hierarchy of spatial moments: zeroth, first and second moment of every energy bin.

With m0 = int N dr, m1 = int (r . Q/|Q|) N dr and m2 = int r^2 N dr, summed over the angles of a bin,

    d_t m0 = C0 m0 + s,    d_t m1 = u m0 + C1 m1,    d_t m2 = 2 u m1 + C0 m2 + w0^2 s,

because free flight only shifts positions along the velocity. The hierarchy is exact and needs no grid in space.
"""

from __future__ import annotations

import numpy as np

from hpcx.petsc.cells import SingleCell
from hpcx.petsc.imex import ImexStepper
from hpcx.wigner.problem import Problem
from hpcx.wigner.rates import padded


class Moments:
    """The moments and their equations of motion, with the PETSc scheme of the full equation. The same on every rank.

    Attributes:
        intervalley: whether intervalley scattering acts.
        stepper: of the moments.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.intervalley = problem, True
        cell = SingleCell(3, padded(problem.grid.size))
        self.stepper = ImexStepper(cell, problem.rates.implicit((0, 1, 0)), self._explicit)

    @property
    def state(self) -> np.ndarray:
        """Moments (3, values of a cell): the bins of all valleys, emitted light, and perhaps a zero; a view."""
        return self.stepper.state[0]

    def set_intervalley(self, switched_on: bool) -> None:
        """Choose whether intervalley scattering acts from now on."""
        if switched_on != self.intervalley:
            self.stepper.implicit = self.problem.rates.implicit((0, 1, 0), switched_on)
            self.intervalley = switched_on

    def explicit(self, time: float, moments_ni: np.ndarray, out_ni: np.ndarray) -> None:
        """Write free flight and source, d_t m without scattering, into `out_ni`; both (3, bins of all valleys)."""
        source, velocity_i = self.problem.source, self.problem.grid.velocity_i
        born_i = source.rate_i * float(source.intensity(time))
        out_ni[0] = born_i
        out_ni[1] = velocity_i * moments_ni[0]
        out_ni[2] = 2 * velocity_i * moments_ni[1] + source.spot**2 * born_i

    def _explicit(self, time: float, state: np.ndarray, out: np.ndarray) -> None:
        out[...] = 0.0
        size = self.problem.grid.size
        self.explicit(time, state[0, :, :size], out[0, :, :size])

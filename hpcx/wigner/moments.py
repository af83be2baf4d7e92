"""The exactly closed hierarchy of spatial moments: zeroth, first and second moment of every energy bin.

With m0 = int N dr, m1 = int (r . Q/|Q|) N dr and m2 = int r^2 N dr, summed over the angles of a bin,

    d_t m0 = C0 m0 + s,    d_t m1 = u m0 + C1 m1,    d_t m2 = 2 u m1 + C0 m2 + w0^2 s,

because free flight only shifts position along the velocity. Nothing is truncated and there is no grid in space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hpcx.petsc.cells import SingleCell
from hpcx.petsc.imex import ImexStepper
from hpcx.wigner.rates import Rates, padded
from hpcx.wigner.source import Source
from hpcx.wigner.time_steps import SAME_TIME


@dataclass(frozen=True)
class Hierarchy:
    """The equations of the moments.

    Attributes:
        rates: scattering.
        source: pulse.
        intervalley: False leaves intervalley scattering out.
    """

    rates: Rates
    source: Source
    intervalley: bool = True

    def explicit(self, time: float, moments_ni: np.ndarray, out_ni: np.ndarray) -> None:
        """Write free flight and source, d_t m without scattering, into `out_ni`; both (3, bins of all valleys)."""
        born_i = self.source.rate_i * float(self.source.intensity(time))
        velocity_i = self.rates.grid.velocity_i
        out_ni[0] = born_i
        out_ni[1] = velocity_i * moments_ni[0]
        out_ni[2] = 2 * velocity_i * moments_ni[1] + self.source.spot**2 * born_i


class MomentStepper:
    """Moves the moments with the same PETSc scheme as the full equation. Replicated on every rank.

    Attributes:
        state: moments (3, values of a cell): the bins of all valleys, emitted light, and perhaps a zero; a view.
    """

    def __init__(self, hierarchy: Hierarchy, state: np.ndarray | None = None, scheme: str = "4") -> None:
        self._hierarchy, self._size = hierarchy, hierarchy.rates.grid.size
        self._stepper = ImexStepper(
            SingleCell(3, padded(self._size)),
            hierarchy.rates.implicit((0, 1, 0), hierarchy.intervalley),
            self._explicit,
            scheme,
        )
        if state is not None:
            self.state[:] = state

    @property
    def state(self) -> np.ndarray:
        """Moments with emitted light (3, values of a cell), a view."""
        return self._stepper.state[0]

    def step(self, time: float, step: float) -> None:
        """Advance by one step (fs)."""
        self._stepper.step(time, step)

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._stepper.destroy()

    def _explicit(self, time: float, state: np.ndarray, out: np.ndarray) -> None:
        out[...] = 0.0
        self._hierarchy.explicit(time, state[0, :, : self._size], out[0, :, : self._size])


def march(
    phases: Sequence[tuple[float, Hierarchy]],
    steps: np.ndarray,
    reached: Callable[[float, np.ndarray], None],
    state: np.ndarray | None = None,
) -> None:
    """Take all `steps` (start, length) through `phases` (end, equations) from `state`; call `reached(time, state)`.

    Ends of phases (fs) must be ends of steps. The state handed on is a view that the next step overwrites.
    """
    begin = 0.0
    for end, hierarchy in phases:
        of_phase = steps[(steps[:, 0] >= begin - SAME_TIME) & (steps[:, 0] < end - SAME_TIME)]
        begin = end
        if not len(of_phase):
            continue
        stepper = MomentStepper(hierarchy, state)
        try:
            for time, step in of_phase:
                stepper.step(time, step)
                reached(time + step, stepper.state)
            state = stepper.state.copy()
        finally:
            stepper.destroy()

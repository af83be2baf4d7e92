"""The exactly closed hierarchy of spatial moments: zeroth, first and second moment of every energy bin.

With m0 = int N dr, m1 = int (r . Q/|Q|) N dr and m2 = int r^2 N dr, summed over the angles of a bin,

    d_t m0 = C0 m0 + s,    d_t m1 = u m0 + C1 m1,    d_t m2 = 2 u m1 + C0 m2 + w0^2 s,

because free flight only shifts position along the velocity. Nothing is truncated and there is no grid in space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import inv

from hpcx.petsc.cells import SingleCell
from hpcx.petsc.imex import ImexStepper, StoredInverses
from hpcx.wigner.rates import Rates
from hpcx.wigner.source import Source

#: (time, step) of every step
Steps = Iterable[tuple[float, float]]


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

    def implicit(self) -> StoredInverses:
        """Return scattering and radiative decay, bins padded to an even number."""
        blocks = {m: pad_even(self.rates.evolution(m, self.intervalley)) for m in (0, 1)}
        return StoredInverses(blocks, (0, 1, 0))


def pad_even(array: np.ndarray) -> np.ndarray:
    """Append a zero to every axis of odd length."""
    return np.pad(array, [(0, length % 2) for length in array.shape])


class MomentStepper:
    """Moves the moments with the same PETSc scheme as the full equation. Replicated on every rank."""

    def __init__(self, hierarchy: Hierarchy, moments_ni: np.ndarray | None = None, scheme: str = "4") -> None:
        size = hierarchy.rates.grid.size
        self._stepper = ImexStepper(SingleCell(3, size + size % 2), hierarchy.implicit(), self._explicit, scheme)
        self.hierarchy, self._size = hierarchy, size
        if moments_ni is not None:
            self.moments[:] = moments_ni

    @property
    def moments(self) -> np.ndarray:
        """Moments (3, bins of all valleys), a view."""
        return self._stepper.state[0, :, : self._size]

    def step(self, time: float, step: float) -> None:
        """Advance by one step (ps)."""
        self._stepper.step(time, step)

    def destroy(self) -> None:
        """Free the PETSc objects."""
        self._stepper.destroy()

    def _explicit(self, time: float, state: np.ndarray, out: np.ndarray) -> None:
        out[...] = 0.0
        self.hierarchy.explicit(time, state[0, :, : self._size], out[0, :, : self._size])


class DirectStepper:
    """Moves the moments with a stiffly accurate two-stage SDIRK scheme of second order, written out: a check of the other."""

    GAMMA = 1 - np.sqrt(0.5)

    def __init__(self, hierarchy: Hierarchy, moments_ni: np.ndarray | None = None) -> None:
        self.hierarchy = hierarchy
        self.moments = np.zeros((3, hierarchy.rates.grid.size)) if moments_ni is None else moments_ni.copy()
        self._collision = [hierarchy.rates.evolution(m, hierarchy.intervalley) for m in (0, 1)]
        self._inverses: dict[float, list[np.ndarray]] = {}

    def step(self, time: float, step: float) -> None:
        """Advance by one step (ps)."""
        first = self._stage(time + self.GAMMA * step, self.moments, step)
        second = self._stage(time + step, self.moments + (1 - self.GAMMA) * step * first, step)
        self.moments = self.moments + step * ((1 - self.GAMMA) * first + self.GAMMA * second)

    def destroy(self) -> None:
        """Nothing to free."""

    def _stage(self, time: float, base_ni: np.ndarray, step: float) -> np.ndarray:
        """Solve k = L (base + gamma step k) + s for k, moment by moment."""
        key = round(step, 12)
        weight = self.GAMMA * step
        if key not in self._inverses:
            self._inverses[key] = [inv(np.eye(len(c)) - weight * c) for c in self._collision]
        slope_ni, stage_ni = np.zeros_like(base_ni), base_ni.copy()
        explicit_ni = np.zeros_like(base_ni)
        for moment, harmonic in enumerate((0, 1, 0)):
            self.hierarchy.explicit(time, stage_ni, explicit_ni)
            drive = self._collision[harmonic] @ base_ni[moment] + explicit_ni[moment]
            slope_ni[moment] = self._inverses[key][harmonic] @ drive
            stage_ni[moment] = base_ni[moment] + weight * slope_ni[moment]
        return slope_ni


def march(stepper, steps: Steps, record: Callable[[float, np.ndarray], None], outputs: np.ndarray) -> None:
    """Take all `steps` (time, step) and call `record(time, moments)` at the times in `outputs` (ps, sorted)."""
    pending = list(outputs)
    for time, step in steps:
        stepper.step(time, step)
        now = time + step
        while pending and now >= pending[0] - 1e-9 * max(1.0, now):
            record(pending.pop(0), stepper.moments)

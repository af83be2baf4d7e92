"""The interaction of a dielectric function that is given at some momenta, as by a first-principles calculation.

Between the points eps is interpolated by a cubic that keeps monotonic data monotonic (PCHIP), below the first and above
the last it is a straight line. A thin layer, eps = kappa + r0 q, is therefore reproduced exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.interpolate import PchipInterpolator

from hpcx.physics.constants import COULOMB
from hpcx.physics.dielectric import DielectricLayer
from hpcx.physics.rytova_keldysh import Number, RytovaKeldysh
from hpcx.physics.surroundings import Surroundings


@dataclass(frozen=True)
class TabulatedLayer(DielectricLayer):
    """Interaction W(q) = 2 pi / (q eps(q)) of a table; raises ValueError if the table makes no sense.

    Attributes:
        q: ascending momenta, the first one 0 or above, at least two, 1/nm.
        epsilon: dielectric function there, positive.
    """

    q: tuple[float, ...]
    epsilon: tuple[float, ...]

    @classmethod
    def in_surroundings(cls, length: float, surroundings: Surroundings) -> Self:
        """Return the interaction of `table.q` with `table.epsilon`,
        `table.epsilon_inverse` or `table.W`, which knows the layer.

        Raises ValueError if the table makes no sense.
        """
        q = surroundings.numbers_of("table.q", "1/nm")
        if surroundings.has("table.epsilon"):
            return cls(q, surroundings.numbers_of("table.epsilon", "1"))
        if surroundings.has("table.epsilon_inverse"):
            return cls(q, tuple(1 / value for value in surroundings.numbers_of("table.epsilon_inverse", "1")))
        bare, w = 2 * np.pi * COULOMB, surroundings.numbers_of("table.W", "eV*nm^2")
        if q[0] == 0:
            raise ValueError("W is infinite at q = 0: begin the table above it")
        return cls(q, tuple(bare / (k * value) for k, value in zip(q, w)))

    def __post_init__(self) -> None:
        q, epsilon = np.array(self.q), np.array(self.epsilon)
        if len(q) < 2 or len(q) != len(epsilon):
            raise ValueError(f"{len(q)} momenta and {len(epsilon)} values: expected as many of both, at least two")
        if not (np.isfinite(q).all() and np.isfinite(epsilon).all()):
            raise ValueError("has numbers that are not finite")
        wrong = np.flatnonzero(np.diff(q) <= 0)
        if q[0] < 0 or wrong.size:
            raise ValueError(
                f"momenta must ascend from 0 or above; row {int(wrong[0]) + 2 if wrong.size else 1} does not"
            )
        if (epsilon <= 0).any():
            raise ValueError(f"the dielectric function must be positive; row {int(np.argmax(epsilon <= 0)) + 1} is not")
        if self.far.permittivity <= 0 or self.far.length < 0:
            raise ValueError(
                "the line through the last two points must rise and be positive at q = 0, as for a thin layer"
            )
        if self.dielectric_function(0.0) <= 0:
            raise ValueError("the line through the first two points must be positive at q = 0: give a point at q = 0")

    @cached_property
    def _cubic(self) -> PchipInterpolator:
        return PchipInterpolator(self.q, self.epsilon)

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return eps(q), beyond the table on the straight line through its two outermost points."""
        q = np.asarray(q, dtype=float)
        first = self.epsilon[0] + (q - self.q[0]) * (self.epsilon[1] - self.epsilon[0]) / (self.q[1] - self.q[0])
        within = self._cubic(np.clip(q, self.q[0], self.q[-1]))
        return np.where(q < self.q[0], first, np.where(q > self.q[-1], self.far.dielectric_function(q), within))

    @property
    def far(self) -> RytovaKeldysh:
        """The straight line through the last two points."""
        slope = (self.epsilon[-1] - self.epsilon[-2]) / (self.q[-1] - self.q[-2])
        return RytovaKeldysh(slope, self.epsilon[-1] - slope * self.q[-1])

    @property
    def borders(self) -> np.ndarray:
        """0 and the momenta of the table, between which the interpolation is one cubic."""
        return np.unique([0.0, *self.q])

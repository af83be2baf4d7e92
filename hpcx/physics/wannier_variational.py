"""The 1s exciton of a screened two-dimensional semiconductor as exp(-r/a) with the best radius a."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize_scalar

from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.dielectric import gauss_rule
from hpcx.physics.interaction import Interaction
from hpcx.physics.momentum_overlaps import MomentumOverlaps

#: borders of the panels of the angle: a dielectric function may bend at any small momentum
_PANELS = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.5, np.pi / 2)
#: spacing of the logarithm of the radius in differences of the energy: of fourth order, they are right to 1e-12
_STENCIL = 1e-3


@dataclass(frozen=True)
class Hydrogenic(MomentumOverlaps):
    """A 1s state proportional to exp(-r/radius): radius in nm, binding_energy in eV (positive)."""

    radius: float
    binding_energy: float

    @property
    def contact(self) -> float:
        """Wave function at zero distance, 1/nm."""
        return math.sqrt(2 / math.pi) / self.radius

    def in_momentum(self, k: np.ndarray) -> np.ndarray:
        """Return phi(k) (nm) at wave numbers `k` (1/nm), same shape."""
        return math.sqrt(8 * math.pi) * self.radius * (1 + (np.asarray(k) * self.radius) ** 2) ** -1.5

    def form_factor(self, other: Hydrogenic, q: np.ndarray) -> np.ndarray:
        """Return int phi phi' exp(i q r) d^2r,
        that is 4ab/(a+b)^2 [1 + (q c / 2)^2]^(-3/2) with c = 2ab/(a+b); q in 1/nm.
        """
        total = self.radius + other.radius
        mean = 2 * self.radius * other.radius / total
        return 2 * mean / total * (1.0 + (0.5 * np.asarray(q) * mean) ** 2) ** -1.5


@lru_cache(maxsize=4096)
def variational_1s(reduced_mass: float, law: Interaction) -> Hydrogenic:
    """Minimise the energy of exp(-r/a) over a.

    The reduced mass is in m0. Raises ValueError if no bound state is found between 0.05 and 100 nm.
    """

    def energy(log_radius: float) -> float:
        """Return the energy (eV) for the logarithm of the radius, which keeps the radius positive."""
        return _energy(np.exp(log_radius), reduced_mass, law)

    best = minimize_scalar(energy, bounds=(np.log(0.05), np.log(100.0)), method="bounded", options={"xatol": 1e-9})
    if not best.success or best.fun >= 0:
        raise ValueError(f"no bound 1s state for reduced mass {reduced_mass:g} m0")
    return Hydrogenic(float(np.exp(_stationary(energy, best.x))), float(-best.fun))


def _stationary(energy: Callable[[float], float], near: float) -> float:
    """Return where the slope of `energy` vanishes, by one step of Newton:
    its value tells the place of a minimum to 1e-8 alone.
    """
    far_below, below, middle, above, far_above = (energy(near + number * _STENCIL) for number in range(-2, 3))
    slope = (8 * (above - below) - (far_above - far_below)) / (12 * _STENCIL)
    return near - slope / ((above - 2 * middle + below) / _STENCIL**2)


def _energy(radius: float, reduced_mass: float, law: Interaction) -> float:
    """Return kinetic energy less the integral of form factor over dielectric function,
    in the angle t with q radius = 2 tan t.
    """
    kinetic = HBAR2_PER_M0 / (2 * reduced_mass * radius**2)
    bends = np.arctan(0.5 * radius * np.asarray(getattr(law, "borders", ())))
    angle, weight = gauss_rule(np.unique([*_PANELS, *bends]))
    attraction = weight @ (2 * np.cos(angle) / law.dielectric_function(2 * np.tan(angle) / radius))
    return float(kinetic - COULOMB / radius * attraction)

"""The 1s exciton of a screened two-dimensional semiconductor as exp(-r/a) with the best radius a."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize_scalar

from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.dielectric import gauss_rule
from hpcx.physics.interaction import Interaction

#: borders of the panels of the angle: a dielectric function may bend at any small momentum
_PANELS = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.5, np.pi / 2)
#: spacing of the logarithm of the radius in differences of the energy: of fourth order, they are right to 1e-12
_STENCIL = 1e-3


@dataclass(frozen=True)
class Hydrogenic:
    """A 1s state proportional to exp(-r/radius): radius in nm, binding_energy in eV (positive)."""

    radius: float
    binding_energy: float


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
    """Return where the slope of `energy` vanishes, by one step of Newton: its value tells the place of a minimum to 1e-8 alone."""
    far_below, below, middle, above, far_above = (energy(near + number * _STENCIL) for number in range(-2, 3))
    slope = (8 * (above - below) - (far_above - far_below)) / (12 * _STENCIL)
    return near - slope / ((above - 2 * middle + below) / _STENCIL**2)


def _energy(radius: float, reduced_mass: float, law: Interaction) -> float:
    """Return kinetic energy less the integral of form factor over dielectric function, in the angle t with q radius = 2 tan t."""
    kinetic = HBAR2_PER_M0 / (2 * reduced_mass * radius**2)
    bends = np.arctan(0.5 * radius * np.asarray(getattr(law, "borders", ())))
    angle, weight = gauss_rule(np.unique([*_PANELS, *bends]))
    attraction = weight @ (2 * np.cos(angle) / law.dielectric_function(2 * np.tan(angle) / radius))
    return float(kinetic - COULOMB / radius * attraction)


def form_factor(q: np.ndarray | float, radius: np.ndarray | float) -> np.ndarray:
    """Return sum_k phi*(k) phi(k + q) of exp(-r/radius), that is [1 + (q radius / 2)^2]^(-3/2).

    `q` in 1/nm and `radius` in nm broadcast; at q = 0 the result is 1.
    """
    return (1.0 + (0.5 * np.asarray(q) * radius) ** 2) ** -1.5


def mean_radius(first: float, second: float) -> float:
    """Return the radius (nm) of the product of two 1s states, 2ab/(a+b)."""
    return 2 * first * second / (first + second)


def overlap(first: float, second: float) -> float:
    """Return <1s_a|1s_b> = 4ab/(a+b)^2 for radii a, b in nm."""
    return 4 * first * second / (first + second) ** 2

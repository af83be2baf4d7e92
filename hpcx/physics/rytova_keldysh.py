"""The interaction of two charges in a thin polarisable layer between half spaces, in momentum and in real space.

A layer has a screening length r0 = 2 pi chi (chi its polarisability) and a permittivity kappa around it; without r0
both laws are Coulomb's, 1 / (kappa r). Units as in `hpcx.physics.interaction`; shapes are those of the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import struve, y0, y1

from hpcx.physics.surroundings import Surroundings

Number = np.ndarray | float

#: beyond this argument the asymptotic series of H0 - Y0 is exact to 1e-9, below it the difference itself to 1e-13
_FAR = 30.0
#: its coefficients (-1)^k [(2 k - 1)!!]^2 of z^(-2 k)
_SERIES = np.array([1.0, -1.0, 9.0, -225.0, 11025.0])


@dataclass(frozen=True)
class _Uniform:
    """A layer in surroundings of one permittivity.

    Attributes:
        length: r0 = 2 pi chi.
        permittivity: kappa, the mean of those above and below.
    """

    length: float
    permittivity: float

    @classmethod
    def in_surroundings(cls, length: float, surroundings: Surroundings) -> Self:
        """Return the interaction in a layer of r0 = `length` (nm) in surroundings of one permittivity."""
        return cls(length, surroundings.number("kappa", "1"))


@dataclass(frozen=True)
class RytovaKeldysh(_Uniform):
    """The layer's electrostatics: Rytova (1967); Keldysh, JETP Lett. 29, 658 (1979)."""

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return kappa + r0 q, by which the layer weakens the bare 2 pi / q."""
        return self.permittivity + self.length * np.asarray(q, dtype=float)

    def in_momentum(self, q: Number) -> np.ndarray:
        """Return 2 pi / [q (kappa + r0 q)]."""
        return 2 * np.pi / (q * self.dielectric_function(q))

    def over_disk(self, radius: Number) -> np.ndarray:
        """Return (2 pi / r0) ln(1 + r0 radius / kappa)."""
        if self.length == 0:
            return 2 * np.pi / self.permittivity * np.asarray(radius, dtype=float)
        return 2 * np.pi / self.length * np.log1p(self.length * np.asarray(radius, dtype=float) / self.permittivity)

    def in_space(self, r: Number) -> np.ndarray:
        """Return [H0(z) - Y0(z)] pi / (2 r0) with z = kappa r / r0."""
        if self.length == 0:
            return 1 / (self.permittivity * np.asarray(r, dtype=float))
        return _struve_neumann(self.permittivity * np.asarray(r, dtype=float) / self.length) / self.length


@dataclass(frozen=True)
class Logarithmic(_Uniform):
    """The layer's interaction as Cudazzo, Tokatly, Rubio, PRB 84, 085406 (2011) approximate it by elementary functions.

    V(r) = {ln[(r + a) / r] + (ln 2 - gamma) exp(-r / a)} / r0 with a = r0 / kappa, which is right for small and for
    large r and up to 6 % too weak between, at r = 4 r0 / kappa.
    """

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return 2 pi / (q V(q)), which is kappa at q = 0."""
        q = np.asarray(q, dtype=float)
        above = np.where(q > 0, q, 1.0)
        return np.where(q > 0, 2 * np.pi / (above * self.in_momentum(above)), self.permittivity)

    def in_momentum(self, q: Number) -> np.ndarray:
        """Return (2 pi / r0) [a / q (1/z + d/dz F(z)) + (ln 2 - gamma) a^2 / (1 + z^2)^(3/2)],
        z = a q, F = pi/2 (H0 - Y0).

        The first term follows from int J1(x) / (x + z) dx after an integration by parts.
        """
        if self.length == 0:
            return RytovaKeldysh(0.0, self.permittivity).in_momentum(q)
        a = self.length / self.permittivity
        z = a * np.asarray(q, dtype=float)
        logarithm = np.where(z < _SMALL, _small_slope(z), _large_slope(z)) / z
        return 2 * np.pi * a**2 / self.length * (logarithm + _TAIL * (1 + z**2) ** -1.5)

    def over_disk(self, radius: Number) -> np.ndarray:
        """Return (2 pi / r0) [ln Z + F(Z) - (ln 2 - gamma) / (1 + Z^2)^(1/2)] with Z = a radius."""
        if self.length == 0:
            return RytovaKeldysh(0.0, self.permittivity).over_disk(radius)
        z = self.length / self.permittivity * np.asarray(radius, dtype=float)
        whole = np.log(z) + _struve_neumann(z) - _TAIL / np.sqrt(1 + z**2)
        return 2 * np.pi / self.length * np.where(z < _SMALL, _small_disk(z), whole)

    def in_space(self, r: Number) -> np.ndarray:
        """Return V(r)."""
        if self.length == 0:
            return RytovaKeldysh(0.0, self.permittivity).in_space(r)
        x = self.permittivity * np.asarray(r, dtype=float) / self.length
        return (np.log1p(1 / x) + _TAIL * np.exp(-x)) / self.length


_TAIL = np.log(2) - np.euler_gamma
#: argument below which the logarithmic layer's differences lose digits; their series are exact to 1e-10 there
_SMALL = 1e-5
#: knots of the interpolation between small and far arguments
_KNOTS = 3000


def _small_slope(z: np.ndarray) -> np.ndarray:
    """Return 1/z + d/dz F(z) for small z."""
    return 1 + z / 2 * (np.log(z / 2) + np.euler_gamma - 0.5) - z**2 / 3


def _large_slope(z: np.ndarray) -> np.ndarray:
    """Return 1/z + d/dz F(z) for z that is not small, within 1e-11;
    W is asked at 10^5 momenta, and Struve's functions take long.
    """
    near = _slope_spline()(np.log(np.clip(z, _SMALL, _FAR)))
    return np.where(z > _FAR, 1 / z + _struve_neumann_slope(np.where(z > _FAR, z, 2 * _FAR)), near)


@lru_cache(maxsize=1)
def _slope_spline() -> CubicSpline:
    """Return 1/z + d/dz F(z) against ln z from _SMALL to _FAR."""
    x = np.linspace(np.log(_SMALL), np.log(_FAR), _KNOTS)
    return CubicSpline(x, np.exp(-x) + _struve_neumann_slope(np.exp(x)))


def _small_disk(z: np.ndarray) -> np.ndarray:
    """Return ln z + F(z) - (ln 2 - gamma) / (1 + z^2)^(1/2) for small z."""
    return z + z**2 / 4 * (np.log(z / 2) + np.euler_gamma - 1 + 2 * _TAIL)


def _struve_neumann(z: Number) -> np.ndarray:
    """Return pi/2 [H0(z) - Y0(z)], the integral of exp(-z s) / sqrt(1 + s^2) over s > 0."""
    return _by_range(z, lambda near: 0.5 * np.pi * (struve(0, near) - y0(near)), 1, _SERIES)


def _struve_neumann_slope(z: Number) -> np.ndarray:
    """Return the derivative of `_struve_neumann`, 1 - pi/2 [H1(z) - Y1(z)] < 0."""
    return _by_range(
        z, lambda near: 1 - 0.5 * np.pi * (struve(1, near) - y1(near)), 2, -_SERIES * (2 * np.arange(_SERIES.size) + 1)
    )


def _by_range(z: Number, near: Callable[[np.ndarray], np.ndarray], power: int, series: np.ndarray) -> np.ndarray:
    """Return near(z) up to _FAR, and beyond z^-power times the polynomial `series` of z^-2:
    Struve's functions take long.
    """
    z = np.asarray(z, dtype=float)
    far = z > _FAR
    value = np.empty_like(z)
    value[~far] = near(z[~far])
    value[far] = np.polynomial.polynomial.polyval(z[far] ** -2, series) * z[far] ** -power
    return value

"""The interaction of two charges in a thin polarisable layer, for every module that needs it, in momentum and in real space.

Rytova (1967); Keldysh, JETP Lett. 29, 658 (1979); Cudazzo, Tokatly, Rubio, PRB 84, 085406 (2011). A layer has a screening
length r0 = 2 pi chi (chi its polarisability) and a permittivity kappa around it. Everything is given for two equal charges in
units of e^2 / (4 pi eps0), so that any unit of length will do: the caller multiplies by COULOMB or COULOMB_EV_NM.
"""

from __future__ import annotations

import numpy as np
from scipy.special import struve, y0

#: beyond this r kappa / r0 the asymptotic series of H0 - Y0 is exact to 1e-9, below it the difference itself to 1e-13
_FAR = 30.0
#: its coefficients (-1)^k [(2 k - 1)!!]^2 of z^(-2 k)
_SERIES = (1.0, -1.0, 9.0, -225.0, 11025.0)


def screening_length(polarizability: float) -> float:
    """Return r0 = 2 pi chi, in the unit of `polarizability`."""
    return 2 * np.pi * polarizability


def dielectric_function(q: np.ndarray | float, length: float, permittivity: float) -> np.ndarray | float:
    """Return kappa + r0 q, by which the layer weakens the bare 2 pi / q; shape of `q`, >= 0 in 1/unit of `length`."""
    return permittivity + length * q


def in_momentum(q: np.ndarray | float, length: float, permittivity: float) -> np.ndarray | float:
    """Return 2 pi / [q (kappa + r0 q)] for q > 0; shape of `q`, in the square of the unit of `length`."""
    return 2 * np.pi / (q * dielectric_function(q, length, permittivity))


def over_disk(radius: np.ndarray | float, length: float, permittivity: float) -> np.ndarray | float:
    """Return the integral of q times the interaction over q from 0 to `radius`, (2 pi / r0) ln(1 + r0 radius / kappa)."""
    return 2 * np.pi / length * np.log1p(length * radius / permittivity)


def in_space(r: np.ndarray | float, length: float, permittivity: float) -> np.ndarray | float:
    """Return pi / (2 r0) [H0(z) - Y0(z)] with z = kappa r / r0, for distances r > 0; shape of `r`, in 1/unit of `length`."""
    z = permittivity * np.asarray(r, dtype=float) / length
    far = z > _FAR
    series = np.polynomial.Polynomial(_SERIES)(np.where(far, z, _FAR) ** -2.0)
    near = np.where(far, _FAR, z)
    return 0.5 * np.pi / length * np.where(far, 2 / (np.pi * np.where(far, z, _FAR)) * series, struve(0, near) - y0(near))

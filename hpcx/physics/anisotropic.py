"""The interaction in a thin layer whose polarisability differs along x and y, as in phosphorene.

W(q) = 2 pi / (kappa q + r_x qx^2 + r_y qy^2): along every direction that of a thin layer of its own r0. What does not
know of directions sees the mean over them. Units as in `hpcx.physics.interaction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import sici

from hpcx.physics.interaction import Interaction
from hpcx.physics.rytova_keldysh import Number, RytovaKeldysh
from hpcx.physics.surroundings import Surroundings

#: directions in a quadrant whose mean is that over all of them, to rounding for lengths up to ten times each other
_DIRECTIONS = 24
#: step and largest argument of the double exponential rule over an angle, exact to 1e-11 up to kappa r = 1e4 r0
_STEP, _END = 0.06, 3.6
#: places whose interactions are computed together
_CHUNK = 4096


@dataclass(frozen=True)
class AnisotropicLayer:
    """A thin layer in surroundings of one permittivity.

    Attributes:
        lengths: r0 = 2 pi chi along x and y, both positive.
        permittivity: kappa, the mean of those above and below.
    """

    lengths: tuple[float, float]
    permittivity: float

    @classmethod
    def in_surroundings(cls, length: float, surroundings: Surroundings, length_y: float | None = None) -> Self:
        """Return the layer of r0 = `length` (nm) along x and `length_y` along y, the same by default.

        Raises ValueError for a length of 0 and for slabs, sheets and tables.
        """
        if not surroundings.has("kappa"):
            raise ValueError("an anisotropic layer (screening.r0_y) needs surroundings of one permittivity")
        lengths = length, length if length_y is None else length_y
        if min(lengths) <= 0:
            raise ValueError("an anisotropic layer needs r0 > 0 along x and y")
        return cls(lengths, surroundings.number("kappa", "1"))

    def _along(self, cosine2: np.ndarray) -> np.ndarray:
        """Return r0 along directions with these squared cosines of the angle to x."""
        return self.lengths[1] + (self.lengths[0] - self.lengths[1]) * cosine2

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return [(kappa + r_x q) (kappa + r_y q)]^(1/2), by which the mean over directions weakens 2 pi / q.

        The mean of 1 / (a cos^2 + b sin^2) is (a b)^(-1/2).
        """
        along_x, along_y = (self.permittivity + length * np.asarray(q, dtype=float) for length in self.lengths)
        return np.sqrt(along_x * along_y)

    def in_momentum(self, q: Number) -> np.ndarray:
        """Return the mean of W over directions at q > 0."""
        return 2 * np.pi / (q * self.dielectric_function(q))

    def over_disk(self, radius: Number) -> np.ndarray:
        """Return the integral of q times the mean of W over q from 0 to `radius`."""
        first, second = self.lengths
        root = lambda q: (
            np.sqrt(second * (self.permittivity + first * q)) + np.sqrt(first * (self.permittivity + second * q))
        )
        return 4 * np.pi / np.sqrt(first * second) * np.log(root(np.asarray(radius, dtype=float)) / root(0.0))

    def in_space(self, r: Number) -> np.ndarray:
        """Return the mean over directions at distances r > 0."""
        angle = np.pi / 2 * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
        layers = [RytovaKeldysh(float(length), self.permittivity) for length in self._along(np.cos(angle) ** 2)]
        return np.mean([layer.in_space(r) for layer in layers], axis=0)

    def at_momenta(self, momentum_qx: np.ndarray) -> np.ndarray:
        """Return W at momenta (..., 2), 1/nm, none of them 0."""
        q = np.linalg.norm(momentum_qx, axis=-1)
        return 2 * np.pi / (self.permittivity * q + momentum_qx**2 @ np.array(self.lengths))

    def at_places(self, apart_rx: np.ndarray) -> np.ndarray:
        """Return the interaction at vectors (r, 2), nm, none of them 0.

        Over the modulus of q, W exp(i q r) gives g(kappa r |cos| / r0) / r0 in every direction of q, with the angle
        between q and r and g(z) the integral of cos(t) / (t + z) over t > 0 (DLMF 6.7.14); the rest is the mean of
        twice that over directions. g has a logarithm where q is normal to r.
        """
        parts = np.array_split(apart_rx, 1 + len(apart_rx) // _CHUNK)
        return np.concatenate([self._at_places(part) for part in parts])

    def _at_places(self, apart_rx: np.ndarray) -> np.ndarray:
        distance_r, angle_r = np.linalg.norm(apart_rx, axis=1), np.arctan2(apart_rx[:, 1], apart_rx[:, 0])
        from_normal_a, weight_a = _angles()
        total_r = np.zeros(len(apart_rx))
        for sign in (1, -1):
            length_ra = self._along(np.sin(angle_r[:, None] + sign * from_normal_a) ** 2)
            z = self.permittivity * distance_r[:, None] * np.sin(from_normal_a) / length_ra
            total_r += (_auxiliary(z) / length_ra) @ weight_a / np.pi
        return total_r


def _auxiliary(z: np.ndarray) -> np.ndarray:
    """Return g(z) of the sine and cosine integrals."""
    sine, cosine = sici(z)
    return (np.pi / 2 - sine) * np.sin(z) - cosine * np.cos(z)


def _angles() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the double exponential rule over (0, pi / 2), which crowd at 0."""
    t = np.arange(-_END, _END + _STEP / 2, _STEP)
    angle = np.pi / 2 / (1 + np.exp(-np.pi * np.sinh(t)))
    return angle, _STEP * np.pi * np.cosh(t) * angle * (1 - angle / (np.pi / 2))


def at_momenta(law: Interaction, momentum_qx: np.ndarray) -> np.ndarray:
    """Return an interaction at momenta (..., 2), 1/nm, none of them 0."""
    if isinstance(law, AnisotropicLayer):
        return law.at_momenta(momentum_qx)
    return law.in_momentum(np.linalg.norm(momentum_qx, axis=-1))


def at_places(law: Interaction, apart_rx: np.ndarray, distance_r: np.ndarray) -> np.ndarray:
    """Return an interaction at distances (r,), nm, in the directions of vectors (r, 2).

    The distance may be longer than the vector, if charges are at different heights; where the vector is 0, the mean
    over directions counts.
    """
    if not isinstance(law, AnisotropicLayer):
        return law.in_space(distance_r)
    flat_r = np.linalg.norm(apart_rx, axis=1)
    above = flat_r < 1e-6 * distance_r
    v_r = np.empty(len(distance_r))
    v_r[above] = law.in_space(distance_r[above])
    v_r[~above] = law.at_places(apart_rx[~above] * (distance_r / np.where(above, 1.0, flat_r))[~above, None])
    return v_r

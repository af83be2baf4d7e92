"""Interactions from a dielectric function eps(q) of any shape, W(q) = 2 pi / (q eps(q)), in units of e^2 / (4 pi eps0).

At large q every eps(q) here is a straight line, that of a thin layer, whose transforms are known in closed form. The
difference is confined to small q and is integrated numerically. Shapes are those of the argument.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.special import erfc, j0

from hpcx.physics.rytova_keldysh import Number, RytovaKeldysh

#: Gauss-Legendre nodes per panel
_NODES = 16
#: largest change of the phase q r over a panel, so that its nodes resolve J0(q r)
_PHASE = 8.0
#: centre and width of the phase q r over which the transform ends; what is smooth changes it by exp(-(width / 2)^2)
_END, _FADE = 72.0, 12.0
#: largest number of elements of an array in the transform to real space
_CHUNK = 1 << 20


class Dielectric(Protocol):
    """An interaction as its dielectric function and the momenta at which this has kinks."""

    @property
    def is_smooth(self) -> bool:
        """Whether eps has all derivatives."""
        ...

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return eps at q >= 0."""
        ...

    @property
    def far(self) -> RytovaKeldysh:
        """The thin layer kappa + r0 q that eps(q) joins at large q."""
        ...

    @property
    def borders(self) -> np.ndarray:
        """Ascending momenta from 0 between which eps is smooth; above the last one it is that of `far`. 1/nm."""
        ...


class DielectricLayer:
    """The interaction in momentum space, over disks and in real space,
    for a class that has the members of `Dielectric`.
    """

    is_smooth = False

    def in_momentum(self: Dielectric, q: Number) -> np.ndarray:
        """Return 2 pi / (q eps(q)) at q > 0."""
        return 2 * np.pi / (q * self.dielectric_function(q))

    def over_disk(self: Dielectric, radius: Number) -> np.ndarray:
        """Return the integral of 2 pi / eps(q) over q from 0 to `radius`."""
        upper = np.asarray(radius, dtype=float)
        rest = [_integral(self, end) for end in upper.ravel()]
        return self.far.over_disk(upper) + 2 * np.pi * np.reshape(rest, upper.shape)

    def in_space(self: Dielectric, r: Number) -> np.ndarray:
        """Return the integral of J0(q r) / eps(q) over q at distances r > 0."""
        distance = np.asarray(r, dtype=float)
        return self.far.in_space(distance) + _bessel_transform(self, distance.ravel()).reshape(distance.shape)


def _missing(layer: Dielectric, q: np.ndarray) -> np.ndarray:
    """Return 1/eps minus that of the layer which it joins at large q."""
    return 1 / layer.dielectric_function(q) - 1 / layer.far.dielectric_function(q)


def _integral(layer: Dielectric, end: float) -> float:
    """Return the integral of what is missing from 0 to `end`."""
    borders = layer.borders
    q, weight = gauss_rule(np.append(borders[borders < end], min(end, borders[-1])))
    return float(weight @ _missing(layer, q))


def _bessel_transform(layer: Dielectric, distance: np.ndarray) -> np.ndarray:
    """Return the integral of J0(q r) times what is missing at distances r (p,).

    A smooth function fades out at large phases, where the oscillations of J0 leave nothing of it: far distances would
    need very many nodes.
    """
    transform = np.empty(distance.size)
    octave = np.floor(np.log2(distance)).astype(int)
    for number in np.unique(octave):
        group = np.flatnonzero(octave == number)
        borders, end = layer.borders, 2 * _END / 2.0**number if layer.is_smooth else np.inf
        q, weight = gauss_rule(
            _divided(np.append(borders[borders < end], min(end, borders[-1])), _PHASE / 2.0 ** (number + 1))
        )
        weighted = weight * _missing(layer, q)
        for part in np.array_split(group, 1 + group.size * q.size // _CHUNK):
            phase = distance[part, None] * q
            transform[part] = (
                j0(phase) * erfc((phase - _END) / _FADE) / 2 if layer.is_smooth else j0(phase)
            ) @ weighted
    return transform


def _divided(borders: np.ndarray, longest: float) -> np.ndarray:
    """Return the borders of panels of which none is longer than `longest`."""
    pieces = np.ceil(np.diff(borders) / longest).astype(int)
    parts = [
        np.linspace(low, high, n, endpoint=False) for low, high, n in zip(borders, borders[1:], pieces, strict=False)
    ]
    return np.concatenate([*parts, borders[-1:]])


def gauss_rule(borders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the Gauss-Legendre rule on all panels between ascending borders."""
    node, weight = _reference_rule()
    half = np.diff(borders)[:, None] / 2
    return (borders[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()


@lru_cache(maxsize=1)
def _reference_rule() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(_NODES)

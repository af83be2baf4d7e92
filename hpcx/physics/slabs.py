"""Electrostatics of polarisable sheets between dielectric slabs: substrates, encapsulation of finite thickness, gaps, bilayers.

Layers are homogeneous and anisotropic, with permittivities along the plane (par) and perpendicular to it (perp). A potential
exp(i q x) falls in a slab like exp(-+ q s z) with s = sqrt(par / perp), and the slab answers like k = sqrt(par perp). The
admittance Y of what lies beyond a plane, in units of q / 4 pi, goes from half space inwards by the rule of a transmission line.
Interactions are in units of e^2 / (4 pi eps0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Self

import numpy as np

from hpcx.physics.dielectric import DielectricLayer
from hpcx.physics.rytova_keldysh import Number, RytovaKeldysh
from hpcx.physics.surroundings import Surroundings

#: q times thickness from which a slab is a half space to rounding: exp(-2 x) = 1e-17
_THICK = 20.0
#: q times thickness below which a slab is not seen
_THIN = 1e-2


@dataclass(frozen=True)
class Slab:
    """A dielectric layer; without thickness a half space.

    Attributes:
        parallel, perpendicular: relative permittivities along and across the plane.
        thickness: of the slab, nm, infinite for a half space.
    """

    parallel: float = 1.0
    perpendicular: float = 1.0
    thickness: float = np.inf

    @property
    def response(self) -> float:
        """k = sqrt(par perp), the permittivity that a charge on the surface of a half space sees."""
        return float(np.sqrt(self.parallel * self.perpendicular))

    def phase(self, q: Number) -> np.ndarray:
        """Return x = q d sqrt(par / perp), the number of decay lengths in the slab."""
        return np.asarray(q, dtype=float) * self.thickness * np.sqrt(self.parallel / self.perpendicular)


VACUUM = Slab()


def admittance(slabs: Sequence[Slab], q: Number) -> np.ndarray:
    """Return Y(q) of slabs in order from the sheet outwards, the last one a half space; shape of q.

    Y = k (Y' + k t) / (k + Y' t) with t = tanh x and Y' of what lies beyond the slab.
    """
    beyond = np.full(np.shape(q), slabs[-1].response)
    for slab in reversed(slabs[:-1]):
        k, t = slab.response, np.tanh(slab.phase(q))
        beyond = k * (beyond + k * t) / (k + beyond * t)
    return beyond


@dataclass(frozen=True)
class SlabLayer(DielectricLayer):
    """The interaction in one polarisable sheet between slabs: eps(q) = (Y_above + Y_below) / 2 + r0 q.

    Attributes:
        length: r0 = 2 pi chi of the sheet.
        above, below: slabs from the sheet outwards; the last one of each is a half space.
    """

    length: float
    above: tuple[Slab, ...] = (VACUUM,)
    below: tuple[Slab, ...] = (VACUUM,)

    @classmethod
    def in_surroundings(cls, length: float, surroundings: Surroundings) -> Self:
        """Return the sheet of r0 = `length` between the slabs `slab.1`, `slab.2`, ..., of each side from the sheet outwards.

        What lies beyond the last slab of a side is vacuum, if that slab has a thickness. Raises ValueError for a slab behind one
        that has none.
        """
        slabs = [_slab(surroundings, f"slab.{i}") for i in takewhile(lambda i: surroundings.has(f"slab.{i}.parallel"), count(1))]
        return cls(length, *(_stack([slab for sides, slab in slabs if sides in (side, "both")], side) for side in ("above", "below")))

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return eps(q); eps(0) is the mean response of the outermost half spaces."""
        return (admittance(self.above, q) + admittance(self.below, q)) / 2 + self.length * np.asarray(q, dtype=float)

    @property
    def far(self) -> RytovaKeldysh:
        """The sheet between half spaces of what touches it."""
        return RytovaKeldysh(self.length, (self.above[0].response + self.below[0].response) / 2)

    @property
    def borders(self) -> np.ndarray:
        """Panels that double in length, from where the slabs begin to be seen to where the innermost ones seem infinite."""
        seen = [slab.phase(1.0) for side in (self.above, self.below) for slab in side[:-1]]
        if not seen:
            return np.zeros(1)
        touching = [side[0].phase(1.0) for side in (self.above, self.below) if len(side) > 1]
        first, last = _THIN / sum(seen), _THICK / min(touching)
        return np.concatenate([[0.0], np.geomspace(first, last, 2 + int(np.log2(last / first)))])


def _slab(surroundings: Surroundings, key: str) -> tuple[str, Slab]:
    """Return on which sides ("above", "below", "both") a slab is, and the slab; without `perpendicular` it is isotropic."""
    parallel = surroundings.number(f"{key}.parallel", "1")
    perpendicular = surroundings.number(f"{key}.perpendicular", "1") if surroundings.has(f"{key}.perpendicular") else parallel
    thickness = surroundings.number(f"{key}.thickness", "nm") if surroundings.has(f"{key}.thickness") else np.inf
    return surroundings.text(f"{key}.side"), Slab(parallel, perpendicular, thickness)


def _stack(slabs: list[Slab], side: str) -> tuple[Slab, ...]:
    """Return the slabs of a side, the last one a half space."""
    ends = [number for number, slab in enumerate(slabs, 1) if np.isinf(slab.thickness)]
    if ends and ends[0] < len(slabs):
        raise ValueError(f"slab number {ends[0]} {side} the layer has no thickness, so nothing can lie behind it")
    return tuple(slabs) if ends else (*slabs, VACUUM)


@dataclass(frozen=True)
class SheetStack:
    """Several polarisable sheets with dielectric gaps between them, the first sheet on top.

    Attributes:
        lengths: r0 of every sheet.
        gaps: slab of finite thickness between each sheet and the next.
        above, below: slabs outwards from the first and from the last sheet.
    """

    lengths: tuple[float, ...]
    gaps: tuple[Slab, ...]
    above: tuple[Slab, ...] = (VACUUM,)
    below: tuple[Slab, ...] = (VACUUM,)

    def in_momentum(self, q: Number) -> np.ndarray:
        """Return W_ij(q), shape (sheets, sheets, *q.shape): 4 pi / q times the inverse of the matrix of admittances."""
        q = np.asarray(q, dtype=float)
        sheets = len(self.lengths)
        matrix = np.zeros((*q.shape, sheets, sheets))
        for i, length in enumerate(self.lengths):
            matrix[..., i, i] = 2 * length * q
        matrix[..., 0, 0] += admittance(self.above, q)
        matrix[..., -1, -1] += admittance(self.below, q)
        for i, gap in enumerate(self.gaps):
            x = gap.phase(q)
            # coth x and 1 / sinh x without overflow
            fall = np.exp(-x)
            coth, through = (1 + fall**2) / -np.expm1(-2 * x), 2 * fall / -np.expm1(-2 * x)
            matrix[..., i, i] += gap.response * coth
            matrix[..., i + 1, i + 1] += gap.response * coth
            matrix[..., i, i + 1] = matrix[..., i + 1, i] = -gap.response * through
        return np.moveaxis(4 * np.pi / q[..., None, None] * np.linalg.inv(matrix), (-2, -1), (0, 1))

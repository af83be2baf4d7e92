"""Electrostatics of polarisable sheets between dielectric slabs:
substrates, encapsulation of finite thickness, gaps, bilayers.

Layers are homogeneous and anisotropic, with permittivities along the plane (par) and perpendicular to it (perp). A
potential exp(i q x) falls in a slab like exp(-+ q s z) with s = sqrt(par / perp), and the slab answers like k =
sqrt(par perp). The admittance Y of what lies beyond a plane, in units of q / 4 pi, goes from half space inwards by the
rule of a transmission line; a sheet of r0 = 2 pi chi adds 2 r0 q. Interactions are in units of e^2 / (4 pi eps0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Self

import numpy as np

from hpcx.physics.dielectric import DielectricLayer
from hpcx.physics.rytova_keldysh import Number, RytovaKeldysh
from hpcx.physics.surroundings import Surroundings

#: of whose sheets an environment tells
CARRIERS = ("electron", "hole")
#: q times thickness from which a slab is a half space to rounding: exp(-2 x) = 1e-17
_THICK = 20.0
#: exponent of what is infinite: larger ones are beyond floating-point numbers
_MOST = 600.0
#: q times thickness below which a slab is not seen
_THIN = 1e-2


@dataclass(frozen=True)
class Slab:
    """A dielectric layer; without thickness a half space.

    Attributes:
        parallel, perpendicular: relative permittivities along and across the plane.
        thickness: of the slab, nm, infinite for a half space.
        sheet: r0 of a polarisable sheet on its outer face, nm.
    """

    parallel: float = 1.0
    perpendicular: float = 1.0
    thickness: float = np.inf
    sheet: float = 0.0

    @property
    def response(self) -> float:
        """k = sqrt(par perp), the permittivity that a charge on the surface of a half space sees."""
        return float(np.sqrt(self.parallel * self.perpendicular))

    def phase(self, q: Number) -> np.ndarray:
        """Return x = q d sqrt(par / perp), the number of decay lengths in the slab."""
        return np.asarray(q, dtype=float) * self.thickness * np.sqrt(self.parallel / self.perpendicular)


VACUUM = Slab()


def admittance(slabs: Sequence[Slab], q: Number) -> np.ndarray:
    """Return Y(q) of slabs in order from the charges outwards, the last one a half space; shape of q.

    Y = k (Y' + k t) / (k + Y' t) with t = tanh x and Y' of what lies beyond the slab.
    """
    beyond = np.full(np.shape(q), slabs[-1].response)
    for slab in reversed(slabs[:-1]):
        k, t, beyond = slab.response, np.tanh(slab.phase(q)), beyond + 2 * slab.sheet * np.asarray(q)
        beyond = k * (beyond + k * t) / (k + beyond * t)
    return beyond


def weakening(slabs: Sequence[Slab], passed: int, q: Number) -> np.ndarray:
    """Return by how much a potential falls over the first `passed` slabs, at most exp(_MOST); shape of q.

    A slab weakens it by cosh x + (Y' / k) sinh x with Y' of what lies beyond the slab.
    """
    factor = np.ones(np.shape(q))
    for number, slab in enumerate(slabs[:passed], 1):
        beyond, x = (
            admittance(slabs[number:], q) + 2 * slab.sheet * np.asarray(q),
            np.minimum(slab.phase(q), _MOST / passed),
        )
        factor = factor * (np.cosh(x) + beyond / slab.response * np.sinh(x))
    return factor


@dataclass(frozen=True)
class SlabLayer(DielectricLayer):
    """The interaction in one polarisable sheet between slabs, eps(q) = (Y_above + Y_below) / 2 + r0 q,
    or from it to a sheet below.

    Attributes:
        length: r0 = 2 pi chi of the sheet.
        above, below: slabs, and other sheets on their faces, from the sheet outwards; the last one of each is a half
            space.
        passed: number of slabs below the sheet behind which the other charge is.
    """

    is_smooth = True

    length: float
    above: tuple[Slab, ...] = (VACUUM,)
    below: tuple[Slab, ...] = (VACUUM,)
    passed: int = 0

    @classmethod
    def in_surroundings(cls, length: float, surroundings: Surroundings) -> Self:
        """Return the sheet of r0 = `length` between the slabs `slab.1`, `slab.2`,
        ..., of each side from the sheet outwards.

        What lies beyond the last slab of a side is vacuum, if that slab has a thickness. With `sheet.1`, `sheet.2`, ...
        the interaction is that of an electron and a hole in their sheets, and the slabs are around all of them. Raises
        ValueError for a slab behind one that has none.
        """
        slabs = [_slab(surroundings, f"slab.{i}") for i in _numbers(surroundings, "slab.{}.parallel")]
        above, below = (
            _stack([slab for sides, slab in slabs if sides in (side, "both")], side) for side in ("above", "below")
        )
        sheets = _sheets(surroundings)
        if not sheets:
            return cls(length, above, below)
        first, last = sorted(
            next(i for i, sheet in enumerate(sheets) if carrier in sheet.carriers) for carrier in CARRIERS
        )
        up = [_gap(sheets[i - 1], sheets[i], sheets[i - 1].length) for i in range(first, 0, -1)]
        down = [_gap(sheets[i], sheets[i + 1], sheets[i + 1].length) for i in range(first, len(sheets) - 1)]
        return cls(sheets[first].length, (*up, *above), (*down, *below), last - first)

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return eps(q); eps(0) is the mean response of the outermost half spaces."""
        sheet = (admittance(self.above, q) + admittance(self.below, q)) / 2 + self.length * np.asarray(q, dtype=float)
        return sheet * weakening(self.below, self.passed, q)

    @property
    def far(self) -> RytovaKeldysh:
        """The sheet between half spaces of what touches it; charges in two sheets do not see each other so closely."""
        touching = (self.above[0].response + self.below[0].response) / 2
        return RytovaKeldysh(0.0, np.inf) if self.passed else RytovaKeldysh(self.length, touching)

    @property
    def borders(self) -> np.ndarray:
        """Panels that double in length, from where slabs and sheets begin to be seen
        to where the innermost ones seem infinite.
        """
        inner = [slab for side in (self.above, self.below) for slab in side[:-1]]
        if not inner:
            return np.zeros(1)
        seen, length = sum(slab.phase(1.0) for slab in inner), self.length + sum(slab.sheet for slab in inner)
        touching = [side[0].phase(1.0) for side in (self.above, self.below) if len(side) > 1]
        first = min(_THIN / seen, 1 / length) if length else _THIN / seen
        last = (
            2 * _THICK / sum(slab.phase(1.0) for slab in self.below[: self.passed])
            if self.passed
            else _THICK / min(touching)
        )
        return np.concatenate([[0.0], np.geomspace(first, last, 2 + int(np.log2(last / first)))])


@dataclass(frozen=True)
class _Sheet:
    """A polarisable sheet: height (nm), r0 (nm), the carriers in it ("electron", "hole"),
    and the permittivities of the gap below it.
    """

    height: float
    length: float
    carriers: frozenset[str]
    parallel: float
    perpendicular: float


def _sheets(surroundings: Surroundings) -> list[_Sheet]:
    """Return the sheets from the highest one down; those of one height are one."""
    found: list[_Sheet] = []
    for sheet in sorted(
        (_sheet(surroundings, f"sheet.{i}") for i in _numbers(surroundings, "sheet.{}.r0")),
        key=lambda sheet: -sheet.height,
    ):
        if found and found[-1].height == sheet.height:
            sheet = replace(
                sheet, length=found[-1].length + sheet.length, carriers=found.pop().carriers | sheet.carriers
            )
        found.append(sheet)
    return found


def _sheet(surroundings: Surroundings, key: str) -> _Sheet:
    carriers = surroundings.texts.get(f"{key}.carriers", "")
    gap = [
        surroundings.number(f"{key}.{name}", "1") if surroundings.has(f"{key}.{name}") else None
        for name in ("gap_parallel", "gap_perpendicular")
    ]
    parallel = gap[0] or 1.0
    return _Sheet(
        surroundings.number(f"{key}.height", "nm"),
        surroundings.number(f"{key}.r0", "nm"),
        frozenset(CARRIERS if carriers == "both" else {carriers}),
        parallel,
        gap[1] or parallel,
    )


def _gap(upper: _Sheet, lower: _Sheet, behind: float) -> Slab:
    """Return the slab between two sheets with r0 = `behind` on the face that is seen second."""
    return Slab(upper.parallel, upper.perpendicular, upper.height - lower.height, behind)


def _numbers(surroundings: Surroundings, pattern: str) -> Iterator[int]:
    """Return 1, 2, ... as long as the surroundings have such a number."""
    return takewhile(lambda i: surroundings.has(pattern.format(i)), count(1))


def _slab(surroundings: Surroundings, key: str) -> tuple[str, Slab]:
    """Return on which sides ("above", "below", "both") a slab is, and the slab;
    without `perpendicular` it is isotropic.
    """
    parallel = surroundings.number(f"{key}.parallel", "1")
    perpendicular = (
        surroundings.number(f"{key}.perpendicular", "1") if surroundings.has(f"{key}.perpendicular") else parallel
    )
    thickness = surroundings.number(f"{key}.thickness", "nm") if surroundings.has(f"{key}.thickness") else np.inf
    return surroundings.text(f"{key}.side"), Slab(parallel, perpendicular, thickness)


def _stack(slabs: list[Slab], side: str) -> tuple[Slab, ...]:
    """Return the slabs of a side, the last one a half space."""
    ends = [number for number, slab in enumerate(slabs, 1) if np.isinf(slab.thickness)]
    if ends and ends[0] < len(slabs):
        raise ValueError(f"slab number {ends[0]} {side} the layer has no thickness, so nothing can lie behind it")
    return tuple(slabs) if ends else (*slabs, VACUUM)

"""From calculations to a limit with its error, by source.

Each numerical parameter is refined along a ladder, the others at their base level. The limit of a ladder is where its
models agree (`hpcx.converge.limits`). A calculation in which all are refined together, the corner, joins them:

    value = f(corner) + sum over parameters of (limit of the ladder - ladder at the corner's level) + mixed terms,

where the mixed terms are what is left, in the limit, of the amount by which the corner differs from the sum of the
ladders; they are taken to be products of the leading terms of two parameters. Their whole size counts as an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from hpcx.converge.limits import Limit, limit_of
from hpcx.refinement import Parameter, Quantity

#: finest calculations of a ladder to which its models are fitted
_FINEST = 4
#: share of the way from the finest calculation to the limit that is an error at least, whatever the models say
_TRUST = 0.1
#: the error of a ladder over half the range of its models: a model that is right may be the outermost one
_SAFETY = 1.5
#: how a source is called that is no parameter
CROSS, SOLVER = "mixed terms", "solver"
#: numbers of levels, one per parameter
Place = tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """A limit.

    Attributes:
        value: in the unit of the quantity.
        errors: by source.
        ladders: for each parameter its levels, the values there (others at base), and the limit.
        corner: levels of the calculation that joins the ladders.
    """

    value: float
    errors: dict[str, float]
    ladders: dict[str, Ladder] = field(default_factory=dict)
    corner: Place = ()

    @property
    def error(self) -> float:
        """All errors in quadrature."""
        return float(np.sqrt(sum(error**2 for error in self.errors.values())))


@dataclass(frozen=True)
class Ladder:
    """One parameter's calculations from coarse to fine.

    Attributes:
        levels: numbers of the levels, (n,).
        values: of the quantity, (n,).
        terms: by name, (n,).
        limit: what they tend to.
    """

    levels: np.ndarray
    values: np.ndarray
    terms: dict[str, np.ndarray]
    limit: Limit

    def at(self, level: int) -> float:
        """Return the value at a level of the ladder."""
        return float(self.values[np.flatnonzero(self.levels == level)[0]])


class Family:
    """The calculations of one problem, by their levels.

    Args:
        parameters: that are refined.
        fixed: values of those that are not.
    """

    def __init__(self, parameters: tuple[Parameter, ...], fixed: dict[str, float] | None = None) -> None:
        self.parameters = parameters
        self.fixed = fixed or {}
        self.base: Place = tuple(parameter.base for parameter in parameters)

    def values(self, place: Place) -> dict[str, float]:
        """Return the values of the parameters at given levels."""
        return self.fixed | {parameter.key: parameter.levels[level] for parameter, level in zip(self.parameters, place)}

    def on_ladder(self, number: int, level: int) -> Place:
        """Return the place at a level of a parameter with the others at base."""
        return (*self.base[:number], level, *self.base[number + 1 :])

    def levels(self, number: int, known: dict[Place, float]) -> list[int]:
        """Return the levels of a parameter at which calculations with the others at base are known, rising."""
        return [level for level in range(len(self.parameters[number].levels)) if self.on_ladder(number, level) in known]

    def leading(self, number: int, level: int) -> float:
        """Return the leading term of a parameter at a level, the others at base."""
        parameter = self.parameters[number]
        if parameter.nominal is not None:
            return parameter.nominal(parameter.levels[level])
        return parameter.terms(self.values(self.on_ladder(number, level)))[parameter.leading]

    def corner(self, known: dict[Place, float]) -> Place:
        """Return the finest calculation that joins the ladders: the smallest mixed terms are expected of it."""
        ladders = [set(self.levels(number, known)) for number in range(len(self.parameters))]
        fit = [
            place
            for place in known
            if all(level in ladder and level >= base for level, ladder, base in zip(place, ladders, self.base))
        ]
        return min(fit, key=lambda place: (self.left(place), place))

    def left(self, place: Place) -> float:
        """Return the share of the mixed terms of the base that a corner leaves, over what it shows;
        infinite if it shows nothing.
        """
        ratios = [
            self.leading(number, level) / self.leading(number, base)
            for number, (level, base) in enumerate(zip(place, self.base))
        ]
        pairs = list(combinations(ratios, 2))
        shown = sum((1 - one) * (1 - other) for one, other in pairs)
        return sum(one + other - one * other for one, other in pairs) / shown if shown > 0 else float("inf")

    def answer(self, known: dict[Place, float], quantity: Quantity) -> Answer:
        """Return the limit of a quantity whose values at some places are `known`."""
        even = self._evened(known)
        ladders = {parameter.key: self._ladder(number, even) for number, parameter in enumerate(self.parameters)}
        corner = self.corner(even)
        errors = {key: ladder.limit.error for key, ladder in ladders.items()}
        value = even[corner] + sum(
            ladder.limit.value - ladder.at(level) for ladder, level in zip(ladders.values(), corner)
        )
        if len(self.parameters) > 1:
            shown = even[corner] - even[self.base]
            shown -= sum(
                ladder.at(level) - ladder.at(base) for ladder, level, base in zip(ladders.values(), corner, self.base)
            )
            mixed = shown * self.left(corner) if corner != self.base else 0.0
            errors[CROSS] = abs(mixed) if corner != self.base else float("inf")
            value += mixed
        return Answer(value, errors | {SOLVER: quantity.solver_error}, ladders, corner)

    def _ladder(self, number: int, known: dict[Place, float]) -> Ladder:
        parameter, levels = self.parameters[number], self.levels(number, known)
        places = [self.on_ladder(number, level) for level in levels]
        y = np.array([known[place] for place in places])
        each = [self._terms(number, place) for place in places]
        terms = {name: np.array([one[name] for one in each]) for name in each[0]}
        last = slice(-_FINEST, None)
        models = {" + ".join(names) or "settled": names for names in parameter.models}
        limit = limit_of(
            {name: values[last] for name, values in terms.items()}, y[last], np.zeros(len(y[last])), models
        )
        least = _TRUST * abs(limit.value - y[-1])
        limit = Limit(limit.value, float(np.hypot(_SAFETY * limit.error, least)), limit.models, limit.warnings)
        return Ladder(np.array(levels), y, terms, limit)

    def _terms(self, number: int, place: Place) -> dict[str, float]:
        """Return the terms of a parameter at a place, with the leading one as it is when nothing blurs it."""
        parameter = self.parameters[number]
        found = dict(parameter.terms(self.values(place)))
        if parameter.nominal is None:
            return found
        share = self.leading(number, place[number]) / found[parameter.leading]
        return {name: share * value for name, value in found.items()}

    def _evened(self, known: dict[Place, float]) -> dict[Place, float]:
        """Return the values as they would be if the leading terms were the nominal ones:
        moved along the slope of their ladder.
        """
        moved = dict(known)
        for number, parameter in enumerate(self.parameters):
            if parameter.nominal is None:
                continue
            slopes = self._slopes(number, known)
            for place in moved:
                level = min(slopes, key=lambda one: abs(one - place[number]))
                really = parameter.terms(self.values(place))[parameter.leading]
                moved[place] += slopes[level] * (self.leading(number, place[number]) - really)
        return moved

    def _slopes(self, number: int, known: dict[Place, float]) -> dict[int, float]:
        """Return the slope of the quantity against the leading term at each level of a ladder."""
        parameter, levels = self.parameters[number], self.levels(number, known)
        places = [self.on_ladder(number, level) for level in levels]
        x = np.array([parameter.terms(self.values(place))[parameter.leading] for place in places])
        y = np.array([known[place] for place in places])
        slopes = {}
        for place, level in enumerate(levels):
            ends = slice(max(place - 1, 0), place + 2)
            width = x[ends][-1] - x[ends][0]
            slopes[level] = float((y[ends][-1] - y[ends][0]) / width) if width else 0.0
        return slopes

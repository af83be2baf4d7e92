"""How a model is refined: numerical parameters with the error that each makes,
and the quantities that may be asked for.

A model that `hpcx converge` knows has a module `refinement.py` with

* `START`, dotted keys with values by which an input that leaves numerical parameters out becomes a valid one, and
* `refinement(config, material) -> Refinement`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce
from typing import Any

#: distance from a bound, over the bound, that is none
_CLOSE = 1e-6
#: values of the numerical parameters of a calculation, by key
Values = Mapping[str, float]


class NotRefinedError(ValueError):
    """An input asks for what no theory of the error is known for.

    Attributes:
        key: of the input, by which it asks.
    """

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


@dataclass(frozen=True)
class Parameter:
    """One numerical parameter.

    Attributes:
        key: how it is called: the dotted key of the input, or of the first of several that are refined together.
        levels: its values from coarse to fine; a study begins with the first ones.
        terms: what the error is a sum of, by name: functions of the values of all parameters that vanish in the limit.
        models: the sums that may be all of it, each a tuple of names of terms; the first is what theory expects. The
            empty one says that the value has settled and only scatters.
        reason: why the error is what `models` says.
        nominal: the first term of `models` for a value of this parameter alone, where `terms` know its effect better
            (how many points really are within a cut-off, say), so that the values of others do not blur it; None where
            they are the same.
        base: number of the level at which the other parameters are refined; 0 where the first one does for nearly all
            purposes.
        read: returns the value that an input has; by default that of the key.
        unit: of its values, for printing; "" for a number.
    """

    key: str
    levels: tuple[float, ...]
    terms: Callable[[Values], Mapping[str, float]]
    models: tuple[tuple[str, ...], ...]
    reason: str
    nominal: Callable[[float], float] | None = None
    base: int = 1
    read: Callable[[Any], float] | None = None
    unit: str = ""

    @property
    def text(self) -> str:
        """The key with the unit."""
        return f"{self.key} ({self.unit})" if self.unit else self.key

    def written(self, config: Any) -> float:
        """Return the value that an input has."""
        return self.read(config) if self.read else float(reduce(getattr, self.key.split("."), config))

    @property
    def leading(self) -> str:
        """Name of the term that theory expects to be the largest."""
        return next(names[0] for names in self.models if names)


@dataclass(frozen=True)
class Quantity:
    """A number among the results that may be asked for.

    Attributes:
        path: of the dataset.
        name: for printing.
        unit: in which it is printed.
        labels: the choices for each axis of the dataset; the first is the default. An integer in their
            place stands for that element.
        correction: dataset that is subtracted: an error that is known; "" for none.
        solver_error: what the solver may leave, in `unit`.
        usual: error after the first calculations over the value, as it was seen in other cases; only for what is said
            before them.
        rough: what is about expected, in `unit`; NaN where nobody knows.
        ignores: patterns of parameters that do not matter for it.
        between: bounds of the search by which it is found, in `unit`: at one of them nothing was found.
        chosen: the labels that were chosen.
    """

    path: str
    name: str
    unit: str
    labels: tuple[tuple[str, ...] | int, ...] = ()
    correction: str = ""
    solver_error: float = 0.0
    usual: float = 0.01
    rough: float = math.nan
    ignores: tuple[str, ...] = ()
    between: tuple[float, float] = (-math.inf, math.inf)
    chosen: tuple[str, ...] = ()

    def depends_on(self, key: str) -> bool:
        """Say whether a parameter matters for it."""
        return not any(fnmatchcase(key, pattern) for pattern in self.ignores)

    def complaint(self, value: float) -> str:
        """Return why a value, in `unit`, says nothing, or ""."""
        lower, upper = self.between
        if not math.isfinite(value):
            return f"{self.text} has no finite value"
        if lower + _CLOSE * abs(lower) < value < upper - _CLOSE * abs(upper) or not math.isfinite(lower + upper):
            return ""
        return f"{self.text} is at a bound of its search, {lower:g} to {upper:g} {self.unit}: nothing was found there"

    @property
    def text(self) -> str:
        """The path with the labels that were chosen, as one writes it: "rates/stationary_diffusivity[KK]"."""
        return self.path + (f"[{', '.join(self.chosen)}]" if self.chosen else "")


@dataclass(frozen=True)
class Refinement:
    """How a calculation is refined.

    Attributes:
        parameters: numerical parameters.
        quantities: the known quantities; the first is the default.
        settings: keys of the input for values of the parameters; always the same keys.
        lean: keys of the input by which what the wanted quantities do not need is left out.
        work: cost of a calculation, in any unit, from values alone: the same on every machine, because it decides what
            is computed.
        choices: what else decides the result and is not refined, in words; "" for nothing.
    """

    parameters: tuple[Parameter, ...]
    quantities: tuple[Quantity, ...]
    settings: Callable[[Values], dict[str, Any]]
    lean: Callable[[tuple[Quantity, ...]], dict[str, Any]]
    work: Callable[[Values], float]
    choices: str = ""


def powers(key: str, *exponents: float) -> Callable[[Values], Mapping[str, float]]:
    """Return terms that are inverse powers of one parameter, named by their exponents."""
    return lambda values: {f"{exponent:g}": values[key] ** -exponent for exponent in exponents}

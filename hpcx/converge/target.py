"""The goal of `hpcx converge`: quantities, accuracy and processor time; an error message says what would be valid."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace

from hpcx import units
from hpcx.config.base import Converge
from hpcx.config.errors import InputError, Mistake
from hpcx.refinement import Parameter, Quantity, Refinement
from hpcx.renamed import present
from hpcx.spelling import suggestion

log = logging.getLogger("hpcx")

_BUDGET = re.compile(
    r"(?P<number>[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*core[- ]?(?P<unit>s|sec|seconds?|min|minutes?|h|hours?)\s*"
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_PATH = re.compile(r"(?P<path>[^\[\]]+?)\s*(?:\[(?P<labels>[^\[\]]*)\])?\s*")


@dataclass(frozen=True)
class Goal:
    """What is to be found out.

    Attributes:
        quantities: with their labels chosen.
        target: largest error, in the unit of the quantity, or relative.
        relative: whether it is.
        budget: processor time that may be spent, s; infinite without a bound.
        parameters: that are taken to their limits.
        text: the target as written.
    """

    quantities: tuple[Quantity, ...]
    targets: tuple[float, ...]
    relative: bool
    budget: float
    parameters: tuple[Parameter, ...]
    text: str

    def allowed(self, number: int, value: float) -> float:
        """Return the largest error of a quantity, in its unit, for a value."""
        return self.targets[number] * abs(value) if self.relative else self.targets[number]


def read_goal(written: Converge, refinement: Refinement, source: str) -> Goal:
    """Return the goal that the table [converge] and the command line describe; raises InputError with all mistakes."""
    mistakes: list[Mistake] = []
    quantities = _quantities(written.quantity, refinement, mistakes)
    relative, targets = _targets(written.target, quantities, mistakes)
    budget = _budget(written.budget, mistakes)
    parameters = _parameters(written.limits, refinement, quantities, mistakes)
    if mistakes:
        raise InputError(source, mistakes)
    return Goal(quantities, targets, relative, budget, parameters, written.target or "")


def _quantities(
    written: str | list[str] | None, refinement: Refinement, mistakes: list[Mistake]
) -> tuple[Quantity, ...]:
    words = [refinement.quantities[0].path] if written is None else [written] if isinstance(written, str) else written
    if not words:
        mistakes.append(Mistake("converge.quantity", "must name at least one quantity"))
    found = [_quantity(word, refinement, mistakes) for word in words]
    chosen = [quantity for quantity in found if quantity is not None]
    return tuple({quantity.text: quantity for quantity in chosen}.values())


def _quantity(word: str, refinement: Refinement, mistakes: list[Mistake]) -> Quantity | None:
    known = {quantity.path: quantity for quantity in refinement.quantities}
    parts = _PATH.fullmatch(word.strip())
    path, labels_given = (parts["path"].strip("/ "), parts["labels"] or "") if parts else (word, "")
    if present(path) != path:
        log.warning("%s is now called %s; the old name is accepted in this release only", path, present(path))
        path = present(path)
    path = _in_full(path, refinement.quantities)
    if path not in known:
        near = suggestion(path, list(known)) or suggestion(path, [name.rpartition("/")[2] for name in known])
        mistakes.append(
            Mistake(
                "converge.quantity", f"is not a quantity with a known limit{near}; known are {', '.join(known)}", word
            )
        )
        return None
    quantity = known[path]
    asked = [label.strip() for label in labels_given.split(",") if label.strip()]
    choices = [labels for labels in quantity.labels if not isinstance(labels, int)]
    wrong = [label for label in asked if not any(label in labels for labels in choices)]
    if wrong or len(asked) > len(choices):
        every = "; ".join(" or ".join(labels) for labels in choices) or "no labels"
        near = suggestion(wrong[0], [label for labels in choices for label in labels]) if wrong else ""
        mistakes.append(Mistake("converge.quantity", f"{path} has {every}{near}", word))
        return None
    chosen = tuple(next((label for label in asked if label in labels), labels[0]) for labels in choices)
    return replace(quantity, chosen=chosen)


def _in_full(word: str, quantities: tuple[Quantity, ...]) -> str:
    """Return the path that a part of it, or the first word of its name, stands for: "exciton", "rise_time", "trion"."""
    parts, names = (
        [one.path for one in quantities if word in words(one)]
        for words in (lambda one: one.path.split("/"), lambda one: one.name.split()[:1])
    )
    return next((meant[0] for meant in (parts, names) if len(meant) == 1), word)


def _targets(
    text: str | None, quantities: tuple[Quantity, ...], mistakes: list[Mistake]
) -> tuple[bool, tuple[float, ...]]:
    example = f"0.5 {quantities[0].unit}" if quantities and quantities[0].unit != "1" else "0.01"
    key, hint = "converge.target", f"e.g. --target '{example}', or '1 %' of the value"
    if text is None:
        mistakes.append(Mistake(key, f"missing: how large the error may be, {hint}"))
        return False, ()
    try:
        if text.strip().endswith("%"):
            return True, tuple([_positive(units.parse(text.strip()[:-1], "1") / 100)] * len(quantities))
        if re.fullmatch(r"[\d.eE+-]+", text.strip()) and any(quantity.unit != "1" for quantity in quantities):
            raise ValueError(f"has no unit: {hint}")
        return False, tuple(_positive(units.parse(text, quantity.unit)) for quantity in quantities)
    except ValueError as error:
        mistakes.append(Mistake(key, f"{error}; {hint}" if hint not in str(error) else str(error), text))
        return False, ()


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be more than zero")
    return value


def _budget(text: str | None, mistakes: list[Mistake]) -> float:
    if text is None:
        return float("inf")
    found = _BUDGET.fullmatch(text.strip())
    try:
        if found:
            return _positive(float(found["number"])) * _SECONDS[found["unit"][0]]
    except ValueError:
        pass  # reported below
    mistakes.append(
        Mistake("converge.budget", "must be a processor time such as '10 core-min', '600 core-s' or '2 core-h'", text)
    )
    return float("inf")


def _parameters(
    written: list[str] | None, refinement: Refinement, quantities: tuple[Quantity, ...], mistakes: list[Mistake]
) -> tuple[Parameter, ...]:
    known = {parameter.key: parameter for parameter in refinement.parameters}
    for key in written or []:
        if key not in known:
            mistakes.append(
                Mistake(
                    "converge.limits",
                    f"is not a numerical parameter{suggestion(key, list(known))}; known are {', '.join(known)}",
                    key,
                )
            )
    chosen = [parameter for key, parameter in known.items() if written is None or key in written]
    matter = tuple(
        parameter for parameter in chosen if any(quantity.depends_on(parameter.key) for quantity in quantities)
    )
    if quantities and not matter and not mistakes:
        mistakes.append(
            Mistake("converge.limits", "none of these parameters affects the quantities asked for", written)
        )
    return matter

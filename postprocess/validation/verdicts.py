"""From a statement and the result files to a verdict with its reason."""

from __future__ import annotations

import math
import operator
from dataclasses import asdict, dataclass
from typing import Any

from validation.bands import Band, bands_of
from validation.origins import origin_of
from validation.results import Missing, Results, merge
from validation.table import Paper, Statement

REPRODUCED = "reproduced"
UNCERTAIN = "reproduced with uncertain input"
DIFFERS = "differs"
IDENTITY = "identity"
NOT_COMPARABLE = "not comparable"
NOT_RUN = "not run"
VERDICTS = (REPRODUCED, UNCERTAIN, DIFFERS, IDENTITY, NOT_COMPARABLE, NOT_RUN)
#: verdicts of the section on numerics
HOLDS, FAILS = "holds", "fails"
CHECKS = (HOLDS, FAILS, NOT_RUN)
#: a number this near to its bound, relative to the bound or to the width allowed, is marked
EDGE = 0.1

_CONDITIONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


@dataclass(frozen=True)
class Judgement:
    """A statement with our number and the verdict.

    Attributes:
        statement: what is judged.
        verdict: one of VERDICTS, or of CHECKS in the section on numerics.
        reason: why.
        value: our number; None if there is none.
        error: numerical error bar; None if not estimated.
        bands: what other values of uncertain inputs give; empty without a study.
        unit: unit of the numbers.
        edge: whether our number is close to the bound of its rule, on either side.
        origin: where the inputs behind it are from (see `origins`).
    """

    statement: Statement
    verdict: str
    reason: str
    value: float | None = None
    error: float | None = None
    bands: tuple[Band, ...] = ()
    unit: str = ""
    edge: bool = False
    origin: str = "literature"

    def shown(self) -> str:
        """Return our number as text without unit."""
        if self.value is None:
            return ""
        if self.statement.shows:
            return self.statement.shows.format(self.value)
        return f"{self.value:.4g}"


def judge_paper(paper: Paper, results: Results) -> list[Judgement]:
    """Return the judgements of all statements of a paper."""
    return [judge(statement, results, paper.checks) for statement in paper.statements]


def judge(statement: Statement, results: Results, check: bool = False) -> Judgement:
    """Return the verdict on one statement; `check` for rows of the section on numerics."""
    if statement.not_comparable and statement.ours is None:
        return Judgement(statement, NOT_COMPARABLE, statement.not_comparable, unit=statement.unit)
    try:
        value = results.number(statement.ours)
    except Missing as error:
        return Judgement(statement, NOT_RUN, str(error), unit=statement.unit)
    if not math.isfinite(value):
        return Judgement(statement, FAILS if check else DIFFERS, _join("our result has no such number", statement.note))
    error, bands = _error(statement, value, results), bands_of(statement, value, results)
    agrees = None if statement.not_comparable else agreement(statement, value)
    edge = agrees is not None and near_bound(statement, value, error or 0.0)
    derived = not (check or agrees is None or statement.identity)
    origin, why = origin_of(statement, results) if derived else (statement.inputs, "")
    verdict, reason = _verdict(statement, agrees, check, origin), _join(_reason(statement, agrees, value), why)
    return Judgement(statement, verdict, reason, value, error, bands, statement.unit, edge, origin)


def agreement(statement: Statement, value: float) -> bool:
    """Say whether our number fulfils the statement's rule."""
    if isinstance(statement.paper, list):
        return min(statement.paper) <= value <= max(statement.paper)
    if statement.expect:
        return condition(statement.expect, value)
    return abs(value - statement.paper) <= statement.tolerance


def condition(text: str, value: float) -> bool:
    """Evaluate conditions such as "> 0.5" or "> 0, < 2" for a number; raises ValueError for other text."""
    return all(_CONDITIONS[sign](value, bound) for sign, bound in _parts(text))


def _parts(text: str) -> list[tuple[str, float]]:
    """Return the signs and bounds of a condition; raises ValueError for other text."""
    return [_part(part.strip()) for part in text.split(",")]


def _part(text: str) -> tuple[str, float]:
    for sign in _CONDITIONS:
        if text.startswith(sign):
            return sign, float(text[len(sign) :])
    raise ValueError(f"'{text}' is no condition")


def near_bound(statement: Statement, value: float, error: float) -> bool:
    """Say whether a number lies within EDGE of a bound of its rule, or within its own numerical error.

    EDGE is a share of the tolerance, of half the width between two bounds, or of a single bound.
    """
    bounds = _bounds(statement)
    scale = 0.5 * (max(bounds) - min(bounds)) if len(bounds) > 1 else abs(bounds[0])
    return min(abs(value - bound) for bound in bounds) <= max(EDGE * scale, error)


def _bounds(statement: Statement) -> list[float]:
    if isinstance(statement.paper, list):
        return list(statement.paper)
    if statement.expect:
        return [bound for _, bound in _parts(statement.expect)]
    return [statement.paper - statement.tolerance, statement.paper + statement.tolerance]


def _verdict(statement: Statement, agrees: bool | None, check: bool, origin: str) -> str:
    if agrees is None:
        return NOT_COMPARABLE
    if check:
        return HOLDS if agrees else FAILS
    if not agrees:
        return DIFFERS
    if statement.identity:
        return IDENTITY
    return REPRODUCED if origin == "literature" else UNCERTAIN


def _reason(statement: Statement, agrees: bool | None, value: float) -> str:
    if agrees is None:
        return _join(statement.not_comparable, statement.note)
    if isinstance(statement.paper, list):
        rule = f"{'inside' if agrees else 'outside'} the interval of the paper"
    elif statement.expect:
        rule = f"{'fulfils' if agrees else 'does not fulfil'} the condition {statement.expect}"
    else:
        distance = abs(value - statement.paper)
        rule = f"differs by {distance:.2g}, tolerance {statement.tolerance:g} ({statement.tolerance_reason})"
    return _join(rule, statement.identity, statement.note)


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _error(statement: Statement, value: float, results: Results) -> float | None:
    if statement.finer is None and statement.error is None:
        return None
    try:
        if statement.error is not None:
            return results.number(statement.error)
        return abs(results.number(merge(statement.ours, statement.finer)) - value)
    except Missing:
        return None


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Return all that is known of a statement and its verdict, as plain data."""
    statement = judgement.statement
    return {
        "id": statement.id,
        "group": statement.group,
        "place": statement.place,
        "statement": statement.says,
        "paper": statement.paper,
        "unit": judgement.unit,
        "hpcx": judgement.value,
        "numerical_error": judgement.error,
        "bands": [asdict(band) for band in judgement.bands],
        "inputs": judgement.origin,
        "tolerance": statement.tolerance,
        "tolerance_reason": statement.tolerance_reason,
        "expect": statement.expect,
        "source": statement.ours,
        "verdict": judgement.verdict,
        "near_bound": judgement.edge,
        "reason": judgement.reason,
    }

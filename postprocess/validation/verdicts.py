"""From a statement and the result files to a verdict with its reason."""

from __future__ import annotations

import math
import operator
from dataclasses import asdict, dataclass
from typing import Any

from validation.bands import Band, bands_of
from validation.results import Missing, Results, merge
from validation.table import Paper, Statement

REPRODUCED = "reproduced"
FITTED = "reproduced with fitted input"
DIFFERS = "differs"
NOT_COMPARABLE = "not comparable"
VERDICTS = (REPRODUCED, FITTED, DIFFERS, NOT_COMPARABLE)
#: verdicts of the section on numerics
HOLDS, FAILS = "holds", "fails"

_CONDITIONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


@dataclass(frozen=True)
class Judgement:
    """A statement with our number and the verdict.

    Attributes:
        statement: what is judged.
        verdict: one of VERDICTS, or HOLDS or FAILS.
        reason: why.
        value: our number; None if there is none.
        error: numerical error bar; None if not estimated.
        bands: what other values of uncertain inputs give; empty without a study.
        unit: unit of the numbers.
    """

    statement: Statement
    verdict: str
    reason: str
    value: float | None = None
    error: float | None = None
    bands: tuple[Band, ...] = ()
    unit: str = ""

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
        reason = f"not computed by this version: {error}"
        return Judgement(statement, FAILS if check else NOT_COMPARABLE, reason, unit=statement.unit)
    if not math.isfinite(value):
        return Judgement(statement, FAILS if check else DIFFERS, _join("our result has no such number", statement.note))
    error, bands = _error(statement, value, results), bands_of(statement, value, results)
    agrees = None if statement.not_comparable else agreement(statement, value)
    return Judgement(statement, _verdict(statement, agrees, check), _reason(statement, agrees, value), value, error, bands, statement.unit)


def agreement(statement: Statement, value: float) -> bool:
    """Say whether our number fulfils the statement's rule."""
    if isinstance(statement.paper, list):
        return min(statement.paper) <= value <= max(statement.paper)
    if statement.expect:
        return condition(statement.expect, value)
    return abs(value - statement.paper) <= statement.tolerance


def condition(text: str, value: float) -> bool:
    """Evaluate conditions such as "> 0.5" or "> 0, < 2" for a number; raises ValueError for other text."""
    return all(_one(part.strip(), value) for part in text.split(","))


def _one(text: str, value: float) -> bool:
    for sign, holds in _CONDITIONS.items():
        if text.startswith(sign):
            return bool(holds(value, float(text[len(sign) :])))
    raise ValueError(f"'{text}' is no condition")


def _verdict(statement: Statement, agrees: bool | None, check: bool) -> str:
    if agrees is None:
        return NOT_COMPARABLE
    if check:
        return HOLDS if agrees else FAILS
    if not agrees:
        return DIFFERS
    return REPRODUCED if statement.inputs == "literature" else FITTED


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
    return _join(rule, statement.note)


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
        "inputs": statement.inputs,
        "tolerance": statement.tolerance,
        "tolerance_reason": statement.tolerance_reason,
        "expect": statement.expect,
        "source": statement.ours,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
    }

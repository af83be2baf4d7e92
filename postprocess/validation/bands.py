"""Bands: what other values of uncertain inputs make of a number.

`band` of a statement lists changes of its operand, such as another run; the band holds our number and those. `study` is
one of

    { samples = OPERAND, from = "..." }
        one number per sample of a random study: 5 to 95 % of them
    { percentiles = OPERAND, from = "..." }
        percentiles that the run itself has stored, along an axis `percentile`
    { run = "...", over = ["key", ...], from = "..." }
        the statement's own operand at all points of another run's sweep over these keys
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from validation.results import Missing, Results, merge
from validation.table import Statement

#: percentiles between which a band of samples lies
LOWER, UPPER = 5.0, 95.0


@dataclass(frozen=True)
class Band:
    """Range of a number.

    Attributes:
        lower, upper: its ends.
        source: what was varied, and which range this is.
    """

    lower: float
    upper: float
    source: str


def bands_of(statement: Statement, value: float, results: Results) -> tuple[Band, ...]:
    """Return the bands of a statement whose number is `value`; those that have not been computed are left out."""
    found = [_changed(statement, value, results), _studied(statement, results)]
    return tuple(band for band in found if band is not None)


def _changed(statement: Statement, value: float, results: Results) -> Band | None:
    numbers = [value, *_numbers(statement.ours, statement.band, results)]
    return Band(min(numbers), max(numbers), statement.band_from) if len(numbers) > 1 else None


def _numbers(operand: dict[str, Any], changes: list[dict[str, Any]], results: Results) -> list[float]:
    """Return the finite numbers of an operand under each change, as far as they have been computed."""
    numbers = []
    for change in changes:
        try:
            numbers.append(results.number(merge(operand, change)))
        except Missing:
            continue
    return [number for number in numbers if math.isfinite(number)]


def _studied(statement: Statement, results: Results) -> Band | None:
    study = statement.study
    if study is None:
        return None
    try:
        if "samples" in study:
            return _of_samples(study, results)
        return _of_percentiles(study, results) if "percentiles" in study else _of_sweep(statement, study, results)
    except Missing:
        return None


def _of_samples(study: dict[str, Any], results: Results) -> Band:
    values = results.array(study["samples"]).values
    known = values[np.isfinite(values)]
    share = "" if known.size == values.size else f" ({known.size} of {values.size} samples have such a number)"
    return Band(
        *map(float, np.percentile(known, (LOWER, UPPER))), f"5 to 95 % of {values.size} samples, {study['from']}{share}"
    )


def _of_percentiles(study: dict[str, Any], results: Results) -> Band:
    ends = (results.number(merge(study["percentiles"], {"select": {"percentile": end}})) for end in (LOWER, UPPER))
    return Band(*ends, f"5 to 95 % of the samples, {study['from']}")


def _of_sweep(statement: Statement, study: dict[str, Any], results: Results) -> Band | None:
    values = [results.coordinate(study["run"], name) for name in study["over"]]
    changes = [{"run": study["run"], "select": dict(zip(study["over"], chosen))} for chosen in product(*values)]
    numbers = _numbers(statement.ours, changes, results)
    return Band(min(numbers), max(numbers), f"all {len(numbers)} combinations: {study['from']}") if numbers else None

"""What a study says: lines while it runs, its last line, and converge.h5."""

from __future__ import annotations

import json
import logging
import math
import re
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from hpcx import __version__
from hpcx.config.contents import environments
from hpcx.config.sources import surroundings, units_of_keys
from hpcx.converge.ladders import Answer, Place
from hpcx.converge.plan import are_reached, chosen_moves, moves
from hpcx.converge.run import REACHED, SHORT, Study
from hpcx.io.provenance import now, source_revision, versions
from hpcx.io.reading import Damaged, reading
from hpcx.io.result import Dataset
from hpcx.io.writer import write_alone, write_datasets, write_provenance
from hpcx.refinement import Quantity

log = logging.getLogger("hpcx")

#: name of the file of results, in the output directory
FILE = "converge.h5"


def with_error(value: float, error: float, unit: str) -> str:
    """Return "13.89 +- 0.18 meV": two digits of the error, and as many of the value; no number without an error."""
    if not math.isfinite(error):
        return "has no limit yet"
    if error <= 0:
        return f"{value:.6g} +- {error:g} {unit}".rstrip(" 1")
    digits = max(1 - math.floor(math.log10(float(f"{error:.1e}"))), 0)
    shown = "" if unit == "1" else f" {unit}"
    return f"{value:.{digits}f} +- {error:.{digits}f}{shown}"


def name_of(quantity: Quantity) -> str:
    """Return the name of a quantity with the labels that were chosen."""
    return quantity.name + (f" ({', '.join(quantity.chosen)})" if quantity.chosen else "")


def last_lines(study: Study) -> list[str]:
    """Return the limits as one prints them."""
    pairs = zip(study.goal.quantities, study.answers)
    return [
        f"{name_of(quantity)} {with_error(answer.value, answer.error, quantity.unit)}" for quantity, answer in pairs
    ]


def duration(seconds: float) -> str:
    """Return a processor time in words."""
    if seconds < 120:
        return f"{seconds:.3g} core-s" if seconds >= 10 else f"{seconds:.2g} core-s"
    return f"{seconds / 60:.2g} core-min" if seconds < 7200 else f"{seconds / 3600:.2g} core-h"


def batch_lines(study: Study, places: list[Place]) -> list[str]:
    """Return what a batch has brought: its calculations, the limit with its errors, and what comes next."""
    lines = [_row(study, place) for place in places]
    if len(study.history) <= 1:
        lines.insert(0, _head(study))
    if not study.answers:
        return lines
    for limit, answer, most in zip(last_lines(study), study.answers, study.allowed()):
        errors = ", ".join(f"{source} {error:.2g}" for source, error in answer.errors.items())
        wanted = "" if answer.error <= most else f" (wanted: {most:.2g})"
        lines.append(f"  {limit}{wanted}: {errors}")
    return lines + _ahead(study)


def with_unit(quantity: Quantity) -> str:
    """Return the path of a quantity with its unit, as the head of a column."""
    return quantity.text + ("" if quantity.unit == "1" else f" ({quantity.unit})")


def _head(study: Study) -> str:
    columns = "".join(f"{parameter.text:>22}" for parameter in study.goal.parameters)
    return columns + "".join(f"  {with_unit(quantity):>16}" for quantity in study.goal.quantities) + f"{'core-s':>10}"


def _row(study: Study, place: Place) -> str:
    values = study.family.values(place)
    columns = "".join(f"{values[parameter.key]:>22.5g}" for parameter in study.goal.parameters)
    if place not in study.done:
        return f"{columns}  {study.failed.get(place, 'not computed')}"
    done = study.done[place]
    widths = [max(16, len(with_unit(quantity))) for quantity in study.goal.quantities]
    return (
        columns
        + "".join(f"  {value:>{width}.6g}" for value, width in zip(done.values, widths))
        + f"{done.processor:>10.2f}"
    )


def _ahead(study: Study) -> list[str]:
    """Say what comes next and how much is left, and if the budget will not do."""
    step = chosen_moves(moves(study.family, study.done, study.failed), study.answers, study.allowed(), study.work)
    if not step or are_reached(study.answers, study.allowed()):
        return []
    whole = study.ahead()
    left = (
        f"to the target about {duration(study.seconds(whole.work))}"
        if whole.reached
        else "the target cannot be reached by refinement"
    )
    text = f"  next: {', '.join(move.source for move in step)}, most error per time; {left}"
    needed, budget = study.spent + study.seconds(whole.work), study.goal.budget
    if whole.reached and needed > budget:
        reach = study.ahead(budget - study.spent)
        text += "\n  " + short_of_budget(
            needed,
            budget,
            [f"{error:.2g} {quantity.unit}" for error, quantity in zip(reach.errors, study.goal.quantities)],
        )
    return [text]


def short_of_budget(needed: float, budget: float, errors: list[str]) -> str:
    """Return the warning that a budget (s) is less than what is needed, and the errors that it reaches, as text."""
    return (
        f"WARNING: the budget cannot reach the target: it needs about {duration(needed)}, the budget of"
        f" {duration(budget)} about +- {', '.join(errors)}"
    )


def verdict(study: Study) -> str:
    """Return in a sentence how the study ended."""
    state, why = study.end
    spent = f"{len(study.done)} calculations, {duration(study.spent)}"
    if state == REACHED:
        return f"reached +- {study.goal.text} with {spent}"
    if state == SHORT:
        return f"WARNING: +- {study.goal.text} is not reached: {why} ({spent})"
    return f"{why} ({spent})"


def keep_other(study: Study, directory: Path) -> None:
    """Rename converge.h5 and converge.png if they hold limits that this study has not found;
    by one process. Raises OSError.
    """
    path = directory / FILE
    held = _limits(path)
    if not held or held <= {path_of(quantity) for quantity in study.goal.quantities}:
        return
    name = "_".join(["converge", *sorted(re.sub(r"\W+", "_", one) for one in held)])[:200]
    for old in (path, path.with_suffix(".png")):
        if old.is_file():
            old.replace(directory / f"{name}{old.suffix}")
    log.info("the limits of %s are now in %s.h5", ", ".join(sorted(held)), directory / name)


def _limits(path: Path) -> set[str]:
    """Return the names of the quantities whose limits a converge.h5 holds;
    none if there is no such file, or it is damaged.
    """
    names: list[str] = []
    with suppress(FileNotFoundError, Damaged), reading(path) as file:
        file["limit"].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return {name for name in names if not name.endswith("_error")}


def write_file(study: Study, directory: Path) -> Path:
    """Write converge.h5 and return its path; by one process. Raises OSError."""
    path = directory / FILE
    write_alone(path, lambda file: _fill(file, study))
    return path


def _fill(file: h5py.File, study: Study) -> None:
    data: dict[str, Dataset] = {}
    for quantity, answer in zip(study.goal.quantities, study.answers):
        data |= _limit(quantity, answer)
    data |= _points(study) | _ladders(study)
    write_datasets(file, data)
    write_provenance(file, _provenance(study))


def path_of(quantity: Quantity) -> str:
    """Return the path of a quantity with its labels, as a name of a dataset."""
    return "_".join([quantity.path, *quantity.chosen])


def _limit(quantity: Quantity, answer: Answer) -> dict[str, Dataset]:
    """Return the limit, its error, and the error by source; NaN where there is no limit yet."""
    path, name = path_of(quantity), name_of(quantity)
    value = answer.value if math.isfinite(answer.error) else math.nan
    found = {
        f"limit/{path}": Dataset(np.asarray(value), (), quantity.unit, name),
        f"limit/{path}_error": Dataset(np.asarray(answer.error), (), quantity.unit, f"error of the {name}"),
    }
    for source, error in answer.errors.items():
        found[f"budget/{source.replace(' ', '_')}/{path}"] = Dataset(
            np.asarray(error), (), quantity.unit, f"error of the {name} by {source}"
        )
    return found


def _points(study: Study) -> dict[str, Dataset]:
    """Return all calculations, along one dimension."""
    places = sorted(study.done)
    done = [study.done[place] for place in places]
    columns: dict[str, tuple[list, str, str]] = {}
    for number, parameter in enumerate(study.goal.parameters):
        columns[parameter.key] = (
            [parameter.levels[place[number]] for place in places],
            "1",
            f"{parameter.key} of the calculation",
        )
    for number, quantity in enumerate(study.goal.quantities):
        text = name_of(quantity) + (f", {quantity.correction} subtracted" if quantity.correction else "")
        columns[path_of(quantity)] = ([one.values[number] for one in done], quantity.unit, text)
    columns["seconds"] = ([one.seconds for one in done], "s", "wall time")
    columns["ranks"] = ([one.ranks for one in done], "1", "number of ranks")
    columns["id"] = ([one.id for one in done], "1", "name of the file in converge/points")
    return {
        f"points/{name}": Dataset(np.array(values), ("point",), unit, text)
        for name, (values, unit, text) in columns.items()
    }


def _ladders(study: Study) -> dict[str, Dataset]:
    """Return what the figure shows: for each quantity and parameter the values with all others in their limits,
    against the leading term.
    """
    found = {}
    for quantity, answer in zip(study.goal.quantities, study.answers):
        for parameter in study.goal.parameters:
            ladder, group = answer.ladders[parameter.key], f"ladders/{path_of(quantity)}/{parameter.key}"
            levels = np.array([parameter.levels[level] for level in ladder.levels])
            rest = answer.value - ladder.limit.value
            leading = ladder.terms[parameter.leading]
            found[f"{group}/level"] = Dataset(levels, ("level",), "1", parameter.key)
            found[f"{group}/value"] = Dataset(
                ladder.values + rest, ("level",), quantity.unit, f"{name_of(quantity)}, all else in its limit"
            )
            found[f"{group}/term"] = Dataset(
                leading / leading[0],
                ("level",),
                "1",
                f"{parameter.leading}, over that of the coarsest: {parameter.reason}",
            )
            found[f"{group}/error"] = Dataset(np.asarray(ladder.limit.error), (), quantity.unit, "error of the limit")
    return found


def _provenance(study: Study) -> dict[str, str | float | int]:
    start = study.problem.start
    return {
        "input": study.problem.text,
        "input_file": study.problem.source,
        "settings": json.dumps(study.problem.settings),
        "config": json.dumps(start.config.model_dump(mode="json", by_alias=True)),
        "material": json.dumps(start.material.described(), default=str),
        "surroundings": surroundings(start.config, start.material),
        "environments": json.dumps(
            {key: found.described() for key, found in environments(start.config).items()}, default=str
        ),
        "units": json.dumps(units_of_keys(type(start.config))),
        "versions": json.dumps(versions(source_revision())),
        "target": study.goal.text,
        "end": f"{study.end[0]}: {study.end[1]}".rstrip(": "),
        "processor_time": study.spent,
        "version": __version__,
        "written": now(),
        "failed": json.dumps({str(study.family.values(place)): message for place, message in study.failed.items()}),
    }

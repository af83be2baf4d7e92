"""Reading material files: every number has a value, a unit and a source.

A file looks like

    name = "MoS2"
    formula = "MoS2"

    [bands]
    hopping = { value = 1.10, unit = "eV", source = "Xiao 2012" }

and is asked for `material.number("bands.hopping", "eV")`. Text (`name`, `bands.order`) is read with `material.text`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from hpcx import toml, units
from hpcx.materials.catalogue import NOTES, allowed_number, allowed_words, meant
from hpcx.spelling import suggestion
from hpcx.textfile import text_of

#: what the source of a weak number has
_WEAK = ("[guess", "[fit")


class MaterialError(ValueError):
    """A material file is missing, malformed, or lacks a number that was asked for.

    Attributes:
        problems: all that is wrong, one sentence each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Number:
    """A number (or list of numbers) of a material file with its unit and where it is from."""

    value: float | tuple[float, ...]
    unit: str
    source: str


@dataclass(frozen=True)
class Material:
    """The content of one material or environment file; keys are dotted, e.g. "bands.hopping"."""

    name: str
    origin: str
    numbers: Mapping[str, Number]
    texts: Mapping[str, str]

    @cached_property
    def physics(self) -> dict[str, Any]:
        """All that can change a result, as plain data: numbers with units, without sources, and texts. Nobody may change it."""
        numbers = {key: (number.value, number.unit) for key, number in self.numbers.items()}
        return {"material_numbers": numbers, "material_texts": dict(self.texts)}

    @cached_property
    def encoded(self) -> dict[str, str]:
        """The values of `physics` as JSON: the points of a sweep have one material, which need not be encoded for each."""
        return {key: as_json(value) for key, value in self.physics.items()}

    def described(self) -> dict[str, Any]:
        """Return all that the file says, as plain data: of numbers value, unit and source; the source of a replaced one is "input"."""
        numbers = {key: {"value": number.value, "unit": number.unit, "source": number.source} for key, number in self.numbers.items()}
        return {"name": self.name, "origin": self.origin, "numbers": numbers, "texts": dict(self.texts)}

    def number(self, key: str, unit: str) -> float:
        """Return the number `key` in `unit`; raises MaterialError if it is missing or of another dimension."""
        value = self._entry(key)
        if isinstance(value.value, tuple):
            raise MaterialError(f"{self.name}: '{key}' is a list where one number is needed")
        return self._convert(key, value.value, value.unit, unit)

    def numbers_of(self, key: str, unit: str) -> tuple[float, ...]:
        """Return the list of numbers `key` in `unit`; raises MaterialError as `number` does."""
        entry = self._entry(key)
        values = entry.value if isinstance(entry.value, tuple) else (entry.value,)
        return tuple(self._convert(key, value, entry.unit, unit) for value in values)

    def has(self, key: str) -> bool:
        """Say whether the file has the number `key`."""
        return key in self.numbers

    def text(self, key: str) -> str:
        """Return the text `key`; raises MaterialError if it is missing."""
        if key not in self.texts:
            raise MaterialError(f"{self.name} ({self.origin}) has no text '{key}'{suggestion(key, self.texts)}")
        return self.texts[key]

    def with_parameters(self, parameters: Mapping[str, str | float]) -> Material:
        """Return a material in which numbers are replaced, each in the unit of the file unless given as text with a unit.

        Raises MaterialError for keys that the file does not have.
        """
        numbers, problems = dict(self.numbers), []
        for key, value in parameters.items():
            try:
                numbers[key] = self._replaced(key, value)
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise MaterialError(*problems)
        return replace(self, numbers=numbers) if parameters else self

    def _replaced(self, key: str, value: str | float) -> Number:
        """Return the number that replaces `key`; raises ValueError."""
        entry = self._entry(key)
        if isinstance(entry.value, tuple):
            raise ValueError(f"parameters.'{key}': is a list in {self.origin} and cannot be replaced by one number")
        try:
            number = Number(units.parse(value, entry.unit), entry.unit, "input")
        except ValueError as error:
            raise ValueError(f"parameters.'{key}' = {value!r:.60}: {error}") from error
        wrong = _out_of_bounds(key, number)
        if wrong:
            raise ValueError(f"parameters.'{key}' = {value!r:.60}: {wrong}")
        return number

    def lacking(self, keys: Iterable[str]) -> list[str]:
        """Return a sentence for each of `keys` that the file has neither as a number nor as a text."""
        missing = [key for key in keys if key not in self.numbers and key not in self.texts]
        known = {**self.numbers, **self.texts}
        return [f"{self.name} ({self.origin}) has no '{key}'{suggestion(key, known)}" for key in missing]

    def _entry(self, key: str) -> Number:
        if key not in self.numbers:
            raise MaterialError(f"{self.name} ({self.origin}) has no number '{key}'{suggestion(key, self.numbers)}")
        return self.numbers[key]

    def _convert(self, key: str, value: float, source: str, target: str) -> float:
        try:
            return units.convert(value, source, target)
        except ValueError as error:
            raise MaterialError(f"{self.name}: '{key}': {error}") from error


def used_by(model: str, keys: Iterable[str], models: Iterable[str]) -> list[str]:
    """Return the keys of a material that do not belong to the tables of other models alone; the trion shares those of the exciton."""
    others = {other for other in models if other != model} - ({"exciton"} if model == "trion" else set())
    return [key for key in keys if key.partition(".")[0] not in others]


def weak_numbers(described: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return, of the numbers of `Material.described`, those that are guessed, fitted, or replaced by the input, as text with source."""
    weak = {key: number for key, number in described.items() if any(tag in number["source"] for tag in _WEAK) or number["source"] == "input"}
    return {key: f"{_value_text(number['value'])} {number['unit']}".removesuffix(" 1") + f" ({number['source']})" for key, number in weak.items()}


def _value_text(value: Any) -> str:
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, (list, tuple)) else f"{value:g}"


def as_json(value: Any) -> str:
    """Return the text of a value of which a hash is made."""
    return json.dumps(value, sort_keys=True, default=str)


@lru_cache(maxsize=2)
def library(kind: str) -> dict[str, Path]:
    """Return the files that come with hpcx, by name; `kind` is "material" or "environment"."""
    folder = Path(str(resources.files("hpcx.materials")))
    folder = folder / "environments" if kind == "environment" else folder
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def material_names() -> list[str]:
    """Return the names of the materials that come with hpcx."""
    return list(library("material"))


def load_material(name: str, parameters: Mapping[str, str | float] | None = None) -> Material:
    """Load a material by name, or from a path that ends in .toml, with `parameters` replaced.

    Raises MaterialError if there is no such material, the file cannot be read, or a number lacks unit or source.
    """
    return load_file(name, "material").with_parameters(parameters or {})


def load_file(name: str, kind: str) -> Material:
    """Load a file of `library(kind)` by name, or from a path that ends in .toml; raises MaterialError as `load_material` does."""
    files = library(kind)
    path = files.get(name, Path(name))
    if name not in files and path.suffix != ".toml":
        here = f", such as {name}.toml, which is here" if os.path.isfile(f"{name}.toml") else ""
        raise MaterialError(f"no {kind} '{name}'{suggestion(name, files)} Known: {', '.join(files)}; or give the path of a .toml file{here}")
    try:
        return _parsed(text_of(path), path.stem, path.name if name in files else str(path))
    except OSError as error:
        raise MaterialError(f"cannot read {kind} file {path}: {error.strerror}") from error
    except MaterialError:
        raise
    except ValueError as error:  # no UTF-8, no TOML, a path with a zero byte
        raise MaterialError(f"{str(path)!r}: {error}") from error


@lru_cache(maxsize=8)
def _parsed(text: str, stem: str, origin: str) -> Material:
    """Understand a file; kept, because every point of a sweep asks for it: they then hold one object, which is sent once."""
    numbers: dict[str, Number] = {}
    texts: dict[str, str] = {}
    problems = [f"{origin}: {problem}" for problem in _flatten(toml.loads(text), "", numbers, texts)]
    if problems:
        raise MaterialError(*problems)
    return Material(texts.get("name", stem), origin, numbers, texts)


def _flatten(table: dict[str, Any], prefix: str, numbers: dict, texts: dict) -> list[str]:
    """Sort the entries of a table into numbers and texts by dotted key; return what is wrong with the others."""
    problems = []
    for key, value in table.items():
        path = prefix + key
        if isinstance(value, str):
            texts[path] = value
            problems += _wrong_text(path, value)
        elif isinstance(value, dict) and "value" in value:
            try:
                numbers[path] = number_of(path, value)
            except ValueError as error:
                problems.append(str(error))
        elif isinstance(value, dict):
            problems += _flatten(value, path + ".", numbers, texts)
        elif isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
            problems += _flatten({str(number): entry for number, entry in enumerate(value, 1)}, path + ".", numbers, texts)
        else:
            problems.append(f"'{path}' must be {{ value, unit, source }} or text{meant(path)}")
    return problems


def _wrong_text(path: str, text: str) -> list[str]:
    words = allowed_words(path)
    if words is not None:
        return [] if text in words or not words else [f"{path} = {text!r:.60}: expected {' or '.join(map(repr, words))}"]
    if path.rpartition(".")[2] in NOTES:
        return []
    if allowed_number(path):
        return [f"'{path}' = {text!r:.60} must be {{ value, unit, source }}"]
    return [f"'{path}' is known to no model{meant(path)}"]


def number_of(path: str, entry: dict[str, Any]) -> Number:
    """Return a number from its entry; raises ValueError that names it and says what is wrong."""
    missing = [key for key in ("unit", "source") if not isinstance(entry.get(key), str)]
    if missing or set(entry) - {"value", "unit", "source"}:
        raise ValueError(f"'{path}' must have exactly value, unit and source, the last two as text")
    value = entry["value"]
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
        raise ValueError(f"'{path}': value must be a number or a list of numbers")
    number = Number(tuple(map(units.finite, values)) if isinstance(value, list) else units.finite(value), entry["unit"], entry["source"])
    wrong = _out_of_bounds(path, number)
    if wrong:
        raise ValueError(f"{path} = {value!r:.60} {entry['unit']:.60}: {wrong}")
    return number


def _out_of_bounds(path: str, number: Number) -> str:
    """Return what is wrong with a number: unknown, of another dimension, not finite, outside its bounds; "" if nothing is."""
    allowed = allowed_number(path)
    if allowed is None:
        return f"is known to no model{meant(path)}"
    if isinstance(number.value, tuple) != allowed.is_list:
        return "expected a list of numbers" if allowed.is_list else "expected one number"
    values = number.value if isinstance(number.value, tuple) else (number.value,)
    try:
        converted = [units.convert(value, number.unit, allowed.unit) for value in values]
    except ValueError as error:
        return str(error)
    slack = 1e-9 * max(abs(allowed.low), abs(allowed.high))
    inside = [allowed.low - slack * (allowed.low != 0) <= value <= allowed.high + slack for value in converted]
    whole = not allowed.is_integer or all(value == round(value) for value in converted if math.isfinite(value))
    return "" if all(inside) and whole else f"expected {'numbers ' if allowed.is_list else ''}{allowed.range}"

"""Reading material files: every number has a value, a unit and a source.

A file looks like

    name = "MoS2"
    formula = "MoS2"

    [carriers]
    hopping = { value = 1.10, unit = "eV", source = "Xiao 2012" }

and is asked for `material.number("carriers.hopping", "eV")`. Text (`name`, `carriers.order`) is read with
`material.text`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from hpcx import toml, units
from hpcx.materials.catalogue import NOTES, allowed_number, allowed_words, meaning, meant
from hpcx.materials.renamed import in_new_terms, renamed
from hpcx.spelling import suggestion
from hpcx.textfile import text_of

#: relative tolerance of bounds, for rounding in unit conversion
_ROUNDING = 1e-9
#: the number that is ignored if the surroundings contain the polarisability of the layer
R0 = "interaction.r0"


class MaterialError(ValueError):
    """A material file is missing, malformed, or lacks a required number.

    Attributes:
        problems: all errors, one sentence each.
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

    @property
    def values(self) -> tuple[float, ...]:
        """Return the numbers of a list, or the number alone."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True)
class Material:
    """The content of one material or environment file; keys are dotted, e.g. "carriers.hopping".

    Attributes:
        parameter_set: the set that replaced some of these numbers, "" for none; see `hpcx.materials.sets`.
        built_in: whether the file comes with hpcx.
        own_tables: numbers of old model-specific tables, by the only model that reads them.
        renamed: old names in the file, with the new ones.
    """

    name: str
    origin: str
    numbers: Mapping[str, Number]
    texts: Mapping[str, str]
    parameter_set: str = ""
    built_in: bool = False
    own_tables: Mapping[str, Mapping[str, Number]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of_tables(tables: Mapping[str, Any], stem: str, origin: str, built_in: bool = False) -> Material:
        """Return the material of nested TOML tables; raises MaterialError with all errors."""
        numbers: dict[str, Number] = {}
        texts: dict[str, str] = {}
        own: dict[str, dict[str, Number]] = {}
        old: dict[str, str] = {}
        problems, entries = [], dict(_leaves(tables))
        for path, value in entries.items():
            try:
                new = renamed(path)
                key, owner = new if new else (path, "")
                if new:
                    value, old[path] = in_new_terms(path, value, entries.get("lattice.constant")), key
                if isinstance(value, str):
                    texts[key] = _text_of(path, key, value)
                else:
                    (own.setdefault(owner, {}) if owner else numbers)[key] = number_of(key, value, path)
            except ValueError as error:
                problems.append(f"{origin}: {error}")
        if problems:
            raise MaterialError(*problems)
        return Material(texts.get("name", stem), origin, numbers, texts, "", built_in, own, old)

    @cached_property
    def physics(self) -> dict[str, Any]:
        """What results can depend on, as plain read-only data: numbers with units, without sources, and texts."""
        numbers = {key: (number.value, number.unit) for key, number in self.numbers.items()}
        return {"material_numbers": numbers, "material_texts": dict(self.texts)}

    @cached_property
    def encoded(self) -> dict[str, str]:
        """The values of `physics` as JSON, encoded once for all points of a sweep."""
        return {key: as_json(value) for key, value in self.physics.items()}

    def described(self) -> dict[str, Any]:
        """Return the content of the file as plain data: value, unit and source of numbers, and texts.

        The source of a replaced number is "input".
        """
        numbers = {
            key: {"value": number.value, "unit": number.unit, "source": number.source}
            for key, number in self.numbers.items()
        }
        return {
            "name": self.name,
            "origin": self.origin,
            "parameter_set": self.parameter_set,
            "numbers": numbers,
            "texts": dict(self.texts),
        }

    def number(self, key: str, unit: str) -> float:
        """Return the number `key` in `unit`; raises MaterialError if it is missing or of another dimension."""
        value = self._entry(key)
        if isinstance(value.value, tuple):
            raise MaterialError(f"{self.name}: '{key}' is a list where one number is needed")
        return self._convert(key, value.value, value.unit, unit)

    def numbers_of(self, key: str, unit: str) -> tuple[float, ...]:
        """Return the list of numbers `key` in `unit`; raises MaterialError as `number` does."""
        entry = self._entry(key)
        return tuple(self._convert(key, value, entry.unit, unit) for value in entry.values)

    def has(self, key: str) -> bool:
        """Say whether the file has the number `key`."""
        return key in self.numbers

    @property
    def knows_layer(self) -> bool:
        """Whether these surroundings contain the polarisability of the layer, as a table or sheets do."""
        return hold_layer(self.numbers)

    def text(self, key: str) -> str:
        """Return the text `key`; raises MaterialError if it is missing."""
        if key not in self.texts:
            raise MaterialError(f"{self.name} ({self.origin}) has no text '{key}'{suggestion(key, self.texts)}")
        return self.texts[key]

    def with_parameters(self, parameters: Mapping[str, str | float]) -> Material:
        """Return a material with replaced numbers, in the unit of the file unless given as text with a unit.

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
        """Return a sentence for each of `keys` that is neither a number nor a text of the file."""
        missing = [key for key in keys if key not in self.numbers and key not in self.texts]
        return [f"{self.name} ({self.origin}) has no '{key}': {meaning(key)}" for key in missing]

    def _entry(self, key: str) -> Number:
        if key not in self.numbers:
            raise MaterialError(f"{self.name} ({self.origin}) has no number '{key}'{suggestion(key, self.numbers)}")
        return self.numbers[key]

    def _convert(self, key: str, value: float, source: str, target: str) -> float:
        try:
            return units.convert(value, source, target)
        except ValueError as error:
            raise MaterialError(f"{self.name}: '{key}': {error}") from error


def hold_layer(keys: Collection[str]) -> bool:
    """Say whether these keys are of surroundings with the polarisability of the layer: a table or sheets."""
    return "table.q" in keys or "sheet.1.r0" in keys


def as_json(value: Any) -> str:
    """Return a value as JSON, for hashing."""
    return json.dumps(value, sort_keys=True, default=str)


#: where the files of each kind are
_FOLDERS = {"material": ".", "environment": "environments", "parameter set": "sets"}


@lru_cache(maxsize=len(_FOLDERS))
def library(kind: str) -> dict[str, Path]:
    """Return the files that come with hpcx, by name; `kind` is "material", "environment" or "parameter set"."""
    folder = Path(str(resources.files("hpcx.materials"))) / _FOLDERS[kind]
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def material_names() -> list[str]:
    """Return the names of the materials that come with hpcx."""
    return list(library("material"))


def load_material(name: str) -> Material:
    """Load a material by name, or from a path that ends in .toml.

    Raises MaterialError if there is no such material, the file cannot be read, or a number lacks unit or source.
    """
    return load_file(name, "material")


def load_file(name: str, kind: str) -> Material:
    """Load a file of `library(kind)` by name, or from a path that ends in .toml;
    raises MaterialError as `load_material` does.
    """
    return _parsed(*file_text(name, kind), name in library(kind))


def file_text(name: str, kind: str) -> tuple[str, str, str]:
    """Return the text of a file of `library(kind)` or from a path, its default name, and its origin for messages.

    Raises MaterialError if there is no such file, or if it cannot be read.
    """
    files = library(kind)
    path = files.get(name, Path(name))
    if name not in files and path.suffix != ".toml":
        here = f", such as {name}.toml, which is here" if os.path.isfile(f"{name}.toml") else ""
        raise MaterialError(
            f"no {kind} '{name}'{suggestion(name, files)} Known: {', '.join(files)}; or give the path of a .toml"
            f" file{here}"
        )
    try:
        return text_of(path), path.stem, path.name if name in files else str(path)
    except OSError as error:
        raise MaterialError(f"cannot read {kind} file {path}: {error.strerror}") from error
    except ValueError as error:  # no UTF-8, a path with a zero byte
        raise MaterialError(f"{str(path)!r}: {error}") from error


def read_tables(text: str, origin: str) -> dict[str, Any]:
    """Return the nested tables of a file's text; raises MaterialError."""
    try:
        return toml.loads(text)
    except toml.TomlError as error:
        raise MaterialError(f"{origin!r}: {error}") from error


@lru_cache(maxsize=8)
def _parsed(text: str, stem: str, origin: str, built_in: bool) -> Material:
    """Parse a file; cached, so that all points of a sweep share one object, which is sent to other ranks once."""
    return Material.of_tables(read_tables(text, origin), stem, origin, built_in)


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of nested tables by dotted key; lists of tables are numbered from 1."""
    for key, value in table.items():
        if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
            value = {str(number): entry for number, entry in enumerate(value, 1)}
        if isinstance(value, dict) and "value" not in value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _text_of(path: str, key: str, text: str) -> str:
    """Return the text at `path`, whose present name is `key`; raises ValueError if it is not allowed there."""
    words = allowed_words(key)
    if words is None and key.rpartition(".")[2] not in NOTES:
        raise ValueError(
            f"'{path}' = {text!r:.60} must be {{ value, unit, source }}"
            if allowed_number(key)
            else f"'{path}' is not used by any model{meant(key)}"
        )
    if words and text not in words:
        raise ValueError(f"{path} = {text!r:.60}: expected {' or '.join(map(repr, words))}")
    return text


def number_of(key: str, entry: Any, written: str = "") -> Number:
    """Return the number `key` from its entry; raises ValueError, which names it as `written` in the file."""
    path = written or key
    if not isinstance(entry, dict):
        raise ValueError(f"'{path}' must be {{ value, unit, source }} or text{meant(path)}")
    missing = [key for key in ("unit", "source") if not isinstance(entry.get(key), str)]
    beyond = sorted(set(entry) - {"value", "unit", "source"})
    if missing or beyond:
        why = f"lacks {' and '.join(missing)} as text" if missing else f"has {beyond[0]:.60}, too"
        raise ValueError(
            f'\'{path}\' must have exactly value, unit and source and {why}: {{ value = 1.0, unit = "eV", source = "my'
            ' measurement" }'
        )
    value = entry["value"]
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
        raise ValueError(f"'{path}': value must be a number or a list of numbers")
    number = Number(
        tuple(map(units.finite, values)) if isinstance(value, list) else units.finite(value),
        entry["unit"],
        entry["source"],
    )
    wrong = _out_of_bounds(key, number)
    if wrong:
        raise ValueError(f"{path} = {value!r:.60} {entry['unit']:.60}: {wrong}")
    return number


def _out_of_bounds(path: str, number: Number) -> str:
    """Return the error of a number (unknown, wrong dimension, not finite, out of bounds), or ""."""
    allowed = allowed_number(path)
    if allowed is None:
        return f"is not used by any model{meant(path)}"
    if isinstance(number.value, tuple) != allowed.is_list:
        return "expected a list of numbers" if allowed.is_list else "expected one number"
    try:
        converted = [units.convert(value, number.unit, allowed.unit) for value in number.values]
    except ValueError as error:
        return str(error)
    low, high = allowed.low - _ROUNDING * abs(allowed.low), allowed.high + _ROUNDING * abs(allowed.high)
    inside = [low <= value <= high for value in converted]
    whole = not allowed.is_integer or all(value == round(value) for value in converted if math.isfinite(value))
    return "" if all(inside) and whole else f"expected {'numbers ' if allowed.is_list else ''}{allowed.range}"

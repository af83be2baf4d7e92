"""Reading material files: every number has a value, a unit and a source.

A file looks like

    name = "MoS2"
    formula = "MoS2"

    [bands]
    hopping = { value = 1.10, unit = "eV", source = "Xiao 2012" }

and is asked for `material.number("bands.hopping", "eV")`. Text (`name`, `bands.order`) is read with `material.text`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from hpcx import units


class MaterialError(ValueError):
    """A material file is missing, malformed, or lacks a number that was asked for."""


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
            raise MaterialError(f"{self.name} ({self.origin}) has no text '{key}'{_suggest(key, self.texts)}")
        return self.texts[key]

    def with_parameters(self, parameters: Mapping[str, str | float]) -> Material:
        """Return a material in which numbers are replaced, each in the unit of the file unless given as text with a unit.

        Raises MaterialError for keys that the file does not have.
        """
        if not parameters:
            return self
        numbers = dict(self.numbers)
        for key, value in parameters.items():
            entry = self._entry(key)
            try:
                numbers[key] = Number(units.parse(value, entry.unit), entry.unit, "input")
            except ValueError as error:
                raise MaterialError(f"parameters.'{key}': {error}") from error
        return replace(self, numbers=numbers)

    def _entry(self, key: str) -> Number:
        if key not in self.numbers:
            raise MaterialError(f"{self.name} ({self.origin}) has no number '{key}'{_suggest(key, self.numbers)}")
        return self.numbers[key]

    def _convert(self, key: str, value: float, source: str, target: str) -> float:
        try:
            return units.convert(value, source, target)
        except ValueError as error:
            raise MaterialError(f"{self.name}: '{key}': {error}") from error


def _suggest(key: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


@lru_cache(maxsize=2)
def _library(kind: str) -> dict[str, Path]:
    folder = Path(str(resources.files("hpcx.materials")))
    folder = folder / "environments" if kind == "environment" else folder
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def material_names() -> list[str]:
    """Return the names of the materials that come with hpcx."""
    return list(_library("material"))


def environment_names() -> list[str]:
    """Return the names of the dielectric environments that come with hpcx."""
    return list(_library("environment"))


def load_material(name: str, parameters: Mapping[str, str | float] | None = None) -> Material:
    """Load a material by name, or from a path that ends in .toml, with `parameters` replaced.

    Raises MaterialError if there is no such material, the file cannot be read, or a number lacks unit or source.
    """
    return _load(name, "material").with_parameters(parameters or {})


def load_environment(name: str) -> Material:
    """Load a dielectric environment by name or path; raises MaterialError as `load_material` does."""
    return _load(name, "environment")


def _load(name: str, kind: str) -> Material:
    library = _library(kind)
    path = library.get(name, Path(name))
    if name not in library and path.suffix != ".toml":
        known = ", ".join(library)
        raise MaterialError(f"no {kind} '{name}'{_suggest(name, library)} Known: {known}; or give the path of a .toml file")
    try:
        return _parsed(path.read_text(), path.stem, path.name if name in library else str(path))
    except OSError as error:
        raise MaterialError(f"cannot read {kind} file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MaterialError(f"{path}: {error}") from error


@lru_cache(maxsize=8)
def _parsed(text: str, stem: str, origin: str) -> Material:
    """Understand a file; kept, because every point of a sweep asks for it: they then hold one object, which is sent once."""
    numbers: dict[str, Number] = {}
    texts: dict[str, str] = {}
    _flatten(tomllib.loads(text), "", numbers, texts, origin)
    return Material(texts.get("name", stem), origin, numbers, texts)


def _flatten(table: dict[str, Any], prefix: str, numbers: dict, texts: dict, origin: str) -> None:
    for key, value in table.items():
        path = prefix + key
        if isinstance(value, str):
            texts[path] = value
        elif isinstance(value, dict) and "value" in value:
            numbers[path] = _number(path, value, origin)
        elif isinstance(value, dict):
            _flatten(value, path + ".", numbers, texts, origin)
        else:
            raise MaterialError(f"{origin}: '{path}' must be {{ value, unit, source }} or text")


def _number(path: str, entry: dict[str, Any], origin: str) -> Number:
    missing = [key for key in ("unit", "source") if not isinstance(entry.get(key), str)]
    if missing or set(entry) - {"value", "unit", "source"}:
        raise MaterialError(f"{origin}: '{path}' must have exactly value, unit and source")
    value = entry["value"]
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
        raise MaterialError(f"{origin}: '{path}': value must be a number or a list of numbers")
    number = tuple(float(v) for v in value) if isinstance(value, list) else float(value)
    return Number(number, entry["unit"], entry["source"])

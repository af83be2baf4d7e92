"""Where numbers come from: dielectric surroundings in words, materials as the input changes them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from hpcx.config.base import RunInput, value_of
from hpcx.config.fields import keys_of
from hpcx.config.idle import written
from hpcx.config.point import Point
from hpcx.materials.environment import load_environment, told, told_number
from hpcx.materials.loader import Material
from hpcx.materials.renamed import announcement
from hpcx.materials.sets import load_numbers

#: part of the source of a number that `hpcx init` has taken from another material
REPLACE = "to be replaced"


def surroundings(config: RunInput, material: Material) -> str:
    """Return the dielectric surroundings with their source: "hBN: kappa = 4.5 (both sides [guess])"."""
    for key in config.surroundings:
        if key in material.numbers:
            return told_number("kappa", material.numbers[key])
        value = value_of(config, key)
        if isinstance(value, str):
            return told(load_environment(value))
        if value is not None:
            return f"kappa = {value:g} ({key}, {'written in the input' if key in written(config) else 'default'})"
    return ""


def surroundings_of_all(points: Iterable[Point]) -> str:
    """Return the surroundings of all points in words, each once."""
    return "; ".join(dict.fromkeys(surroundings(point.config, point.material) for point in points))


def materials_of_all(points: Iterable[Point], axes: Iterable[str]) -> dict[str, Any]:
    """Return by name the numbers of all materials with sources, as the input replaces them, without swept ones."""
    swept, found = [key.removeprefix("parameters.") for key in axes], {}
    for config in (point.config for point in points):
        name = config.material if "parameter_set" not in axes else f"{config.material}, {config.parameter_set}"
        if name not in found:
            kept = {key: value for key, value in config.parameters.items() if key not in swept}
            numbers = load_numbers(config.material, config.model, config.parameter_set, config.numbers_from)
            found[name] = numbers.with_parameters(kept).described()
    return found


def cautions(points: Iterable[Point]) -> list[str]:
    """Return warnings of old names, and of numbers that `hpcx init` took from another material."""
    materials = {point.material.origin: point.material for point in points if not point.error}
    found = [announcement(name, material.renamed) for name, material in materials.items() if material.renamed]
    for name, material in materials.items():
        keys = [key for key, number in material.numbers.items() if REPLACE in number.source]
        found += [f"{name} has numbers of another material, to be replaced: {', '.join(keys)}"] if keys else []
    return found


@lru_cache(maxsize=8)
def units_of_keys(config: type[RunInput]) -> dict[str, str]:
    """Return by dotted key the unit of every key of the input that has one."""
    return {key.name: key.unit for key in keys_of(config) if key.unit}

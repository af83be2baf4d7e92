"""Keys of the input without effect, because another key switches off what they belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pydantic import BaseModel

from hpcx.config.base import value_of
from hpcx.config.point import Point


def idle_keys(points: Iterable[Point], but: Collection[str] = ()) -> list[str]:
    """Return a sentence for every written key, `but` some, that has no effect at any of the points."""
    found = [_idle(point) for point in points if not point.error]
    common = set.intersection(*map(set, found)) - set(but) if found else set()
    return [f"{key} has no effect: {reason}" for key, reason in found[0].items() if key in common] if found else []


def _idle(point: Point) -> dict[str, str]:
    """Return key -> why it has no effect, for the written keys of one point."""
    found: dict[str, str] = {}
    for key in written(point.config):
        for rule in point.config.effects:
            needed = {name: _value(point, name) for name in rule.needs}
            belongs = key not in needed and any(key == name or key.startswith(f"{name}.") for name in rule.keys)
            if belongs and not any(map(rule.acts, needed.values())):
                found.setdefault(key, ", ".join(f"{name} = {_shown(value)}" for name, value in needed.items()))
    return found


def _value(point: Point, name: str) -> object:
    """Return what a key of the input or a number of the material is; None for a number that the material lacks."""
    number = name.removeprefix("parameters.")
    if number == name:
        return value_of(point.config, name)
    return point.material.numbers[number].value if point.material.has(number) else None


def written(section: BaseModel, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys that the input has set, by the names of the input."""
    for name in type(section).model_fields:
        if name in section.model_fields_set:
            value = getattr(section, name)
            if isinstance(value, BaseModel):
                yield from written(value, f"{prefix}{name}.")
            else:
                yield prefix + name


def _shown(value: object) -> str:
    if value is None:
        return "(not given)"
    return str(value).lower() if isinstance(value, bool) else f"'{value}'" if isinstance(value, str) else str(value)

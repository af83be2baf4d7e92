"""What `hpcx materials` prints."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TypeVar

from hpcx.materials.environment import environment_names, is_environment, load_environment
from hpcx.materials.loader import Number, load_material
from hpcx.materials.renamed import announcement
from hpcx.materials.sets import sets_of

T = TypeVar("T")


def environments() -> str:
    """Return a line for each environment of hpcx: its name and what it is."""
    width = max(map(len, environment_names()))
    return "\n".join(
        f"  {name:<{width}} {load_environment(name).texts.get('comment', '')}".rstrip() for name in environment_names()
    )


def listing(name: str, wanted: Container[str] | None = None) -> str:
    """Return all numbers of a material or environment with unit and source, and those that parameter sets replace.

    If `wanted` is given, only these numbers of a material. Raises MaterialError.
    """
    if is_environment(name):
        environment = load_environment(name)
        return _table(environment.texts, environment.numbers)
    material = load_material(name)
    parts = [_table(_among(material.texts, wanted, ("name",)), _among(material.numbers, wanted))]
    own = {f"the model {model} alone": numbers for model, numbers in material.own_tables.items()}
    sets = sets_of(material.name) if material.built_in else {}
    own |= {f"parameter set {name}, in place of these": numbers for name, numbers in sets.items()}
    parts += [
        f"{title}:\n{_table({}, _among(numbers, wanted))}" for title, numbers in own.items() if _among(numbers, wanted)
    ]
    return "\n\n".join([*parts, *([announcement(name, material.renamed)] if material.renamed else [])])


def _among(entries: Mapping[str, T], wanted: Container[str] | None, always: tuple[str, ...] = ()) -> dict[str, T]:
    """Return the wanted entries, or all if `wanted` is None."""
    return {key: value for key, value in entries.items() if wanted is None or key in wanted or key in always}


def _table(texts: Mapping[str, str], numbers: Mapping[str, Number]) -> str:
    rows = [f"{key:<55} {text}" for key, text in texts.items()]
    for key, number in numbers.items():
        rows.append(
            f"{key:<55} {', '.join(f'{value:g}' for value in number.values) + f' {number.unit}':<20} {number.source}"
        )
    return "\n".join(rows)

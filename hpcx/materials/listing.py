"""What `hpcx materials` prints."""

from __future__ import annotations

from collections.abc import Mapping

from hpcx.materials.environment import is_environment, load_environment
from hpcx.materials.loader import Number, load_material
from hpcx.materials.renamed import announcement
from hpcx.materials.sets import sets_of


def listing(name: str) -> str:
    """Return all numbers of a material or environment with unit and source, and what parameter sets have in their place; raises MaterialError."""
    if is_environment(name):
        environment = load_environment(name)
        return _table(environment.texts, environment.numbers)
    material = load_material(name)
    parts = [_table(material.texts, material.numbers)]
    parts += [f"the model {model} alone:\n{_table({}, numbers)}" for model, numbers in material.own_tables.items()]
    if material.built_in:
        parts += [f"parameter set {name}, in place of these:\n{_table({}, numbers)}" for name, numbers in sets_of(material.name).items()]
    return "\n\n".join([*parts, *([announcement(name, material.renamed)] if material.renamed else [])])


def _table(texts: Mapping[str, str], numbers: Mapping[str, Number]) -> str:
    rows = [f"{key:<55} {text}" for key, text in texts.items()]
    for key, number in numbers.items():
        rows.append(f"{key:<55} {', '.join(f'{value:g}' for value in number.values) + f' {number.unit}':<20} {number.source}")
    return "\n".join(rows)

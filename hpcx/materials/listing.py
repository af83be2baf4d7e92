"""What `hpcx materials` prints."""

from __future__ import annotations

from hpcx.materials.environment import is_environment, load_environment
from hpcx.materials.loader import Material, load_material


def listing(name: str) -> str:
    """Return all numbers of a material or environment with unit and source; raises MaterialError."""
    return _table(load_environment(name) if is_environment(name) else load_material(name))


def _table(material: Material) -> str:
    rows = [f"{key:<34}{text}" for key, text in material.texts.items()]
    for key, number in material.numbers.items():
        values = number.value if isinstance(number.value, tuple) else (number.value,)
        rows.append(f"{key:<34}{', '.join(f'{value:g}' for value in values)} {number.unit:<12} {number.source}")
    return "\n".join(rows)

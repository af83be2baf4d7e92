"""Names of material numbers in hpcx 0.1: an input may still use them in `parameters`, with a warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpcx.config.errors import Mistake
from hpcx.materials.renamed import announcement, new_name, value_in_new_terms

_HEAD = "parameters."


def with_new_names(table: dict[str, Any], source: str) -> tuple[dict[str, Any], list[str], list[Mistake]]:
    """Return an input with new names in `parameters` and `sweep`, an announcement of the old ones, and mistakes."""
    changed: dict[str, str] = {}
    mistakes: list[Mistake] = []
    new = dict(table)
    for place, head, each in (("parameters", "", lambda change, value: change(value)), ("sweep", _HEAD, _each_value)):
        entries = table.get(place)
        if isinstance(entries, dict):
            new[place] = _renamed(entries, head, each, str(table.get("model")), changed, mistakes)
    return new, [announcement(source, changed)] if changed else [], mistakes


def _renamed(
    entries: dict[str, Any],
    head: str,
    each: Callable[[Callable, Any], Any],
    model: str,
    changed: dict[str, str],
    mistakes: list[Mistake],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for written, value in entries.items():
        key, name = written, written.removeprefix(head)
        try:
            new = new_name(name, model) if written.startswith(head) else ""
            if new:
                key, changed[name] = head + new, new
                value = each(lambda one, name=name: value_in_new_terms(name, one), value)
        except ValueError as error:
            mistakes.append(Mistake(_HEAD + name, str(error)))
        if key in found or (key != written and key in entries):
            mistakes.append(Mistake(_HEAD + name, f"is given twice: it is {changed[name]} now"))
        found[key] = value
    return found


def _each_value(change: Callable[[Any], Any], values: Any) -> Any:
    """Change the values of a list, or the ends and the step of a range."""
    if isinstance(values, dict):
        return {key: value if key == "points" else change(value) for key, value in values.items()}
    return [change(value) for value in values] if isinstance(values, list) else values

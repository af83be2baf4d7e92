"""Keys of an input replaced one by one: `--set key=value`, and the values of a sweep."""

from __future__ import annotations

from functools import reduce
from typing import Any

from hpcx import toml
from hpcx.config.errors import Mistake


def apply_setting(table: dict, setting: str) -> list[Mistake]:
    """Apply one `--set key=value`; the value is read as TOML, or as text where it is none."""
    key, separator, value = (part.strip() for part in setting.partition("="))
    if not separator or not key:
        return [Mistake(f"--set {setting}", "must have the form key=value")]
    # the keys of these two tables are dotted themselves
    *way, name = key.split(".", 1) if key.startswith(("sweep.", "parameters.")) else key.split(".")
    for part in way:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            return [Mistake(f"--set {setting}", f"'{part}' is not a table")]
    table[name.strip('"')] = _value(value)
    return []


def _value(text: str) -> Any:
    try:
        return toml.loads(f"value = {text}")["value"]
    except toml.TomlError:
        return text


def with_key(table: dict, key: str, value: Any) -> dict:
    """Return a table in which a dotted key is replaced; the tables on the way are new ones, all others are shared."""
    head, _, rest = key.partition(".")
    below = table.get(head, {})
    if not rest:
        return table | {head: value}
    if not isinstance(below, dict):  # reported by the validation
        return table
    return table | {head: below | {rest: value} if head == "parameters" else with_key(below, rest, value)}


def value_in(table: Any, key: str) -> Any:
    """Return the value of a dotted key in a nested table, or None if there is none."""
    return reduce(lambda below, name: below.get(name) if isinstance(below, dict) else None, key.split("."), table)

"""Keys of an input replaced one by one: `--set key=value`, and the values of a sweep."""

from __future__ import annotations

from typing import Any

from hpcx import toml
from hpcx.config.errors import Mistake


def apply_setting(table: dict, setting: str) -> list[Mistake]:
    """Apply one `--set key=value`; the value is read as TOML, or as text where it is none."""
    key, separator, value = setting.partition("=")
    key = key.strip()
    if not separator or not key:
        return [Mistake(f"--set {setting}", "must have the form key=value")]
    if key.startswith("sweep."):
        axes = table.setdefault("sweep", {})
        if not isinstance(axes, dict):
            return [Mistake(f"--set {setting}", "'sweep' is not a table")]
        axes[key.removeprefix("sweep.").strip('"')] = _value(value.strip())
        return []
    return _set(table, key, _value(value.strip()))


def _value(text: str) -> Any:
    try:
        return toml.loads(f"value = {text}")["value"]
    except toml.TomlError:
        return text


def _set(table: dict, key: str, value: Any) -> list[Mistake]:
    head, _, rest = key.partition(".")
    if not rest:
        table[head] = value
        return []
    if head == "parameters":  # keys of a material are dotted themselves
        numbers = table.setdefault(head, {})
        if not isinstance(numbers, dict):
            return [Mistake(key, "'parameters' is not a table")]
        numbers[rest] = value
        return []
    below = table.setdefault(head, {})
    return _set(below, rest, value) if isinstance(below, dict) else [Mistake(key, f"'{head}' is not a table")]


def with_key(table: dict, key: str, value: Any) -> dict:
    """Return a table in which a dotted key is replaced; the tables on the way are new ones, all others are shared."""
    head, _, rest = key.partition(".")
    below = table.get(head, {})
    if not rest:
        return table | {head: value}
    if not isinstance(below, dict):  # a mistake, which the validation tells
        return table
    return table | {head: below | {rest: value} if head == "parameters" else with_key(below, rest, value)}

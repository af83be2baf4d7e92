"""Reading TOML, with one kind of error."""

from __future__ import annotations

import re
import tomllib
from typing import Any

#: most tables and lists within each other; inputs have four
DEEPEST = 50
#: characters of a line that a message shows
_SHOWN = 80


class TomlError(ValueError):
    """A text is no TOML that can be read."""


def loads(text: str) -> dict[str, Any]:
    """Return the table of a text; raises TomlError, also for huge integers and deep nesting."""
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise TomlError("lists or tables are nested too deeply") from None
    except ValueError as error:  # among them tomllib's own
        syntax = isinstance(error, tomllib.TOMLDecodeError)
        raise TomlError(
            f"{error}{_line(text, str(error))}" if syntax else "a whole number has thousands of digits"
        ) from error
    if _too_deep(table):
        raise TomlError(f"tables are nested more than {DEEPEST} deep")
    return table


def _line(text: str, message: str) -> str:
    """Return the line that a message is about, and what is probably wrong with it."""
    found = re.search(r"at line (\d+)", message)
    lines = text.splitlines()
    if found is None or int(found[1]) > len(lines):
        return ""
    line = lines[int(found[1]) - 1].strip()
    key, equals, value = (part.strip() for part in line.partition("="))
    hint = ""
    if re.match(r"[+-]?\d+,\d", value):
        hint = "; write a decimal point, not a comma"
    elif value in ("True", "False"):
        hint = f"; write {value.lower()}"
    elif equals and re.match(r"[^\W\d]|\d[\d.eE+-]*\s*[^\W\d]", value):
        hint = "; text, and numbers with a unit, stand in quotes"
    elif not equals and ":" in line:
        hint = "; write key = value"
    return f": {line[:_SHOWN]}{hint}"


def _too_deep(table: dict[str, Any]) -> bool:
    """Say whether there are more than DEEPEST levels, without recursion."""
    level: list[Any] = [table]
    for _ in range(DEEPEST):
        level = [
            item
            for part in level
            for item in (part.values() if isinstance(part, dict) else part)
            if isinstance(item, (dict, list))
        ]
    return bool(level)

"""Reading TOML: whatever is wrong with a text is reported as one kind of error."""

from __future__ import annotations

import tomllib
from typing import Any

#: most tables and lists within each other; inputs have four
DEEPEST = 50


class TomlError(ValueError):
    """A text is no TOML that can be read."""


def loads(text: str) -> dict[str, Any]:
    """Return the table of a text; raises TomlError, also for numbers of thousands of digits and thousands of brackets."""
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise TomlError("lists or tables are nested too deeply") from None
    except ValueError as error:  # among them tomllib's own
        syntax = isinstance(error, tomllib.TOMLDecodeError)
        raise TomlError(str(error) if syntax else "a whole number has thousands of digits") from error
    if _too_deep(table):
        raise TomlError(f"tables are nested more than {DEEPEST} deep")
    return table


def _too_deep(table: dict[str, Any]) -> bool:
    """Say whether there are more than DEEPEST levels, without recursion."""
    level: list[Any] = [table]
    for _ in range(DEEPEST):
        level = [item for part in level for item in (part.values() if isinstance(part, dict) else part) if isinstance(item, (dict, list))]
    return bool(level)

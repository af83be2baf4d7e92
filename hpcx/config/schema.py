"""What `hpcx schema` prints: every key with its unit, default and meaning."""

from __future__ import annotations

import textwrap

from hpcx.config.base import RunInput
from hpcx.config.fields import Key, keys_of


def schema_text(config: type[RunInput]) -> str:
    """Return the table of all keys of a model: name, what is allowed, default, meaning."""
    return "\n".join(_lines(key) for key in keys_of(config))


def _lines(key: Key) -> str:
    default = (
        "required" if key.default is ... else "optional" if key.default is None else f"default {_written(key.default)}"
    )
    head = f"{key.name:<34}{key.wanted()}; {default}"
    return "\n".join([head, *textwrap.wrap(key.description, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)])


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value).replace("'", '"')

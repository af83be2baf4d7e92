"""One message for all mistakes of an input file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hpcx.config.base import RunInput
from hpcx.config.fields import Key, keys_of
from hpcx.spelling import nearest, suggestion

_MISSING = object()


class InputError(Exception):
    """Everything that is wrong with an input, one line per mistake."""

    def __init__(self, source: str, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        count = "1 error" if len(mistakes) == 1 else f"{len(mistakes)} errors"
        super().__init__("\n".join([f"{count} in {source}", *(f"  {mistake}" for mistake in mistakes)]))


@dataclass(frozen=True)
class Mistake:
    """One mistake: the dotted key, what was written there, and what is wrong with it.

    `own` says that the key is wrong by itself, whatever stands elsewhere in the input.
    """

    key: str
    message: str
    value: object = _MISSING
    own: bool = True

    def __str__(self) -> str:
        """Return "key = value: message"; a message that names its key itself stands alone."""
        if self.key == "input" or self.message.startswith(tuple(self.key + end for end in " .:")):
            return self.message
        given = "" if self.value is _MISSING else f" = {_shown(self.value)}"
        return f"{self.key}{given}: {self.message}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def mistakes_of(error: ValidationError, config: type[RunInput]) -> list[Mistake]:
    """Translate what pydantic found into `Mistake`s with range, unit and suggestion, each key once."""
    keys = {key.name: key for key in keys_of(config)}
    found: dict[str, Mistake] = {}
    for item in error.errors():
        mistake = _mistake(item, keys)
        found.setdefault(mistake.key, mistake)
    return [part for mistake in found.values() for part in _parts(mistake)]


def _parts(mistake: Mistake) -> list[Mistake]:
    """Return the mistakes of several keys together, one a line, as `RunInput.complaints` gives them."""
    return [mistake] if mistake.own else [replace(mistake, message=line) for line in mistake.message.split("\n")]


def _mistake(item: ErrorDetails, keys: dict[str, Key]) -> Mistake:
    # pydantic's location continues below the key: positions in lists, alternatives of unions
    parts = [str(part) for part in item["loc"]]
    heads = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    name = next((head for head in heads if head in keys), ".".join(parts) or "input")
    key = keys.get(name)
    if item["type"] == "extra_forbidden":
        return Mistake(name, "unknown key" + _siblings(name, list(keys)))
    if item["type"] == "missing":
        return Mistake(name, f"missing; must be {key.wanted()}" if key else f"missing: a table, [{name}]")
    if item["type"] in ("model_type", "model_attributes_type"):
        return Mistake(name, "must be a table" + _siblings(f"{name}.", list(keys)), item["input"])
    text = item["msg"].removeprefix("Value error, ")
    if key is None:  # a check that involves several keys
        return Mistake(name, text, own=False)
    why = f"{text}; " if item["type"] == "value_error" else ""
    if why and isinstance(item["input"], str) and key.wanted() == "text":  # that it is, and why says what is wrong
        return Mistake(name, text, item["input"])
    close = suggestion(item["input"], list(key.choices)) if key.choices else ""
    if item["input"] in key.choices:
        close = "; in brackets" if key.kind else "; without quotes"
    elif isinstance(item["input"], str) and not why and re.match(r"[+-]?\d+,\d", item["input"]):
        close = "; write a decimal point, not a comma"
    return Mistake(name, f"{why}must be {key.wanted()}{close}", item["input"])


def _siblings(name: str, keys: list[str]) -> str:
    """Suggest the nearest key of the same table, else a key of that name elsewhere, else list the table."""
    table, _, word = name.rpartition(".")
    prefix = table + "." if table else ""
    siblings = [
        *([] if table else ["sweep"]),
        *dict.fromkeys(key[len(prefix) :].split(".")[0] for key in keys if key.startswith(prefix)),
    ]
    near = nearest(word, siblings)
    elsewhere = [prefix + near] if near else [key for key in keys if key.rpartition(".")[2] == word]
    if elsewhere:
        return f"; did you mean '{elsewhere[0]}'?"
    return f"; {f'[{table}]' if table else 'an input'} has {', '.join(siblings)}"

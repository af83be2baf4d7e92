"""One message for all mistakes of an input file."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError

from hpcx.config.fields import Key, keys_of
from hpcx.config.base import RunInput

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
        """Return "key = value: message"."""
        given = "" if self.value is _MISSING else f" = {_shown(self.value)}"
        return f"{self.key}{given}: {self.message}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def suggestion(word: str, known: list[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known word, or nothing."""
    close = get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def mistakes_of(error: ValidationError, config: type[RunInput]) -> list[Mistake]:
    """Translate what pydantic found into `Mistake`s with range, unit and suggestion."""
    keys = {key.name: key for key in keys_of(config)}
    return [_mistake(item, keys) for item in error.errors()]


def _mistake(item: dict, keys: dict[str, Key]) -> Mistake:
    # list positions stay in the location; the key's own entry is found without them
    location = ".".join(str(part) for part in item["loc"]) or "input"
    key = keys.get(".".join(str(part) for part in item["loc"] if isinstance(part, str)))
    kind = item["type"]
    if kind == "extra_forbidden":
        return Mistake(location, "unknown key" + _sibling(location, list(keys)))
    if kind == "missing":
        return Mistake(location, f"missing; {key.wanted() if key else 'it must be given'}")
    text = item["msg"].removeprefix("Value error, ")
    if key is None:  # a check that involves several keys
        return Mistake(location, text, own=False)
    close = suggestion(item["input"], list(key.choices)) if key.choices and isinstance(item["input"], str) else ""
    return Mistake(location, f"{_plain(text)}; {key.wanted()}{close}", item["input"])


def _plain(text: str) -> str:
    return text.replace("Input should be", "must be")


def _sibling(location: str, keys: list[str]) -> str:
    """Suggest a key of the same table, else any key of the input that ends alike."""
    table, _, word = location.rpartition(".")
    prefix = table + "." if table else ""
    siblings = {key[len(prefix) :].split(".")[0] for key in keys if key.startswith(prefix)}
    near = get_close_matches(word, sorted(siblings), n=1, cutoff=0.5)
    if near:
        return f"; did you mean '{prefix}{near[0]}'?"
    elsewhere = [key for key in keys if key.rpartition(".")[2] == word]
    return f"; did you mean '{elsewhere[0]}'?" if elsewhere else ""

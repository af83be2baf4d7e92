"""The material numbers behind a result, and which of them are guessed, fitted or replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from hpcx.materials.loader import R0, hold_layer
from hpcx.materials.renamed import owner_of, renamed
from hpcx.registry import config_class

#: tags in the source of a weak number
_WEAK = ("[guess", "[fit")


def used_by(config: Mapping[str, Any], keys: Iterable[str], around: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """Return the keys of a material that an input uses; all of them if the input is of another version.

    `around` are its environments as `Material.described` has them.
    """
    model = config["model"]
    try:
        asked = set(config_class(model).model_validate(dict(config)).material_keys())
    except ValidationError:
        return list(keys)
    known = [hold_layer(found["numbers"]) for found in around]
    asked -= {R0} if known and all(known) else set()
    return [key for key in keys if _is_asked(key, asked, model)]


def _is_asked(key: str, asked: set[str], model: str) -> bool:
    new = renamed(key)
    return key in asked if new is None else new.key in asked and new.owner in ("", owner_of(model))


def weak_numbers(described: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the numbers of `Material.described` that are guessed, fitted or of the input, with their sources."""
    weak = {
        key: number
        for key, number in described.items()
        if any(tag in number["source"] for tag in _WEAK) or number["source"] == "input"
    }
    return {
        key: f"{_value_text(number['value'])} {number['unit']}".removesuffix(" 1") + f" ({number['source']})"
        for key, number in weak.items()
    }


def _value_text(value: Any) -> str:
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, (list, tuple)) else f"{value:g}"

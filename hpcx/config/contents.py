"""Keys whose text names something outside the input: what stands there determines a result like the input itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hpcx.config.base import Named
from hpcx.materials.loader import Material, MaterialError, load_environment


class ContentError(ValueError):
    """What a key names is not there; `key` and `value` are those of the input."""

    def __init__(self, key: str, value: str, message: str) -> None:
        super().__init__(message)
        self.key, self.value = key, value


def contents(section: BaseModel) -> dict[str, Any]:
    """Return, by dotted key, what the marked keys name: the SHA-256 of a file, the numbers of an environment (without sources).

    Raises ContentError if it cannot be read.
    """
    return {key: _content(kind, key, value) for key, kind, value in _named(section)}


def environments(section: BaseModel) -> dict[str, Material]:
    """Return, by dotted key, the dielectric environments that the marked keys name; raises MaterialError if one cannot be read."""
    return {key: load_environment(value) for key, kind, value in _named(section) if kind == "environment"}


def _named(section: BaseModel, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield dotted key, kind and text of every marked key that has a text, tables entered."""
    for field, info in type(section).model_fields.items():
        value, key = getattr(section, field), prefix + (info.alias or field)
        mark = next((item for item in info.metadata if isinstance(item, Named)), None)
        if isinstance(value, BaseModel):
            yield from _named(value, f"{key}.")
        elif mark is not None and isinstance(value, str):
            yield key, mark.kind, value


def _content(kind: str, key: str, value: str) -> Any:
    try:
        if kind == "environment":
            return {name: (number.value, number.unit) for name, number in load_environment(value).numbers.items()}
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    except OSError as error:
        raise ContentError(key, value, f"cannot be read: {error.strerror}") from error
    except MaterialError as error:
        raise ContentError(key, value, str(error)) from error

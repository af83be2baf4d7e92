"""Keys whose text names something outside the input: what stands there determines a result like the input itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hpcx.config.base import Named
from hpcx.materials.loader import MaterialError, load_environment


class ContentError(ValueError):
    """What a key names is not there; `key` and `value` are those of the input."""

    def __init__(self, key: str, value: str, message: str) -> None:
        super().__init__(message)
        self.key, self.value = key, value


def contents(section: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Return, by dotted key, what the marked keys name: the SHA-256 of a file, the numbers of an environment (without sources).

    Raises ContentError if it cannot be read.
    """
    found: dict[str, Any] = {}
    for field, info in type(section).model_fields.items():
        value, key = getattr(section, field), prefix + (info.alias or field)
        mark = next((item for item in info.metadata if isinstance(item, Named)), None)
        if isinstance(value, BaseModel):
            found |= contents(value, f"{key}.")
        elif mark is not None and isinstance(value, str):
            found[key] = _content(mark.kind, key, value)
    return found


def _content(kind: str, key: str, value: str) -> Any:
    try:
        if kind == "environment":
            return {name: (number.value, number.unit) for name, number in load_environment(value).numbers.items()}
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    except OSError as error:
        raise ContentError(key, value, f"cannot be read: {error.strerror}") from error
    except MaterialError as error:
        raise ContentError(key, value, str(error)) from error

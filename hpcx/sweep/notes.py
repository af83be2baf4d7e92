"""Small JSON files through which runs exchange their state; all faults in them are one kind of error."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from hpcx.textfile import text_of

T = TypeVar("T")


def read_note(path: Path, kind: type[T]) -> T:
    """Return the content of a file as a dataclass or typed table; raises OSError or ValueError."""
    return understood(text_of(path), kind)


def understood(text: str, kind: type[T]) -> T:
    """Return what a text in JSON says; raises ValueError if that is not of the kind."""
    try:
        said = json.loads(text)  # pydantic's own reader refuses bytes of file names in other encodings
    except RecursionError as error:
        raise ValueError("lists or tables are nested too deeply") from error
    return _ADAPTER(kind).validate_python(said)


#: what checks texts against a kind; made once for each
_ADAPTER: Any = lru_cache(maxsize=8)(TypeAdapter)

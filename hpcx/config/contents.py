"""Keys that name files or environments, whose content determines a result like the input itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from hpcx.config.base import Section, value_of
from hpcx.config.fields import keys_of
from hpcx.materials.environment import content, load_environment
from hpcx.materials.loader import Material, MaterialError


class ContentError(ValueError):
    """Files or environments are missing or wrong; `problems` are (key, value, what is wrong)."""

    def __init__(self, problems: list[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(f"{key} = {value!r}: {message}" for key, value, message in problems))
        self.problems = problems


def contents(section: Section, known: dict[tuple[str, str], Any] | None = None) -> dict[str, Any]:
    """Return by dotted key the SHA-256 of the file, or the numbers of the environment, that it names.

    `known` stores what has been read, by kind and name. Raises ContentError with all that cannot be read or is wrong.
    """
    found, problems, known = {}, [], {} if known is None else known
    for key, kind, value in _named(section):
        try:
            if (kind, value) not in known:
                known[kind, value] = _content(kind, value)
            found[key] = known[kind, value]
        except OSError as error:
            problems.append((key, value, f"cannot be read: {error.strerror}"))
        except MaterialError as error:
            problems += [(key, value, problem) for problem in error.problems]
        except ValueError as error:  # no file, a path with a zero byte
            problems.append((key, value, f"cannot be read: {error}"))
    if problems:
        raise ContentError(problems)
    return found


@lru_cache(maxsize=32)
def file_keys(section: type[Section]) -> tuple[tuple[str, str], ...]:
    """Return dotted key and kind of every key whose text may name a file."""
    return tuple((key.name, key.named) for key in keys_of(section) if key.named)


def environments(section: Section) -> dict[str, Material]:
    """Return by dotted key the dielectric environments that the input names; raises MaterialError."""
    return {key: load_environment(value) for key, kind, value in _named(section) if kind == "environment"}


def _named(section: Section) -> Iterator[tuple[str, str, str]]:
    """Yield dotted key, kind and text of every marked key that has a text."""
    for key, kind in file_keys(type(section)):
        value = value_of(section, key)
        if isinstance(value, str):
            yield key, kind, value


def _content(kind: str, value: str) -> Any:
    if kind == "environment":
        return content(load_environment(value))
    if Path(value).exists() and not Path(value).is_file():
        raise ValueError("it is not a file")  # a device or a pipe may have no end
    with open(value, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

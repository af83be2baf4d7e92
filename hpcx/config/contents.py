"""Keys whose text names something outside the input: what stands there determines a result like the input itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hpcx.config.base import Named
from hpcx.materials.catalogue import ENVIRONMENT_KEYS
from hpcx.materials.loader import Material, MaterialError, load_environment


class ContentError(ValueError):
    """What keys name is not there or is wrong; `problems` are (key, value, what is wrong)."""

    def __init__(self, problems: list[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(f"{key} = {value!r}: {message}" for key, value, message in problems))
        self.problems = problems


def contents(section: BaseModel) -> dict[str, Any]:
    """Return, by dotted key, what the marked keys name: the SHA-256 of a file, the numbers of an environment (without sources).

    Raises ContentError with all that cannot be read or is wrong.
    """
    found, problems = {}, []
    for key, kind, value in _named(section):
        try:
            found[key] = _content(kind, value)
        except OSError as error:
            problems.append((key, value, f"cannot be read: {error.strerror}"))
        except MaterialError as error:
            problems += [(key, value, problem) for problem in error.problems]
        except ValueError as error:  # no file, a path with a zero byte
            problems.append((key, value, f"cannot be read: {error}"))
    if problems:
        raise ContentError(problems)
    return found


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


def _content(kind: str, value: str) -> Any:
    if kind == "environment":
        return _numbers(load_environment(value))
    if Path(value).exists() and not Path(value).is_file():
        raise ValueError("it is no file")  # a device or a pipe may have no end
    with open(value, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _numbers(environment: Material) -> dict[str, tuple]:
    """Return the numbers of an environment; raises MaterialError if it lacks one."""
    lacking = environment.lacking(ENVIRONMENT_KEYS)
    if lacking:
        raise MaterialError(*lacking)
    return {name: (number.value, number.unit) for name, number in environment.numbers.items()}

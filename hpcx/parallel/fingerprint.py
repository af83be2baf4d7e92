"""Hashes of objects by all that they hold, so that what is kept under them cannot be taken for something else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

import hpcx


def fingerprint(*items: Any) -> str:
    """Return the SHA-256 (hexadecimal) of values: numbers, text, arrays, sequences, mappings, sets, dataclasses, sections of an input.

    Every field of a dataclass or section counts, with its name, also one that was added later; so do the types of numbers,
    dtypes and shapes. What such an object keeps beside its fields does not. A function counts by where it is defined and by
    the values that it has captured. What is large may keep its own hash, as its attribute `fingerprint`. Raises TypeError
    for values of other kinds.
    """
    state = hashlib.sha256()
    _feed(state, items)
    return state.hexdigest()


def _feed(state: Any, item: Any) -> None:
    """Add a value to a hash: its kind and its length first, so that no two values yield the same bytes."""
    if isinstance(item, np.ndarray) and item.dtype.kind != "O":
        _add(state, f"array {item.dtype.str} {item.shape}", np.ascontiguousarray(item).tobytes())
    elif item is None or isinstance(item, (bool, int, float, complex, str, bytes, Path, np.generic)):
        _add(state, type(item).__name__, item if isinstance(item, bytes) else repr(item).encode())
    elif isinstance(item, (tuple, list, np.ndarray)):
        _add(state, f"sequence {len(item)}")
        for part in item:
            _feed(state, part)
    elif isinstance(item, slice):
        _feed(state, ("slice", item.start, item.stop, item.step))
    elif isinstance(item, FunctionType):
        place = (item.__module__, item.__qualname__, item.__code__.co_firstlineno)
        captured = [cell.cell_contents for cell in item.__closure__ or ()]
        _feed(state, ("function", place, captured, item.__defaults__, item.__kwdefaults__))
    else:
        _feed_pairs(state, item)


def _feed_pairs(state: Any, item: Any) -> None:
    own = getattr(item, "fingerprint", None)
    if isinstance(item, (set, frozenset)):
        _add(state, f"set {sorted(fingerprint(part) for part in item)}")
        return
    if isinstance(own, str):
        _add(state, f"{_kind(item)} {own}")
        return
    pairs = list(item.items()) if isinstance(item, Mapping) else list(_named(item))
    kind = "mapping" if isinstance(item, Mapping) else _kind(item)
    _add(state, f"{kind} {len(pairs)}")
    for name, value in pairs:
        _feed(state, name)
        _feed(state, value)


def _add(state: Any, kind: str, content: bytes = b"") -> None:
    state.update(f"{kind} {len(content)}:".encode() + content)


def _kind(item: Any) -> str:
    kind = type(item.whole) if isinstance(item, Part) else type(item)
    return f"{kind.__module__}.{kind.__qualname__}"


def _named(item: Any) -> Iterator[tuple[str, Any]]:
    """Yield names and values of the fields of a dataclass, a pydantic model, or of a part of one."""
    for name in _field_names(item):
        yield name, getattr(item, name)


def _field_names(item: Any) -> list[str]:
    if isinstance(item, Part):
        return [name for name in _field_names(item.whole) if name not in item.left_out]
    if is_dataclass(item) and not isinstance(item, type):
        return [field.name for field in fields(item)]
    if hasattr(type(item), "model_fields"):
        return list(type(item).model_fields)
    raise TypeError(f"a value of type {type(item).__name__} has no fingerprint")


class Part:
    """A view of a dataclass or a section of the input without some of its fields, which cannot be read through it.

    A table that is made from such a part does not depend on what was left out, so points that differ there may share it. All
    other fields enter its fingerprint. Only fields can be read, no properties, which may look at the whole.

    Attributes:
        whole: what it is a part of.
        left_out: names of its fields that are left out.
    """

    def __init__(self, whole: Any, without: Collection[str]) -> None:
        """`without` names fields, dotted for those of a field, or of all members of a field that is a tuple; all must exist."""
        self.whole = whole
        self.left_out = {name for name in without if "." not in name}
        self._below = {head: [name.partition(".")[2] for name in without if name.startswith(f"{head}.")] for head in _heads(without)}
        unknown = ({*self.left_out, *self._below}) - set(_field_names(whole))
        if unknown:
            raise ValueError(f"{_kind(whole)} has no {', '.join(sorted(unknown))}")

    def __getattr__(self, name: str) -> Any:
        """Return a field; raises AttributeError for one that is left out, and for what is no field."""
        if name.startswith("_") or name not in _field_names(self):
            raise AttributeError(f"'{name}' is not among what may be read here of {_kind(self)}: what is made is shared by points that differ in it")
        value = getattr(self.whole, name)
        without = self._below.get(name)
        if not without:
            return value
        return tuple(Part(member, without) for member in value) if isinstance(value, tuple) else Part(value, without)


def _heads(names: Collection[str]) -> set[str]:
    return {name.partition(".")[0] for name in names if "." in name}


@lru_cache(maxsize=8)
def code_fingerprint(*packages: str) -> str:
    """Return the hash of the source text of packages of hpcx, e.g. "wigner", for what outlives the program in a file."""
    root = Path(hpcx.__file__).parent
    paths = sorted(path for package in packages for path in (root / package).rglob("*.py"))
    return fingerprint([(path.relative_to(root).as_posix(), path.read_bytes()) for path in paths])

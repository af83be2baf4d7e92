"""Hashes of objects by their complete content, as keys of stored tables."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

import hpcx


def fingerprint(*items: Any) -> str:
    """Return the SHA-256 of numbers, text, arrays, sequences, mappings, sets, dataclasses, sections of an input.

    All fields of a dataclass or section enter with their names, and the types of numbers, dtypes and shapes; attributes
    that are no fields do not. A function enters by its place in the source and the values that it has captured. A large
    object may provide its own hash as attribute `fingerprint`. Raises TypeError for values of other kinds.
    """
    state = hashlib.sha256()
    _feed(state, items)
    return state.hexdigest()


#: types whose text determines the value
_PLAIN = frozenset({type(None), bool, int, float, complex, str})


def _feed(state: Any, item: Any) -> None:
    """Add a value to a hash: its kind and its length first, so that no two values yield the same bytes."""
    kind = type(item)
    if kind in _PLAIN or isinstance(item, (Path, np.generic)):
        _add(state, kind.__name__, repr(item).encode())
    elif kind is bytes:
        _add(state, "bytes", item)
    elif isinstance(item, np.ndarray) and item.dtype.kind != "O":
        _add(state, f"array {item.dtype.str} {item.shape}", np.ascontiguousarray(item).tobytes())
    elif isinstance(item, (tuple, list, np.ndarray)):
        _add(state, f"sequence {len(item)}")
        for part in item:
            _feed(state, part)
    elif isinstance(item, (set, frozenset)):
        _add(state, f"set {sorted(fingerprint(part) for part in item)}")
    elif isinstance(item, slice):
        _feed(state, ("slice", item.start, item.stop, item.step))
    elif isinstance(item, FunctionType):
        place = (item.__module__, item.__qualname__, item.__code__.co_firstlineno)
        captured = [cell.cell_contents for cell in item.__closure__ or ()]
        _feed(state, ("function", place, captured, item.__defaults__, item.__kwdefaults__))
    elif isinstance(item, Mapping):
        _feed_pairs(state, "mapping", list(item.items()))
    else:
        _feed_object(state, item)


def _feed_object(state: Any, item: Any) -> None:
    """Add a dataclass, a pydantic model, or a part of one; raises TypeError for anything else."""
    if isinstance(item, Excerpt):
        return _feed_pairs(state, _kind(type(item.whole)), [(name, item.read(name)) for name in item.names])
    own = getattr(item, "fingerprint", None)
    if isinstance(own, str):
        return _add(state, f"{_kind(type(item))} {own}")
    return _feed_pairs(state, _kind(type(item)), [(name, getattr(item, name)) for name in _field_names(type(item))])  # type: ignore[arg-type]  # a type is hashable


def _feed_pairs(state: Any, kind: str, pairs: list[tuple[Any, Any]]) -> None:
    _add(state, f"{kind} {len(pairs)}")
    for name, value in pairs:
        _feed(state, name)
        _feed(state, value)


def _add(state: Any, kind: str, content: bytes = b"") -> None:
    state.update(f"{kind} {len(content)}:".encode() + content)


def _kind(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


@lru_cache(maxsize=1024)
def _field_names(kind: type) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass or a pydantic model; raises TypeError for other types."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    if hasattr(kind, "model_fields"):
        return tuple(kind.model_fields)
    raise TypeError(f"a value of type {kind.__name__} has no fingerprint")


class Excerpt:
    """A view of a dataclass or a section of the input without some of its fields, which cannot be read through it.

    A table that is made from such a part does not depend on what was left out, so points that differ there may share
    it. All other fields enter its fingerprint. Only fields can be read, no properties, which may look at the whole.

    Attributes:
        whole: what it is a part of.
        names: the fields that can be read.
    """

    def __init__(self, whole: Any, without: Collection[str]) -> None:
        """`without`: existing fields, dotted for fields of a field, or of all members of a tuple."""
        self.whole = whole
        self.names, self._below = _split(type(whole), tuple(without))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        """Return a field; raises AttributeError for one that is left out, and for what is no field."""
        if name.startswith("_") or name not in self.names:
            kind = _kind(type(self.whole))
            raise AttributeError(
                f"'{name}' of {kind} must not be read here: the value is shared by points that differ in it"
            )
        return self.read(name)

    def read(self, name: str) -> Any:
        """Return one of the fields `names`, itself a part if something of it is left out."""
        value, without = getattr(self.whole, name), self._below.get(name)
        if not without:
            return value
        return (
            tuple(Excerpt(member, without) for member in value) if isinstance(value, tuple) else Excerpt(value, without)
        )


@lru_cache(maxsize=256)
def _split(kind: type, without: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the fields that remain, and by field what is left out below it; raises ValueError for unknown ones."""
    below: dict[str, tuple[str, ...]] = {}
    for name in without:
        head, dot, rest = name.partition(".")
        if dot:
            below[head] = (*below.get(head, ()), rest)
    known, left_out = _field_names(kind), {name for name in without if "." not in name}
    unknown = ({*left_out, *below}) - set(known)
    if unknown:
        raise ValueError(f"{_kind(kind)} has no {', '.join(sorted(unknown))}")
    return tuple(name for name in known if name not in left_out), below


@lru_cache(maxsize=8)
def code_fingerprint(*packages: str) -> str:
    """Return the hash of the source of packages of hpcx ("wigner"), for files that outlive the program."""
    root = Path(hpcx.__file__).parent
    paths = sorted(path for package in packages for path in (root / package).rglob("*.py"))
    return fingerprint([(path.relative_to(root).as_posix(), path.read_bytes()) for path in paths])

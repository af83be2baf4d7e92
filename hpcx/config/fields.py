"""The keys of an input model, flattened: for error messages, `hpcx schema`, and the check of sweep keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hpcx.config.base import Named, OneOf, Unit, marks_of


@dataclass(frozen=True)
class Key:
    """One key of the input with all that is known of it.

    Attributes:
        name: dotted key.
        kind: its type in words ("number", "integer", "text", "true or false", "list of numbers", ...).
        unit: unit of a plain number, or "".
        bounds: allowed range in words, or "".
        choices: allowed words, or ().
        default: default as a user would write it; None if the key may be left out; `...` if it must be given.
        description: what it means.
        examples: a value for a first input and another one, if the key has to be given; else ().
        named: "file" or "environment" if its text may name one, else "".
    """

    name: str
    kind: str
    unit: str
    bounds: str
    choices: tuple[str, ...]
    default: Any
    description: str
    examples: tuple[Any, ...] = ()
    named: str = ""

    @property
    def example(self) -> Any:
        """Return a value for a first input, or None for a key that need not be given."""
        return self.examples[0] if self.examples else None

    def wanted(self) -> str:
        """Return what is allowed, in words: "a number > 0 in eV", "one of 'a', 'b'"."""
        words = "one of " + ", ".join(repr(choice) for choice in self.choices) if self.choices else f"a {self.kind}"
        if self.choices and self.kind:
            words = (
                words + " or a list of them"
                if self.kind == "list of them"
                else "a list of " + words.removeprefix("one of ")
            )
        words = {"a true or false": "true or false", "a text": "text"}.get(words, words)
        if words.startswith("a integer"):
            words = "an" + words[1:]
        return words + (f" {self.bounds}" if self.bounds else "") + (f" in {self.unit}" if self.unit else "")


def keys_of(config: type[BaseModel]) -> list[Key]:
    """Return all keys of an input model in the order of their definition, tables entered.

    The choices are those that are registered now: a band model or interaction may be added at any time.
    """
    return list(_walk(config, ""))


def _walk(config: type[BaseModel], prefix: str) -> Iterator[Key]:
    for field, info in config.model_fields.items():
        name = info.alias or field  # keys such as "1s" are no Python names
        section = next(
            (part for part in _parts(info.annotation) if isinstance(part, type) and issubclass(part, BaseModel)), None
        )
        if section is not None:
            yield from _walk(section, f"{prefix}{name}.")
        else:
            yield _key(prefix + name, info)


def _parts(annotation: Any) -> list[Any]:
    """Return the alternatives of a union without None, Annotated opened."""
    if get_origin(annotation) in (Union, UnionType):
        return [part for choice in get_args(annotation) for part in _parts(choice) if part is not NoneType]
    return [annotation]


def _key(name: str, info: FieldInfo) -> Key:
    parts = _parts(info.annotation)
    metadata = list(info.metadata) + [item for part in parts for item in marks_of(part)]
    unit = next((item.name for item in metadata if isinstance(item, Unit)), "")
    named = next((item.kind for item in metadata if isinstance(item, Named)), "")
    names = [name for item in metadata if isinstance(item, OneOf) for name in item.names]
    choices = (*names, *(str(choice) for part in parts for choice in _literals(part)))
    default = (
        ...
        if info.default is PydanticUndefined and info.default_factory is None
        else info.get_default(call_default_factory=True)
    )
    kind = "" if names else " or ".join(dict.fromkeys(_kind(part) for part in parts if get_origin(part) is not Literal))
    if kind == "list of words":
        kind = "list of them" if choices else kind
        choices = choices or tuple(str(choice) for part in parts for choice in _in_list(part))
    elif kind:
        choices = ()
    examples = tuple(info.examples or ())
    return Key(name, kind, unit, _bounds(metadata), choices, default, info.description or "", examples, named)


def _in_list(annotation: Any) -> tuple[Any, ...]:
    """Return the words of which a list may consist: list[Literal["a", "b"]], also within Annotated."""
    inner = get_args(annotation)[0] if get_args(annotation) else None
    return _in_list(inner) if get_origin(annotation) is Annotated else _literals(inner)


def _literals(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return ()


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (list, tuple):
        item = _kind(get_args(annotation)[0])
        return "list of " + (f"lists{item.removeprefix('list')}" if item.startswith("list") else f"{item}s")
    if get_origin(annotation) is Literal:
        return "word"
    if get_origin(annotation) is dict:
        return "table"
    return {float: "number", int: "integer", str: "text", bool: "true or false"}.get(annotation, str(annotation))


_SIGNS = {annotated_types.Gt: ">", annotated_types.Ge: ">=", annotated_types.Lt: "<", annotated_types.Le: "<="}


def _bounds(metadata: list[Any]) -> str:
    limits = [
        f"{sign} {getattr(item, name.__name__.lower()):.12g}"
        for item in metadata
        for name, sign in _SIGNS.items()
        if isinstance(item, name)
    ]
    return " and ".join(dict.fromkeys(limits))

"""`sweep.json`: what a directory's sweep is, so that later runs and `hpcx status` know it from the files alone."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hpcx.config.base import value_of
from hpcx.config.contents import environments
from hpcx.config.fields import keys_of
from hpcx.config.load import Plan
from hpcx.config.point import Point
from hpcx.config.sources import materials_of_all, surroundings_of_all, units_of_keys
from hpcx.io.checkpoint import Checkpoint, differing_keys
from hpcx.io.reading import Damaged, reading, stored
from hpcx.io.replace import replace_text, unique
from hpcx.parallel.errors import BadInput
from hpcx.sweep.notes import read_note
from hpcx.sweep.store import Store

log = logging.getLogger("hpcx")

_ADVICE = "choose another output.directory or use --fresh. Differences (there -> here)"


class _Axis(BaseModel):
    """A swept key."""

    name: str
    values: list[Any]
    unit: str = ""
    description: str = ""


class _Point(BaseModel):
    """A point."""

    id: str
    hash: str
    coordinates: dict[str, Any]


class _Record(BaseModel, extra="allow"):
    """What `sweep.json` must say; there is more in it."""

    axes: list[_Axis]
    points: list[_Point]
    physics: dict[str, Any]


class OtherPhysics(BadInput):
    """The directory holds results of another input."""


def describe(plan: Plan) -> dict[str, Any]:
    """Return axes (name, unit, description, values), points, the physics that is not swept, and where it comes from."""
    axes = [_axis(plan, name, values) for name, values in plan.axes.items()]
    points = [{"id": point.id, "hash": point.hash, "coordinates": point.coordinates} for point in plan.points]
    about = {"model": plan.config.model, "axes": axes, "points": points, "physics": _unswept_physics(plan)}
    scattered = {"scattered": True} if plan.scattered else {}
    return about | scattered | {"provenance": _provenance(plan)}


def _axis(plan: Plan, name: str, values: list[Any]) -> dict[str, Any]:
    """Describe a swept key; its values are those that the program uses, in the unit of the key."""
    key = next((key for key in keys_of(type(plan.config)) if key.name == name), None)
    examples = {
        repr(point.coordinates[name]): point for point in reversed(plan.points) if not point.error
    }  # a valid point by the value's text
    about = {"name": name, "unit": key.unit if key else "", "description": key.description if key else name}
    if name.startswith("parameters."):
        return about | _parameter(name.removeprefix("parameters."), values, examples)
    return about | {"values": [_resolved(examples.get(repr(value)), name, value) for value in values]}


def _resolved(point: Point | None, name: str, value: Any) -> Any:
    """Return a swept value as the program uses it: "0.5 um" in the documented unit of its key, text as it is."""
    found = None if point is None else value_of(point.config, name)
    return value if found is None else found


def _parameter(key: str, values: list[Any], examples: dict[str, Point]) -> dict[str, Any]:
    """Return unit, meaning and values of a swept material number; values as written if the units differ."""
    numbers = {text: point.material.numbers[key] for text, point in examples.items()}
    units = {number.unit for number in numbers.values()}
    if len(units) != 1:
        return {"description": f"{key} of the material, as written", "values": [str(value) for value in values]}
    values = [numbers[repr(value)].value if repr(value) in numbers else value for value in values]
    return {"unit": units.pop(), "description": f"{key} of the material", "values": values}


def _provenance(plan: Plan) -> dict[str, Any]:
    """Return what makes `sweep.h5` stand alone: the input of this run, and all numbers behind it with their sources."""
    valid = [point for point in plan.points if not point.error]
    different = {repr(point.physics.get("contents")): point.config for point in valid}.values()
    around = {made.origin: made.described() for config in different for made in environments(config).values()}
    texts = {
        "input": plan.text,
        "input_file": plan.source,
        "settings": list(plan.settings),
        "surroundings": surroundings_of_all(valid),
    }
    asked = dict.fromkeys(key for config in different for key in config.material_keys())
    return {
        **texts,
        "materials": materials_of_all(valid, plan.axes),
        "material_keys": list(asked),
        "environments": around,
        "config": plan.config.model_dump(mode="json", by_alias=True),
        "units": units_of_keys(type(plan.config)),
    }


def _unswept_physics(plan: Plan) -> dict[str, Any]:
    """Return the resolved physics without swept keys."""
    point = next(point for point in plan.points if not point.error)
    return without(json.loads(json.dumps(point.physics, default=str)), plan.axes)


def without(physics: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return physics without dotted keys, and without the material's numbers if these keys change them."""
    rest = copy.deepcopy(physics)
    for key in keys:
        remove(rest, key)
        rest.get("contents", {}).pop(key, None)
        if key in ("material", "parameter_set") or key.startswith("parameters."):
            rest = {name: value for name, value in rest.items() if not name.startswith("material_")}
    return rest


def remove(table: dict[str, Any], key: str) -> None:
    """Remove a dotted key from a nested table; keys of a material, dotted themselves, lie flat in `parameters`."""
    head, _, rest = key.partition(".")
    if rest and head != "parameters":
        remove(table.get(head) or {}, rest)
    elif rest:
        (table.get(head) or {}).pop(rest, None)
    else:
        table.pop(head, None)


def write_record(directory: Path, plan: Plan) -> None:
    """Write `sweep.json`; raises OtherPhysics, naming the keys, if the directory's sweep is of other physics."""
    new = describe(plan)
    _refuse_other(directory, new, _earlier(directory))
    replace_text(directory / "sweep.json", json.dumps(new, indent=1, default=str))


def refuse_other_sweep(directory: Path, plan: Plan) -> None:
    """Raise OtherPhysics as `write_record` does, or OSError if the record is damaged or cannot be read."""
    _refuse_other(directory, describe(plan), read_record(directory))


def _refuse_other(directory: Path, new: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Compare all that is not swept.

    Values may have been added to the sweep or removed, and keys may have become swept or fixed: points are identified
    by the hash of all their physics.
    """
    if old is None:
        return
    swept = [axis["name"] for axis in [*new["axes"], *old["axes"]]]
    different = differing_keys(without(old["physics"], swept), without(new["physics"], swept))
    if different:
        raise OtherPhysics(f"{directory} holds a sweep of another input; {_ADVICE}:{different}")


def refuse_other_result(store: Store, point: Point) -> None:
    """Raise OtherPhysics, naming the differing keys, if `result.h5` or a checkpoint belongs to another input.

    Files that are damaged or cannot be read are left to the run.
    """
    physics = json.loads(json.dumps(point.physics, default=str))
    for path in [store.result(point.id), *Checkpoint(store.checkpoint(point.id)).paths()]:
        try:
            with reading(path) as file:
                old = json.loads(stored(file["provenance/physics"]))
        except OSError:
            continue
        different = differing_keys(old, physics)
        if different:
            raise OtherPhysics(f"{path} belongs to another input; {_ADVICE}:{different}")


def _earlier(directory: Path) -> dict[str, Any] | None:
    """Return the content of `sweep.json`; a damaged one is set aside with a warning: points are known without it."""
    try:
        return read_record(directory)
    except Damaged as error:
        kept = directory / f"sweep.json.damaged.{unique()}"
        (directory / "sweep.json").rename(kept)
        log.warning("%s; it is rewritten, the old file is now %s", error, kept.name)
        return None


def read_record(directory: Path) -> dict[str, Any] | None:
    """Return the content of `sweep.json`, or None if there is none; raises Damaged, or OSError."""
    path = directory / "sweep.json"
    try:
        return read_note(path, _Record).model_dump()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise Damaged(f"{path} is damaged: it does not describe a sweep") from error

"""From an input file to a list of points: reading, `--set`, validation, the product over the sweep.

Everything here runs on one rank; `hpcx.cli` broadcasts what comes out.
"""

from __future__ import annotations

import itertools
import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hpcx import toml
from hpcx.config.base import RunInput, value_of
from hpcx.config.contents import ContentError, contents, file_keys
from hpcx.config.errors import InputError, Mistake, mistakes_of
from hpcx.config.fields import keys_of
from hpcx.config.old_names import with_new_names
from hpcx.config.point import Point, digest, make_point
from hpcx.config.ranges import MOST, written_out
from hpcx.config.settings import apply_setting, value_in, with_key
from hpcx.materials.loader import R0, Material, MaterialError, hold_layer
from hpcx.materials.sets import load_numbers
from hpcx.registry import MODELS, config_class, refusals
from hpcx.spelling import suggestion
from hpcx.textfile import read_stream

#: tables that say how and where to run; they cannot be swept
UNSWEPT = ("title", "model", "output", "petsc", "converge", "sweep")


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        text: the input file as written.
        source: where it was read from.
        config: the validated input of the first valid point; what is not swept is the same in all of them.
        axes: swept keys with their values, in the order of the input; empty without a sweep.
        points: one per combination, the last axis running fastest.
        settings: the "key=value" of `--set`.
        notices: remarks on how the input was understood.
        scattered: whether the points are only some of the product, as a search for limits chooses them.
    """

    text: str
    source: str
    config: RunInput
    axes: dict[str, list[Any]]
    points: list[Point]
    settings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    scattered: bool = False


def read_input(path: str) -> str:
    """Return the text of an input file, or of standard input for "-"; raises InputError if it cannot be read.

    It may be a pipe, which can be read once only. Inputs are UTF-8 whatever the locale is; a byte order mark is no part
    of them.
    """
    try:
        return read_stream(path).decode("utf-8-sig")
    except OSError as error:
        raise InputError(name_of_source(path), [Mistake("file", error.strerror or "cannot be read")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(name_of_source(path), [Mistake("file", f"is not UTF-8 text: line {line}")]) from error
    except ValueError as error:  # no end, or a name with a zero byte
        raise InputError(name_of_source(path), [Mistake("file", str(error))]) from error


def load_plan(path: str, settings: list[str], text: str | None = None) -> Plan:
    """Read and validate an input file; `settings` are those of `--set`, `text` is the file if it was read before.

    Raises InputError with all mistakes that do not depend on other swept keys; the others are kept in `Point.error`.
    """
    text = read_input(path) if text is None else text
    path = name_of_source(path)
    table, config, notices, mistakes = parsed_table(text, path, settings)
    axes, wrong = _without_ranges(table.pop("sweep", {}))
    mistakes += wrong or _check_axes(axes, config)
    if mistakes:  # without a valid sweep, report its mistakes together with those of the first point
        raise InputError(
            path, mistakes + _mistakes_of_first(table, axes if isinstance(axes, dict) else {}, config, folder_of(path))
        )
    expanded = {key: config.expand_axis(key, values) for key, values in axes.items()}
    count = math.prod(len(values) for values in expanded.values())
    if count > MOST:
        product = " x ".join(str(len(values)) for values in expanded.values())
        raise InputError(path, [Mistake("sweep", f"{product} = {count} points are more than {MOST}")])
    return replace(_plan(text, path, table, expanded, config), settings=tuple(settings), notices=tuple(notices))


def parsed_table(text: str, path: str, settings: list[str]) -> tuple[dict, type[RunInput], list[str], list[Mistake]]:
    """Return the input with `settings` as a nested table, its class, announcements of old names, and mistakes."""
    try:
        table = toml.loads(text)
    except toml.TomlError as error:
        raise InputError(path, [Mistake("TOML", str(error))]) from error
    mistakes = [mistake for setting in settings for mistake in apply_setting(table, setting)]
    config = _config_class(table, path)
    table, notices, wrong = with_new_names(table, path)
    return table, config, notices, mistakes + wrong


def model_of(text: str, settings: list[str]) -> str | None:
    """Return the model that an input selects, or None if that is not clear; `load_plan` reports the errors."""
    try:
        table = toml.loads(text)
    except toml.TomlError:
        return None
    for setting in settings:
        apply_setting(table, setting)
    return table["model"] if table.get("model") in MODELS else None


def _plan(text: str, path: str, table: dict, axes: dict[str, list], config: type[RunInput]) -> Plan:
    known = Known(folder_of(path))
    tried = [
        try_point(table, coordinates, config, known)
        for coordinates in (dict(zip(axes, values)) for values in itertools.product(*axes.values()))
    ]
    fatal = _fatal(tried)
    if fatal:
        raise InputError(path, fatal)
    points = [point for point, _ in tried]
    alike = _alike(points)
    if alike:
        raise InputError(path, alike)
    first = next(point.config for point in points if not point.error)
    return Plan(text, path, first, axes, points)


def _alike(points: list[Point]) -> list[Mistake]:
    """Return a mistake if two points are the same calculation: 300 and "300 K", or a key without effect."""
    first: dict[str, Point] = {}
    # swept numbers of the material are in the physics twice: as written, and as numbers
    written = any(key.startswith("parameters.") for key in points[0].coordinates)
    for point in points:
        key = (
            digest({name: value for name, value in point.physics.items() if name != "parameters"})
            if written
            else point.hash
        )
        other = first.setdefault(key if not point.error else point.hash, point)
        if other is not point:
            differing = [
                key for key in point.coordinates if repr(point.coordinates[key]) != repr(other.coordinates[key])
            ]
            values = [f"{other.coordinates[key]!r} and {point.coordinates[key]!r}" for key in differing]
            return [
                Mistake(f"sweep.{key}", f"{value} are the same calculation; leave one out")
                for key, value in zip(differing, values)
            ]
    return []


def _fatal(tried: list[tuple[Point, list[Mistake]]]) -> list[Mistake]:
    """Return, each once, the mistakes of single keys, and those that all points with a value of the key have.

    A combination that is wrong in some points only, because of other swept keys, is left to those points.
    """
    clean: dict[str, set[str]] = {}  # by key: values at which some point has no mistake

    def is_clean(key: str, coordinates: dict[str, Any]) -> bool:
        """Say whether some point with this value of the key has no mistake."""
        if key not in clean:
            clean[key] = {repr(point.coordinates.get(key)) for point, mistakes in tried if not mistakes}
        return repr(coordinates.get(key)) in clean[key]

    found = [
        mistake
        for point, mistakes in tried
        for mistake in mistakes
        if mistake.own or not is_clean(mistake.key, point.coordinates)
    ]
    return list({str(mistake): mistake for mistake in found}.values())


@dataclass
class Known:
    """Content of the files that an input names, each read once for all points.

    Attributes:
        folder: of the input, in which files that it names are looked for first.
        materials: by name and parameter set the material, or why it cannot be used.
        contents: see `hpcx.config.contents`.
    """

    folder: Path = Path()
    materials: dict[tuple[Any, ...], Material | MaterialError] = field(default_factory=dict)
    contents: dict[tuple[str, str], Any] = field(default_factory=dict)

    def material(self, *asked: Any) -> Material:
        """Return a material with the parameter set that is asked for, as `load_numbers` does; raises MaterialError."""
        if asked not in self.materials:
            try:
                self.materials[asked] = load_numbers(*asked)
            except MaterialError as error:
                self.materials[asked] = error
        found = self.materials[asked]
        if isinstance(found, MaterialError):
            raise found
        return found


def try_point(
    table: dict, coordinates: dict[str, Any], config: type[RunInput], known: Known
) -> tuple[Point, list[Mistake]]:
    """Return the point of a table with some keys replaced, and what is wrong with it."""
    resolved = table
    for key, value in coordinates.items():
        resolved = with_key(resolved, key, value)
    resolved, written = _beside_the_input(resolved, config, known.folder)
    validated, mistakes = _validated(resolved, config)
    material, wrong = _material(resolved, known, validated or config)
    mistakes += wrong
    named: dict[str, Any] = {}
    if validated is not None:
        named, unreadable = _contents(validated, known)
        mistakes += unreadable + (_lacking(validated, material, named) if material is not None else [])
    if validated is not None and material is not None and not mistakes:
        forbidden = refusals(validated.model, validated, material)
        mistakes = [Mistake(found.key, found.message, found.value, own=False) for found in forbidden]
        if not mistakes:
            return make_point(validated, material, coordinates, named, written), []
    return Point.invalid(coordinates, "; ".join(str(mistake) for mistake in mistakes)), mistakes


def _beside_the_input(table: dict, config: type[RunInput], folder: Path) -> tuple[dict, dict[str, str]]:
    """Return a table with paths of files beside the input, and by key their names as written.

    A file that is not there is looked for from the current directory.
    """
    written: dict[str, str] = {}
    for key, kind in (
        (("material", "material"), ("parameter_set", "material"), *file_keys(config)) if folder != Path() else ()
    ):
        value = value_in(table, key)
        names_a_file = isinstance(value, str) and "\0" not in value and (kind == "file" or value.endswith(".toml"))
        if names_a_file and os.path.isfile(folder / value):  # a name that is too long is none
            table, written[key] = with_key(table, key, str(folder / value)), value
    return table, written


def _validated(table: dict, config: type[RunInput]) -> tuple[RunInput | None, list[Mistake]]:
    try:
        return config.model_validate(table), []
    except ValidationError as error:
        return None, mistakes_of(error, config)


def _contents(config: RunInput, known: Known) -> tuple[dict[str, Any], list[Mistake]]:
    try:
        return contents(config, known.contents), []
    except ContentError as error:
        return {}, [Mistake(key, message, value) for key, value, message in error.problems]


def _lacking(config: RunInput, material: Material, named: dict[str, Any]) -> list[Mistake]:
    """Return what the model needs and the material lacks, and an r0 that the surroundings contain already."""
    keys, around = (
        config.material_keys(),
        next((key for key in config.surroundings if value_of(config, key) is not None), ""),
    )
    idle = []
    if hold_layer(named.get(around, {})):
        keys, idle = [key for key in keys if key != R0], _idle_r0(around, material)
    return [Mistake("material", lack, config.material, own=False) for lack in material.lacking(keys)] + idle


def _idle_r0(around: str, material: Material) -> list[Mistake]:
    """Return the mistake of giving r0 as well as surroundings (the key `around`) that contain it."""
    number = material.numbers.get(R0)
    if number is None or (material.built_in and number.source != "input"):
        return []
    where = "the input" if number.source == "input" else material.origin
    return [Mistake(around, f"contains the screening of the layer, but {where} also gives {R0}: give one", own=False)]


def _material(table: dict, known: Known, config: RunInput | type[RunInput]) -> tuple[Material | None, list[Mistake]]:
    """Load the material even if other keys are wrong, to report all errors; `config` is the input or its class."""
    name, parameters, given = table.get("material"), table.get("parameters", {}), table.get("parameter_set")
    if not isinstance(name, str) or not isinstance(parameters, dict) or not isinstance(given, str | None):
        return None, []  # reported by the validation
    usual = config.numbers_from if isinstance(config, RunInput) else config.usual_set
    try:
        return known.material(name, table["model"], given, usual).with_parameters(parameters), []
    except MaterialError as error:
        return None, [Mistake("material", problem, name) for problem in error.problems]


def _mistakes_of_first(table: dict, axes: dict, config: type[RunInput], folder: Path) -> list[Mistake]:
    lists = {
        key: values for key, values in axes.items() if isinstance(values, list) and values and key in _names(config)
    }
    return try_point(table, {key: values[0] for key, values in lists.items()}, config, Known(folder))[1]


def name_of_source(path: str) -> str:
    """Return how messages call an input."""
    return "standard input" if path == "-" else path


def folder_of(name: str) -> Path:
    """Return the folder of an input by its name in messages."""
    return Path() if name == name_of_source("-") else Path(name).parent


def _config_class(table: dict, path: str) -> type[RunInput]:
    model = table.get("model")
    if model in MODELS:
        return config_class(model)
    known = ", ".join(repr(name) for name in MODELS)
    if model is None:
        raise InputError(path, [Mistake("model", f"missing; one of {known}")])
    raise InputError(
        path, [Mistake("model", f"unknown model; one of {known}{suggestion(str(model), list(MODELS))}", model)]
    )


def _names(config: type[RunInput]) -> list[str]:
    return [key.name for key in keys_of(config) if key.name.split(".")[0] not in UNSWEPT]


def _without_ranges(axes: Any) -> tuple[Any, list[Mistake]]:
    """Return the swept keys with ranges written out as lists, and what is wrong with ranges."""
    if not isinstance(axes, dict):
        return axes, []
    lists, mistakes = dict(axes), []
    for key, values in axes.items():
        try:
            lists[key] = written_out(values)
        except ValueError as error:
            mistakes.append(Mistake(f"sweep.{key}", str(error)))
    return lists, mistakes


def _check_axes(axes: Any, config: type[RunInput]) -> list[Mistake]:
    if not isinstance(axes, dict):
        return [Mistake("sweep", 'must be a table of lists, e.g. "mesh.N" = [48, 60]', axes)]
    names = _names(config)
    mistakes = []
    for key, values in axes.items():
        if key not in names and not key.startswith("parameters."):
            hint = "; write dotted keys in quotes" if isinstance(values, dict) else suggestion(key, names)
            mistakes.append(Mistake(f"sweep.{key}", f"is not a key that can be swept{hint}"))
        elif not isinstance(values, list) or not values:
            mistakes.append(Mistake(f"sweep.{key}", "must be a list of at least one value", values))
        elif len({repr(value) for value in values}) < len(values):
            mistakes.append(Mistake(f"sweep.{key}", "has a value twice", values))
    return mistakes

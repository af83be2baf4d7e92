"""An input whose numerical parameters are still to be chosen, as `hpcx converge` takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hpcx.config.errors import InputError, Mistake
from hpcx.config.load import Known, Plan, folder_of, name_of_source, parsed_table, read_input, try_point
from hpcx.config.point import Point
from hpcx.config.settings import value_in, with_key
from hpcx.registry import start_values


@dataclass(frozen=True)
class Open:
    """An input whose numerical parameters are still to be chosen.

    Attributes:
        text, source, settings: as in a `Plan`.
        table: the input as a nested table, complete with start values.
        start: the point of the start values.
        notices: as in a `Plan`.
        known: content of the files that it names.
    """

    text: str
    source: str
    settings: tuple[str, ...]
    table: dict[str, Any]
    start: Point
    known: Known
    notices: tuple[str, ...] = ()

    def plan(self, keys: dict[str, Any], choices: list[dict[str, Any]]) -> Plan:
        """Return the plan of one calculation per element of `choices`, all with `keys`; invalid ones have an error."""
        table = self.table
        for key, value in keys.items():
            table = with_key(table, key, value)
        config = type(self.start.config)
        points = [try_point(table, choice, config, self.known)[0] for choice in choices]
        axes = {key: list(dict.fromkeys(choice[key] for choice in choices)) for key in choices[0]}
        good = next((point.config for point in points if not point.error), self.start.config)
        return Plan(self.text, self.source, good, axes, points, self.settings, scattered=True)


def load_open(path: str, settings: list[str], text: str | None = None) -> Open:
    """Read an input whose numerical parameters may be missing; arguments as of `load_plan`. Raises InputError."""
    text = read_input(path) if text is None else text
    path = name_of_source(path)
    table, config, notices, mistakes = parsed_table(text, path, settings)
    start = start_values(table["model"])
    axes = table.pop("sweep", {})
    others = [key for key in axes if key not in start] if isinstance(axes, dict) else []
    mistakes += [
        Mistake(f"sweep.{key}", f"limits belong to one problem: give one value, e.g. --set {key}=...") for key in others
    ]
    for key, value in start.items():
        table = with_key(table, key, value) if value_in(table, key) is None else table
    point, wrong = try_point(table, {}, config, known := Known(folder_of(path)))
    if mistakes or wrong:
        raise InputError(path, mistakes + wrong)
    return Open(text, path, tuple(settings), table, point, known, tuple(notices))

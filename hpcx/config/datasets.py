"""The datasets of results, from the table in the page of each model, which tests compare with results."""

from __future__ import annotations

import itertools
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

#: where the datasets of a model stand if it has no page of its own
_PAGES = {"exciton": "trion"}
_ROW = re.compile(r"^\| `([^|`]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|", re.MULTILINE)


@dataclass(frozen=True)
class Documented:
    """A dataset of a result.

    Attributes:
        path: within the file.
        axes: names of its dimensions.
        unit: "1" for pure numbers and names.
        meaning: "" where the name says it.
    """

    path: str
    axes: tuple[str, ...]
    unit: str
    meaning: str


def datasets_of(model: str) -> list[Documented]:
    """Return all datasets that results of a model can have, but axes that only count (`state`, `point`, ...)."""
    page = Path(__file__).parents[1] / _PAGES.get(model, model) / "MODEL.md"
    (section,) = re.findall(
        rf"^### {model}\n\n(.*?)(?=^#|\Z)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [
        Documented(path, tuple(axes.replace(",", " ").split()), unit.strip(), meaning.strip())
        for name, axes, unit, meaning in _ROW.findall(section)
        for path in _paths(name)
    ]


def _paths(name: str) -> list[str]:
    """Return the paths that a name with alternatives in braces stands for."""
    return ["".join(words) for words in itertools.product(*(part.split(",") for part in re.split(r"[{}]", name)))]


def datasets_text(model: str) -> str:
    """Return path, axes, unit and meaning of all datasets of a model; a sweep adds its keys as first axes."""
    known = datasets_of(model)
    axes = {axis for dataset in known for axis in dataset.axes}
    return "\n".join(line for dataset in known for line in _lines(dataset, axes))


def _lines(dataset: Documented, axes: set[str]) -> list[str]:
    alone = "axis" if dataset.path.rpartition("/")[2] in axes else "one value"
    head = f"{dataset.path:<48}{'against ' + ', '.join(dataset.axes) if dataset.axes else alone}; unit {dataset.unit}"
    return [head, *textwrap.wrap(dataset.meaning, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)]

"""The figure of a study: each quantity against each parameter, all else in its limit, with the limit and its bar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcx.converge.output import name_of
from hpcx.converge.run import Study
from hpcx.io.writer import encodable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hpcx.converge.ladders import Answer
    from hpcx.refinement import Parameter

#: least distance of two labels of an axis, in widths of the axis; colours of calculations and of the limit
_APART = 0.09
_POINTS, _LIMIT = "#0072B2", "#D55E00"
_STYLE = {"xtick.direction": "in", "ytick.direction": "in", "xtick.top": True, "ytick.right": True, "font.size": 10}


def draw(study: Study, stem: Path) -> Path:
    """Draw `stem`.png and return its path; by one process. Raises OSError."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = len(study.goal.quantities), len(study.goal.parameters)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(0.8 + 3.3 * columns, 0.5 + 2.9 * rows), dpi=160, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, sharey="row")
        for row, quantity, answer in zip(axes, study.goal.quantities, study.answers):
            for axis, parameter in zip(row, study.goal.parameters):
                _panel(axis, parameter, answer)
            row[0].set_ylabel(f"{name_of(quantity)}" + ("" if quantity.unit == "1" else f" ({quantity.unit})"))
            row[-1].legend(frameon=False, fontsize=8)
        figure.suptitle(encodable(_title(study)), fontsize=10, parse_math=False)  # a user's own words
        path = stem.with_suffix(".png")
        figure.savefig(path)
    return path


def _title(study: Study) -> str:
    start = study.problem.start
    return start.config.title or f"{start.config.model}, {start.material.name}"


def _panel(axis: Axes, parameter: Parameter, answer: Answer) -> None:
    """Draw one parameter: the error term along x, so that the limit is at zero;
    ticks say the values of the parameter.
    """
    ladder = answer.ladders[parameter.key]
    term = ladder.terms[parameter.leading]
    x, y = term / term[0], ladder.values + answer.value - ladder.limit.value
    axis.plot(x, y, "o", color=_POINTS, markersize=4, label="calculated")
    if np.isfinite(answer.error):
        axis.axhline(answer.value, color=_LIMIT, linewidth=0.6)
        axis.errorbar(
            0, answer.value, answer.error, fmt="s", color=_LIMIT, capsize=3, markersize=4, clip_on=False, label="limit"
        )
    axis.set_xlim(0, 1.06)
    places, texts = _ticks(x, [parameter.levels[level] for level in ladder.levels])
    axis.set_xticks(places, texts)
    axis.set_xlabel(parameter.text)


def _ticks(x: np.ndarray, levels: list[float]) -> tuple[list[float], list[str]]:
    """Return places and texts of ticks that do not overlap; the limit is always one."""
    places, texts = [0.0], ["$\\infty$"]
    for place, level in sorted(zip(x, levels)):
        if place - places[-1] > _APART:
            places.append(float(place))
            texts.append(f"{level:g}")
    return places, texts

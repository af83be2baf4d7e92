"""What each choice of inputs does to the numbers of Rosati et al., Nanoscale 12, 356 (2020):
all of them, choice by choice.

python postprocess/wigner_choices.py results/wigner_choices/sweep.h5 results/wigner_choices_signs/sweep.h5
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts
from wigner_common import LABELS

#: temperatures of the numbers, K
WARM, COLD = 300.0, 20.0
#: time (ps) from which on the diffusivity of KK is not that of the pulse
LATE = 1.0


class Panel(NamedTuple):
    """A number of the paper: its label, what it is of a choice (as many values as it has),
    and where the paper has it.
    """

    label: str
    values: Callable[[dict[str, np.ndarray]], list[float]]
    paper: tuple[tuple[float, float], ...]


def _at(name: str, time: float) -> Callable[[dict[str, np.ndarray]], list[float]]:
    return lambda data: [float(data[name][np.argmin(np.abs(data["time"] - time))])]


def _window(data: dict[str, np.ndarray]) -> list[float]:
    negative = data["time"][(data["time"] > LATE) & (data["diffusivity"] < 0)]
    return [negative[0], negative[-1]] if negative.size else [np.nan, np.nan]


def _late(data: dict[str, np.ndarray]) -> np.ndarray:
    return data["diffusivity"][data["time"] > LATE]


PANELS = (
    Panel(r"$\tau$, 300 K (fs)", lambda data: list(data["relaxation"]), ((84, 84), (66, 66), (43, 43))),
    Panel(r"$D$, 300 K (cm$^2$/s)", lambda data: [float(data["common"])], ((0.9, 1.0),)),
    Panel("negative, 20 K (ps)", _window, ((30, 30), (100, 100))),
    Panel(r"peak of $D$ (cm$^2$/s)", lambda data: [float(_late(data).max())], ()),
    Panel(r"minimum of $D$ (cm$^2$/s)", lambda data: [float(_late(data).min())], ((-np.inf, 0),)),
    Panel(r"$D^\mathrm{inter}$, 50 ps (cm$^2$/s)", _at("intervalley", 50), ((-np.inf, 0),)),
    Panel(r"$D^\mathrm{inter}$, 120 ps (cm$^2$/s)", _at("intervalley", 120), ((-np.inf, 0),)),
    Panel(r"$D$, 120 ps (cm$^2$/s)", _at("diffusivity", 120), ((0, np.inf),)),
)


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="sweep.h5 of runs that sweep the temperature and choices")
    paths, labels, data = parser.parse_args().files, [], []
    for path in paths:
        with open_result(path) as file:
            more = _read(file)
        labels, data = labels + more[0], data + more[1]
    found = [[panel.values(choice) for panel in PANELS] for choice in data]
    save(_draw(labels, found), paths[0].with_name("wigner_choices"))
    _print_table(labels, found)


def _read(file: h5py.File) -> tuple[list[str], list[dict[str, np.ndarray]]]:
    """Return the choices in words, and what the numbers are made of by choice:
    at 300 K of the rates, at 20 K of KK against time.
    """
    axes = [dimension[0].name.rsplit("/", 1)[-1] for dimension in file["rates/stationary_diffusivity_common"].dims]
    if "temperature" not in axes or not {WARM, COLD} <= set(read(file, "temperature")):
        raise SystemExit(
            f"{file.filename}: this figure wants a sweep over temperatures, {COLD:g} and {WARM:g} K among them, and"
            " choices"
        )
    warm, cold = (int(np.argmin(np.abs(read(file, "temperature") - kelvin))) for kelvin in (WARM, COLD))
    others = [axis for axis in axes if axis != "temperature"]
    labels = [", ".join(words) for words in itertools.product(*(_words(file, axis) for axis in others))]

    def rows(name: str, at: int) -> np.ndarray:
        """Return a dataset at one temperature, (choice, ...)."""
        values = np.moveaxis(read(file, name), axes.index("temperature"), 0)[at]
        return values.reshape(len(labels), *values.shape[len(others) :])

    relaxation, common = rows("rates/relaxation_time", warm), rows("rates/stationary_diffusivity_common", warm)
    diffusivity, intervalley = (
        rows(f"observables/{name}", cold)[..., 0] for name in ("diffusivity", "diffusivity_intervalley")
    )
    time = read(file, "observables/time")
    return labels, [
        {
            "relaxation": relaxation[i],
            "common": common[i],
            "time": time,
            "diffusivity": diffusivity[i],
            "intervalley": intervalley[i],
        }
        for i in range(len(labels))
    ]


def _words(file: h5py.File, axis: str) -> list[str]:
    """Return the values of a swept key; numbers with the last part of their name."""
    values = file[axis]
    if values.dtype.kind in "OS":
        return texts(file, axis)
    unit = values.attrs.get("units", "")
    return [f"{axis.rpartition('.')[2]} {value:g}{f' {unit}' if unit else ''}" for value in read(file, axis)]


def _draw(labels: list[str], found: list[list[list[float]]]) -> plt.Figure:
    figure, axes = plt.subplots(2, 4, figsize=(12.0, 1.6 + 0.45 * len(labels)), sharey=True, layout="constrained")
    letters(axes.flat)
    rows = np.arange(len(labels))[::-1]
    for column, (axis, panel) in enumerate(zip(axes.flat, PANELS)):
        values = np.array([choice[column] for choice in found])
        if column == 2:
            axis.hlines(rows, values[:, 0], values[:, 1], color="C0")
        for number, of_all in enumerate(values.T):
            axis.plot(
                of_all,
                rows,
                "o",
                label=LABELS[number] if column == 0 else None,
                color=f"C{number}" if column == 0 else "C0",
            )
        _mark(axis, panel.paper)
        axis.set_xlabel(panel.label)
        axis.set_yticks(rows, labels)
    axes[0, 0].legend(loc="lower right", bbox_to_anchor=(-0.05, 1.0), ncol=3, columnspacing=0.8, handletextpad=0.0)
    return figure


def _mark(axis: plt.Axes, paper: tuple[tuple[float, float], ...]) -> None:
    """Show what the paper has: values as lines, ranges as bands."""
    for low, high in paper:
        if low == high:
            axis.update_datalim([(low, 0)])
            axis.autoscale_view()
            axis.axvline(low, color="0.5", linewidth=1, zorder=0)
            continue
        ends = [*axis.get_xlim(), *(edge for edge in (low, high) if np.isfinite(edge))]
        margin = 0.05 * (max(ends) - min(ends))
        axis.set_xlim(min(ends) - margin, max(ends) + margin)
        axis.axvspan(max(low, axis.get_xlim()[0]), min(high, axis.get_xlim()[1]), color="0.85", zorder=0)


def _print_table(labels: list[str], found: list[list[list[float]]]) -> None:
    width = max(map(len, labels))
    heads = ("tau KK, KK', K\u039b (fs)", "D 300 K", "negative (ps)")
    heads += ("peak", "minimum", "Dinter 50", "Dinter 120", "D 120")
    print(f"{'':{width}}" + "".join(f"{head:>22}" if i in (0, 2) else f"{head:>11}" for i, head in enumerate(heads)))
    for label, numbers in zip(labels, found):
        cells = (" / ".join(f"{value:.3g}" for value in values) for values in numbers)
        print(
            f"{label:{width}}"
            + "".join(f"{cell:>22}" if i in (0, 2) else f"{cell:>11}" for i, cell in enumerate(cells))
        )


if __name__ == "__main__":
    main()

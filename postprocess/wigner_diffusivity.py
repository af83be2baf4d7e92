"""Squared widths and diffusivities of the three valleys against time
(Figs. 3 and 4 of Rosati et al., Nanoscale 12, 356 (2020)).

python postprocess/wigner_diffusivity.py results/wigner_moments/sweep.h5 --until 20 20 150 --phases 77
python postprocess/wigner_diffusivity.py results/wigner_intervalley_off/result.h5 --diffusivity
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from wigner_common import LABELS

#: colours of the phases: valleys part, draw nearer, have one diffusivity
PHASES = ("#d9f0d3", "#fddbc7", "#d1e5f0")
#: windows longer than this (ps) have a logarithmic axis of time
LONG = 50.0
#: diffusivities that become negative are on a logarithmic axis beyond this on both sides, cm^2/s
LINEAR = 10.0
#: diffusivities are one when they differ by less than this share
TOGETHER = 0.02


@dataclass(frozen=True)
class Column:
    """What is shown of one temperature.

    Attributes:
        title: above the panels.
        temperature: K, NaN if not swept.
        time: ps.
        width, diffusivity: of the valleys (time, valley), um^2 and cm^2/s.
        total_width, total_diffusivity, light: of all excitons and of the light's width (time,).
    """

    title: str
    temperature: float
    time: np.ndarray
    width: np.ndarray
    diffusivity: np.ndarray
    total_width: np.ndarray
    total_diffusivity: np.ndarray
    light: np.ndarray


def main() -> None:
    """Read one run or a sweep over one key, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument(
        "file", type=Path, help="result.h5, or sweep.h5 of a run that sweeps one key, such as the temperature"
    )
    parser.add_argument("--begin", type=float, default=0.5, help="first time shown, ps")
    parser.add_argument("--until", type=float, nargs="+", default=[], help="last times shown, ps, one per temperature")
    parser.add_argument(
        "--phases", type=float, nargs="+", default=[], help="temperatures (K) at which phases are shaded"
    )
    parser.add_argument("--diffusivity", action="store_true", help="leave the widths out")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        swept = _swept(file)
        if len(swept) > 1:
            raise SystemExit(f"{arguments.file} sweeps {' and '.join(swept)}: this figure wants one key")
        key = swept[0] if swept else ""
        columns = [
            _column(file, index, key, value, arguments)
            for index, value in enumerate(read(file, key) if key else [None])
        ]
    save(_draw(columns, arguments), arguments.file.with_name("diffusivity"))


def _swept(file: h5py.File) -> list[str]:
    """Return the swept keys: the axes before time and valley."""
    if "observables/diffusivity" not in file:
        return []
    return [dimension[0].name.rsplit("/", 1)[-1] for dimension in file["observables/diffusivity"].dims][:-2]


def _column(file: h5py.File, index: int, key: str, value: float | None, arguments: argparse.Namespace) -> Column:
    time = read(file, "observables/time")
    last = arguments.until[index] if index < len(arguments.until) else np.inf
    shown = (time >= arguments.begin) & (time <= last)

    def part(name: str) -> np.ndarray:
        values = read(file, f"observables/{name}")
        return (values[index] if key else values)[shown]

    names = (
        "mean_squared_displacement",
        "diffusivity",
        "mean_squared_displacement_total",
        "diffusivity_total",
        "mean_squared_displacement_photoluminescence",
    )
    return Column(
        _title(file, key, value), float(value) if key == "temperature" else np.nan, time[shown], *map(part, names)
    )


def _title(file: h5py.File, key: str, value: float | bytes | None) -> str:
    if not key:
        return ""
    text = value.decode() if isinstance(value, bytes) else f"{value:g} {file[key].attrs.get('units', '')}".strip()
    return text if key == "temperature" else f"{key.rpartition('.')[2]} {text}"


def _draw(columns: list[Column], arguments: argparse.Namespace) -> plt.Figure:
    count, rows = len(columns), 1 if arguments.diffusivity else 2
    size = (0.8 + (3.0 if rows == 2 else 4.0) * count, 0.4 + (2.3 if rows == 2 else 2.8) * rows)
    figure, axes = plt.subplots(rows, count, figsize=size, sharex="col", squeeze=False, layout="constrained")
    for column, data in enumerate(columns):
        if rows == 2:
            _widths(axes[0, column], data)
        _diffusivities(axes[-1, column], data)
        axes[0, column].set_title(data.title)
        axes[-1, column].set_xlabel("time (ps)")
        if data.time[-1] > LONG:  # what happens in some ps would be a line at the left edge
            axes[-1, column].set_xscale("log")
        if data.temperature in arguments.phases:
            for axis in axes[:, column]:
                _shade_phases(axis, data)
    if axes.size > 1:
        letters(axes.flat)
    if rows == 2:
        axes[0, 0].set_ylabel(r"$w^2$ ($\mu$m$^2$)")
    axes[-1, 0].set_ylabel(r"$D$ (cm$^2$/s)")
    axes[0, 0].legend(fontsize="small")
    return figure


def _widths(axis: plt.Axes, data: Column) -> None:
    for valley, label in enumerate(LABELS):
        axis.plot(data.time, data.width[:, valley], label=label, color=f"C{valley}")
    axis.plot(data.time, data.light, "k--", linewidth=1, label="PL")
    axis.plot(data.time, data.total_width, "k:", linewidth=1, label="all")


def _diffusivities(axis: plt.Axes, data: Column) -> None:
    for valley, label in enumerate(LABELS):
        axis.plot(data.time, data.diffusivity[:, valley], color=f"C{valley}", label=label)
    axis.plot(data.time, data.total_diffusivity, "k:", linewidth=1, label="all")
    if (data.diffusivity < 0).any():
        axis.axhline(0, color="0.6", linewidth=0.8)
        axis.set_yscale("symlog", linthresh=LINEAR)
    else:
        axis.set_ylim(0, None)


def _shade_phases(axis: plt.Axes, data: Column) -> None:
    """Shade phase I until the largest diffusivity of KK,
    III from when on all valleys have one diffusivity, II between.
    """
    apart = np.ptp(data.diffusivity, axis=1) > TOGETHER * data.diffusivity[-1].mean()
    ends = [
        data.time[0],
        data.time[data.diffusivity[:, 0].argmax()],
        data.time[np.flatnonzero(apart)[-1]],
        data.time[-1],
    ]
    for colour, left, right, name in zip(PHASES, ends[:-1], ends[1:], ("I", "II", "III")):
        axis.axvspan(left, right, color=colour, zorder=0, linewidth=0)
        axis.text(0.5 * (left + right), 0.02, name, transform=axis.get_xaxis_transform(), ha="center", fontsize="small")


if __name__ == "__main__":
    main()

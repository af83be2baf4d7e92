"""Circular dichroism of A and B side by side, laid out as Fig. 5 of Dogadov et al., npj 2D Mater. Appl. (2025).

python postprocess/valley_traces.py results/valley_study/sweep.h5 --temperatures 77 250
python postprocess/valley_traces.py results/valley_materials/sweep.h5 --by material --temperatures 77
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, named, open_result, plt, read, save, shown
from valley_common import axes as swept
from valley_common import by_set, nearest, temperatures, texts


def main() -> None:
    """Read, draw, save next to the data, and print where the traces stand."""
    parser = command_line(__doc__)
    parser.add_argument(
        "file", type=Path, help="sweep.h5 over temperature, and over mechanisms.set or material if wanted"
    )
    parser.add_argument("--temperatures", type=float, nargs="+", default=[77.0, 250.0], help="K; one panel each")
    parser.add_argument(
        "--by", choices=("set", "material"), default="set", help="panels for temperatures, or for materials"
    )
    parser.add_argument("--set", default="full", help="mechanism set")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        time = 1e-3 * read(file, "dichroism/time")
        panels = _materials(file, arguments) if arguments.by == "material" else _temperatures(file, arguments)
    save(_draw(time, panels), arguments.file.with_name("valley_traces"))
    _print_table(time, panels)


def _temperatures(file: h5py.File, arguments: argparse.Namespace) -> dict[str, np.ndarray]:
    sets = by_set(file, "dichroism/circular_dichroism")
    traces = sets.get(arguments.set, next(iter(sets.values())))
    grid = temperatures(file)
    chosen = dict.fromkeys(nearest(grid, wanted) for wanted in arguments.temperatures)
    return {f"{grid[number]:g} K": traces[number] for number in chosen}


def _materials(file: h5py.File, arguments: argparse.Namespace) -> dict[str, np.ndarray]:
    keys = swept(file, ("material", "temperature"))
    traces = read(file, "dichroism/circular_dichroism")
    if "temperature" in keys:
        traces = np.take(traces, nearest(temperatures(file), arguments.temperatures[0]), axis=keys.index("temperature"))
    return dict(zip(map(named, texts(file, "material")), traces))


def _draw(time: np.ndarray, panels: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.8 * len(panels), 3.4), sharey=True, squeeze=False, constrained_layout=True
    )
    letters(axes[0])
    for axis, (title, traces) in zip(axes[0], panels.items()):
        for row, name in enumerate(("A", "B")):
            axis.plot(time, traces[row], label=f"{name} exciton")
        axis.axhline(0, color="0.7", linewidth=0.8)
        axis.set(xlabel="delay (ps)", xlim=(-0.3, 6))
        axis.set_title(shown(title))
    axes[0, 0].set_ylabel("dichroism / max A")
    axes[0, 0].legend()
    return figure


def _print_table(time: np.ndarray, panels: dict[str, np.ndarray]) -> None:
    print(
        f"{'':>10}{'A 0.3 ps':>10}{'A 1 ps':>10}{'A end':>10}{'B 0.3 ps':>10}{'B peak':>10}{'at (ps)':>9}{'B end':>10}"
    )
    for title, (a, b) in panels.items():
        at = [np.interp(moment, time, a) for moment in (0.3, 1.0, time[-1])]
        peak = int(np.abs(b).argmax())
        late = [np.interp(0.3, time, b), b[peak], time[peak], b[-1]]
        print(
            f"{title:>10}" + "".join(f"{value:10.3f}" for value in (*at, *late[:2])) + f"{late[2]:9.2f}{late[3]:10.3f}"
        )


if __name__ == "__main__":
    main()

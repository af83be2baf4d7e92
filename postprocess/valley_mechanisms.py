"""What each mechanism does to the dichroism, laid out as Fig. 6 a-c of Dogadov et al., npj 2D Mater. Appl. (2025).

    python postprocess/valley_mechanisms.py results/valley_study/sweep.h5 --temperature 77

Every trace is divided by the largest A value of its own run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save
from valley_common import by_set, nearest, temperatures

PHONONS = "phonons"
DEXTER = "phonon_intravalley + dexter_coherent + dexter_intravalley"
COHERENT = "phonon_intravalley + dexter_coherent - offresonant_drive"
#: panel c: what is added to intervalley phonons
ADDED = {
    PHONONS: "phonons",
    "phonons + dexter_coherent + dexter_intravalley": "phonons + Dexter A-B",
    "phonons + exchange": "phonons + exchange",
    "phonons + dexter_dark": "phonons + dark Dexter",
    "full - dexter_dark": "all but dark Dexter",
    "full": "all",
    "full + detailed_balance": "all, Dexter with detailed balance",
    "full + spin_flip": "all + spin flip",
}

#: of panel c, in the order of ADDED
STYLES = (
    {"linewidth": 3.5}, {"linewidth": 1.2, "linestyle": "--"}, {"linewidth": 3.5}, {"linewidth": 1.6},
    {"linewidth": 1.2, "linestyle": "--"}, {"linewidth": 1.6}, {"linewidth": 1.0, "linestyle": ":"},
    {"linewidth": 1.6, "linestyle": "-."},
)  # fmt: skip


def main() -> None:
    """Read, draw, save next to the data, and print the table that is drawn."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 over mechanisms.set, and over temperature if wanted")
    parser.add_argument("--temperature", type=float, default=77.0, help="K")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        row = nearest(temperatures(file), arguments.temperature) if "temperature" in file else 0
        time = 1e-3 * read(file, "dichroism/time")
        tables = {key: by_set(file, f"dichroism/{key}") for key in ("circular_dichroism", "slow_time", "fast_time")}
    traces = {name: values[row] for name, values in tables["circular_dichroism"].items()}
    if "full" not in traces:
        raise SystemExit(f"{arguments.file} has no mechanism set 'full'")
    save(_draw(time, traces), arguments.file.with_name("valley_mechanisms"))
    _print_table(time, traces, {key: {name: values[row] for name, values in tables[key].items()} for key in tables})


def _draw(time: np.ndarray, traces: dict[str, np.ndarray]) -> plt.Figure:
    figure, grid = plt.subplots(2, 2, figsize=(8.4, 6.2), constrained_layout=True)
    axes = grid.flat[:3]
    _draw_phonons(axes[0], time, traces)
    _draw_dexter(axes[1], time, traces)
    for number, (name, label) in enumerate(ADDED.items()):
        if name in traces:
            style = STYLES[number % len(STYLES)]  # curves of equal course lie on each other: thick below thin
            axes[2].plot(time, traces[name][0], color=f"C{number % 7}", label=label, **style)
    axes[2].set(ylabel="dichroism of A / its maximum", ylim=(0, 1.05))
    grid[1, 1].legend(*axes[2].get_legend_handles_labels(), loc="center left", title="c, A exciton")
    grid[1, 1].axis("off")
    letters(axes)
    for axis in axes:
        axis.axhline(0, color="0.7", linewidth=0.8)
        axis.set(xlabel="delay (ps)", xlim=(-0.3, 10))
    return figure


def _draw_phonons(axis: plt.Axes, time: np.ndarray, traces: dict[str, np.ndarray]) -> None:
    for row, name in enumerate(("A", "B")):
        axis.plot(time, traces["full"][row], color=f"C{row}", label=f"{name}, all mechanisms")
        if PHONONS in traces:
            axis.plot(time, traces[PHONONS][row], "--", color=f"C{row}", label=f"{name}, phonons alone")
    axis.set_ylabel("dichroism / max A of the same run")
    axis.legend(fontsize=8)


def _draw_dexter(axis: plt.Axes, time: np.ndarray, traces: dict[str, np.ndarray]) -> None:
    axis.plot(time, traces["full"][1], color="C1", label="B, all mechanisms")
    for name, label, color in ((DEXTER, "coherent and incoherent", "C2"), (COHERENT, "coherent", "C3")):
        if name in traces:
            axis.plot(time, 2 * traces[name][1], color=color, label=f"B, Dexter alone, {label} (x 2)")
    axis.set_ylabel("dichroism / max A of the same run")
    axis.set_ylim(None, 0.11)
    axis.legend(fontsize=8, loc="upper right")


def _print_table(time: np.ndarray, traces: dict[str, np.ndarray], tables: dict[str, dict[str, np.ndarray]]) -> None:
    head = ("A 0.3 ps", "A 1 ps", "A 10 ps", "B 0.3 ps", "B peak", "B 10 ps", "t2 A", "t2 B", "t1 A", "t1 B")
    print(f"{'mechanisms':<60}" + "".join(f"{name:>9}" for name in head))
    for name, (a, b) in traces.items():
        values = [*np.interp([0.3, 1.0, time[-1]], time, a), np.interp(0.3, time, b), b[np.abs(b).argmax()], b[-1]]
        values += [*tables["slow_time"][name], *tables["fast_time"][name]]
        print(
            f"{name:<60}"
            + "".join(f"{value:9.3f}" if number < 6 else f"{value:9.2f}" for number, value in enumerate(values))
        )


if __name__ == "__main__":
    main()

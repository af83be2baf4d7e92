"""Temperature dependence of the circular dichroism, laid out as Fig. 3 of Dogadov et al., npj 2D Mater. Appl. (2025).

python postprocess/valley_temperature.py results/valley_study/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from valley_common import by_set, nearest, temperatures

TRANSITIONS = ("A", "B")


def main() -> None:
    """Read, draw, save next to the data, and print the lifetimes."""
    parser = command_line(__doc__)
    parser.add_argument(
        "file", type=Path, help="sweep.h5 of a run that sweeps temperature, and mechanisms.set if wanted"
    )
    parser.add_argument("--set", default="full", help="mechanism set")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        data = _read(file, arguments.set)
    save(_draw(data), arguments.file.with_name("valley_temperature"))
    _print_table(data)


def _read(file: h5py.File, name: str) -> dict[str, np.ndarray]:
    names = ("circular_dichroism", "fast_time", "slow_time", "slowest_eigenvalue_time")
    tables = {key: by_set(file, f"dichroism/{key}") for key in names}
    sets = tables["fast_time"]
    chosen = name if name in sets else next(iter(sets))
    data = {key: values[chosen] for key, values in tables.items()}
    return data | {"time": 1e-3 * read(file, "dichroism/time"), "temperature": temperatures(file)}


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    """Panels a to h as published; i shows the rate of the odd mode against the inverse temperature."""
    figure, axes = plt.subplots(3, 3, figsize=(11.0, 8.6), constrained_layout=True)
    panels = dict(zip("abcdefghi", axes.ravel()))
    _draw_coldest(panels["a"], data)
    grid = data["temperature"]
    for row, (traces, fast, slow) in enumerate(("bde", "cfg")):
        _draw_traces(panels[traces], data, row)
        _draw_times(
            panels[fast], grid, {"fit (Eq. 2)": data["fast_time"][:, row]}, rf"$\tau_1$ of {TRANSITIONS[row]} (fs)"
        )
        panels[fast].set_ylim(0, 1.2 * np.nanmax(data["fast_time"][:, row]))
        slow_times = {"fit (Eq. 2)": data["slow_time"][:, row], "odd mode": data["slowest_eigenvalue_time"]}
        _draw_times(panels[slow], grid, slow_times, rf"$\tau_2$ of {TRANSITIONS[row]} (ps)")
        panels[slow].set_ylim(0, None)
    ratio = data["slow_time"][:, 0] / data["slow_time"][:, 1]
    _draw_times(panels["h"], grid, {"fit (Eq. 2)": ratio}, r"$\tau_2$ of A over $\tau_2$ of B")
    panels["h"].set_ylim(0, 1.5 * max(np.nanmax(ratio), 1))
    _draw_arrhenius(panels["i"], data)
    letters(axes.flat)
    return figure


def _draw_coldest(axis: plt.Axes, data: dict[str, np.ndarray]) -> None:
    coldest = nearest(data["temperature"], 77)
    for row, name in enumerate(TRANSITIONS):
        axis.plot(data["time"], data["circular_dichroism"][coldest, row], label=f"{name} exciton")
    axis.axhline(0, color="0.7", linewidth=0.8)
    axis.set(xlabel="delay (ps)", ylabel="dichroism / max A", xlim=(-0.3, 10))
    axis.legend(title=f"{data['temperature'][coldest]:g} K")


def _draw_traces(axis: plt.Axes, data: dict[str, np.ndarray], row: int) -> None:
    colors = plt.cm.plasma(np.linspace(0, 0.85, len(data["temperature"])))
    for number, temperature in enumerate(data["temperature"]):
        axis.plot(
            data["time"], data["circular_dichroism"][number, row], color=colors[number], label=f"{temperature:g} K"
        )
    axis.axhline(0, color="0.7", linewidth=0.8)
    axis.set(xlabel="delay (ps)", ylabel=f"dichroism of {TRANSITIONS[row]} / max A", xlim=(-0.3, 5))
    if row == 0:
        axis.legend(fontsize=8)


def _draw_times(axis: plt.Axes, temperature: np.ndarray, curves: dict[str, np.ndarray], label: str) -> None:
    for (name, values), style in zip(curves.items(), ("o-", "s--")):
        axis.plot(temperature, values, style, label=name, markerfacecolor="none" if style == "s--" else None)
    axis.set(xlabel="temperature (K)", ylabel=label)
    axis.legend()


def _draw_arrhenius(axis: plt.Axes, data: dict[str, np.ndarray]) -> None:
    axis.semilogy(1e3 / data["temperature"], 1 / data["slowest_eigenvalue_time"], "o-", label="odd mode")
    axis.set(xlabel="1000 / T (1/K)", ylabel="depolarisation rate (1/ps)")
    axis.legend()


def _print_table(data: dict[str, np.ndarray]) -> None:
    print(f"{'T (K)':>6}{'t1 A (fs)':>11}{'t1 B (fs)':>11}{'t2 A (ps)':>14}{'t2 B (ps)':>14}{'mode (ps)':>11}")
    for row, temperature in enumerate(data["temperature"]):
        fast, slow = data["fast_time"][row], data["slow_time"][row]
        print(
            f"{temperature:6g}{fast[0]:11.1f}{fast[1]:11.1f}{slow[0]:14.3f}{slow[1]:14.3f}{data['slowest_eigenvalue_time'][row]:11.4f}"
        )


if __name__ == "__main__":
    main()

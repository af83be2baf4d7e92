"""Squared widths and diffusivities of the three valleys against time (Figs. 3 and 4 of Rosati et al., Nanoscale 12, 356 (2020)).

    python postprocess/wigner_diffusivity.py results/wigner_moments/sweep.h5
    python postprocess/wigner_diffusivity.py results/wigner_intervalley_off/result.h5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from common import plt, read, save

LABELS = {"KK": "KK", "KK'": "KK$'$", "KL": r"K$\Lambda$"}


def main() -> None:
    """Read one run or a sweep over the temperature, draw, save next to the data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="result.h5, or sweep.h5 of a run that sweeps temperature alone")
    parser.add_argument("--begin", type=float, default=1.0, help="first time shown, ps")
    parser.add_argument("--until", type=float, nargs="+", default=[], help="last times shown, ps, one per temperature")
    parser.add_argument("--height", type=float, help="upper end of the diffusivities shown, cm^2/s")
    arguments = parser.parse_args()
    with h5py.File(arguments.file, "r") as file:
        temperatures = read(file, "temperature") if "temperature" in file else [None]
        time = read(file, "observables/time")
        names = ("width_squared", "diffusivity", "diffusivity_intervalley")
        data = {name: np.atleast_3d(read(file, f"observables/{name}")) for name in names}
        totals = {name: np.atleast_2d(read(file, f"observables/{name}_total")) for name in names[:2]}
        light = np.atleast_2d(read(file, "observables/width_squared_photoluminescence"))
    if temperatures[0] is None:
        data = {name: np.moveaxis(values, -1, 0) for name, values in data.items()}
    late = time >= arguments.begin
    time, light = time[late], light[:, late]
    data = {name: values[:, late] for name, values in data.items()}
    totals = {name: values[:, late] for name, values in totals.items()}
    save(_draw(temperatures, time, data, totals, light), arguments.file.with_name("diffusivity"))


def _draw(temperatures: np.ndarray | list, time: np.ndarray, data: dict, totals: dict, light: np.ndarray) -> plt.Figure:
    count = len(temperatures)
    figure, axes = plt.subplots(2, count, figsize=(0.8 + 3.0 * count, 5.0), sharex="col", squeeze=False, layout="constrained")
    for point, temperature in enumerate(temperatures):
        upper, lower = axes[:, point]
        for valley, label in enumerate(LABELS.values()):
            upper.plot(time, data["width_squared"][point, :, valley], label=label, color=f"C{valley}")
            lower.plot(time, data["diffusivity"][point, :, valley], color=f"C{valley}")
        upper.plot(time, light[point], "k--", linewidth=1, label="light")
        upper.plot(time, totals["width_squared"][point], "k:", linewidth=1, label="all")
        lower.plot(time, totals["diffusivity"][point], "k:", linewidth=1)
        lower.plot(time, data["diffusivity_intervalley"][point, :, 0], color="C0", linewidth=0.8, linestyle="-.", label="KK, intervalley part")
        lower.axhline(0, color="0.6", linewidth=0.8)
        lower.set_xlabel("time (ps)")
        upper.set_title("" if temperature is None else f"{temperature:g} K")
        if temperature is not None and temperature < 40:
            _inset(lower, time, data["diffusivity"][point])
    axes[0, 0].set_ylabel(r"$w^2$ ($\mu$m$^2$)")
    axes[1, 0].set_ylabel(r"$D$ (cm$^2$/s)")
    axes[0, 0].legend(fontsize="small")
    axes[1, 0].legend(fontsize="small", loc="center right")
    return figure


def _inset(axis: plt.Axes, time: np.ndarray, diffusivity: np.ndarray) -> None:
    """Show the negative part large."""
    inset = axis.inset_axes([0.38, 0.42, 0.58, 0.54])
    late = time > 15
    for valley in range(3):
        inset.plot(time[late], diffusivity[late, valley], color=f"C{valley}", linewidth=1)
    inset.axhline(0, color="0.6", linewidth=0.8)
    inset.set_ylim(-60, 60)
    inset.tick_params(labelsize="x-small")


if __name__ == "__main__":
    main()

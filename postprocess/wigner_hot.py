"""Hot excitons: diffusivity and temperature of all excitons against time for each pump energy, and the largest diffusivity of the sweep.

python postprocess/wigner_hot.py results/wigner_hot/sweep.h5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from common import letters, open_result, plt, read, save

KELVIN_PER_MEV = 11.604518
#: temperature of the curves, K
SHOWN = 77.0


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps temperature and pulse.photon_energy")
    path = parser.parse_args().file
    with open_result(path) as file:
        if not all(name in file for name in ("temperature", "pulse.photon_energy")):
            raise SystemExit(f"{path} does not sweep temperature and pulse.photon_energy")
        data = _read(file)
    save(_draw(data), path.with_name("hot"))
    _print_table(data)


def _read(file: h5py.File) -> dict[str, np.ndarray]:
    """Return temperature, excess energy (meV, from the lowest pump energy), time, and (temperature, pump, time) arrays."""
    pump = read(file, "pulse.photon_energy")
    population, energy = (read(file, f"observables/{name}") for name in ("population", "mean_energy"))
    known = np.where(population > 0, population * np.nan_to_num(energy), 0.0).sum(axis=-1) / np.maximum(population.sum(axis=-1), 1e-300)
    return {
        "temperature": read(file, "temperature"),
        "excess": 1e3 * (pump - pump.min()),
        "time": read(file, "observables/time"),
        "diffusivity": read(file, "observables/diffusivity_total"),
        "kinetic": KELVIN_PER_MEV * known,
    }


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.4), layout="constrained")
    letters(axes)
    row = int(np.argmin(np.abs(data["temperature"] - SHOWN)))
    for column, excess in enumerate(data["excess"]):
        colour = plt.cm.inferno(0.85 * column / max(len(data["excess"]) - 1, 1))
        for axis, name in zip(axes, ("diffusivity", "kinetic")):
            axis.plot(data["time"], data[name][row, column], color=colour, label=f"{excess:.0f} meV")
    axes[0].set_ylabel(r"$D$ of all excitons (cm$^2$/s)")
    axes[0].legend(title="pump above resonance", fontsize="small")
    axes[0].set_title(f"{data['temperature'][row]:g} K")
    axes[1].set_ylabel("mean kinetic energy / $k_B$ (K)")
    axes[1].axhline(data["temperature"][row], color="0.6", linewidth=0.8)
    for axis in axes[:2]:
        axis.set_xlim(0.2, 6)
        axis.set_xlabel("time (ps)")
    largest = np.nanmax(data["diffusivity"], axis=-1)
    for line, temperature in zip(largest, data["temperature"]):
        axes[2].plot(data["excess"], line, "o-", label=f"{temperature:g} K")
    axes[2].set_xlabel("pump above resonance (meV)")
    axes[2].set_ylabel(r"largest $D$ (cm$^2$/s)")
    axes[2].legend(fontsize="small")
    return figure


def _print_table(data: dict[str, np.ndarray]) -> None:
    print(f"{'T (K)':>6}{'excess':>8}{'largest D':>11}{'D at 12 ps':>12}{'cooled at':>11}")
    for row, temperature in enumerate(data["temperature"]):
        for column, excess in enumerate(data["excess"]):
            spread, kinetic = data["diffusivity"][row, column], data["kinetic"][row, column]
            late = np.flatnonzero(np.abs(kinetic / kinetic[-1] - 1) > 0.1)
            cooled = data["time"][late[-1]] if len(late) else np.nan
            print(f"{temperature:6g}{excess:8.0f}{np.nanmax(spread):11.2f}{spread[-1]:12.2f}{cooled:11.2f}")
    print("excess in meV, D of all excitons in cm2/s, cooled (mean kinetic energy within 10 % of its last value) in ps")


if __name__ == "__main__":
    main()

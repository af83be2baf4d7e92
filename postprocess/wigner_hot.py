"""Hot excitons: diffusivity and temperature of all excitons against time for each pump energy,
and the largest diffusivity of the sweep.

python postprocess/wigner_hot.py results/wigner_hot/sweep.h5
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from common import plt, read
from two_keys import Data, Swept, colours, draw_two

KELVIN_PER_MEV = 11.604518
#: temperature of the curves, K
SHOWN = 77.0


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    draw_two(__file__, __doc__, ("temperature", "pulse.photon_energy"), _read, _draw, _print_table)


def _read(swept: Swept) -> Data:
    """Return temperature, excess energy (meV, from the lowest pump energy),
    time, and (temperature, pump, time) arrays.
    """
    pump = swept.axis(1)
    population, energy = (swept(f"observables/{name}") for name in ("population", "mean_energy"))
    known = np.where(population > 0, population * np.nan_to_num(energy), 0.0).sum(axis=-1) / np.maximum(
        population.sum(axis=-1), 1e-300
    )
    return {
        "temperature": swept.axis(0),
        "excess": 1e3 * (pump - pump.min()),
        "time": read(swept.file, "observables/time"),
        "diffusivity": swept("observables/diffusivity_total"),
        "kinetic": KELVIN_PER_MEV * known,
    }


def _draw(axes: Sequence[plt.Axes], data: Data) -> None:
    row = int(np.argmin(np.abs(data["temperature"] - SHOWN)))
    for column, (excess, colour) in enumerate(zip(data["excess"], colours(data["excess"]))):
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


def _print_table(data: Data) -> None:
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

"""Stationary diffusivity, relaxation time of the bright excitons and their share against temperature,
material by material.

python postprocess/wigner_materials.py results/wigner_materials/sweep.h5
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from common import plt, texts
from two_keys import Data, Swept, draw_two

#: temperatures that are marked, K
TICKS = (5, 10, 20, 50, 100, 300)


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    draw_two(__file__, __doc__, ("material", "temperature"), _read, _draw, _print_table)


def _read(swept: Swept) -> Data:
    """Return the axes, and (material, temperature, ...) arrays."""
    return {
        "material": np.array(texts(swept.file, "material")),
        "temperature": swept.axis(1),
        "diffusivity": swept("rates/stationary_diffusivity_common"),
        "relaxation": swept("rates/relaxation_time")[..., 0],
        "share": swept("rates/equilibrium_population")[..., 0],
    }


def _draw(axes: Sequence[plt.Axes], data: Data) -> None:
    labels = {
        "diffusivity": r"$D$ of all excitons (cm$^2$/s)",
        "relaxation": "relaxation time of KK (fs)",
        "share": "share of KK in equilibrium",
    }
    for axis, (name, label) in zip(axes, labels.items()):
        for row, material in enumerate(data["material"]):
            axis.plot(data["temperature"], data[name][row], "o-", label=str(material))
        axis.set_xscale("log")
        axis.set_xticks(TICKS, list(map(str, TICKS)))
        axis.set_xlim(0.9 * data["temperature"].min(), 1.1 * data["temperature"].max())
        axis.set_xlabel("temperature (K)")
        axis.set_ylabel(label)
    axes[0].set_ylim(0, None)
    axes[1].set_yscale("log")
    axes[2].set_yscale("log")
    axes[2].set_ylim(1e-6, 2)
    axes[0].legend(fontsize="small")


def _print_table(data: Data) -> None:
    print("D of all excitons (cm2/s), stationary")
    print(f"{'T (K)':>8}" + "".join(f"{material:>9}" for material in data["material"]))
    for column, temperature in enumerate(data["temperature"]):
        print(f"{temperature:8g}" + "".join(f"{value:9.3f}" for value in data["diffusivity"][:, column]))


if __name__ == "__main__":
    main()

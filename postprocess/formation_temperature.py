"""Formation of excitons against temperature and pump energy: half widths,
rise times, and what a formed exciton bleaches.

python postprocess/formation_temperature.py results/formation_temperature/sweep.h5
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from common import plt, texts
from two_keys import PUMP, Data, Swept, colours, draw_two


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    draw_two(__file__, __doc__, ("temperature", PUMP), _read, _draw, _print_table)


def _read(swept: Swept) -> Data:
    """Return the axes, times and shares of A (temperature, pump),
    and what does not depend on the pump (temperature, ...).
    """
    full = texts(swept.file, "signal/contribution").index("full")
    energy, width = swept("wannier/energy")[0, 0, 0], swept("wannier/half_width")[:, 0, 0]
    return {
        "temperature": swept.axis(0),
        "pump": swept.axis(1),
        "rise": swept("signal/rise_time")[:, :, 0, full],
        "low": swept("signal/rise_time_low")[:, :, 0, full],
        "high": swept("signal/rise_time_high")[:, :, 0, full],
        "coherent": swept("signal/coherent_share")[:, :, 0],
        "ground_width": width[:, 0],
        "unbound_width": width[:, np.flatnonzero(np.isfinite(energy))[-1]],
        "area": swept("wannier/bleaching_area")[:, 0],
    }


def _draw(axes: Sequence[plt.Axes], data: Data) -> None:
    temperature = data["temperature"]
    axes[0].plot(temperature, data["ground_width"], "o-", label="1s")
    axes[0].plot(temperature, data["unbound_width"], "s-", label="unbound")
    axes[0].set_ylabel("half width (meV)")
    for row, (kelvin, colour) in enumerate(zip(temperature, colours(temperature))):
        axes[1].plot(data["pump"], data["rise"][row], "o-", color=colour, label=f"{kelvin:g} K")
        axes[1].fill_between(data["pump"], data["low"][row], data["high"][row], color=colour, alpha=0.12, linewidth=0)
    axes[1].set_xlabel("pump photon energy (eV)")
    axes[1].set_ylabel("rise time of A (fs)")
    for column, name in enumerate("AB"):
        axes[2].plot(temperature, data["area"][:, column], "o-", label=name)
    axes[2].set_ylabel(r"area bleached per exciton (nm$^2$)")
    for axis in (axes[0], axes[2]):
        axis.set_ylim(0, 1.1 * axis.get_ylim()[1])
        axis.set_xlabel("temperature (K)")
    for axis in axes:
        axis.legend(fontsize="small")


def _print_table(data: Data) -> None:
    print(
        f"{'T (K)':>6}{'width':>7}{'area':>7}   rise time of A (fs) / coherent share; pump (eV): "
        + "  ".join(f"{energy:.2f}" for energy in data["pump"])
    )
    for row, temperature in enumerate(data["temperature"]):
        cells = [f"{rise:.1f}/{share:.2f}" for rise, share in zip(data["rise"][row], data["coherent"][row])]
        print(f"{temperature:6g}{data['ground_width'][row]:7.1f}{data['area'][row, 0]:7.2f}   " + "  ".join(cells))
    print("width: half width of 1s in meV; area: what one 1s exciton of A bleaches, nm^2")


if __name__ == "__main__":
    main()

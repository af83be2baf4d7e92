"""Valley depolarisation against temperature and pump energy: traces of A and B,
polarisation that is left, times of the decay.

python postprocess/valley_pump.py results/valley_pump/sweep.h5
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from common import plt, read
from two_keys import PUMP, Data, Swept, colours, draw_two

#: delay (ps) at which the polarisation is read, well after the pulses
READ_AT = 1.0


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    draw_two(__file__, __doc__, ("temperature", PUMP), _read, _draw, _print_table)


def _read(swept: Swept) -> Data:
    """Return the axes, and what is read off by (temperature, pump, transition)."""
    time, traces = 1e-3 * read(swept.file, "dichroism/time"), swept("dichroism/circular_dichroism")
    plus, minus = np.moveaxis(
        swept("dichroism/differential_transmission")[..., int(np.argmin(np.abs(time - READ_AT)))], 2, 0
    )
    return {
        "temperature": swept.axis(0),
        "pump": swept.axis(1),
        "time": time,
        "traces": traces / np.abs(traces).max(axis=(2, 3), keepdims=True),
        "left": (plus - minus) / (plus + minus),
        "slow": swept("dichroism/slow_time"),
    }


def _draw(axes: Sequence[plt.Axes], data: Data) -> None:
    for column, (energy, colour) in enumerate(zip(data["pump"], colours(data["pump"], "plasma"))):
        axes[0].plot(data["time"], data["traces"][0, column, 0], color=colour, label=f"{energy:g} eV")
        axes[0].plot(data["time"], data["traces"][0, column, 1], "--", color=colour)
    axes[0].set_title(f"{data['temperature'][0]:g} K, A solid, B dashed", fontsize=10)
    axes[0].set_xlabel("delay (ps)")
    axes[0].set_ylabel("circular dichroism / its largest")
    for row, (kelvin, colour) in enumerate(zip(data["temperature"], colours(data["temperature"]))):
        for transition, style in enumerate(("o-", "s--")):
            label = f"{kelvin:g} K" if transition == 0 else None
            axes[1].plot(data["pump"], data["left"][row, :, transition], style, color=colour, label=label)
        axes[2].plot(data["pump"], data["slow"][row, :, 0], "o-", color=colour, label=f"{kelvin:g} K")
    axes[1].set_ylabel(f"$(T_+ - T_-) / (T_+ + T_-)$ after {READ_AT:g} ps")
    axes[2].set_ylabel("slow time of A (ps)")
    axes[2].set_ylim(0, None)
    for axis in axes[1:]:
        axis.set_xlabel("pump photon energy (eV)")
    for axis in axes:
        axis.legend(fontsize="small")


def _print_table(data: Data) -> None:
    print(f"(T+ - T-) / (T+ + T-) of A / B after {READ_AT:g} ps, slow time of A (ps)")
    print(f"{'T (K)':>6}  " + "  ".join(f"{energy:>17.2f} eV" for energy in data["pump"]))
    for row, kelvin in enumerate(data["temperature"]):
        cells = [
            f"{left[0]:6.3f} / {left[1]:6.3f} {slow[0]:5.1f}"
            for left, slow in zip(data["left"][row], data["slow"][row])
        ]
        print(f"{kelvin:6g}  " + "  ".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()

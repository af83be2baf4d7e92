"""Valley depolarisation against temperature and pump energy: traces of A and B, polarisation that is left, times of the decay.

python postprocess/valley_pump.py results/valley_pump/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from valley_common import axes as axes_of

PUMP = "pump.photon_energy"
#: delay (ps) at which the polarisation is read, well after the pulses
READ_AT = 1.0


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps temperature and pump.photon_energy")
    path = parser.parse_args().file
    with open_result(path) as file:
        if not all(name in file for name in ("temperature", PUMP)):
            raise SystemExit(f"{path} does not sweep temperature and {PUMP}")
        data = _read(file)
    save(_draw(data), path.with_name("valley_pump"))
    _print_table(data)


def _read(file: h5py.File) -> dict[str, np.ndarray]:
    """Return the axes, and what is read off by (temperature, pump, transition)."""
    keys = axes_of(file, ("temperature", PUMP))
    order = [keys.index(name) for name in ("temperature", PUMP)]

    def ordered(name: str) -> np.ndarray:
        """Return a dataset with temperature first, pump second."""
        values = read(file, f"dichroism/{name}")
        return values.transpose(*order, *range(2, values.ndim))

    time, traces = 1e-3 * read(file, "dichroism/time"), ordered("circular_dichroism")
    plus, minus = np.moveaxis(ordered("differential_transmission")[..., int(np.argmin(np.abs(time - READ_AT)))], 2, 0)
    return {
        "temperature": read(file, "temperature"),
        "pump": read(file, PUMP),
        "time": time,
        "traces": traces / np.abs(traces).max(axis=(2, 3), keepdims=True),
        "left": (plus - minus) / (plus + minus),
        "slow": ordered("slow_time"),
    }


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.4), layout="constrained")
    letters(axes)
    for column, energy in enumerate(data["pump"]):
        colour = plt.cm.plasma(0.85 * column / max(len(data["pump"]) - 1, 1))
        axes[0].plot(data["time"], data["traces"][0, column, 0], color=colour, label=f"{energy:g} eV")
        axes[0].plot(data["time"], data["traces"][0, column, 1], "--", color=colour)
    axes[0].set_title(f"{data['temperature'][0]:g} K, A solid, B dashed", fontsize=10)
    axes[0].set_xlabel("delay (ps)")
    axes[0].set_ylabel("circular dichroism / its largest")
    for row, kelvin in enumerate(data["temperature"]):
        colour = plt.cm.inferno(0.85 * row / max(len(data["temperature"]) - 1, 1))
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
    return figure


def _print_table(data: dict[str, np.ndarray]) -> None:
    print(f"(T+ - T-) / (T+ + T-) of A / B after {READ_AT:g} ps, slow time of A (ps)")
    print(f"{'T (K)':>6}  " + "  ".join(f"{energy:>17.2f} eV" for energy in data["pump"]))
    for row, kelvin in enumerate(data["temperature"]):
        cells = [f"{left[0]:6.3f} / {left[1]:6.3f} {slow[0]:5.1f}" for left, slow in zip(data["left"][row], data["slow"][row])]
        print(f"{kelvin:6g}  " + "  ".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()

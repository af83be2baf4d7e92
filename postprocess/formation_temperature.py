"""Formation of excitons against temperature and pump energy: half widths, rise times, and what a formed exciton bleaches.

python postprocess/formation_temperature.py results/formation_temperature/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts
from formation_common import PUMP


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps temperature and the pump energy")
    path = parser.parse_args().file
    with open_result(path) as file:
        if not all(name in file for name in ("temperature", PUMP)):
            raise SystemExit(f"{path} does not sweep temperature and {PUMP}")
        data = _read(file)
    save(_draw(data), path.with_name("formation_temperature"))
    _print_table(data)


def _read(file: h5py.File) -> dict[str, np.ndarray]:
    """Return the axes, times and shares of A (temperature, pump), and what does not depend on the pump (temperature, ...)."""
    scales = [dimension[0].name.rsplit("/", 1)[-1] for dimension in file["signal/rise_time"].dims]
    order = [scales.index(name) for name in ("temperature", PUMP)]
    if sorted(order) != [0, 1]:
        raise SystemExit(f"{file.filename}: this figure wants a sweep over temperature and {PUMP} alone")

    def by_temperature(name: str) -> np.ndarray:
        """Return a dataset with temperature first, pump second."""
        values = read(file, name)
        return values.transpose(*order, *range(2, values.ndim))

    full = texts(file, "signal/contribution").index("full")
    energy, width = by_temperature("wannier/energy")[0, 0, 0], by_temperature("wannier/half_width")[:, 0, 0]
    return {
        "temperature": read(file, "temperature"),
        "pump": read(file, PUMP),
        "rise": by_temperature("signal/rise_time")[:, :, 0, full],
        "low": by_temperature("signal/rise_time_low")[:, :, 0, full],
        "high": by_temperature("signal/rise_time_high")[:, :, 0, full],
        "coherent": by_temperature("signal/coherent_share")[:, :, 0],
        "ground_width": width[:, 0],
        "unbound_width": width[:, np.flatnonzero(np.isfinite(energy))[-1]],
        "area": by_temperature("wannier/bleaching_area")[:, 0],
    }


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.4), layout="constrained")
    letters(axes)
    temperature = data["temperature"]
    axes[0].plot(temperature, data["ground_width"], "o-", label="1s")
    axes[0].plot(temperature, data["unbound_width"], "s-", label="unbound")
    axes[0].set_ylabel("half width (meV)")
    for row, kelvin in enumerate(temperature):
        colour = plt.cm.inferno(0.85 * row / max(len(temperature) - 1, 1))
        axes[1].plot(data["pump"], data["rise"][row], "o-", color=colour, label=f"{kelvin:g} K")
        axes[1].fill_between(data["pump"], data["low"][row], data["high"][row], color=colour, alpha=0.12, linewidth=0)
    axes[1].set_xlabel("pump photon energy (eV)")
    axes[1].set_ylabel("rise time of A (fs)")
    for column, name in enumerate("AB"):
        axes[2].plot(temperature, data["area"][:, column], "o-", label=name)
    axes[2].set_ylabel(r"area bleached by one 1s exciton (nm$^2$)")
    for axis in (axes[0], axes[2]):
        axis.set_ylim(0, 1.1 * axis.get_ylim()[1])
        axis.set_xlabel("temperature (K)")
    for axis in axes:
        axis.legend(fontsize="small")
    return figure


def _print_table(data: dict[str, np.ndarray]) -> None:
    print(f"{'T (K)':>6}{'width':>7}{'area':>7}   rise time of A (fs) / coherent share; pump (eV): " + "  ".join(f"{energy:.2f}" for energy in data["pump"]))
    for row, temperature in enumerate(data["temperature"]):
        cells = [f"{rise:.1f}/{share:.2f}" for rise, share in zip(data["rise"][row], data["coherent"][row])]
        print(f"{temperature:6g}{data['ground_width'][row]:7.1f}{data['area'][row, 0]:7.2f}   " + "  ".join(cells))
    print("width: half width of 1s in meV; area: what one 1s exciton of A bleaches, nm^2")


if __name__ == "__main__":
    main()

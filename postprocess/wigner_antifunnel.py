"""Energies of the valleys, squared widths and densities with and without strain: funnelling and anti-funnelling.

python postprocess/wigner_antifunnel.py results/wigner_antifunnel/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from wigner_common import LABELS

SWEPT = "parameters.excitons.energy_KLambda"


def main() -> None:
    """Read a sweep over the energy of KΛ and the depth of the landscape (0 first), draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of inputs/wigner_antifunnel.toml")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        count = len(read(file, SWEPT))
        figure, axes = plt.subplots(3, count, figsize=(2.4 + 3.0 * count, 7.2), sharey="row", layout="constrained")
        for point in range(count):
            energies, widths, densities = axes[:, point]
            _energies(energies, file, point)
            _widths(widths, file, point)
            _densities(densities, file, point)
    letters(axes.flat)
    for axis, label in zip(axes[:, 0], ("energy (meV)", r"$w^2$ ($\mu$m$^2$)", r"density (1/$\mu$m)")):
        axis.set_ylabel(label)
    for axis in axes[:, -1]:
        axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    save(figure, arguments.file.with_name("antifunnel"))


def _energies(axis: plt.Axes, file: h5py.File, point: int) -> None:
    x, energy_v = read(file, "density/x"), read(file, "rates/valley_energy")[point, -1]
    for valley, landscape in enumerate(read(file, "density/landscape")[point, -1]):
        axis.plot(x, energy_v[valley] + landscape, label=LABELS[valley])
    lowest = LABELS[int(np.argmin(energy_v))]
    axis.set_title(f"{lowest} lowest")
    axis.set_xlabel(r"$x$ ($\mu$m)")


def _widths(axis: plt.Axes, file: h5py.File, point: int) -> None:
    """Squared widths of all excitons with and without strain, and of the valleys with strain."""
    time = read(file, "observables/time")
    total = read(file, "observables/mean_squared_displacement_total")[point]
    axis.plot(time, total[0], "k--", label="all, no strain")
    axis.plot(time, total[-1], "k", label="all, strain")
    for valley, label in enumerate(LABELS):
        axis.plot(
            time,
            read(file, "observables/mean_squared_displacement")[point, -1, :, valley],
            linewidth=1,
            label=f"{label}, strain",
        )
    axis.set_yscale("log")
    axis.set_xlabel("time (ps)")


def _densities(axis: plt.Axes, file: h5py.File, point: int) -> None:
    """Densities of all excitons at the last time and, with strain, in equilibrium."""
    x, density = read(file, "density/x"), read(file, "density/density")[point, :, -1].sum(axis=1)
    time = read(file, "density/time")[-1]
    axis.plot(x, density[0], "k--", label=f"no strain, {time:g} ps")
    axis.plot(x, density[-1], "k", label=f"strain, {time:g} ps")
    axis.plot(x, read(file, "density/equilibrium")[point, -1].sum(axis=0), color="0.6", label="strain, equilibrium")
    axis.set_xlabel(r"$x$ ($\mu$m)")


if __name__ == "__main__":
    main()

"""Trions in momentum space: |C(k, 0)|^2, the pair that light makes at k while the
resident carrier is at the minimum of its band.

    python postprocess/trion_states.py results/trion/result.h5 [--states 3]

A row per species, a column per state from the lowest one on, with the energy from the exciton: negative is bound.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from exciton_disk import in_momentum


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a trion run, or points/NAME.h5 of a sweep")
    parser.add_argument("--states", type=int, default=3, help="how many states are drawn, from the lowest one on")
    options = parser.parse_args()
    with open_result(options.file) as file:
        save(draw(file, options.states), options.file.with_name("trion_states"))


def draw(file: h5py.File, count: int) -> plt.Figure:
    """Return the figure."""
    species = [
        name
        for name in file
        if f"{name}/binding_energy" in file and f"{name}/wavefunction" in file and name != "exciton"
    ]
    columns = min(count, max(len(read(file, f"{name}/wavefunction")) for name in species))
    size = (2.2 * columns + 1.0, 2.3 * len(species))
    figure, axes = plt.subplots(len(species), columns, figsize=size, squeeze=False, layout="constrained")
    letters(axes.flat)
    exciton = read(file, "exciton/energy_from_band_edge")[0]
    for row, name in zip(axes, species):
        k = np.stack([read(file, f"{name}/kx"), read(file, f"{name}/ky")], axis=1)
        energy = 1e3 * (read(file, f"{name}/energy_from_band_edge") - exciton)
        for number, (axis, amplitude_k) in enumerate(zip(row, read(file, f"{name}/wavefunction"))):
            in_momentum(axis, k, amplitude_k)
            axis.set_title(f"{name} {number}, {energy[number]:+.1f} meV", fontsize=9)
            print(f"{name}, state {number}: {energy[number]:+.2f} meV from the exciton")
        row[0].set_ylabel("$k_y$ (1/Å)")
        figure.colorbar(row[-1].collections[0], ax=row[-1], label=r"$|C(\mathbf{k}, 0)|^2$ / maximum")
    return figure


if __name__ == "__main__":
    main()

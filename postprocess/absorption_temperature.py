"""Absorption of the singlet trion against the temperature of the charge that is there.

python postprocess/absorption_temperature.py results/trion_temperature/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, open_result, plt, read, save


def main() -> None:
    """Read, draw, print the peaks, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run with absorption that sweeps trion.temperature alone")
    path = parser.parse_args().file
    with open_result(path) as file:
        temperatures = read(file, "trion.temperature")
        energy = 1e3 * read(file, "singlet/absorption/relative_energy")
        spectra = read(file, "singlet/absorption/absorption")
    if spectra.ndim != 2:
        raise SystemExit(f"{path} sweeps more than trion.temperature")
    for temperature, spectrum in zip(temperatures, spectra, strict=True):
        low, high = (np.where(side, spectrum, 0) for side in (energy < -20, energy >= -12))
        print(
            f"{temperature:5g} K: trion {energy[low.argmax()]:.1f} meV, exciton {energy[high.argmax()]:.1f} meV, ratio"
            f" of heights {low.max() / high.max():.3f}"
        )
    save(draw(temperatures, energy, spectra / spectra.max()), path.with_name("absorption_temperature"))


def draw(temperatures: np.ndarray, energy: np.ndarray, spectra: np.ndarray) -> plt.Figure:
    """Return the figure."""
    figure, axis = plt.subplots()
    colours = plt.get_cmap("plasma")(np.linspace(0, 0.85, len(temperatures)))
    for number, (temperature, spectrum, colour) in enumerate(zip(temperatures, spectra, colours, strict=True)):
        width = 3.0 if number == 0 else 1.4  # low temperatures may lie on each other: thick below thin
        axis.plot(energy, spectrum, color=colour, linewidth=width, label=f"{temperature:g} K")
    axis.set_xlim(energy[0], energy[-1])
    axis.set_ylim(0)
    axis.set_xlabel("photon energy from the 1s exciton (meV)")
    axis.set_ylabel("singlet absorption (largest = 1)")
    axis.legend()
    return figure


if __name__ == "__main__":
    main()

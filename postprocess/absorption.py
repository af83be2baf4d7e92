"""Absorption of exciton, singlet and triplet with maps of the singlet's states in momentum space.

    python postprocess/absorption.py results/trion_absorption/result.h5

Fig. 2a of Tempelaar and Berkelbach, Nat. Commun. 10, 3419 (2019).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, photon_label, plt, read, save
from matplotlib.artist import Artist

STYLES = {"exciton": {"color": "0.6"}, "singlet": {"color": "C0"}, "triplet": {"color": "C1", "linestyle": "--"}}
LABELS = {"exciton": "exciton", "singlet": "trion, singlet", "triplet": "trion, triplet"}


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a trion run with absorption.enabled")
    parser.add_argument("--species", default="singlet", help="species whose maps are shown")
    options = parser.parse_args()
    with open_result(options.file) as file:
        figure = draw(file, options.species)
    save(figure, options.file.with_name("absorption"))


def draw(file: h5py.File, species: str) -> plt.Figure:
    """Return the figure: maps above, spectra below."""
    maps = f"{species}/absorption/map" in file
    count = len(read(file, f"{species}/absorption/map_energy")) if maps else 0
    figure = plt.figure(figsize=(6.2, 4.6 if count else 3.4))
    grid = figure.add_gridspec(2, max(count, 1), height_ratios=(1, 1.7) if count else (0.001, 1), hspace=0.12)
    axis = figure.add_subplot(grid[1, :])
    draw_spectra(axis, file)
    for column in range(count):
        image = draw_map(figure.add_subplot(grid[0, column]), file, species, column)
        mark(axis, file, species, column)
    if count:
        letters([*figure.axes[1:], axis])
        figure.colorbar(image, ax=figure.axes[1:], label=r"$|C|^2$ / maximum", shrink=0.8)
    return figure


def draw_spectra(axis: plt.Axes, file: h5py.File) -> None:
    """Draw the spectra relative to the exciton's peak, and print where their peaks are."""
    height = read(file, "exciton/absorption/absorption").max()
    for name, style in STYLES.items():
        if f"{name}/absorption/absorption" in file:
            energy, spectrum = (read(file, f"{name}/absorption/{what}") for what in ("photon_energy", "absorption"))
            axis.plot(energy, spectrum / height, label=LABELS[name], **style)
            place = photon_label(file).removeprefix("photon energy ").replace("(eV)", "").strip()
            print(f"{LABELS[name]}: highest point at {energy[np.argmax(spectrum)]:.4f} eV {place}".rstrip())
    axis.set_xlim(energy[0], energy[-1])
    axis.set_ylim(0, 1.15)
    axis.set_xlabel(photon_label(file))
    axis.set_ylabel("absorption (exciton peak = 1)")
    axis.legend(loc="upper right")


def draw_map(axis: plt.Axes, file: h5py.File, species: str, column: int) -> Artist:
    """Draw |C(k, 0)|^2 of one state on the disk around the valley's centre; return what has its colours."""
    old = f"{species}/kx" not in file
    kx, ky = read(file, f"{species}/k").T if old else (read(file, f"{species}/{name}") for name in ("kx", "ky"))
    size = np.abs(read(file, f"{species}/absorption/map")[column]) ** 2
    image = axis.tripcolor(kx, ky, size / size.max(), shading="gouraud", cmap="magma", rasterized=True, vmin=0, vmax=1)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    bar = _round(0.6 * np.abs(kx).max())
    low = 1.12 * ky.min()
    axis.plot([-bar / 2, bar / 2], [low, low], color="0.2", linewidth=1.5)
    axis.text(0, 1.1 * low, f"{bar:g}/Å", fontsize=8, ha="center", va="top")
    axis.set_ylim(1.5 * low, 1.05 * ky.max())
    energy = read(file, f"{species}/absorption/map_energy")[column]
    axis.set_title(f"{energy:.3f} eV", loc="right", fontsize=9)
    for spine in axis.spines.values():
        spine.set_visible(False)
    print(f"map {chr(97 + column)}: {energy:.4f} eV")
    return image


def _round(length: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not longer."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(max(step for step in (1, 2, 5) if step * power <= length * (1 + 1e-9)) * power)


def mark(axis: plt.Axes, file: h5py.File, species: str, column: int) -> None:
    """Put the letter of a map at its peak."""
    energy = read(file, f"{species}/absorption/map_energy")[column]
    grid = read(file, f"{species}/absorption/photon_energy")
    near = np.abs(grid - energy) < 0.003  # about as wide as the letter
    highest = max(
        read(file, f"{name}/absorption/absorption")[near].max() for name in STYLES if f"{name}/absorption" in file
    )
    height = highest / read(file, "exciton/absorption/absorption").max()
    text = chr(97 + column)
    axis.annotate(
        text, (energy, height), textcoords="offset points", xytext=(0, 4), ha="center", fontsize=9, fontweight="bold"
    )


if __name__ == "__main__":
    main()

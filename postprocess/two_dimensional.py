"""Two-dimensional spectrum at one waiting time, from a trion run with two-dimensional spectra.

    python postprocess/two_dimensional.py results/trion_2des_mose2/result.h5 --time 0

Shows minus the real part, relative to its largest value. Fig. 3a of Tempelaar and Berkelbach, Nat. Commun. 10, 3419
(2019).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, open_result, photon_label, plt, read, save


def main() -> None:
    """Read, draw, print the heights of the four peaks, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5, or a point of a sweep, of a run with twod.enabled")
    parser.add_argument("--time", type=float, default=0, help="waiting time (fs); the nearest one of the file is shown")
    parser.add_argument("--species", choices=["total", "singlet", "triplet"], default="total")
    options = parser.parse_args()
    with open_result(options.file) as file:
        times = read(file, "twod/waiting_time")
        number = int(np.argmin(np.abs(times - options.time)))
        prefix = "" if options.species == "total" else f"{options.species}_"
        signal = -read(file, f"twod/{prefix}signal")[number].real
        axes = [read(file, f"twod/{name}_energy") for name in ("excitation", "detection")]
        corners = -read(file, f"twod/{prefix}corners")[number].real
        zero = photon_label(file).removeprefix("photon energy")
        peaks = [float(read(file, f"twod/{name}_peak")) for name in ("trion", "exciton")]
    signal /= np.abs(signal).max()
    print_corners(corners / corners.max(), peaks)
    figure = draw(signal, axes, peaks, f"{options.species}, $t_2$ = {times[number]:g} fs", zero)
    save(figure, options.file.with_name(f"two_dimensional_{options.species}_{times[number]:g}fs"))


def print_corners(corners: np.ndarray, peaks: list[float]) -> None:
    """Print the heights at the four corners of the square relative to the highest."""
    for first, row in zip("TX", corners, strict=True):
        for second, height in zip("TX", row, strict=True):
            energies = [peaks["TX".index(name)] for name in (first, second)]
            print(f"excitation {first}, detection {second}: {height:.3f} at ({energies[0]:.4f}, {energies[1]:.4f}) eV")


def draw(signal: np.ndarray, axes: list[np.ndarray], peaks: list[float], title: str, zero: str) -> plt.Figure:
    """Return the figure: colours and contours over excitation and detection energy, counted from what `zero` says."""
    figure, axis = plt.subplots(figsize=(4.8, 4.0))
    low, high = peaks[0] - 0.03, peaks[1] + 0.03
    image = axis.pcolormesh(*axes, signal.T, cmap="RdBu_r", vmin=-1, vmax=1, shading="gouraud", rasterized=True)
    axis.contour(*axes, signal.T, levels=np.arange(-0.9, 1.0, 0.1), colors="k", linewidths=0.4)
    axis.plot([low, high], [low, high], ":", color="0.3", linewidth=1)
    for peak in peaks:
        axis.axvline(peak, color="0.6", linewidth=0.5)
        axis.axhline(peak, color="0.6", linewidth=0.5)
    axis.set_xlim(low, high)
    axis.set_ylim(low, high)
    axis.set_aspect("equal")
    axis.set_xlabel(rf"excitation energy $\hbar\omega_1${zero}")
    axis.set_ylabel(rf"detection energy $\hbar\omega_3${zero}")
    axis.set_title(title, fontsize=10)
    figure.colorbar(image, label=r"$-$Re $S$ (largest = 1)")
    return figure


if __name__ == "__main__":
    main()

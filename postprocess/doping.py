"""Ratio of the trion's and the exciton's absorption peaks against the doping density,
from a trion run that sweeps mesh.N.

    python postprocess/doping.py results/trion_doping/sweep.h5

One charge on N x N cells is the lower a density the larger N is. The singlet's spectrum is taken alone; the trion peak
is the highest point more than 15 meV below the exciton of the same mesh, the exciton peak the highest point from 12 meV
below it upwards (--split changes both). Fits a line through the origin. Fig. 2c of Tempelaar and Berkelbach, Nat.
Commun. 10, 3419 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from common import command_line, open_result, plt, read, save


@dataclass(frozen=True)
class Peaks:
    """Peaks at each density: positions from the exciton in meV, ratio of heights; density in 1e13/cm^2."""

    sizes: np.ndarray
    density: np.ndarray
    trion: np.ndarray
    exciton: np.ndarray
    ratio: np.ndarray


def main() -> None:
    """Read, fit, print, draw."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run with absorption that sweeps mesh.N alone")
    sides = "end of the trion's side, begin of the exciton's (meV)"
    parser.add_argument("--split", type=float, nargs=2, default=(-15, -12), help=sides)
    options = parser.parse_args()
    with open_result(options.file) as file:
        peaks = find_peaks(file, *options.split)
    slope, error, square = through_origin(peaks.density, peaks.ratio)
    print(f"{'N':>5}{'n (1e12/cm2)':>14}{'T - 1s':>9}{'X - 1s':>9}{'I_T/I_X':>9}{'ratio/n(1e13)':>15}")
    slopes = peaks.ratio / peaks.density
    for row in zip(peaks.sizes, 10 * peaks.density, peaks.trion, peaks.exciton, peaks.ratio, slopes, strict=True):
        print("{:5g}{:14.3f}{:9.1f}{:9.1f}{:9.3f}{:15.1f}".format(*row))
    print(f"line through the origin: {slope:.2f} +- {error:.2f} per 1e13/cm2, R2 = {square:.3f}")
    save(draw(peaks, slope, error), options.file.with_name("doping"))


def find_peaks(file: h5py.File, trion_end: float, exciton_begin: float) -> Peaks:
    """Return the peaks of all points of a sweep."""
    absorption = read(file, "singlet/absorption/absorption")
    if absorption.ndim != 2:
        raise SystemExit(f"{file.filename} sweeps more than mesh.N")
    energy = 1e3 * read(file, "singlet/absorption/relative_energy")
    sides = [np.where(side, absorption, -1) for side in (energy < trion_end, energy > exciton_begin)]
    position = [energy[np.argmax(side, axis=1)] for side in sides]
    height = [side.max(axis=1) for side in sides]
    density = 1e-13 * read(file, "doping_density")
    return Peaks(read(file, "mesh.N"), density, *position, height[0] / height[1])


def through_origin(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return slope, its standard error and R^2 (about the mean) of the least-squares line y = slope x."""
    slope = x @ y / (x @ x)
    left = ((y - slope * x) ** 2).sum()
    return slope, np.sqrt(left / (len(x) - 1) / (x @ x)), 1 - left / ((y - y.mean()) ** 2).sum()


def draw(peaks: Peaks, slope: float, error: float) -> plt.Figure:
    """Return the figure."""
    figure, axis = plt.subplots()
    axis.plot(10 * peaks.density, peaks.ratio, "o", label="calculated")
    line = np.array([0, 1.05 * peaks.density.max()])
    label = rf"slope {slope:.1f} $\pm$ {error:.1f} per $10^{{13}}$ cm$^{{-2}}$"
    axis.plot(10 * line, slope * line, "--", color="0.3", label=label)
    axis.fill_between(10 * line, (slope - error) * line, (slope + error) * line, color="0.85", linewidth=0)
    for size, x, y in zip(peaks.sizes, peaks.density, peaks.ratio, strict=True):
        if size in (peaks.sizes.min(), 60):
            axis.annotate(
                f"N = {size:g}", (10 * x, y), textcoords="offset points", xytext=(-6, 6), ha="right", fontsize=8
            )
    axis.set_xlabel(r"electron density ($10^{12}$ cm$^{-2}$)")
    axis.set_ylabel("peak height, trion / exciton")
    axis.set_xlim(0)
    axis.set_ylim(0)
    axis.legend(loc="upper left")
    return figure


if __name__ == "__main__":
    main()

"""Density of the excitons of each valley against position and time, with the edge of the spot (1/e of its middle).

    python postprocess/wigner_density.py results/wigner_phase_space/result.h5

In two dimensions along the middle line. Each time is divided by its maximum unless --absolute is given.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from wigner_common import LABELS

#: windows longer than this (ps) have a logarithmic axis of time
LONG = 50.0
#: of the largest density: what is less, left and right of the spot, is not shown
SMALLEST = 1e-3


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5, or a point of a sweep, of a run with space")
    parser.add_argument("--absolute", action="store_true", help="do not divide each time by its maximum")
    options = parser.parse_args()
    with open_result(options.file) as file:
        time, x, density = read_densities(file)
    save(draw(time, x, density, options.absolute), options.file.with_name("density"))


def read_densities(file: h5py.File) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times (ps) after the pulse has made excitons, positions (um), and densities (time, valley and sum, x)."""
    if "density/density" not in file:
        raise SystemExit(f"{file.filename} has no densities: the run must resolve space (space.dimension = 1 or 2)")
    if "index/id" in file:
        raise SystemExit(f"{file.filename} is a sweep: give one of its points/<id>.h5 (`hpcx status` names them)")
    time, x, density = (read(file, f"density/{name}") for name in ("time", "x", "density"))
    if density.ndim == 4:
        density = density[:, :, density.shape[2] // 2]
    made = density.sum(axis=(1, 2)) > 0
    return time[made], x, np.concatenate([density, density.sum(axis=1, keepdims=True)], axis=1)[made]


def draw(time: np.ndarray, x: np.ndarray, density: np.ndarray, absolute: bool) -> plt.Figure:
    """Return the figure: one map per valley, and of all."""
    figure, axes = plt.subplots(2, 2, figsize=(7.0, 5.6), sharex=True, sharey=True, layout="constrained")
    scale = density.max() if absolute else density.max(axis=2, keepdims=True)
    reach = 1.1 * np.abs(x[density[:, -1].max(axis=0) > SMALLEST * density[:, -1].max()]).max()
    for number, (axis, label) in enumerate(zip(axes.flat, (*LABELS, "all"))):
        shown = np.clip((density / scale)[:, number], 0, None)
        image = axis.pcolormesh(time, x, shown.T, shading="nearest", cmap="viridis", vmin=0, vmax=1, rasterized=True)
        if not absolute:
            axis.contour(time, x, shown.T, levels=[np.exp(-1)], colors="w", linewidths=0.8)
        axis.set_title(label, fontsize=10)
        axis.set_ylim(-reach, reach)
    if time[-1] > LONG:
        axes[0, 0].set_xscale("log")
    for axis in axes[:, 0]:
        axis.set_ylabel(r"$x$ ($\mu$m)")
    for axis in axes[-1]:
        axis.set_xlabel("time (ps)")
    letters(axes.flat)
    figure.colorbar(image, ax=axes, label="density / maximum" + ("" if absolute else " of its time"))
    return figure


if __name__ == "__main__":
    main()

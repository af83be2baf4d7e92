"""Normalised photoluminescence against position and time,
one panel per temperature (Fig. 2 of Rosati et al., Nanoscale 12, 356 (2020)).

python postprocess/wigner_photoluminescence.py results/wigner_photoluminescence/sweep.h5
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, points, read, save

#: windows longer than this (ps) have a logarithmic axis of time
LONG = 50.0


def main() -> None:
    """Read, draw and save next to the first file."""
    parser = command_line(__doc__)
    parser.add_argument(
        "files", type=Path, nargs="+", help="result.h5 of runs with space, or sweep.h5 over the temperature"
    )
    parser.add_argument("--absolute", action="store_true", help="do not normalise each time to its maximum")
    arguments = parser.parse_args()
    panels = sorted((_read(point) for path in arguments.files for point in points(path)), key=lambda panel: -panel[0])
    save(_draw(panels, arguments.absolute), arguments.files[0].with_name("photoluminescence"))


def _read(path: Path) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return temperature, time, x and light (time, x); in two dimensions along the middle line."""
    with open_result(path) as file:
        temperature = json.loads(file["provenance/config"].asstr()[()])["temperature"]
        light = read(file, "density/photoluminescence")
        if light.ndim == 3:
            light = light[:, light.shape[1] // 2]
        return temperature, read(file, "density/time"), read(file, "density/x"), light


def _draw(panels: list, absolute: bool) -> plt.Figure:
    figure, axes = plt.subplots(
        1, len(panels), figsize=(1.0 + 2.8 * len(panels), 3.4), sharey=True, squeeze=False, layout="constrained"
    )
    letters(axes[0])
    for axis, (temperature, time, x, light) in zip(axes[0], panels):
        shown = light if absolute else light / light.max(axis=1, keepdims=True)
        image = axis.pcolormesh(time, x, shown.T, shading="nearest", cmap="inferno", rasterized=True)
        if not absolute:
            axis.contour(time, x, shown.T, levels=[np.exp(-1)], colors="w", linewidths=0.8)
        axis.set_title(f"{temperature:g} K")
        axis.set_xlabel("time (ps)")
        if time[-1] > LONG:  # the light spreads within some ps
            axis.set_xscale("log")
        axis.set_ylim(-1.5, 1.5)
    axes[0, 0].set_ylabel(r"$x$ ($\mu$m)")
    figure.colorbar(image, ax=axes[0, -1], label="PL" + (r" (1/($\mu$m ps))" if absolute else " / maximum of its time"))
    return figure


if __name__ == "__main__":
    main()

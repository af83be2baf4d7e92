"""Negative diffusion in the plane: the spot of the bright excitons before,
while and after it shrinks, its squared width and diffusivity.

    python postprocess/wigner_shrinking.py results/wigner_plane_20K/result.h5

That input has wide energy bins: the spot shrinks from 29 to 65 ps; on fine bins it does from 34 to 81 ps.
Maps are divided by their maxima; the line is the density 1/e, the circle has the radius w of the mean square.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, settings

#: before this time (ps) excitons are still being made
EARLIEST = 1.0


def main() -> None:
    """Read, draw, save next to the data, and print when and by how much the spot shrinks."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a run in the plane (space.dimension = 2)")
    path = parser.parse_args().file
    with open_result(path) as file:
        if settings(file).get("space", {}).get("dimension") != 2:
            raise SystemExit(f"{path} is not of the plane: this figure needs space.dimension = 2")
        data = _read(file)
    save(_draw(data), path.with_name("shrinking"))
    _tell(data)


def _read(file: h5py.File) -> dict[str, np.ndarray]:
    """Return widths and diffusivities of KK against time, and its densities (time, y, x)."""
    names = {
        "time": "observables/time",
        "width": "observables/mean_squared_displacement",
        "diffusivity": "observables/diffusivity",
        "parts": "observables/diffusivity_intervalley",
    }
    data = {name: read(file, path) for name, path in names.items()}
    data |= {name: values[:, 0] for name, values in data.items() if values.ndim == 2}
    return data | {
        "x": read(file, "density/x"),
        "map_time": read(file, "density/time"),
        "density": read(file, "density/density")[:, 0],
    }


def shrinking(data: dict[str, np.ndarray]) -> tuple[float, float]:
    """Return the first and the last time (ps) at which the spot shrinks; raises SystemExit if it never does."""
    negative = data["time"][(data["time"] > EARLIEST) & (data["diffusivity"] < 0)]
    if not negative.size:
        raise SystemExit("the spot never shrinks: the diffusivity of KK is positive at all times")
    return float(negative[0]), float(negative[-1])


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    begin, end = shrinking(data)
    figure = plt.figure(figsize=(10.0, 5.6), layout="constrained")
    panels = figure.subplot_mosaic("abcd;eeff", height_ratios=(1, 1.05))
    reach = 1.6 * np.sqrt(np.nanmax(data["width"]))
    for name, time in zip("abcd", (0.2 * begin, begin, 0.5 * (begin + end), end)):
        image = _draw_map(panels[name], data, time, reach)
    panels["a"].set_ylabel(r"$y$ ($\mu$m)")
    figure.colorbar(image, ax=panels["d"], label="KK / its maximum")
    for name, key, label in (
        ("e", "width", r"$w^2$ of KK ($\mu$m$^2$)"),
        ("f", "diffusivity", r"$D$ of KK (cm$^2$/s)"),
    ):
        panels[name].plot(data["time"], data[key], color="C0")
        panels[name].axvspan(begin, end, color="C1", alpha=0.15, linewidth=0, label="it shrinks")
        panels[name].set_xlabel("time (ps)")
        panels[name].set_ylabel(label)
    panels["f"].plot(data["time"], data["parts"], "--", color="0.4", label="intervalley part")
    panels["f"].axhline(0, color="0.6", linewidth=0.8)
    panels["e"].legend(fontsize="small")
    panels["f"].legend(fontsize="small")
    letters(panels.values())
    return figure


def _draw_map(axis: plt.Axes, data: dict[str, np.ndarray], time: float, reach: float) -> plt.cm.ScalarMappable:
    """Draw the density nearest to a time, its 1/e line and the circle of its mean square."""
    number = int(np.argmin(np.abs(data["map_time"] - time)))
    shown, x = data["density"][number] / data["density"][number].max(), data["x"]
    image = axis.pcolormesh(
        x, x, np.clip(shown, 0, None), shading="nearest", cmap="viridis", vmin=0, vmax=1, rasterized=True
    )
    axis.contour(x, x, shown, levels=[np.exp(-1)], colors="w", linewidths=0.8)
    radius = np.sqrt(np.interp(data["map_time"][number], data["time"], data["width"]))
    axis.add_patch(plt.Circle((0, 0), radius, fill=False, color="C1", linewidth=1.2))
    axis.set_title(f"{data['map_time'][number]:g} ps", fontsize=10)
    axis.set_aspect("equal")
    axis.set_xlim(-reach, reach)
    axis.set_ylim(-reach, reach)
    axis.set_xlabel(r"$x$ ($\mu$m)")
    return image


def _tell(data: dict[str, np.ndarray]) -> None:
    begin, end = shrinking(data)
    first, last = (float(np.interp(time, data["time"], data["width"])) for time in (begin, end))
    lowest = int(np.argmin(np.where(data["time"] > EARLIEST, data["diffusivity"], np.inf)))
    print(f"KK shrinks from {begin:.1f} to {end:.1f} ps: w^2 from {first:.4f} to {last:.4f} um^2")
    print(f"smallest diffusivity {data['diffusivity'][lowest]:.2f} cm2/s at {data['time'][lowest]:.1f} ps")


if __name__ == "__main__":
    main()

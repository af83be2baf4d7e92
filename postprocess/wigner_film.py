"""A film of the excitons' density: in the plane as a map, along a line as curves of the valleys;
each frame to its maximum.

    python postprocess/wigner_film.py results/wigner_two_spots/result.h5
    python postprocess/wigner_film.py results/wigner_phase_space/result.h5 --format mp4

GIF needs nothing but matplotlib, MP4 the program ffmpeg.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, open_result, plt, read
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from wigner_common import LABELS

DPI = 80
#: longest films, frames; further maps are left out evenly in their number
MOST_FRAMES = 200


def main() -> None:
    """Read, draw all frames, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5, or a point of a sweep, of a run with space")
    parser.add_argument(
        "--valley", type=int, choices=(0, 1, 2), help="plane: show one valley, 0 KK, 1 KK', 2 KΛ (default: the sum)"
    )
    parser.add_argument("--rate", type=int, default=10, help="frames per second")
    parser.add_argument("--format", choices=("gif", "mp4"), default="gif")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        film = _film(file, arguments.valley)
    path = arguments.output or arguments.file.with_name(f"film.{arguments.format}")
    if path.suffix not in (".gif", ".mp4"):
        raise SystemExit(f"{path}: a film ends in .gif or .mp4")
    if path.suffix == ".mp4" and not FFMpegWriter.isAvailable():
        raise SystemExit("mp4 needs the program ffmpeg, which is not found; use --format gif")
    writer = PillowWriter(fps=arguments.rate) if path.suffix == ".gif" else FFMpegWriter(fps=arguments.rate)
    film.save(path, writer=writer, dpi=DPI)
    print(f"wrote {path}")


def _film(file: h5py.File, valley: int | None) -> FuncAnimation:
    """Return the animation of a file's maps that hold excitons; raises SystemExit if it has none."""
    if "density/density" not in file or "index/id" in file:
        raise SystemExit(
            f"{file.filename} has no densities of one run: give the result of a run with space.dimension = 1 or 2"
        )
    density, time, x = (read(file, f"density/{name}") for name in ("density", "time", "x"))
    made = np.flatnonzero(density.reshape(len(time), -1).sum(axis=1) > 0)
    shown = made[np.unique(np.linspace(0, len(made) - 1, min(len(made), MOST_FRAMES)).astype(int))]
    if "density/y" not in file:
        return _along_a_line(density[shown], time[shown], x)
    plane = density.sum(axis=1) if valley is None else density[:, valley]
    return _in_the_plane(
        plane[shown], time[shown], x, read(file, "density/y"), "all" if valley is None else LABELS[valley]
    )


def _in_the_plane(density: np.ndarray, time: np.ndarray, x: np.ndarray, y: np.ndarray, name: str) -> FuncAnimation:
    figure, axis = plt.subplots(figsize=(4.8, 4.0), layout="constrained")
    extent = (x[0], x[-1], y[0], y[-1])
    image = axis.imshow(density[0] / density[0].max(), origin="lower", extent=extent, cmap="viridis", vmin=0, vmax=1)
    axis.set_xlabel(r"$x$ ($\mu$m)")
    axis.set_ylabel(r"$y$ ($\mu$m)")
    figure.colorbar(image, ax=axis, label=f"density ({name}) / maximum")

    def frame(number: int) -> list:
        """Draw one frame."""
        image.set_data(density[number] / density[number].max())
        axis.set_title(f"{time[number]:.2f} ps")
        return [image]

    return FuncAnimation(figure, frame, frames=len(time))


def _along_a_line(density: np.ndarray, time: np.ndarray, x: np.ndarray) -> FuncAnimation:
    figure, axis = plt.subplots(figsize=(4.8, 3.4), layout="constrained")
    lines = [axis.plot(x, np.zeros_like(x), label=label)[0] for label in LABELS]
    axis.set(xlabel=r"$x$ ($\mu$m)", ylabel="density / maximum of the valley", ylim=(0, 1.05), xlim=(x[0], x[-1]))
    axis.legend(loc="upper right")

    def frame(number: int) -> list:
        """Draw one frame."""
        for line, values in zip(lines, density[number]):
            line.set_ydata(values / max(values.max(), np.finfo(float).tiny))
        axis.set_title(f"{time[number]:.2f} ps")
        return lines

    return FuncAnimation(figure, frame, frames=len(time))


if __name__ == "__main__":
    main()

"""A film (GIF) of the excitons' density in the plane, all valleys together, each frame scaled to its maximum.

python postprocess/wigner_film.py results/wigner_two_spots/result.h5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import open_result, plt, read
from matplotlib.animation import FuncAnimation, PillowWriter


def main() -> None:
    """Read, draw all frames, save next to the data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="result.h5 of a run in two dimensions")
    parser.add_argument("--valley", type=int, help="show one valley: 0 KK, 1 KK', 2 KΛ (default: the sum)")
    parser.add_argument("--rate", type=int, default=10, help="frames per second")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        density, time = read(file, "density/density"), read(file, "density/time")
        x, y = read(file, "density/x"), read(file, "density/y") if "density/y" in file else None
    if y is None:
        raise SystemExit(f"{arguments.file} is not of two dimensions")
    shown = density.sum(axis=1) if arguments.valley is None else density[:, arguments.valley]
    path = arguments.file.with_name("film.gif")
    _animate(shown, time, x, y).save(path, writer=PillowWriter(fps=arguments.rate))
    print(f"wrote {path}")


def _animate(density: np.ndarray, time: np.ndarray, x: np.ndarray, y: np.ndarray) -> FuncAnimation:
    figure, axis = plt.subplots(figsize=(4.2, 4.0), layout="constrained")
    extent = (x[0], x[-1], y[0], y[-1])
    image = axis.imshow(density[0] / density[0].max(), origin="lower", extent=extent, cmap="inferno", vmin=0, vmax=1)
    axis.set_xlabel(r"$x$ ($\mu$m)")
    axis.set_ylabel(r"$y$ ($\mu$m)")

    def frame(number: int) -> list:
        """Draw one frame."""
        image.set_data(density[number] / density[number].max())
        axis.set_title(f"{time[number]:.2f} ps")
        return [image]

    return FuncAnimation(figure, frame, frames=len(time))


if __name__ == "__main__":
    main()

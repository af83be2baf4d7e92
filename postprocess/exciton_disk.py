"""Excitons of a valley: |A(k)|^2 around the valley's centre, and |psi(r)|^2 of electron and hole at the distance r.

    python postprocess/exciton_disk.py results/exciton/result.h5 [--states 4]

The circle is the border of the disk, where it is near. psi(r) = sum_k A(k) exp(i k r) is the envelope: the Bloch
functions of the valley's centre, which vary within a cell, are left out.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts

#: points per side of a picture in real space, and its half width in units of the root mean square distance
POINTS, WIDTH = 121, 2.5
#: density relative to the maximum up to which momentum space is shown
SHOWN = 1e-3
#: half width of what is shown at least, in distances of the mesh
LEAST = 4


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of an exciton run on a disk")
    parser.add_argument("--states", type=int, default=4, help="how many states are drawn, from the lowest one on")
    options = parser.parse_args()
    with open_result(options.file) as file:
        save(draw(file, options.states), options.file.with_name("exciton_disk"))


def draw(file: h5py.File, count: int) -> plt.Figure:
    """Return the figure: a column per state, momentum space above real space."""
    amplitude_sk = read(file, "exciton/wavefunction")[:count]
    k = np.stack([read(file, "exciton/kx"), read(file, "exciton/ky")], axis=1)
    energy = 1e3 * read(file, "exciton/energy_from_band_edge")
    names = (
        texts(file, "exciton/label")
        if "exciton/label" in file
        else [f"state {number}" for number in range(len(energy))]
    )
    figure, axes = plt.subplots(
        2, len(amplitude_sk), figsize=(2.2 * len(amplitude_sk) + 0.6, 4.2), squeeze=False, layout="constrained"
    )
    letters(axes.flat)
    for number, (column, amplitude_k) in enumerate(zip(axes.T, amplitude_sk, strict=True)):
        in_momentum(column[0], k, amplitude_k)
        column[0].set_title(f"{names[number]}, {energy[number]:.1f} meV", fontsize=9)
        radius = in_space(column[1], k, amplitude_k)
        print(
            f"state {number}: {energy[number]:.2f} meV, root mean square distance of electron and hole {radius:.1f}"
            " angstrom"
        )
    axes[0, 0].set_ylabel("$k_y$ (1/Å)")
    axes[1, 0].set_ylabel("$y$ (Å)")
    for row, label in zip(axes, (r"$|A(\mathbf{k})|^2$ / maximum", r"$|\psi(\mathbf{r})|^2$ / maximum")):
        figure.colorbar(row[-1].collections[0], ax=row[-1], label=label)
    return figure


def in_momentum(axis: plt.Axes, k: np.ndarray, amplitude_k: np.ndarray) -> None:
    """Draw |A(k)|^2 relative to its maximum, with the border of the disk."""
    density = np.abs(amplitude_k) ** 2
    axis.tripcolor(*k.T, density / density.max(), shading="gouraud", cmap="magma", rasterized=True, vmin=0, vmax=1)
    angle, radius = np.linspace(0, 2 * np.pi, 200), np.linalg.norm(k, axis=1)
    axis.plot(radius.max() * np.cos(angle), radius.max() * np.sin(angle), color="0.5", linewidth=0.8)
    seen = max(1.05 * radius[density > SHOWN * density.max()].max(), LEAST * np.sort(radius)[1])
    axis.set_xlim(-seen, seen)
    axis.set_ylim(-seen, seen)
    axis.set_aspect("equal")
    axis.locator_params(nbins=4)
    axis.set_xlabel("$k_x$ (1/Å)")


def in_space(axis: plt.Axes, k: np.ndarray, amplitude_k: np.ndarray) -> float:
    """Draw |psi(r)|^2 relative to its maximum; return the root mean square distance within the picture, angstrom."""
    spread = np.sqrt((np.abs(amplitude_k) ** 2 * (k**2).sum(axis=1)).sum())
    half = 4 * WIDTH / spread
    radius = half
    for _ in range(3):  # the width follows the state
        half = min(WIDTH * radius, np.pi / np.abs(k[1]).max())
        x = np.linspace(-half, half, POINTS)
        waves = [np.exp(1j * np.outer(x, k[:, direction])) for direction in (0, 1)]
        density = np.abs(np.einsum("xk,yk,k->yx", *waves, amplitude_k, optimize=True)) ** 2
        radius = np.sqrt((density * (x[None] ** 2 + x[:, None] ** 2)).sum() / density.sum())
    axis.pcolormesh(x, x, density / density.max(), cmap="magma", shading="gouraud", rasterized=True, vmin=0, vmax=1)
    axis.set_aspect("equal")
    axis.set_xlabel("$x$ (Å)")
    return float(radius)


if __name__ == "__main__":
    main()

"""Excitons on the whole Brillouin zone: energies along a path of pair momenta,
|A(k)|^2 of a state, the bands that it is made of, and its electron beside the hole.

    python postprocess/exciton_zone.py results/exciton_zone/result.h5 [--state 0]

The wavefunction is that of the last pair momentum, summed over bands, at the momentum of the hole; the hexagon is the
border of the first zone. The weight of a band at k is the sum of |A|^2 over the bands of the other carrier, and the
area of its dot there (rings: conduction bands, c1 the lowest; filled: valence bands, v1 the highest); the numbers are
sums over the zone. In real space a dot is a site of the lattice: |psi(r)|^2 is the probability of the electron there
with the hole at the cross, over its maximum; the file's numbers are normalised to 1 over all sites of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts
from scipy.spatial import Voronoi

#: half width of the picture in real space in units of the root mean square distance
EXTENT = 2.5
#: area of the dot of the largest weight of a band, points^2, and the least weight over the largest that has a dot
LARGEST, LEAST = 60, 1e-3
#: corners of the path whose names are symbols
SYMBOLS = {"G": "Γ", "Gamma": "Γ", "K'": "K′"}


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help='result.h5 of an exciton run with mesh.region = "zone"')
    parser.add_argument("--state", type=int, default=0, help="number of the state that is drawn, 0 is the lowest")
    options = parser.parse_args()
    with open_result(options.file) as file:
        save(draw(file, options.state), options.file.with_name("exciton_zone"))


def draw(file: h5py.File, state: int) -> plt.Figure:
    """Return the figure: dispersion, if there is one, beside the wavefunction."""
    along = "exciton/dispersion/energy" in file
    in_space = "exciton/space/density" in file
    panels = 2 + along + in_space
    figure, axes = plt.subplots(1, panels, figsize=(3.4 * panels, 3.0), squeeze=False, layout="constrained")
    if along:
        draw_dispersion(axes[0, 0], file)
    letters(axes[0])
    amplitude = read(file, "exciton/wavefunction")
    if not 0 <= state < amplitude.shape[-1]:
        raise SystemExit(f"--state {state}: the file has states 0 to {amplitude.shape[-1] - 1}")
    weight_kcv, mesh = np.abs(amplitude[..., state]) ** 2, Mesh.of(file)
    draw_wavefunction(axes[0, int(along)], mesh, weight_kcv)
    name = f" ({texts(file, 'exciton/irrep')[state]})" if "exciton/irrep" in file else ""
    axes[0, int(along)].set_title(f"state {state}{name}, {read(file, 'exciton/energy')[state]:.3f} eV", fontsize=9)
    draw_bands(axes[0, 1 + along], mesh, weight_kcv)
    if in_space:
        draw_electron(axes[0, -1], file, state)
    return figure


def draw_dispersion(axis: plt.Axes, file: h5py.File) -> None:
    """Draw energies against the distance along the path."""
    distance, energy_qs = (read(file, f"exciton/dispersion/{name}") for name in ("path", "energy"))
    edge_q = read(file, "exciton/dispersion/pair_edge")
    axis.plot(distance, edge_q, color="0.6", label="lowest free pair")
    for number, energy_q in enumerate(energy_qs.T):
        axis.plot(
            distance,
            energy_q,
            color="C0",
            marker=".",
            markersize=3,
            linewidth=0.8,
            label="excitons" if number == 0 else None,
        )
    axis.set_xlim(distance[0], distance[-1])
    if "exciton/dispersion/corner" in file:
        axis.set_xticks(
            read(file, "exciton/dispersion/corner_path"),
            [SYMBOLS.get(name, name) for name in texts(file, "exciton/dispersion/corner")],
        )
        axis.grid(axis="x", color="0.8", linewidth=0.6)
        axis.set_xlabel("pair momentum")
    else:
        axis.set_xlabel("pair momentum along the path (1/Å)")
    axis.set_ylabel("energy (eV)")
    axis.legend(loc="upper center", fontsize=7)
    print(
        f"lowest exciton {energy_qs.min():.4f} eV at {distance[np.argmin(energy_qs.min(axis=1))]:.3f} 1/angstrom along"
        " the path"
    )


@dataclass(frozen=True)
class Mesh:
    """Points of the mesh in and around the first zone.

    Attributes:
        near_kx: momenta (n, 2), 1/angstrom.
        point: which point of the mesh each of them is equivalent to, (n,).
        border_cx: corners of the first zone, closed.
    """

    near_kx: np.ndarray
    point: np.ndarray
    border_cx: np.ndarray

    @classmethod
    def of(cls, file: h5py.File) -> Mesh:
        """Return the mesh of a result."""
        k = np.stack([read(file, "exciton/kx"), read(file, "exciton/ky")], axis=1)
        divisions = int(np.sqrt(len(k)))
        b = np.array([k[divisions], k[1]]) * divisions  # the second index runs fastest
        shifts = np.stack(np.mgrid[-2:3, -2:3], axis=-1).reshape(-1, 2) @ b
        near = (k[:, None] + shifts).reshape(-1, 2)
        inside = np.linalg.norm(near, axis=1) < 1.25 * np.linalg.norm(b, axis=1).max()
        return cls(near[inside], np.repeat(np.arange(len(k)), len(shifts))[inside], _zone_border(shifts))

    def frame(self, axis: plt.Axes, color: str) -> None:
        """Draw the border, and limit the axes to it."""
        axis.plot(*self.border_cx.T, color=color, linewidth=0.8)
        limit = 1.05 * np.abs(self.border_cx).max()
        axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
        axis.set_xlabel("$k_x$ (1/Å)")
        axis.set_ylabel("$k_y$ (1/Å)")


def draw_wavefunction(axis: plt.Axes, mesh: Mesh, weight_kcv: np.ndarray) -> None:
    """Draw |A(k)|^2 on the first zone with its border."""
    density = weight_kcv.sum(axis=(1, 2))
    value = (density / density.max())[mesh.point]
    image = axis.tripcolor(*mesh.near_kx.T, value, shading="gouraud", cmap="magma", rasterized=True, vmin=0, vmax=1)
    axis.figure.colorbar(image, ax=axis, label="$|A(k)|^2$ / maximum")
    mesh.frame(axis, "white")


def draw_bands(axis: plt.Axes, mesh: Mesh, weight_kcv: np.ndarray) -> None:
    """Draw the weight of every band at every momentum, and print what each has in all."""
    conduction_kc, valence_kv = weight_kcv.sum(axis=2), weight_kcv.sum(axis=1)[:, ::-1]
    bands = [(f"v{n}", weight_k) for n, weight_k in enumerate(valence_kv.T, 1)]
    bands += [(f"c{n}", weight_k) for n, weight_k in enumerate(conduction_kc.T, 1)]
    largest = max(weight_k.max() for _, weight_k in bands)
    for number, (name, weight_k) in enumerate(bands):
        size_k = weight_k[mesh.point] / largest
        shown, color = size_k > LEAST, f"C{number}"
        look = {"facecolors": "none" if name[0] == "c" else color, "edgecolors": color, "linewidths": 0.9}
        axis.scatter(*mesh.near_kx[shown].T, LARGEST * size_k[shown], **look, rasterized=True)
        axis.scatter([], [], 25, **look, label=f"{name} {weight_k.sum():.2f}")
    mesh.frame(axis, "0.4")
    axis.legend(fontsize=7, loc="center", borderpad=0.2, handletextpad=0.1)
    axis.set_title("weights of the bands", fontsize=9)
    print("weights of the bands: " + ", ".join(f"{name} {weight_k.sum():.3f}" for name, weight_k in bands))


def draw_electron(axis: plt.Axes, file: h5py.File, state: int) -> None:
    """Draw |psi(r)|^2 of the electron with the hole held at the origin."""
    density = read(file, "exciton/space/density")[state].ravel()
    x, y = (read(file, f"exciton/space/{name}").ravel() for name in "xy")
    order = np.argsort(density)
    share = density.sum()
    spread = np.sqrt((density * (x**2 + y**2)).sum() / share)
    image = axis.scatter(
        x[order],
        y[order],
        6,
        density[order] / density.max(),
        cmap="magma_r",
        vmin=0,
        vmax=1,
        linewidths=0,
        rasterized=True,
    )
    axis.figure.colorbar(image, ax=axis, label=r"$|\psi(\mathbf{r})|^2$ / maximum")
    axis.plot(0, 0, "x", color="C0", markersize=6)
    limit = min(EXTENT * spread, np.abs(x).max())
    axis.set_xlim(-limit, limit)
    axis.set_ylim(-limit, limit)
    axis.set_aspect("equal")
    axis.set_xlabel("$x$ (Å)")
    axis.set_ylabel("$y$ (Å)")
    print(
        f"state {state}: hole on its site with probability {share:.3f}, root mean square distance of the electron"
        f" {spread:.1f} angstrom"
    )


def _zone_border(shifts: np.ndarray) -> np.ndarray:
    """Return the corners of the Wigner-Seitz cell of reciprocal lattice points (g, 2), closed."""
    cells = Voronoi(shifts)
    origin = int(np.argmin(np.linalg.norm(shifts, axis=1)))
    corners = cells.vertices[cells.regions[cells.point_region[origin]]]
    return np.concatenate([corners, corners[:1]])


if __name__ == "__main__":
    main()

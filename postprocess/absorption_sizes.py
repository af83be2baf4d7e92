"""Absorption of the singlet trion at several mesh densities, from a trion run with absorption that sweeps mesh.N.

    python postprocess/absorption_sizes.py results/trion_doping/sweep.h5

A coarser mesh means more doping: weight moves from the exciton (I0) to the trion (I). Fig. 2b of Tempelaar and
Berkelbach, Nat. Commun. 10, 3419 (2019). Energies are from the exciton of each mesh, or with --converged photon
energies, and a line marks the exciton of the dense mesh.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, open_result, photon_label, plt, read, save


def main() -> None:
    """Read, draw, print the heights of the 2p resonance, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run with absorption that sweeps mesh.N alone")
    parser.add_argument("--sizes", type=int, nargs="+", default=[40, 60, 80, 100, 120], help="values of N to draw")
    parser.add_argument(
        "--converged", type=float, metavar="E", help="photon energy (eV) of the exciton of the dense mesh"
    )
    options = parser.parse_args()
    with open_result(options.file) as file:
        sizes = read(file, "mesh.N").astype(int)
        energy = 1e3 * read(file, "singlet/absorption/relative_energy")
        spectra = dict(zip(sizes, read(file, "singlet/absorption/absorption"), strict=True))
        label = photon_label(file)
        places = dict(zip(sizes, read(file, "singlet/absorption/photon_energy"), strict=True))
    shown = {size: spectra[size] for size in options.sizes if size in spectra}
    if not shown:
        raise SystemExit(f"{options.file} has N = {', '.join(map(str, sizes))}")
    for size, spectrum in spectra.items():
        print(f"N = {size}: 2p resonance {100 * resonance(energy, spectrum):.1f} % of the main peak")
    if options.converged is None:
        figure = draw(dict.fromkeys(shown, energy), shown, "photon energy from the 1s exciton (meV)", 0, 1)
    else:
        figure = draw({size: places[size] for size in shown}, shown, label, options.converged, 1e-3)
    save(figure, options.file.with_name("absorption_sizes"))


def resonance(energy: np.ndarray, spectrum: np.ndarray) -> float:
    """Return the highest point between 170 and 200 meV above the 1s exciton over the main peak."""
    return spectrum[(energy >= 170) & (energy <= 200)].max(initial=0) / spectrum.max()


def draw(
    places: dict[int, np.ndarray], spectra: dict[int, np.ndarray], label: str, exciton: float, unit: float
) -> plt.Figure:
    """Return the figure: one curve per size, each with its highest point at 1, one above the other.

    `places` are the energies of each curve, `exciton` is where the line stands, `unit` is 1 meV on the axis.
    """
    figure, axis = plt.subplots(figsize=(4.8, 4.4))
    left, right = (exciton + unit * shift for shift in (-50, 60))
    for row, (size, spectrum) in enumerate(sorted(spectra.items())):
        axis.plot(places[size], spectrum / spectrum.max() + row, color=f"C{row % 7}")
        axis.text(right - unit, row + 0.12, f"N = {size}", color=f"C{row % 7}", fontsize=9, ha="right")
    axis.axvline(exciton, color="0.7", linewidth=0.8, zorder=0)
    top, peak = len(spectra) + 0.08, places[max(spectra)][np.argmax(spectra[max(spectra)])]
    axis.text(peak - 27 * unit, top, "$I$", ha="center")
    axis.text(peak, top, "$I_0$", ha="center")
    axis.set_xlim(left, right)
    axis.set_ylim(0, len(spectra) + 0.4)
    axis.set_yticks([])
    axis.set_xlabel(label)
    axis.set_ylabel("singlet absorption (each to its peak)")
    return figure


if __name__ == "__main__":
    main()

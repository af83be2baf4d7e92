"""Full transients with their coherent and incoherent parts for the lowest and the highest pump energy.

    python postprocess/formation_fig4.py results/formation_fig3/sweep.h5

As Fig. 4 of Trovatello et al., Nat. Commun. 11, 5277 (2020). The coherent part is drawn in two readings: with
Hartree-Fock terms of the 1s state alone, which is consistent with the two-exciton states, and of all states as the
equations are printed.
"""

from __future__ import annotations

import h5py
import numpy as np
from common import letters, plt, read, texts
from formation_common import draw_sweep, pump_first

COLORS = ("C1", "C0")


def main() -> None:
    """Draw, and print the coherent shares."""
    draw_sweep(__file__, __doc__, _draw, _print_shares)


def _draw(file: h5py.File, pumps: np.ndarray) -> plt.Figure:
    extents = texts(file, "signal/hartree_fock")
    names = texts(file, "signal/resonance")
    figure, axes = plt.subplots(2, len(names), figsize=(4.2 * len(names), 5.8), sharex=True, sharey=True)
    for row, extent in zip(axes, range(len(extents))):
        for r, axis in enumerate(row):
            _draw_parts(axis, file, pumps, r, extent)
            axis.set_title(f"{names[r]}, Hartree-Fock: {extents[extent]}", fontsize=9)
        row[0].set_ylabel(r"$\Delta R/R$ (normalised)")
    letters(axes.flat)
    for axis in axes[-1]:
        axis.set_xlabel("delay (fs)")
        axis.set_xlim(-80, 160)
    axes[0, 0].legend(fontsize=7)
    return figure


def _draw_parts(axis: plt.Axes, file: h5py.File, pumps: np.ndarray, resonance: int, extent: int) -> None:
    delay = read(file, "signal/delay")
    incoherent_index = texts(file, "signal/contribution").index("incoherent")
    incoherent = pump_first(file, "signal/reflectivity_change", pumps)[:, resonance, incoherent_index]
    coherent = pump_first(file, "signal/coherent_by_extent", pumps)[:, extent, resonance]
    for index, color in zip((0, -1), COLORS):
        full = incoherent[index] + coherent[index]
        scale = full.max()
        axis.plot(delay, full / scale, color=color, label=f"full, {pumps[index]:.2f} eV")
        axis.plot(delay, incoherent[index] / scale, "--", color=color, linewidth=1.1, label="incoherent")
        axis.fill_between(delay, coherent[index] / scale, color=color, alpha=0.3, linewidth=0, label="coherent")
    axis.axhline(0, color="0.6", linewidth=0.6)


def _print_shares(file: h5py.File, pumps: np.ndarray) -> None:
    shares = pump_first(file, "signal/coherent_share_by_extent", pumps)
    extents, names = texts(file, "signal/hartree_fock"), texts(file, "signal/resonance")
    print("coherent share: peak of the coherent part / peak of the full signal")
    print("pump (eV)" + "".join(f"{name + ', ' + extent:>10}" for extent in extents for name in names))
    for energy, values in zip(pumps, shares):
        print(f"{energy:9.2f}" + "".join(f"{value:10.2f}" for value in values.ravel()))


if __name__ == "__main__":
    main()

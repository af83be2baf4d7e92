"""The energy ladder of the A and B excitons, bound (blue) and unbound (grey), with the pump energies.

python postprocess/formation_ladder.py results/formation_fig3/sweep.h5
"""

from __future__ import annotations

import h5py
import numpy as np
from common import plt
from formation_common import draw_sweep, pump_colors, pump_first

#: relative width of the line of a state
WIDTH = 0.7


def main() -> None:
    """Draw."""
    draw_sweep(__file__, __doc__, _draw)


def _draw(file: h5py.File, pumps: np.ndarray) -> plt.Figure:
    figure, axis = plt.subplots(figsize=(4.6, 4.8))
    energies, gaps = (pump_first(file, f"wannier/{name}", pumps)[0] for name in ("energy", "gap"))
    for column, (levels, gap) in enumerate(zip(energies, gaps)):
        for level in levels[np.isfinite(levels) & (levels < pumps.max() + 0.15)]:
            bound = level < gap
            axis.plot(
                [column, column + WIDTH],
                [level, level],
                color="C0" if bound else "0.75",
                linewidth=1.4 if bound else 0.5,
            )
        axis.plot([column - 0.05, column + WIDTH + 0.05], [gap, gap], "k--", linewidth=0.8)
        axis.text(column + WIDTH, levels[0] - 0.03, f"1s, {levels[0]:.2f} eV", ha="right", va="top", fontsize=8)
        axis.text(column + WIDTH + 0.06, gap, "gap", va="center", fontsize=8)
    for energy, color in zip(pumps, pump_colors(pumps)):
        axis.annotate("", (-0.12, energy), (-0.28, energy), arrowprops={"arrowstyle": "->", "color": color})
        axis.text(-0.30, energy, f"{energy:.2f}", ha="right", va="center", fontsize=7, color=color)
    axis.set_xticks([WIDTH / 2, 1 + WIDTH / 2], ["A", "B"])
    axis.set_xlim(-0.55, 2.0)
    axis.set_ylim(energies[0, 0] - 0.12, pumps.max() + 0.15)
    axis.set_ylabel("energy (eV)")
    return figure


if __name__ == "__main__":
    main()

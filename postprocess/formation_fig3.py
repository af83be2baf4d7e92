"""Normalised transients at the A and B excitons for every pump energy, with the rise times below.

    python postprocess/formation_fig3.py results/formation_fig3/sweep.h5

As Fig. 3b of Trovatello et al., Nat. Commun. 11, 5277 (2020). Two fits are shown: the one that the caption there
prescribes for calculated traces, an exponential that rises (and decays slowly) convolved with the pulses, and that of
Eq. 1 for measured ones, which has a second, fast decay.
"""

from __future__ import annotations

import h5py
import numpy as np
from common import letters, plt, read, texts
from formation_common import draw_sweep, pump_colors, pump_first


def main() -> None:
    """Draw."""
    draw_sweep(__file__, __doc__, _draw)


def _draw(file: h5py.File, pumps: np.ndarray) -> plt.Figure:
    ratios = {"height_ratios": (1.5, 1)}
    figure, axes = plt.subplots(
        2, 2, figsize=(7.4, 5.6), sharex="row", sharey="row", layout="constrained", gridspec_kw=ratios
    )
    full = texts(file, "signal/contribution").index("full")
    for r, ((upper, lower), name) in enumerate(zip(axes.T, texts(file, "signal/resonance"))):
        _draw_transients(upper, file, pumps, r, full)
        upper.set_title(f"{name} exciton", fontsize=11)
        _draw_rise_times(lower, file, pumps, r, full)
    axes[1, 0].set_ylim(0, None)
    axes[1, 0].legend()
    letters(axes.flat)
    axes[0, 0].set_ylabel(r"$\Delta R/R$ (normalised)")
    axes[1, 0].set_ylabel(r"$\tau_\mathrm{rise}$ (fs)")
    axes[0, 0].legend(title="pump (eV)", loc="lower right", fontsize=8, title_fontsize=8)
    return figure


def _draw_transients(axis: plt.Axes, file: h5py.File, pumps: np.ndarray, resonance: int, full: int) -> None:
    signal = pump_first(file, "signal/reflectivity_change", pumps)[:, resonance, full]
    delay = read(file, "signal/delay")
    for energy, color, trace in zip(pumps, pump_colors(pumps), signal):
        axis.plot(delay, trace / np.max(trace), color=color, linewidth=1.2, label=f"{energy:.2f}")
    axis.set_xlabel("delay (fs)")
    axis.set_xlim(-100, 200)
    axis.set_xticks((-50, 0, 50, 100, 150))  # none at the ends, where panels meet
    axis.set_ylim(-0.1, 1.12)


def _draw_rise_times(axis: plt.Axes, file: h5py.File, pumps: np.ndarray, resonance: int, full: int) -> None:
    rise, error, plain = (
        pump_first(file, f"signal/{name}", pumps)[:, resonance, full]
        for name in ("rise_time", "rise_time_error", "rise_time_plain")
    )
    axis.errorbar(
        pumps, rise, yerr=error, fmt="o-", markersize=3, linewidth=1, capsize=2, label="rise and two decays (Eq. 1)"
    )
    axis.plot(pumps, plain, "s--", markersize=3, linewidth=1, label="rising exponential alone")
    axis.set_xlabel("pump photon energy (eV)")


if __name__ == "__main__":
    main()

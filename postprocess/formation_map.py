"""Maps of the reflectivity change against delay and detected photon energy, one per pump energy.

    python postprocess/formation_map.py results/formation_map/sweep.h5

As Fig. 2a, b of Trovatello et al., Nat. Commun. 11, 5277 (2020), which are measured: energies of the excitons dashed,
times of 10 and 90 % of the build-up at A lined.
"""

from __future__ import annotations

import h5py
import numpy as np
from common import letters, plt, read, texts
from formation_common import draw_sweep, pump_first


def main() -> None:
    """Draw."""
    draw_sweep(__file__, __doc__, _draw)


def _draw(file: h5py.File, pumps: np.ndarray) -> plt.Figure:
    delay, energy = read(file, "signal/delay"), read(file, "signal/photon_energy")
    full = texts(file, "signal/contribution").index("full")
    spectrum = pump_first(file, "signal/spectrum", pumps)[:, full]
    figure, axes = plt.subplots(1, pumps.size, figsize=(4.4 * pumps.size, 3.6), sharey=True, squeeze=False)
    for axis, pump, values in zip(axes[0], pumps, spectrum):
        scale = np.abs(values).max()
        image = axis.pcolormesh(
            delay, energy, values / scale, cmap="RdBu_r", vmin=-1, vmax=1, shading="nearest", rasterized=True
        )
        axis.set_title(f"pump {pump:.2f} eV", fontsize=10)
        axis.set_xlabel("delay (fs)")
        _mark(axis, file, delay, energy, values)
    letters(axes[0])
    axes[0, 0].set_ylabel("photon energy (eV)")
    figure.colorbar(image, ax=list(axes[0]), label=r"$\Delta R/R$ (normalised)")
    return figure


def _mark(axis: plt.Axes, file: h5py.File, delay: np.ndarray, energy: np.ndarray, values: np.ndarray) -> None:
    """Dash the energies of the A and B excitons,
    and line the times between which A rises from 10 to 90 % of its maximum.
    """
    levels = read(file, "wannier/energy")[0, :, 0]
    for level in levels:
        axis.axhline(level, color="0.3", linestyle="--", linewidth=0.8)
    trace = values[np.abs(energy - levels[0]).argmin()]
    for share in (0.1, 0.9):
        axis.axvline(delay[np.argmax(trace > share * trace.max())], color="0.3", linewidth=0.8)


if __name__ == "__main__":
    main()

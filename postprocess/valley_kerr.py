"""Kerr rotation of a reflected probe against delay and photon energy.

python postprocess/valley_kerr.py results/valley_kerr/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save
from valley_common import nearest

#: delays (ps) of the spectra
DELAYS = (0.1, 0.5, 2.0, 8.0)


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 over probe.kerr_energy")
    path = parser.parse_args().file
    with open_result(path) as file:
        energy, time, rotation_et = (
            read(file, "probe.kerr_energy"),
            1e-3 * read(file, "dichroism/time"),
            read(file, "dichroism/kerr_rotation"),
        )
    if rotation_et.ndim != 2:
        raise SystemExit(f"{path}: this figure wants a sweep over probe.kerr_energy alone")
    save(_draw(energy, time, rotation_et), path.with_name("valley_kerr"))


def _draw(energy: np.ndarray, time: np.ndarray, rotation_et: np.ndarray) -> plt.Figure:
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.4), constrained_layout=True)
    letters(axes)
    largest = np.abs(rotation_et).max()
    image = axes[0].pcolormesh(
        time, energy, rotation_et, cmap="RdBu_r", vmin=-largest, vmax=largest, shading="nearest", rasterized=True
    )
    axes[0].set(xlabel="delay (ps)", ylabel="photon energy (eV)")
    figure.colorbar(image, ax=axes[0], label="rotation / max dichroism of A")
    late = rotation_et[:, nearest(time, 1.0)]
    for place in (int(late.argmax()), int(late.argmin())):
        axes[1].plot(time, rotation_et[place], label=f"{energy[place]:.3f} eV")
    axes[1].set(xlabel="delay (ps)", ylabel="rotation")
    for delay in DELAYS:
        axes[2].plot(energy, rotation_et[:, nearest(time, delay)], label=f"{delay:g} ps")
    axes[2].set(xlabel="photon energy (eV)", ylabel="rotation")
    for axis in axes[1:]:
        axis.axhline(0, color="0.7", linewidth=0.8)
        axis.legend()
    return figure


if __name__ == "__main__":
    main()

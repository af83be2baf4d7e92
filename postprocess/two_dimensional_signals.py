"""Two-dimensional spectra by pathway: stimulated emission, bleaching of the ground state, absorption by excited states.

    python postprocess/two_dimensional_signals.py results/trion_2des_signals/sweep.h5

Maps of minus the real part at the first waiting time, relative to the largest value of the first map, and the lower
cross peak against the waiting time, relative to its first value with emission alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts

SIGNALS = "twod.signals"
NAMES = ("signal", "corners", "trace/cross_peak", "trace/time", "excitation_energy", "detection_energy", "exciton_peak")


def main() -> None:
    """Read, draw, print the heights of the four peaks, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help=f"sweep.h5 of a run that sweeps {SIGNALS}")
    path = parser.parse_args().file
    with open_result(path) as file:
        if SIGNALS not in file:
            raise SystemExit(f"{path} does not sweep {SIGNALS}")
        sets, data = texts(file, SIGNALS), {name: read(file, f"twod/{name}") for name in NAMES}
    save(_draw(sets, data), path.with_name("two_dimensional_signals"))
    corners = -data["corners"][:, 0].real
    for name, heights in zip(sets, corners / corners[0].max()):
        shown = (
            f"{letter}{other} {heights[i, j]:+.3f}" for i, letter in enumerate("TX") for j, other in enumerate("TX")
        )
        print(f"{name:24} {', '.join(shown)}   (excitation, detection at trion T or exciton X)")


def _draw(sets: list[str], data: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(1, len(sets) + 1, figsize=(3.4 * (len(sets) + 1), 3.2), layout="constrained")
    letters(axes)
    maps = -data["signal"][:, 0].real
    scale = np.abs(maps[0]).max()
    energies = [1e3 * (data[f"{name}_energy"] - data["exciton_peak"][0]) for name in ("excitation", "detection")]
    for axis, name, signal in zip(axes, sets, maps):
        image = axis.pcolormesh(*energies, signal.T / scale, cmap="RdBu_r", vmin=-2, vmax=2, rasterized=True)
        axis.set_title(name, fontsize=9)
        axis.set(xlabel="excitation from the exciton (meV)", aspect="equal")
    axes[0].set_ylabel("detection (meV)")
    figure.colorbar(image, ax=axes[:-1], label=r"$-$Re $S$")
    for name, trace in zip(sets, data["trace/cross_peak"].real):
        axes[-1].plot(data["trace/time"], trace / data["trace/cross_peak"][0, 0].real, label=name)
    axes[-1].set(xlabel="waiting time (fs)", ylabel="lower cross peak")
    axes[-1].legend(fontsize="x-small")
    return figure


if __name__ == "__main__":
    main()

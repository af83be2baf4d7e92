"""Levels of the channels of a trion, without exchange and with it, from the lowest band edges,
beside the excitons that they can fall apart into.

python postprocess/trion_channels.py results/trion_dark/result.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, open_result, plt, read, save

#: half the length of a level's line
HALF = 0.32


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a run with trion.channels")
    options = parser.parse_args()
    with open_result(options.file) as file:
        save(draw(file), options.file.with_name("trion_channels"))


def draw(file: h5py.File) -> plt.Figure:
    """Return the figure: a column per channel; energies are 0 for free carriers at the lowest band edges."""
    names = [name for name in file if f"{name}/band_edge" in file]
    figure, axis = plt.subplots(figsize=(1.2 * len(names) + 1.4, 3.4), layout="constrained")
    for place, name in enumerate(names):
        edge, lowest = 1e3 * read(file, f"{name}/band_edge"), 1e3 * read(file, f"{name}/energy_from_band_edge")[0]
        thresholds = edge + 1e3 * read(file, f"{name}/pair_energy")
        axis.hlines(
            thresholds,
            place - HALF,
            place + HALF,
            color="0.6",
            linestyle=":",
            label="exciton and free carrier" if place == 0 else None,
        )
        axis.hlines(
            edge + lowest, place - HALF, place + HALF, color="C0", label="without exchange" if place == 0 else None
        )
        text = f"{name}: {edge + lowest:.2f} meV, {thresholds.min() - edge - lowest:.2f} meV below its lowest exciton"
        shifted = with_exchange(file, name)
        if shifted is not None:
            axis.hlines(
                edge + shifted, place - HALF, place + HALF, color="C3", label="with exchange" if place == 0 else None
            )
            text += f"; with exchange {edge + shifted:.2f} meV"
        print(text)
    axis.set_xticks(range(len(names)), names)
    axis.set_ylabel("energy from the lowest band edges (meV)")
    axis.legend(fontsize=8, loc="lower right")
    return figure


def with_exchange(file: h5py.File, name: str) -> float | None:
    """Return the energy of the lowest state that is mainly of a channel,
    from the band edges of its set's first channel, meV, or None.
    """
    for group in file.get("exchange", {}).values():
        channels = [text.decode() for text in group["channel"][()]]
        if name in channels:
            mainly = np.flatnonzero(group["weight"][()].argmax(axis=1) == channels.index(name))
            shift = float(np.diff([read(file, f"{other}/band_edge") for other in (name, channels[0])])[0])
            return None if not mainly.size else 1e3 * (float(group["energy"][mainly[0]]) + shift)
    return None


if __name__ == "__main__":
    main()

"""What the dephasing and the extent of the Hartree-Fock terms trade against each other in the formation of excitons.

    python postprocess/formation_tradeoff.py results/validation/formation_pump/sweep.h5 \
        results/validation/formation_narrow/sweep.h5

Against the pump energy: the share of the coherent part where the signal of A first reaches half its maximum, the rise
time of A (two components, Eq. 1), and the dip of B before zero delay over its largest signal. Grey: what Trovatello et
al., Nat. Commun. 11, 5277 (2020), say of each.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, settings, texts
from formation_common import PUMP, share_at_half_rise

EXTENT = "approximation.hartree_fock"
#: delays (fs) before which a signal is no build-up
BEFORE = -10.0
LABELS = ("coherent share of A at half rise", "rise time of A (fs)", "dip of B over its maximum")


class Choice(NamedTuple):
    """A dephasing and an extent in words, the pump energies (eV), and the three numbers (number, pump)."""

    label: str
    pumps: np.ndarray
    numbers: np.ndarray


def main() -> None:
    """Draw, save next to the first file, and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("files", type=Path, nargs="+", help=f"sweep.h5 of runs that sweep {PUMP} and {EXTENT}")
    paths, choices = parser.parse_args().files, []
    for path in paths:
        with open_result(path) as file:
            choices += _read(file)
    save(_draw(choices), paths[0].with_name("formation_tradeoff"))
    _print_table(choices)


def _read(file: h5py.File) -> list[Choice]:
    """Return a choice per extent; raises SystemExit for other sweeps."""
    signal, rise = (read(file, f"signal/{name}") for name in ("reflectivity_change", "rise_time"))
    axes = [dimension[0].name.rsplit("/", 1)[-1] for dimension in file["signal/rise_time"].dims]
    if axes != [PUMP, EXTENT, "resonance", "contribution"]:
        raise SystemExit(f"{file.filename}: this figure wants a sweep over {PUMP} and {EXTENT}, in this order")
    pumps, delay = read(file, PUMP), read(file, "signal/delay")
    full, coherent = (texts(file, "signal/contribution").index(name) for name in ("full", "coherent"))
    width = settings(file)["dephasing"]["continuum"]
    return [
        Choice(
            f"{width:g} meV, Hartree-Fock: {extent}",
            pumps,
            np.array(
                [
                    [share_at_half_rise(trace[0, full], trace[0, coherent]) for trace in signal[:, number]],
                    rise[:, number, 0, full],
                    [trace[1, full, delay < BEFORE].min() / trace[1, full].max() for trace in signal[:, number]],
                ]
            ),
        )
        for number, extent in enumerate(texts(file, EXTENT))
    ]


def _draw(choices: list[Choice]) -> plt.Figure:
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.6), layout="constrained")
    letters(axes)
    for row, (axis, label) in enumerate(zip(axes, LABELS)):
        for choice in choices:
            axis.plot(choice.pumps, choice.numbers[row], "o-", label=choice.label)
        axis.set(xlabel="pump photon energy (eV)", ylabel=label)
    axes[0].axhspan(0.5, 1.0, color="0.9", zorder=0)
    axes[1].errorbar([2.29, 2.75], [10, 25], yerr=[[3, 5], [3, 5]], fmt="s", color="0.6", zorder=0, label="paper")
    axes[2].axhspan(-0.1, 0.0, color="0.9", zorder=0)
    axes[1].legend(fontsize="small")
    return figure


def _print_table(choices: list[Choice]) -> None:
    width = max(len(choice.label) for choice in choices)
    print(f"{'':{width}} pump (eV)  share at half rise  rise of A (fs)  dip of B")
    for choice in choices:
        for pump, (share, rise, dip) in zip(choice.pumps, choice.numbers.T):
            print(f"{choice.label:{width}} {pump:9.2f} {share:19.2f} {rise:15.1f} {dip:9.4f}")


if __name__ == "__main__":
    main()

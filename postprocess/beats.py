"""Beats of the cross peak between exciton and trion, from trion runs with two-dimensional spectra.

    python postprocess/beats.py results/trion_2des_mose2/result.h5 results/trion_2des_wse2/sweep.h5

One curve per run, or per point of a sweep over one key; the true decay of the coherence is shown with them. Prints
period and envelope of each with errors, and by how much the envelope is shorter than the true coherence time. Fig. 3b
of Tempelaar and Berkelbach, Nat. Commun. 10, 3419 (2019).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import command_line, named, open_result, plt, points, read, save, shown


@dataclass(frozen=True)
class Beat:
    """One trace relative to its first value, with the numbers of its fit (fs)."""

    label: str
    material: str
    time: np.ndarray
    trace: np.ndarray
    period: tuple[float, float]
    envelope: tuple[float, float]
    dephasing_time: float


def main() -> None:
    """Read, draw, print, save next to the first file."""
    parser = command_line(__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="result.h5 or sweep.h5 of runs with twod.enabled")
    parser.add_argument("--species", choices=["total", "singlet", "triplet"], default="total")
    options = parser.parse_args()
    beats = [beat for path in options.files for point in points(path) for beat in read_beats(point, options.species)]
    for beat in beats:
        print(sentence(beat))
    save(draw(beats), options.files[0].with_name("beats"))


def read_beats(path: Path, species: str) -> list[Beat]:
    """Return the beat of a result file."""
    prefix = "" if species == "total" else f"{species}_"
    with open_result(path) as file:
        config = json.loads(file["provenance/config"].asstr()[()])
        trace = read(file, f"twod/trace/{prefix}cross_peak").real
        period, envelope = (
            tuple(float(read(file, f"twod/{prefix}beat_{name}{suffix}")) for suffix in ("", "_error"))
            for name in ("period", "envelope")
        )
        shift = config["twod"]["triplet_shift"]
        label = shown(named(config["material"])) + (f", triplet {1e3 * shift:+.0f} meV" if shift else "")
        time = read(
            file, "twod/trace/time" if "twod/trace/time" in file else "twod/trace/waiting_time"
        )  # its earlier name
        return [
            Beat(label, config["material"], time, trace / trace[0], period, envelope, config["twod"]["dephasing_time"])
        ]


def sentence(beat: Beat) -> str:
    """Return the numbers of a beat in words."""
    text = "{}: period {:.1f} +- {:.1f} fs, envelope {:.0f} +- {:.0f} fs".format(
        beat.label, *beat.period, *beat.envelope
    )
    share = 1 - beat.envelope[0] / beat.dephasing_time
    if beat.envelope[0] + 2 * beat.envelope[1] < beat.dephasing_time:
        return text + f": {100 * share:.0f} % shorter than the true coherence time of {beat.dephasing_time:g} fs"
    return text + f": the true coherence time is {beat.dephasing_time:g} fs"


def draw(beats: list[Beat]) -> plt.Figure:
    """Return the figure."""
    figure, axis = plt.subplots(figsize=(4.8, 3.4))
    materials = list(dict.fromkeys(beat.material for beat in beats))
    for beat in beats:
        colour = (1, 0, 5, 2, 3, 4)[materials.index(beat.material) % 6]
        axis.plot(beat.time, beat.trace, "--" if "triplet" in beat.label else "-", color=f"C{colour}", label=beat.label)
    time, dephasing_time = beats[0].time, beats[0].dephasing_time
    label = f"$e^{{-t_2/{dephasing_time:g}\\,\\mathrm{{fs}}}}$"
    axis.plot(time, np.exp(-time / dephasing_time), "--", color="k", linewidth=1, label=label)
    axis.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axis.set_xlim(0, time[-1])
    axis.set_xlabel("waiting time $t_2$ (fs)")
    axis.set_ylabel("cross peak, Re $S$ (first value = 1)")
    axis.legend()
    return figure


if __name__ == "__main__":
    main()

"""Which law of single-electron spin flips gives the measured ratio of the decays of A and B, if any does.

    python postprocess/valley_flip_law.py results/valley_flip_law/sweep.h5

Measured (Fig. 3 h of Dogadov et al., npj 2D Mater. Appl. (2025)): the ratio of the slow times of A and B does not change up to
about 150 K and is about ten at 300 K. The times are the paper's own, tau_2 of its Eq. 2 (`--time fit`, the default), or those of the fall
from 80 to 40 % of the largest value after the fast relaxation (`--time fall`), which is defined also where B decays within the first
picosecond or changes its sign later: there the fit has an offset and a tau_2 that mean little.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save
from valley_common import nearest

AXES = ("temperature", "spin_flip.activation", "spin_flip.rate")
#: parts of the largest magnitude between which the decay is timed
UPPER, LOWER = 0.8, 0.4
#: measured: the ratio at 300 K, and how much it may change from 77 to 150 K to count as unchanged
RATIO, UNCHANGED = 10.0, 0.3


def main() -> None:
    """Read, rank the laws, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 over temperature, spin_flip.activation and spin_flip.rate")
    parser.add_argument("--time", choices=["fit", "fall"], default="fit", help="definition of the decay times")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        axes = {name: read(file, name) for name in AXES}
        time = 1e-3 * read(file, "dichroism/time")
        traces, slow = read(file, "dichroism/circular_dichroism"), read(file, "dichroism/slow_time")
    if traces.shape[:3] != tuple(len(values) for values in axes.values()):
        raise SystemExit(f"{arguments.file}: the sweep must run over {', '.join(AXES)} in this order")
    times = slow if arguments.time == "fit" else np.apply_along_axis(lambda trace: decay_time(time, trace), -1, traces)
    ratio = times[..., 0] / times[..., 1]
    _print_table(axes, ratio, traces)
    _print_reach(axes, ratio)
    save(_draw(axes, ratio), arguments.file.with_name("valley_flip_law"))


def decay_time(time: np.ndarray, trace: np.ndarray) -> float:
    """Return the exponential time (ps) of the fall after the fast relaxation, from 80 to 40 % of the largest magnitude there."""
    start = max(int(np.abs(trace).argmax()), nearest(time, 0.5 if abs(trace.max()) > abs(trace.min()) else 0.1))
    size = np.abs(trace[start:]) / np.abs(trace[start])
    falls = [_crossing(time[start:], size, level) for level in (UPPER, LOWER)]
    if np.isnan(falls[0]):
        return float("nan")
    if np.isnan(falls[1]):  # the window ends before: time the fall that there is
        return float((time[-1] - falls[0]) / np.log(UPPER / size[-1]))
    return float((falls[1] - falls[0]) / np.log(UPPER / LOWER))


def _crossing(time: np.ndarray, size: np.ndarray, level: float) -> float:
    below = np.flatnonzero(size < level)
    return float(np.interp(level, size[[below[0], below[0] - 1]], time[[below[0], below[0] - 1]])) if len(below) else float("nan")


def misfit(temperature: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return how far each law is from the measured ratio: log deviation at 300 K, and of the change from 77 to 150 K beyond 30
    %.
    """
    cold, middle, hot = (ratio[nearest(temperature, wanted)] for wanted in (77.0, 150.0, 300.0))
    change = np.abs(np.log(middle / cold))
    return np.abs(np.log(hot / RATIO)) + np.maximum(change - np.log1p(UNCHANGED), 0.0) + np.maximum(np.abs(np.log(cold)) - np.log(2.0), 0.0)


def _print_table(axes: dict[str, np.ndarray], ratio: np.ndarray, traces: np.ndarray) -> None:
    temperature = axes["temperature"]
    worth = misfit(temperature, ratio)
    reversed_sign = (traces[..., 1, :].max(axis=-1) > 0.01).any(axis=0)
    print("ratio of decay times A / B\n  Ea (meV)  rate at 300 K (1/ps)" + "".join(f"{value:7.0f} K" for value in temperature) + "   misfit")
    for flat in np.argsort(np.where(np.isnan(worth), np.inf, worth), axis=None):
        row, column = np.unravel_index(flat, worth.shape)
        values = "".join(f"{value:9.2f}" for value in ratio[:, row, column])
        note = "  B changes sign" if reversed_sign[row, column] else ""
        print(f"{axes['spin_flip.activation'][row]:9.0f}{axes['spin_flip.rate'][column]:15.1f}       {values}{worth[row, column]:9.2f}{note}")
    best = np.nanargmin(worth)
    row, column = np.unravel_index(best, worth.shape)
    cold, hot = ratio[nearest(temperature, 150.0), row, column], ratio[nearest(temperature, 300.0), row, column]
    verdict = "reproduces" if worth[row, column] < 0.3 else "comes closest to, but does not reproduce,"
    print(f"an activation of {axes['spin_flip.activation'][row]:g} meV with {axes['spin_flip.rate'][column]:g} /ps at 300 K {verdict}")
    print(f"the measured ratio: {cold:.2f} at 150 K, {hot:.1f} at 300 K")


def _print_reach(axes: dict[str, np.ndarray], ratio: np.ndarray) -> None:
    """Print the largest ratio at 300 K of all laws, and of those that keep it from 77 to 150 K as measured."""
    cold, middle, hot = (ratio[nearest(axes["temperature"], wanted)] for wanted in (77.0, 150.0, 300.0))
    flat = np.abs(np.log(middle / cold)) < np.log1p(UNCHANGED)
    for words, kept in (("of all laws", np.isfinite(hot)), (f"of those that change it by less than {100 * UNCHANGED:.0f} % from 77 to 150 K", flat)):
        if np.isfinite(hot[kept]).any():
            row, column = np.unravel_index(np.nanargmax(np.where(kept, hot, np.nan)), hot.shape)
            law = f"{axes['spin_flip.activation'][row]:g} meV, {axes['spin_flip.rate'][column]:g} /ps"
            print(f"largest ratio at 300 K {words}: {hot[row, column]:.2f} ({law}; {cold[row, column]:.2f} at 77 K, {middle[row, column]:.2f} at 150 K)")


def _draw(axes: dict[str, np.ndarray], ratio: np.ndarray) -> plt.Figure:
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 3.8), constrained_layout=True)
    worth = misfit(axes["temperature"], ratio)
    for row, activation in enumerate(axes["spin_flip.activation"]):
        if not np.isnan(worth[row]).all():
            column = int(np.nanargmin(worth[row]))
            label = f"{activation:g} meV, {axes['spin_flip.rate'][column]:g} /ps"
            panels[0].semilogy(axes["temperature"], ratio[:, row, column], "o-", label=label)
    panels[0].axhline(RATIO, color="0.6", linestyle=":")
    panels[0].set(xlabel="temperature (K)", ylabel=r"$\tau_A / \tau_B$")
    panels[0].set_ylim(0.8, 60)
    panels[0].legend(title="best strength of each activation", loc="upper left", ncols=2)
    letters(panels)
    image = panels[1].pcolormesh(worth.T, cmap="viridis_r")
    panels[1].set_xticks(np.arange(len(worth)) + 0.5, [f"{value:g}" for value in axes["spin_flip.activation"]])
    panels[1].set_yticks(np.arange(worth.shape[1]) + 0.5, [f"{value:g}" for value in axes["spin_flip.rate"]])
    panels[1].set(xlabel="activation (meV)", ylabel="rate at 300 K (1/ps)")
    figure.colorbar(image, ax=panels[1], label="misfit (0: as measured)")
    return figure


if __name__ == "__main__":
    main()

"""Which law of single-electron spin flips gives the measured ratio of the decays of A and B, if any does.

    python postprocess/valley_flip_law.py results/valley_flip_law/sweep.h5

A law acts at a temperature by its rate there alone. So the ratio against the rate, temperature by temperature, holds
what any law can reach, and Arrhenius laws of all activation energies and strengths are read off it. Below the smallest
rate of the sweep nothing flips.

Measured (Fig. 3 h of Dogadov et al., npj 2D Mater. Appl. (2025)): the ratio of the slow times of A and B does not
change up to about 150 K and is about ten at 300 K. The times are the paper's own, tau_2 of its Eq. 2 (`--time fit`, the
default), or those of the fall from 80 to 40 % of the largest value after the fast relaxation (`--time fall`), which is
defined also where B decays within the first picosecond or changes its sign later: there the fit has an offset and a
tau_2 that mean little.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts
from valley_common import nearest

BOLTZMANN = 0.08617333  # meV/K
AXES = ("spin_flip.path", "temperature", "spin_flip.rate")
#: activation energies of the laws, meV, and the temperature (K) at which their strength is given
ACTIVATION, REFERENCE = np.linspace(0, 300, 61), 300.0
#: parts of the largest magnitude between which the decay is timed
UPPER, LOWER = 0.8, 0.4
#: measured: the ratio at 300 K, and how much it may change from 77 to 150 K to count as unchanged
RATIO, UNCHANGED = 10.0, 0.3


def main() -> None:
    """Read, rank the laws, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 over spin_flip.path, temperature and spin_flip.rate")
    parser.add_argument("--time", choices=["fit", "fall"], default="fit", help="definition of the decay times")
    arguments = parser.parse_args()
    with open_result(arguments.file) as file:
        paths, temperature, rate = texts(file, AXES[0]), *(read(file, name) for name in AXES[1:])
        time = 1e-3 * read(file, "dichroism/time")
        traces, slow = read(file, "dichroism/circular_dichroism"), read(file, "dichroism/slow_time")
    if traces.shape[:3] != (len(paths), len(temperature), len(rate)):
        raise SystemExit(f"{arguments.file}: the sweep must run over {', '.join(AXES)} in this order")
    times = slow if arguments.time == "fit" else np.apply_along_axis(lambda trace: decay_time(time, trace), -1, traces)
    ratio = dict(zip(paths, times[..., 0] / times[..., 1]))
    for path, ratio_tr in ratio.items():
        _print_reach(path, temperature, rate, ratio_tr)
    save(_draw(temperature, rate, ratio), arguments.file.with_name("valley_flip_law"))


def decay_time(time: np.ndarray, trace: np.ndarray) -> float:
    """Return the exponential time (ps) of the fall after the fast relaxation,
    from 80 to 40 % of the largest magnitude there.
    """
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
    return (
        float(np.interp(level, size[[below[0], below[0] - 1]], time[[below[0], below[0] - 1]]))
        if len(below)
        else float("nan")
    )


def laws(temperature: np.ndarray, rate: np.ndarray, ratio_tr: np.ndarray) -> np.ndarray:
    """Return the ratio (temperature, activation, rate at 300 K) of Arrhenius laws,
    interpolated in the logarithm of the rate.
    """
    slowed_ta = -np.multiply.outer(1 / (BOLTZMANN * temperature) - 1 / (BOLTZMANN * REFERENCE), ACTIVATION)
    acting_tar = slowed_ta[..., None] + np.log(rate)
    return np.array([np.interp(acting_ar, np.log(rate), ratio_r) for acting_ar, ratio_r in zip(acting_tar, ratio_tr)])


def misfit(temperature: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return how far each law is from the measured ratio: log deviation at 300 K,
    and of the change from 77 to 150 K beyond 30 %.
    """
    cold, middle, hot = (ratio[nearest(temperature, wanted)] for wanted in (77.0, 150.0, REFERENCE))
    change = np.abs(np.log(middle / cold))
    return (
        np.abs(np.log(hot / RATIO))
        + np.maximum(change - np.log1p(UNCHANGED), 0.0)
        + np.maximum(np.abs(np.log(cold)) - np.log(2.0), 0.0)
    )


def _print_reach(path: str, temperature: np.ndarray, rate: np.ndarray, ratio_tr: np.ndarray) -> None:
    """Print the ratios, the largest ones that any law reaches, and the best Arrhenius law."""
    print(f"{path}: ratio of decay times A / B\n  rate (1/ps)" + "".join(f"{value:8.3g}" for value in rate))
    for kelvin, ratio_r in zip(temperature, ratio_tr):
        at = int(np.nanargmax(ratio_r))
        print(
            f"{kelvin:9.0f} K  "
            + "".join(f"{value:8.2f}" for value in ratio_r)
            + f"   largest {ratio_r[at]:.2f} at {rate[at]:g}/ps"
        )
    found = laws(temperature, rate, ratio_tr)
    row, column = np.unravel_index(np.nanargmin(misfit(temperature, found)), found.shape[1:])
    values = ", ".join(f"{value:.2f} at {kelvin:g} K" for kelvin, value in zip(temperature, found[:, row, column]))
    attempts = 1e12 * rate[column] * np.exp(ACTIVATION[row] / (BOLTZMANN * REFERENCE))
    law = f"{ACTIVATION[row]:g} meV, {rate[column]:g}/ps at {REFERENCE:g} K (attempt rate {attempts:.1e}/s)"
    print(f"  best Arrhenius law: {law}: {values}")


def _draw(temperature: np.ndarray, rate: np.ndarray, ratio: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(2, len(ratio), figsize=(4.6 * len(ratio), 6.4), squeeze=False, constrained_layout=True)
    letters(axes.flat)
    for (above, below), (path, ratio_tr) in zip(axes.T, ratio.items()):
        for kelvin, ratio_r in zip(temperature, ratio_tr):
            above.loglog(rate, ratio_r, "o-", label=f"{kelvin:g} K")
        above.axhline(RATIO, color="0.6", linestyle=":", label="measured, 300 K")
        above.set(xlabel="rate of flips (1/ps)", ylabel=r"$\tau_A / \tau_B$")
        above.set_title(f"{path} flips")
        worth = misfit(temperature, laws(temperature, rate, ratio_tr))
        image = below.pcolormesh(ACTIVATION, np.log10(rate), worth.T, cmap="viridis_r", shading="nearest")
        below.set(xlabel="activation (meV)", ylabel=r"$\log_{10}$ rate at 300 K (1/ps)")
        figure.colorbar(image, ax=below, label="misfit (0: as measured)")
    axes[0, -1].legend(loc="lower left")
    return figure


if __name__ == "__main__":
    main()

"""Bands of the diffusivity of the bright valley, and which inputs they come from.

python postprocess/wigner_uncertainty.py results/wigner_uncertainty/result.h5
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save

SHOWN = ("peak", "lowest", "negative_until")


def main() -> None:
    """Read, draw and save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a run with uncertainty.samples")
    path = parser.parse_args().file
    with open_result(path) as file:
        time, bands = read(file, "uncertainty/time"), read(file, "uncertainty/diffusivity")[..., 0]
        names = [name.decode().removeprefix("wigner.") for name in read(file, "uncertainty/number")]
        importance = {name: np.nan_to_num(read(file, f"uncertainty/importance_{name}")) for name in SHOWN}
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
    late = time > 1
    for outer, shade in ((0, 0.2), (1, 0.4)):
        left.fill_between(time[late], bands[outer][late], bands[-1 - outer][late], color="C0", alpha=shade, linewidth=0)
    left.plot(time[late], bands[2][late], color="C0", label="median, 25 to 75 %, 5 to 95 %")
    left.axhline(0, color="0.6", linewidth=0.8)
    left.set_yscale("symlog", linthresh=10)
    left.set_xscale("log")
    letters((left, right))
    left.set_xlabel("time (ps)")
    left.set_ylabel(r"$D_\mathrm{KK}$ (cm$^2$/s)")
    left.legend(fontsize="small", loc="lower left")
    _bars(right, names, importance)
    save(figure, path.with_name("uncertainty"))


def _bars(axis: plt.Axes, names: list[str], importance: dict[str, np.ndarray]) -> None:
    """Show the ten numbers that matter most."""
    strongest = np.max(np.abs(list(importance.values())), axis=0)
    order = np.argsort(-strongest)[:10][::-1]
    for shift, (name, values) in enumerate(importance.items()):
        axis.barh(np.arange(len(order)) + 0.25 * (shift - 1), values[order], height=0.25, label=name.replace("_", " "))
    axis.set_yticks(np.arange(len(order)), [names[n] for n in order], fontsize="x-small")
    axis.axvline(0, color="0.6", linewidth=0.8)
    axis.set_xlabel("rank correlation")
    axis.legend(fontsize="small")


if __name__ == "__main__":
    main()

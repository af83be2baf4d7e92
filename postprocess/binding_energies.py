"""Exciton and trion binding energies against 1/N with their limits of dense meshes,
from a trion run that sweeps mesh.N.

python postprocess/binding_energies.py results/trion_quickstart/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save, settings
from matplotlib.ticker import MaxNLocator

from hpcx.converge.limits import MESH_MODELS, Limit, extrapolate

LABELS = {"exciton": "exciton 1s", "singlet": "trion, singlet", "triplet": "triplet, lowest bright state"}


def main() -> None:
    """Read, draw, save next to the data, and print the table that is drawn."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps mesh.N alone")
    path = parser.parse_args().file
    with open_result(path) as file:
        sizes = read(file, "mesh.N")
        binding = {name: 1e3 * read(file, f"{name}/binding_energy") for name in LABELS if name in file}
        correction = 1e3 * read(file, "exciton/finite_mesh_correction")
        cutoff = settings(file).get("mesh", {}).get("k0")
    if any(values.ndim != 1 for values in binding.values()):
        raise SystemExit(f"{path} sweeps more than mesh.N; this figure shows one curve per species")
    corrected = {name: values - correction * (name == "exciton") for name, values in binding.items()}
    limits = {name: _limit(sizes, values) for name, values in corrected.items()}
    save(_draw(sizes, binding, corrected, limits, cutoff), path.with_name("binding_energies"))
    _print_table(sizes, binding, limits)


def _limit(sizes: np.ndarray, values: np.ndarray) -> Limit:
    """Return the limit of dense meshes from the points that have a result."""
    order = np.argsort(sizes)
    known = order[np.isfinite(values[order])]
    if not known.size:
        return Limit(np.nan, np.inf, {})
    return extrapolate(1 / sizes[known], values[known], np.zeros(known.size), MESH_MODELS)


def _draw(
    sizes: np.ndarray,
    binding: dict[str, np.ndarray],
    corrected: dict[str, np.ndarray],
    limits: dict[str, Limit],
    cutoff: float | None,
) -> plt.Figure:
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(4.8, 5.0), layout="constrained")
    for name, values in corrected.items():
        axis, color = (upper, "C0") if name == "exciton" else (lower, "C1" if name == "singlet" else "C2")
        if name == "exciton":
            axis.plot(1 / sizes, binding[name], "o:", color="0.55", label=f"{LABELS[name]}, as computed")
        axis.plot(
            1 / sizes, values, "o-", color=color, label=LABELS[name] + (", corrected" if name == "exciton" else "")
        )
        if np.isfinite(limits[name].error):
            axis.errorbar(
                0, limits[name].value, limits[name].error, fmt="s", color=color, capsize=3, clip_on=False, zorder=3
            )
    lower.axhline(0, color="0.6", linewidth=0.8)
    lower.set_xlim(0, 1.04 / sizes.min())
    lower.xaxis.set_major_locator(MaxNLocator(6))
    lower.set_xlabel(
        "$1/N$, $N$ mesh points per direction"
        + ("" if cutoff is None else rf" ($k_0$ = {cutoff:g} $\times$ 2$\pi$/$a$)")
    )
    for axis in (upper, lower):
        axis.set_ylabel("binding energy (meV)")
        axis.legend(loc="best")
    letters((upper, lower))
    return figure


def _print_table(sizes: np.ndarray, binding: dict[str, np.ndarray], limits: dict[str, Limit]) -> None:
    print("binding energies (meV)\n" + f"{'N':>8}" + "".join(f"{name:>16}" for name in binding))
    for row, size in enumerate(sizes):
        print(f"{size:8g}" + "".join(f"{values[row]:16.2f}" for values in binding.values()))
    print(
        f"{'limit':>8}" + "".join(f"{f'{limits[name].value:.2f} +- {limits[name].error:.2f}':>16}" for name in binding)
    )
    for name, limit in limits.items():
        for doubt in limit.warnings:
            print(f"note: {name}: {doubt}")


if __name__ == "__main__":
    main()

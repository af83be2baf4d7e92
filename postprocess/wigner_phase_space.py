"""Diffusivity of the bright valley, phase-space distributions,
shape variation (Fig. 5 of Rosati et al., Nanoscale 12, 356 (2020)).

python postprocess/wigner_phase_space.py results/wigner_phase_space/result.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts
from wigner_common import shown

#: times (ps) of the shape variation, and how far from them, relatively, a map may be
TIMES, NEAR = (2.0, 20.0, 50.0, 120.0), 0.1
#: phonons whose absorption is marked
ACOUSTIC = ("TA", "LA")


def main() -> None:
    """Read, draw and save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a run with time.distributions")
    parser.add_argument(
        "--valley", type=int, default=1, choices=(0, 1, 2), help="valley of the phase-space panels: 0 KK, 1 KK', 2 KΛ"
    )
    parser.add_argument("--times", type=float, nargs=2, default=(5.0, 50.0), help="times of the phase-space panels, ps")
    arguments = parser.parse_args()
    figure, axes = plt.subplots(2, 2, figsize=(8.0, 6.2), layout="constrained")
    letters(axes.flat)
    with open_result(arguments.file) as file:
        _diffusivity(axes[0, 0], file)
        for axis, time in zip((axes[0, 1], axes[1, 0]), arguments.times):
            _distribution(axis, file, time, arguments.valley)
        _variation(axes[1, 1], file)
    save(figure, arguments.file.with_name("phase_space"))


def _diffusivity(axis: plt.Axes, file: h5py.File) -> None:
    time = read(file, "observables/time")
    late = time > 1
    for name, label in (("diffusivity", "KK, all"), ("diffusivity_intervalley", "KK, intervalley part")):
        axis.plot(time[late], read(file, f"observables/{name}")[late, 0], label=label)
    axis.axhline(0, color="0.6", linewidth=0.8)
    axis.set_yscale("symlog", linthresh=10)
    axis.set_xscale("log")
    axis.set_xlabel("time (ps)")
    axis.set_ylabel(r"$D$ (cm$^2$/s)")
    axis.legend(fontsize="small")


def _distribution(axis: plt.Axes, file: h5py.File, wanted: float, valley: int) -> None:
    times = read(file, "wigner/time")
    chosen = _nearest(times, wanted)
    if chosen is None:
        raise SystemExit(
            f"{file.filename} has no distribution near {wanted:g} ps, only at {', '.join(f'{t:g}' for t in times)} ps"
        )
    values = read(file, "wigner/distribution")[chosen, valley]
    x, kx = read(file, "wigner/x"), read(file, "wigner/kx")
    image = axis.pcolormesh(x, kx, values.T / values.max(), shading="nearest", cmap="inferno", rasterized=True, vmin=0)
    for threshold in _thresholds(file, valley):
        for sign in (-1, 1):
            axis.axhline(sign * threshold, color="w", linestyle=":", linewidth=0.8)
    # what holds a thousandth of the largest value
    axis.set_xlim(*_reach(x, values.max(axis=1)))
    axis.set_ylim(*_reach(kx, values.max(axis=0)))
    axis.set_xlabel(r"$x$ ($\mu$m)")
    axis.set_ylabel(r"$k_x$ (1/nm)")
    axis.set_title(f"{shown(valley)}, {times[chosen]:g} ps")
    axis.figure.colorbar(image, ax=axis, label="distribution / maximum")


def _thresholds(file: h5py.File, valley: int) -> np.ndarray:
    """Return the momenta (1/nm) from which the absorption of an acoustic zone-edge phonon leads to KK,
    as the run has noted them.
    """
    if "rates/threshold_momentum" not in file:
        return np.empty(0)
    momenta = read(file, "rates/threshold_momentum")[valley]
    acoustic = np.isin(texts(file, "rates/phonon"), ACOUSTIC)
    return momenta[acoustic & np.isfinite(momenta)]


def _reach(axis: np.ndarray, largest: np.ndarray) -> tuple[float, float]:
    held = np.abs(axis[largest > 1e-3 * largest.max()]).max()
    return -1.1 * held, 1.1 * held


def _nearest(times: np.ndarray, wanted: float) -> int | None:
    nearest = int(np.argmin(np.abs(times - wanted)))
    return nearest if abs(times[nearest] - wanted) <= NEAR * wanted else None


def _variation(axis: plt.Axes, file: h5py.File) -> None:
    """Shape variation of KK over its central density, against position in units of its width."""
    times, x = read(file, "density/time"), read(file, "density/x")
    density, variation = read(file, "density/density"), read(file, "density/shape_variation")
    width = np.sqrt(
        np.interp(times, read(file, "observables/time"), read(file, "observables/mean_squared_displacement")[:, 0])
    )
    for wanted in TIMES:
        chosen = _nearest(times, wanted)
        if chosen is None:
            print(f"no map near {wanted:g} ps: panel d goes without it (time.densities)")
            continue
        middle = density[chosen, 0].max()
        axis.plot(x / width[chosen], 1e3 * variation[chosen, 0] / middle, label=f"{times[chosen]:g} ps")
    axis.axhline(0, color="0.6", linewidth=0.8)
    axis.set_xlim(-3, 3)
    axis.set_xlabel(r"$x / w_\mathrm{KK}$")
    axis.set_ylabel(r"$\eta_\mathrm{KK}(x) / N_\mathrm{KK}(0)$ (1/ns)")
    axis.legend(fontsize="small")


if __name__ == "__main__":
    main()

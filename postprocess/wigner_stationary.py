"""Diffusivity, mobility, relaxation times, shares of the valleys and late intervalley parts against temperature,
from rates alone.

python postprocess/wigner_stationary.py results/wigner_stationary/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts
from wigner_common import LABELS

#: datasets below `rates`
NAMES = (
    "stationary_diffusivity_common", "mobility", "relaxation_time", "stationary_diffusivity", "equilibrium_population",
    "stationary_intervalley",
)  # fmt: skip


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps temperature alone")
    path = parser.parse_args().file
    with open_result(path) as file:
        temperature, valleys = read(file, "temperature"), texts(file, "rates/valley")
        data = {name: read(file, f"rates/{name}") for name in NAMES}
    if any(values.shape[:1] != temperature.shape for values in data.values()):
        raise SystemExit(f"{path} sweeps more than the temperature")
    save(_draw(temperature, data), path.with_name("stationary"))
    _print_table(temperature, data, valleys)


def _draw(temperature: np.ndarray, data: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(2, 2, figsize=(8.0, 6.0), sharex=True, layout="constrained")
    curves = ("stationary_diffusivity", "relaxation_time", "equilibrium_population", "stationary_intervalley")
    labels = (
        r"$D$ (cm$^2$/s)",
        r"$\tau$ without intervalley (fs)",
        "share in equilibrium",
        r"late $D^\mathrm{inter}$ (cm$^2$/s)",
    )
    for axis, name, label in zip(axes.flat, curves, labels):
        for valley, values in enumerate(data[name].T):
            axis.plot(temperature, values, "o-", label=LABELS[valley])
        axis.set_ylabel(label)
        axis.set_xscale("log")
    axes[0, 0].plot(temperature, data["stationary_diffusivity_common"], "k--", label="all, intervalley included")
    axes[0, 0].legend(title="alone")
    axes[0, 1].set_yscale("log")
    axes[1, 1].axhline(0, color="0.6", linewidth=0.8)
    for axis in axes[1]:
        axis.set_xlabel("temperature (K)")
    letters(axes.flat)
    return figure


def _print_table(temperature: np.ndarray, data: dict[str, np.ndarray], valleys: list[str]) -> None:
    heads = [f"{what} {valley}" for what in ("tau", "share", "Dinter") for valley in valleys]
    print(f"{'T (K)':>6}{'D':>8}{'mobility':>10}" + "".join(f"{head:>11}" for head in heads))
    for row, kelvin in enumerate(temperature):
        values = (
            *data["relaxation_time"][row],
            *data["equilibrium_population"][row],
            *data["stationary_intervalley"][row],
        )
        start = f"{kelvin:6g}{data['stationary_diffusivity_common'][row]:8.3f}{data['mobility'][row]:10.4g}"
        print(start + "".join(f"{value:11.4g}" for value in values))
    print(
        "D, Dinter (after all transients) in cm2/s, mobility e D / kT in cm2/V/s, tau (without intervalley scattering)"
        " in fs"
    )


if __name__ == "__main__":
    main()

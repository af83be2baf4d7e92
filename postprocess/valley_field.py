"""Excitons in a magnetic field across the layer: Zeeman shifts, and what the field does to the valleys after a pump.

    python postprocess/valley_field.py results/valley_field/sweep.h5

The first field of the sweep must be zero: shifts are counted from there. Excitons of the hole at K are full lines,
their mirror images at K' dashed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts

#: excitons of the hole at K (hole, then electron), their mirror images, and their names
EXCITONS = {
    "A": ("K up - K up", "K' down - K' down"),
    "spin-dark": ("K up - K down", "K' down - K' up"),
    r"$K-K'$": ("K up - K' up", "K' down - K down"),
}
#: range of the axis of the dichroism, without the fast relaxation
AFTER_RELAXATION = (0.4, 0.6)


def main() -> None:
    """Read, draw, save next to the data, and print the g factors."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 over magnetic.field")
    path = parser.parse_args().file
    with open_result(path) as file:
        field, energy, species = (
            read(file, "magnetic.field"),
            1e3 * read(file, "population/energy"),
            texts(file, "population/species"),
        )
        time, dichroism = 1e-3 * read(file, "dichroism/time"), read(file, "dichroism/circular_dichroism")
        population = read(file, "population/population")[..., -1]  # field, helicity, species
    if field[0] != 0:
        raise SystemExit(f"{path}: the sweep over magnetic.field must begin at 0")
    column = {
        name: [species.index(label) for label in labels] for name, labels in EXCITONS.items() if labels[0] in species
    }
    figure, axes = plt.subplots(1, 3, figsize=(12.5, 3.4), constrained_layout=True)
    letters(axes)
    _shifts(axes[0], field, energy - energy[0], column)
    _traces(axes[1], field, time, dichroism[:, 0])
    _polarisation(axes[2], field, population[..., column["A"]])
    save(figure, path.with_name("valley_field"))


def _shifts(axis: plt.Axes, field: np.ndarray, shift: np.ndarray, column: dict[str, list[int]]) -> None:
    for number, (name, pair) in enumerate(column.items()):
        for style, species in zip(("-", "--"), pair):
            axis.plot(field, shift[:, species], style, color=f"C{number}", label=name if style == "-" else None)
        slope = (shift[-1, pair[0]] - shift[-1, pair[1]]) / field[-1]
        print(f"{name}: {slope:+.4f} meV/T between K and K', g = {slope / 0.0578838:+.2f}")
    axis.plot([], [], "k--", label="hole at K'")
    axis.set(xlabel="field (T)", ylabel="Zeeman shift (meV)")
    axis.legend()


def _traces(axis: plt.Axes, field: np.ndarray, time: np.ndarray, dichroism: np.ndarray) -> None:
    for number, (tesla, trace) in enumerate(zip(field, dichroism)):
        axis.plot(
            time, trace, label=f"{tesla:g} T", color=plt.get_cmap("viridis")(0.9 * number / max(len(field) - 1, 1))
        )
    axis.set(xlabel="delay (ps)", ylabel="dichroism of A / max", ylim=AFTER_RELAXATION)
    axis.legend()


def _polarisation(axis: plt.Axes, field: np.ndarray, population_fhv: np.ndarray) -> None:
    first, second = population_fhv[..., 0], population_fhv[..., 1]
    for helicity, sign in enumerate(("+", "-")):
        axis.plot(field, ((first - second) / (first + second))[:, helicity], "o-", label=rf"$\sigma_{sign}$ pump")
    axis.axhline(0, color="0.7", linewidth=0.8)
    axis.set(xlabel="field (T)", ylabel=r"$(N_K - N_{K'}) / (N_K + N_{K'})$ of A, last delay")
    axis.legend()


if __name__ == "__main__":
    main()

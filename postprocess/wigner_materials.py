"""Stationary diffusivity, relaxation time of the bright excitons and their share against temperature, material by material.

python postprocess/wigner_materials.py results/wigner_materials/sweep.h5
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save, texts


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps material and temperature")
    path = parser.parse_args().file
    with open_result(path) as file:
        if not all(name in file for name in ("material", "temperature")):
            raise SystemExit(f"{path} does not sweep material and temperature")
        data = _read(file)
    save(_draw(data), path.with_name("wigner_materials"))
    _print_table(data)


def _read(file: h5py.File) -> dict[str, np.ndarray]:
    """Return the axes, and (material, temperature, ...) arrays."""
    scales = [dimension[0].name.rsplit("/", 1)[-1] for dimension in file["rates/stationary_diffusivity_common"].dims]
    if sorted(scales) != ["material", "temperature"]:
        raise SystemExit(f"{file.filename}: this figure wants a sweep over material and temperature alone")
    order = [scales.index(name) for name in ("material", "temperature")]

    def ordered(name: str) -> np.ndarray:
        """Return a dataset with the material first, the temperature second."""
        values = read(file, f"rates/{name}")
        return values.transpose(*order, *range(2, values.ndim))

    return {
        "material": np.array(texts(file, "material")),
        "temperature": read(file, "temperature"),
        "diffusivity": ordered("stationary_diffusivity_common"),
        "relaxation": ordered("relaxation_time")[..., 0],
        "share": ordered("equilibrium_population")[..., 0],
    }


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.4), layout="constrained")
    letters(axes)
    labels = {"diffusivity": r"$D$ of all excitons (cm$^2$/s)", "relaxation": "relaxation time of KK (fs)", "share": "share of KK in equilibrium"}
    for axis, (name, label) in zip(axes, labels.items()):
        for row, material in enumerate(data["material"]):
            axis.plot(data["temperature"], data[name][row], "o-", label=str(material))
        axis.set_xscale("log")
        axis.set_xlabel("temperature (K)")
        axis.set_ylabel(label)
    axes[0].set_ylim(0, None)
    axes[1].set_yscale("log")
    axes[2].set_yscale("log")
    axes[2].set_ylim(1e-6, 2)
    axes[0].legend(fontsize="small")
    return figure


def _print_table(data: dict[str, np.ndarray]) -> None:
    print("D of all excitons (cm2/s), stationary")
    print(f"{'T (K)':>8}" + "".join(f"{material:>9}" for material in data["material"]))
    for column, temperature in enumerate(data["temperature"]):
        print(f"{temperature:8g}" + "".join(f"{value:9.3f}" for value in data["diffusivity"][:, column]))


if __name__ == "__main__":
    main()

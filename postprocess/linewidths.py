"""Half widths of excitons and trions by phonons against temperature, material by material, beside published ones.

Filled: measured; open: another theory; thin lines: published slopes of the part that is linear in temperature, up to
100 K.

python postprocess/linewidths.py results/trion_linewidth/sweep.h5
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import plt, texts
from two_keys import Data, Swept, draw_two

#: up to where published slopes are drawn, K
LINEAR = 100.0
STYLES = {"acoustic": "-", "optical": "--", "intervalley": ":"}
PUBLISHED = Path(__file__).with_suffix(".toml")


def main() -> None:
    """Read, draw, save next to the data, and print the table."""
    draw_two(__file__, __doc__, ("material", "phonons.temperature"), _read, _draw, _print_table)


def _read(swept: Swept) -> Data:
    """Return the axes, and half widths in meV as (material, temperature) arrays."""
    widths = {name: 1e3 * swept(f"exciton/dephasing/{name}") for name in (*STYLES, "half_width")}
    return {
        "material": np.array(texts(swept.file, "material")),
        "temperature": swept.axis(1),
        "trion": 1e3 * swept("singlet/dephasing/half_width"),
        "coherence": swept("singlet/dephasing/coherence_time"),
        **widths,
    }


def _draw(axes: Sequence[plt.Axes], data: Data) -> None:
    temperature = data["temperature"]
    for row, material in enumerate(data["material"]):
        (line,) = axes[0].plot(temperature, data["half_width"][row], label=str(material))
        _draw_published(axes[0], str(material), line.get_color())
        for name, style in STYLES.items():
            axes[1].plot(temperature, data[name][row], style, color=line.get_color(), label=name if row == 0 else None)
        axes[2].plot(temperature, data["coherence"][row], color=line.get_color())
    axes[2].axhline(250, color="grey", linewidth=0.8)
    axes[2].annotate(
        "Tempelaar 2019: 250 fs",
        (temperature.max(), 250),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color="grey",
        fontsize="small",
    )
    axes[2].set_yscale("log")
    axes[1].set_yscale("log")
    axes[1].set_ylim(1e-2, 4 * data["half_width"].max())
    labels = ("half width of the exciton (meV)", "its parts (meV)", "coherence of trion and exciton (fs)")
    for axis, label in zip(axes, labels):
        axis.set_xlabel("temperature (K)")
        axis.set_ylabel(label)
    axes[0].set_ylim(0, None)
    axes[0].legend(fontsize="small")
    axes[1].legend(fontsize="small")


def _draw_published(axis: plt.Axes, material: str, colour: str) -> None:
    published = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))
    for point in published["point"]:
        if point["material"] == material:
            axis.plot(
                point["temperature"],
                point["width"],
                "o",
                color=colour,
                fillstyle="none" if point.get("theory") else "full",
            )
    for line in published["slope"]:
        if line["material"] == material:
            start, width = line["through"]
            axis.plot(
                [start, LINEAR],
                [width, width + line["slope"] * (LINEAR - start)],
                color=colour,
                linewidth=0.7,
                linestyle="--",
            )


def _print_table(data: Data) -> None:
    print("half widths of exciton / trion (meV)")
    print(f"{'T (K)':>8}" + "".join(f"{material:>16}" for material in data["material"]))
    for column, temperature in enumerate(data["temperature"]):
        cells = (
            f"{data['half_width'][row, column]:.2f} / {data['trion'][row, column]:.2f}"
            for row in range(len(data["material"]))
        )
        print(f"{temperature:8g}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()

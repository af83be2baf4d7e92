"""Who moves where: net flow of excitons between species by each mechanism,
from numbers (after Fig. 6 d of Dogadov et al. 2025).

python postprocess/valley_flow.py results/valley_quickstart/result.h5
python postprocess/valley_flow.py results/valley_study/sweep.h5 --set full --temperature 77
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from common import command_line, letters, open_result, plt, read, save
from matplotlib.patches import FancyArrowPatch
from valley_common import nearest, texts

COLORS = {
    "phonon_intravalley": "0.6",
    "phonon_electron": "C0",
    "phonon_hole": "C2",
    "exchange": "C1",
    "dexter_intravalley": "C4",
    "dexter_dark": "C3",
    "spin_flip": "C6",
}
#: heights of the rows of labels, of the excitons with A and with B holes
LABELS = (-0.42, 1.27)
#: flows below this share of the largest are not drawn
SMALLEST = 1e-4


def main() -> None:
    """Read, draw, save next to the data, and print the largest flows."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5 of a point, or sweep.h5 over temperature and mechanisms.set")
    parser.add_argument("--set", default="full", help="mechanism set, for a sweep")
    parser.add_argument("--temperature", type=float, default=77.0, help="K, for a sweep")
    arguments = parser.parse_args()
    with open_result(_point(arguments)) as file:
        data = _read(file)
    save(_draw(data), arguments.file.with_name("valley_flow"))
    _print_table(data)


def _point(arguments: argparse.Namespace) -> Path:
    """Return the file of the wanted point."""
    with open_result(arguments.file) as file:
        if "index/id" not in file:
            return arguments.file
        names = np.array(texts(file, "mechanisms.set"))
        row, column = nearest(read(file, "temperature"), arguments.temperature), int(np.argmax(names == arguments.set))
        shape = (len(read(file, "temperature")), len(names))
        ids = read(file, "index/id").reshape(shape if read(file, "index/id").shape == shape else shape[::-1])
        identity = ids[row, column] if ids.shape == shape else ids[column, row]
    return arguments.file.parent / "points" / f"{identity.decode()}.h5"


def _read(file: h5py.File) -> dict[str, np.ndarray]:
    time, population = read(file, "population/time"), read(file, "population/population")[0]
    moments = read(file, "flow/time")
    share = np.array([[np.interp(moment, time, row) for row in population] for moment in moments])
    return {
        "time": 1e-3 * moments,
        "rate": read(file, "flow/rate"),
        "share": share / share.sum(axis=1, keepdims=True),
        "energy": read(file, "population/energy"),
        "species": np.array(texts(file, "flow/species")),
        "mechanism": np.array(texts(file, "flow/mechanism")),
    }


def _positions(data: dict[str, np.ndarray]) -> np.ndarray:
    """Return where each species stands: side by electron's valley and spin, height by energy."""
    order = ("K up", "K' up", "L up", "K' down", "K down", "L' down")
    electron = [label.split(" - ")[1] for label in data["species"]]
    upper = data["energy"] - data["energy"].min() > 0.3 * np.ptp(data["energy"])
    height = np.where(upper, 1.0, 0.0) + 2.0 * (
        data["energy"] - np.where(upper, data["energy"][upper].min(), data["energy"].min())
    )
    same = np.array([label.split(" - ")[0].split()[1] == label.split(" - ")[1].split()[1] for label in data["species"]])
    return np.stack([np.array([order.index(name) for name in electron]) + np.where(same, 0.0, 0.35), height], axis=1)


def _draw(data: dict[str, np.ndarray]) -> plt.Figure:
    columns = min(3, len(data["time"]) + 1)
    rows = -(-(len(data["time"]) + 1) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.0 * columns, 3.7 * rows), constrained_layout=True, squeeze=False
    )
    positions = _positions(data)
    for number, axis in enumerate(axes.ravel()[: len(data["time"])]):
        _draw_species(axis, data, positions, number)
        _draw_flows(axis, data, positions, number)
        axis.set(xlim=(-0.6, 5.9), ylim=(-0.55, 1.4), xticks=[], yticks=[], xlabel="electron: spin up   |   spin down")
        axis.set_title(f"{data['time'][number]:g} ps after a σ+ pump")
        axis.set_ylabel("energy (hole: lower A, upper B branch)")
    letters(axes.ravel()[: len(data["time"])])
    for axis in axes.ravel()[len(data["time"]) :]:
        axis.axis("off")
    handles = [
        plt.Line2D([], [], color=color, linewidth=3, label=name.replace("_", " "))
        for name, color in COLORS.items()
        if _acts(data, name)
    ]
    title = "net flow; widths on a logarithmic scale"
    axes[-1, -1].legend(handles=handles, loc="center", title=title, fontsize=11, title_fontsize=11)
    return figure


def _acts(data: dict[str, np.ndarray], name: str) -> bool:
    return name in data["mechanism"] and bool(_net(data)[:, data["mechanism"] == name].any())


def _net(data: dict[str, np.ndarray]) -> np.ndarray:
    rate = data["rate"]
    return np.maximum(rate - np.swapaxes(rate, 2, 3), 0.0)


def _draw_species(axis: plt.Axes, data: dict[str, np.ndarray], positions: np.ndarray, number: int) -> None:
    for (x, y), label, share in zip(positions, data["species"], data["share"][number]):
        axis.scatter(x, y, s=30 + 550 * share, color="0.85", edgecolor="0.3", zorder=2)
        text = f"{_shown(label)}\n{100 * share:.1f} %"
        # two rows outside of circles and arrows
        axis.annotate(text, (x, LABELS[int(y > 0.5)]), ha="center", va="center", fontsize=9, zorder=4)


def _shown(label: str) -> str:
    return label.replace(" up", "↑").replace(" down", "↓").replace("L", "Λ").replace(" - ", "–")


def _draw_flows(axis: plt.Axes, data: dict[str, np.ndarray], positions: np.ndarray, number: int) -> None:
    net = _net(data)[number]
    largest = net.max()
    for mechanism, final, initial in zip(*np.nonzero(net > SMALLEST * largest)):
        strength = np.log10(net[mechanism, final, initial] / (SMALLEST * largest)) / -np.log10(SMALLEST)
        arrow = FancyArrowPatch(
            positions[initial],
            positions[final],
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=0.3 + 3.5 * strength,
            shrinkA=12,
            shrinkB=12,
            color=COLORS.get(data["mechanism"][mechanism], "k"),
            alpha=0.8,
            connectionstyle=f"arc3,rad={0.12 + 0.06 * mechanism}",
            zorder=3,
        )
        axis.add_patch(arrow)


def _print_table(data: dict[str, np.ndarray]) -> None:
    for number, moment in enumerate(data["time"]):
        net = _net(data)[number]
        print(f"{moment:g} ps, largest net flows (1/ps per exciton)")
        for flat in np.argsort(net, axis=None)[::-1][:8]:
            mechanism, final, initial = np.unravel_index(flat, net.shape)
            if net[mechanism, final, initial] > 0:
                route = f"{data['species'][initial]:>18} -> {data['species'][final]:<18}"
                print(f"  {net[mechanism, final, initial]:10.3e}  {route} {data['mechanism'][mechanism]}")


if __name__ == "__main__":
    main()

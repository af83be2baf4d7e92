"""Exciton and trion binding energies against N, from the sweep.h5 of a trion run that sweeps mesh.N.

python postprocess/binding_energies.py results/trion_quickstart/sweep.h5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import open_result, plt, read, save

LABELS = {"exciton": "exciton 1s", "singlet": "trion, singlet", "triplet": "triplet, lowest bright state"}


def main() -> None:
    """Read, draw, save next to the data, and print the table that is drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps mesh.N alone")
    path = parser.parse_args().file
    with open_result(path) as file:
        sizes = read(file, "mesh.N")
        binding = {name: 1e3 * read(file, f"{name}/binding_energy") for name in LABELS if name in file}
    if any(values.ndim != 1 for values in binding.values()):
        raise SystemExit(f"{path} sweeps more than mesh.N; this figure shows one curve per species")
    save(_draw(sizes, binding), path.with_name("binding_energies"))
    _print_table(sizes, binding)


def _draw(sizes: np.ndarray, binding: dict[str, np.ndarray]) -> plt.Figure:
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(4.8, 5.0))
    for name, values in binding.items():
        axis = upper if name == "exciton" else lower
        axis.plot(sizes, values, "o-", label=LABELS[name], color={"exciton": "C0", "singlet": "C1"}.get(name, "C2"))
    lower.axhline(0, color="0.6", linewidth=0.8)
    lower.set_xlabel("mesh points per direction, $N$")
    for axis in (upper, lower):
        axis.set_ylabel("binding energy (meV)")
        axis.legend()
    return figure


def _print_table(sizes: np.ndarray, binding: dict[str, np.ndarray]) -> None:
    print("binding energies (meV)\n" + f"{'N':>6}" + "".join(f"{name:>12}" for name in binding))
    for row, size in enumerate(sizes):
        print(f"{size:6g}" + "".join(f"{values[row]:12.2f}" for values in binding.values()))


if __name__ == "__main__":
    main()

"""The table of rise times, ratios and shares; with two files, a reference truncation and the full model beside it.

python postprocess/formation_table.py results/formation_reference/sweep.h5 results/formation_fig3/sweep.h5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from common import read, texts
from formation_common import open_sweep, pump_first

COLUMNS = ("tau", "+-", "plain", "inc.", "peak", "pk/pl", "t1", "t_form", "coh.", "coh. all", "d0", "d100")


def main() -> None:
    """Print one block of rows per file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="sweep.h5 of runs that sweep the pump energy")
    for path in parser.parse_args().files:
        file, pumps = open_sweep(path)
        with file:
            _print(file, pumps, path)


def _print(file: h5py.File, pumps: np.ndarray, path: Path) -> None:
    print(f"{path}\n  pump   " + "".join(f"{name:>9}" for name in COLUMNS))
    for r, name in enumerate(texts(file, "signal/resonance")):
        for row, energy in enumerate(pumps):
            values = _row(file, pumps, row, r)
            print(
                f"{name} {energy:5.2f}  "
                + "".join(f"{value:9.3f}" if abs(value) < 2 else f"{value:9.1f}" for value in values)
            )


def _row(file: h5py.File, pumps: np.ndarray, row: int, r: int) -> list[float]:
    def get(name: str) -> np.ndarray:
        return pump_first(file, f"signal/{name}", pumps)[row]

    contributions = texts(file, "signal/contribution")
    full, incoherent = (contributions.index(name) for name in ("full", "incoherent"))
    delay = read(file, "signal/delay")
    difference = get("coherent_difference")[r]
    names = ("rise_time", "rise_time_error", "rise_time_plain")
    values = [get(name)[r, full] for name in names] + [get("rise_time_plain")[r, incoherent]]
    values += [get(name)[r, full] for name in ("peak_delay", "peak_to_plateau", "decay_time", "formation_time")]
    values += [get("coherent_share")[r], get("coherent_share_by_extent")[-1, r]]
    return values + [np.interp(time, delay, difference) for time in (0, 100)]


if __name__ == "__main__":
    main()

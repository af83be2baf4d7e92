"""What the figures of the formation model share:
the way from a sweep over pump energies to a figure, traces, colours.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from common import command_line, open_result, plt, read, save

PUMP = "pump.photon_energy"


def draw_sweep(
    script: str,
    description: str,
    draw: Callable[[h5py.File, np.ndarray], plt.Figure],
    tell: Callable[[h5py.File, np.ndarray], None] | None = None,
) -> None:
    """Save what `draw` makes of the file and its pump energies (eV) next to the data,
    named as the script; then `tell` prints.

    The file is the argument of the command, whose help is `description`.
    """
    parser = command_line(description)
    parser.add_argument("file", type=Path, help="sweep.h5 of a run that sweeps the pump energy")
    path = parser.parse_args().file
    file, pumps = open_sweep(path)
    with file:
        save(draw(file, pumps), path.with_name(Path(script).stem))
        if tell is not None:
            tell(file, pumps)


def open_sweep(path: Path) -> tuple[h5py.File, np.ndarray]:
    """Return the file and the pump energies (eV); raises SystemExit if they are not swept,
    or there are several polarisations.
    """
    file = open_result(path)
    if PUMP not in file:
        raise SystemExit(f"{path} does not sweep {PUMP}")
    if "signal/polarization" in file or "pump.polarization" in file:
        raise SystemExit(f"{path} has several polarisations of the pump; this figure wants one")
    return file, read(file, PUMP)


def pump_first(file: h5py.File, path: str, pumps: np.ndarray) -> np.ndarray:
    """Return a stacked dataset whose only swept axis is the pump energy; raises SystemExit for other sweeps."""
    values = read(file, path)
    if values.shape[0] != pumps.size:
        raise SystemExit(
            f"{file.filename}: '{path}' has shape {values.shape}; this figure wants a sweep over {PUMP} alone"
        )
    return values


def pump_colors(pumps: np.ndarray) -> list[tuple]:
    """Return one colour per pump energy, dark for low ones."""
    return [plt.get_cmap("plasma")(x) for x in np.linspace(0.05, 0.85, pumps.size)]


def share_at_half_rise(whole: np.ndarray, part: np.ndarray) -> float:
    """Return part / whole of two traces where the whole first reaches half its maximum, linear between points."""
    after = int(np.argmax(whole >= 0.5 * whole.max()))
    before = max(after - 1, 0)
    span = whole[after] - whole[before]
    share = (0.5 * whole.max() - whole[before]) / span if span else 1.0
    return float((part[before] + share * (part[after] - part[before])) / (0.5 * whole.max()))

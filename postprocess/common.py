"""What the figure scripts share: the style, reading a dataset with its labels, saving as PNG and PDF."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase

import h5py
import matplotlib
import sweep_file

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

plt.style.use(Path(__file__).with_name("style.mplstyle"))


def open_result(path: Path) -> h5py.File:
    """Open a result file; raises SystemExit with a plain sentence if there is none or it is no HDF5 file."""
    if not Path(path).is_file():
        raise SystemExit(f"{path} does not exist: give the result.h5 or sweep.h5 that `hpcx run` has written")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise SystemExit(f"{path} is not a result of hpcx: {error}") from error


def letters(axes: Iterable[plt.Axes]) -> None:
    """Put bold letters a, b, c, ... above the left corners of the panels of a figure."""
    for letter, axis in zip(ascii_lowercase, axes):
        axis.set_title(letter, loc="left", fontweight="bold")


def read(file: h5py.File, path: str) -> np.ndarray:
    """Return a dataset; raises SystemExit with a plain sentence if the file does not have it, or its values are not found.

    Points of a sweep that have no result, and a mixture of programs, are told once per file.
    """
    _warn(file)
    if path not in file:
        raise SystemExit(f"{file.filename} has no dataset '{path}'")
    try:
        return sweep_file.values(file, path)
    except sweep_file.Lost as error:
        raise SystemExit(str(error)) from error


@lru_cache(maxsize=64)
def _warned(name: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        print(f"WARNING: {name}: {text}", file=sys.stderr)


def _warn(file: h5py.File) -> None:
    _warned(file.filename, tuple(sweep_file.warnings(file)))


def points(path: Path) -> list[Path]:
    """Return the file itself, or those of the finished points of a sweep in their order; raises SystemExit if one is missing."""
    with open_result(path) as file:
        if "index/id" not in file:
            return [path]
        _warn(file)
        names, states = (np.ravel(file[f"index/{name}"].asstr()[()]) for name in ("id", "status"))
    found = [path.parent / "points" / f"{name}.h5" for name, state in zip(names, states) if state == "done"]
    lost = [point for point in found if not point.exists()]
    if lost:
        raise SystemExit(f"this figure needs the files of the points, which must lie in points/ beside {path}: {lost[0]} is missing")
    return found


def texts(file: h5py.File, path: str) -> list[str]:
    """Return a dataset of text as a list."""
    return [value.decode() if isinstance(value, bytes) else str(value) for value in read(file, path).ravel()]


def save(figure: plt.Figure, stem: Path) -> None:
    """Save a figure as `stem`.png and `stem`.pdf and say where."""
    for suffix in (".png", ".pdf"):
        figure.savefig(stem.with_suffix(suffix))
    print(f"wrote {stem.with_suffix('.png')} and {stem.with_suffix('.pdf')}")

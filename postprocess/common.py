"""What the figure scripts share: the style, reading a dataset with its labels, saving as PNG and PDF."""

from __future__ import annotations

from pathlib import Path

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

plt.style.use(Path(__file__).with_name("style.mplstyle"))


def read(file: h5py.File, path: str) -> np.ndarray:
    """Return a dataset; raises SystemExit with a plain sentence if the file does not have it."""
    if path not in file:
        raise SystemExit(f"{file.filename} has no dataset '{path}'")
    return file[path][()]


def points(path: Path) -> list[Path]:
    """Return the file itself, or the finished points of a sweep in their order."""
    with h5py.File(path, "r") as file:
        if "index/id" not in file:
            return [path]
        names = np.atleast_1d(file["index/id"].asstr()[()]).ravel()
    return [point for point in (path.parent / "points" / f"{name}.h5" for name in names) if point.exists()]


def texts(file: h5py.File, path: str) -> list[str]:
    """Return a dataset of text as a list."""
    return [value.decode() if isinstance(value, bytes) else str(value) for value in read(file, path).ravel()]


def save(figure: plt.Figure, stem: Path) -> None:
    """Save a figure as `stem`.png and `stem`.pdf and say where."""
    for suffix in (".png", ".pdf"):
        figure.savefig(stem.with_suffix(suffix))
    print(f"wrote {stem.with_suffix('.png')} and {stem.with_suffix('.pdf')}")

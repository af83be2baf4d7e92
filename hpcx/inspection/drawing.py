"""Figures of a result, drawn by the scripts of postprocess/, which are separate programs."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from pathlib import Path

import h5py

from hpcx.io.reading import reading, swept_keys


@dataclass(frozen=True)
class Figure:
    """A script and its requirements.

    Attributes:
        name: of the script, without .py.
        shows: what is seen.
        needs: datasets.
        axes: keys that the sweep must run over.
        optional: keys that it may run over.
    """

    name: str
    shows: str
    needs: tuple[str, ...]
    axes: frozenset[str]
    optional: frozenset[str]

    def suits(self, file: h5py.File) -> bool:
        """Return whether a result file has all that the figure shows."""
        swept = set(swept_keys(file))
        return self.axes <= swept <= self.axes | self.optional and all(name in file for name in self.needs)


def scripts() -> Path:
    """Return the directory of the scripts: beside the package in a checkout, else where its installation has put them.

    Raises FileNotFoundError.
    """
    places = [
        Path(__file__).resolve().parents[2] / "postprocess",
        Path(sysconfig.get_path("data")) / "share" / "hpcx" / "postprocess",
    ]
    for place in places:
        if (place / "figures.toml").is_file():
            return place
    raise FileNotFoundError(f"the plotting scripts are neither in {places[0]} nor in {places[1]}; reinstall hpcx")


def figures() -> list[Figure]:
    """Return all figures in the order of figures.toml."""
    entries = tomllib.loads((scripts() / "figures.toml").read_text(encoding="utf-8"))
    return [
        Figure(
            name, entry["shows"], tuple(entry["needs"]), frozenset(entry["axes"]), frozenset(entry.get("optional", ()))
        )
        for name, entry in entries.items()
    ]


def drawable(path: Path) -> list[Figure]:
    """Return what a result file can show; raises OSError if it is damaged, cannot be read, or is no HDF5 file."""
    with reading(path) as file:
        return [figure for figure in figures() if figure.suits(file)]


def draw(name: str, path: Path, output: str | None, more: list[str]) -> int:
    """Draw one figure, with further options of its script; return the script's exit status."""
    words = ["-o", output] if output else []
    return subprocess.run(
        [sys.executable, str(scripts() / f"{name}.py"), str(path), *words, *more], check=False
    ).returncode

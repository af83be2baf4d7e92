"""What the figure scripts share: style and titles, the arguments of the command,
reading a dataset, saving as PNG and PDF.
"""

from __future__ import annotations

import argparse
import json
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

from hpcx.renamed import old

plt.style.use(Path(__file__).with_name("style.mplstyle"))


#: between a figure and its title, inches
GAP = 0.06
#: of this run of a script: where the figure is to go, and what the files that it opened are about
_wanted: list[Path] = []
_opened: list[str] = []


class _Output(argparse.Action):
    """Note where the figure is to go."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Path, option: str | None = None
    ) -> None:
        """Take one path."""
        _wanted[:], namespace.output = [value], value


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a script's command line, with the option that all scripts have."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    text = "file of the figure; .pdf, .png or .svg alone, else both .png and .pdf; without it they go next to the data"
    found.add_argument("-o", "--output", type=Path, metavar="FILE", action=_Output, help=text)
    return found


def open_result(path: Path) -> h5py.File:
    """Open a result file; raises SystemExit with a plain sentence if there is none or it is no HDF5 file."""
    if not Path(path).is_file():
        raise SystemExit(f"{path} does not exist: give the result.h5 or sweep.h5 that `hpcx run` has written")
    try:
        file = sweep_file.opened(path)
    except OSError as error:
        raise SystemExit(f"{path} is not a result of hpcx: {error}") from error
    _opened.append(subject(file))
    return file


def settings(file: h5py.File) -> dict:
    """Return the resolved input of a result; of a sweep that of one point,
    in which swept keys have one of their values.
    """
    return json.loads(file["provenance/config"].asstr()[()]) if "provenance/config" in file else {}


def named(text: str) -> str:
    """Return the name of a material or of surroundings, which may be given as the path of a file."""
    return Path(text).name.removesuffix(".toml")


def shown(text: str) -> str:
    """Return a user's own words as matplotlib shows them: dollars are no formulas."""
    return text.replace("$", r"\$")


def subject(file: h5py.File) -> str:
    """Return what a result is about, such as "MoS2, hBN, 77 K":
    material, surroundings, temperature, as far as not swept.
    """
    config = settings(file)
    parts = {
        "material": shown(_own_name(file) or named(config.get("material", ""))),
        "screening.kappa": (
            "" if config.get("environment") is not None else _surroundings(config.get("screening", {}).get("kappa"))
        ),
        "environment": _surroundings(config.get("environment")),
        "temperature": "" if config.get("temperature") is None else f"{config['temperature']:g} K",
    }
    return ", ".join(text for key, text in parts.items() if text and key not in file)


def _own_name(file: h5py.File) -> str:
    """Return the name that the material gives itself, or "" where the result does not say, or has several materials."""
    about = {
        name: json.loads(file[f"provenance/{name}"].asstr()[()])
        for name in ("material", "materials")
        if f"provenance/{name}" in file
    }
    found = [*about.get("materials", {}).values(), *filter(None, [about.get("material")])]
    return found[0].get("name", "") if len(found) == 1 else ""


def _surroundings(kappa: float | str | None) -> str:
    if isinstance(kappa, str):
        return shown(named(kappa))
    return "" if kappa is None else "vacuum" if kappa == 1 else rf"$\kappa$ = {kappa:g}"


def photon_label(file: h5py.File) -> str:
    """Return the label of an axis of photon energies, which are from the band gap if the input does not place it."""
    config = settings(file)
    placed = (
        config.get("gap") is not None
        or config.get("model") not in ("exciton", "trion")
        or config["mesh"].get("region") == "zone"
    )
    return "photon energy (eV)" if placed else "photon energy from the band gap (eV)"


def letters(axes: Iterable[plt.Axes]) -> None:
    """Put bold letters a, b, c, ... above the left corners of the panels of a figure."""
    for letter, axis in zip(ascii_lowercase, axes):
        axis.set_title(letter, loc="left", fontweight="bold")


def read(file: h5py.File, path: str) -> np.ndarray:
    """Return a dataset; raises SystemExit with a plain sentence if the file does not have it,
    or its values are not found.

    Points of a sweep that have no result, and a mixture of programs, are told once per file.
    """
    _warn(file)
    path = path if path in file else old(path)
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
    """Return the file itself, or those of the finished points of a sweep in their order;
    raises SystemExit if one is missing.
    """
    with open_result(path) as file:
        if "index/id" not in file:
            return [path]
        _warn(file)
        names, states = (np.ravel(file[f"index/{name}"].asstr()[()]) for name in ("id", "status"))
    found = [path.parent / "points" / f"{name}.h5" for name, state in zip(names, states) if state == "done"]
    lost = [point for point in found if not point.exists()]
    if lost:
        raise SystemExit(
            f"this figure needs the files of the points, which must lie in points/ beside {path}: {lost[0]} is missing"
        )
    return found


def texts(file: h5py.File, path: str) -> list[str]:
    """Return a dataset of text as a list."""
    return [value.decode() if isinstance(value, bytes) else str(value) for value in read(file, path).ravel()]


def told(subjects: list[str]) -> list[str]:
    """Return different subjects once; of a sweep and its points,
    which are told more exactly, that of the sweep alone.
    """
    known = list(dict.fromkeys(text for text in subjects if text))
    return [text for text in known if not any(text.startswith(f"{other}, ") for other in known)]


def save(figure: plt.Figure, stem: Path) -> None:
    """Title a figure with what its data are about, save it as `stem`.png and `stem`.pdf,
    or where the command says, and say where.

    If one command makes several figures, the ends of their stems are added to the name that was asked for.
    """
    about = "; ".join(told(_opened))
    if about and figure._suptitle is None:
        figure.canvas.draw()  # puts everything in its place
        box = figure.get_tightbbox(figure.canvas.get_renderer())
        width, height = figure.get_size_inches()
        figure.suptitle(about, x=0.5 * (box.x0 + box.x1) / width, y=(box.y1 + GAP) / height, va="bottom", fontsize=10)
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".pdf")]
    if _wanted:
        paths = _asked_for(_wanted[0], stem)
    for path in paths:
        figure.savefig(path)
    print(f"wrote {' and '.join(map(str, paths))}")


_names: list[str] = []


def _asked_for(wanted: Path, stem: Path) -> list[Path]:
    _names.append(stem.name)
    if len(_names) > 1:
        wanted = wanted.with_name(f"{wanted.stem}_{stem.name}{wanted.suffix}")
    if wanted.suffix in (".png", ".pdf", ".svg"):
        return [wanted]
    return [wanted.with_name(wanted.name + suffix) for suffix in (".png", ".pdf")]

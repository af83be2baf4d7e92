"""The tight-binding model of an input, its valleys, and pair momenta of its Brillouin zone."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from hpcx.exciton.config import Config
from hpcx.exciton.tight_binding_config import TightBindingFiles
from hpcx.io.wannier import read_hr, read_lattice, read_tb
from hpcx.io.xatu import read_xatu
from hpcx.physics.extrema import minimum_between
from hpcx.physics.three_band import three_band_model
from hpcx.physics.tightbinding import TightBinding
from hpcx.physics.valley_bands import TightBindingValleys
from hpcx.units import to_internal

#: corners of a hexagonal zone in fractions of b1 and b2 by the angle between the lattice vectors, degrees
_CORNERS = {
    120: {"K": (1 / 3, 1 / 3), "K'": (2 / 3, 2 / 3), "M": (1 / 2, 0.0)},
    60: {"K": (2 / 3, 1 / 3), "K'": (1 / 3, 2 / 3), "M": (1 / 2, 0.0)},
}
#: those of a rectangular zone
_RECTANGULAR = {"X": (1 / 2, 0.0), "Y": (0.0, 1 / 2), "S": (1 / 2, 1 / 2)}
#: valleys on the lines between G and the corners of a hexagonal zone
_FOUND = ("Q", "Q'")
#: distance from a corner in fractions of the reciprocal vectors up to which a point given is meant as the corner
_SAME_CORNER = 1e-3
#: how far the lattice may be from a hexagonal or rectangular one, relative
_HEXAGONAL = 1e-3


def occupied_bands(files: TightBindingFiles) -> int:
    """Return the number of bands below the gap: the input's, or one valence band of each spin of a built-in model."""
    return files.occupied or 2


def load_model(files: TightBindingFiles) -> TightBinding:
    """Return the model; raises FileError or ValueError that says what is wrong with the file."""
    named = (files.file, files.centres, files.lattice, files.wsvec)
    return _load(files, tuple(_digest(name) for name in named if name is not None))


def _digest(name: str) -> str:
    """Return the hash of a file, or "" if it cannot be read, which its reader will say."""
    try:
        return hashlib.sha256(Path(name).read_bytes()).hexdigest()
    except OSError:
        return ""


@lru_cache(maxsize=4)
def _load(files: TightBindingFiles, digests: tuple[str, ...]) -> TightBinding:
    """Read the files of these contents; kept, because check, estimate and run of every point ask for the model."""
    if files.builtin is not None:
        return _built_in(files.builtin.removeprefix("liu2013:"))
    if files.file is None:
        raise ValueError("tight_binding.file is missing")
    path, wsvec = Path(files.file), None if files.wsvec is None else Path(files.wsvec)
    if path.name.endswith(".model"):
        return read_xatu(path)
    if path.name.endswith("_hr.dat") and files.centres and files.lattice:
        return read_hr(path, Path(files.centres), read_lattice(Path(files.lattice)), wsvec)
    if path.name.endswith("_tb.dat"):
        return read_tb(path, wsvec)
    raise ValueError("the name must end in _tb.dat, _hr.dat or .model")


def _built_in(material: str) -> TightBinding:
    """Return the three-band model with both spins, blocks of the spins one after the other."""
    text = (resources.files("hpcx.materials") / "models" / "liu2013.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)[material]
    up, down = (three_band_model(to_internal(given["a"], "angstrom"), given, given["lambda"], spin) for spin in (1, -1))
    both_rij = np.zeros((len(up.cell_rv), 6, 6), complex)
    both_rij[:, :3, :3], both_rij[:, 3:, 3:] = up.hopping_rij, down.hopping_rij
    return TightBinding(up.lattice_vx, up.cell_rv, both_rij, np.zeros((6, 3)))


def load_valleys(files: TightBindingFiles) -> TightBindingValleys:
    """Return the bands around the input's valley; raises FileError or ValueError as `load_model`,
    or for a valley that is not there.
    """
    return _valleys(files, load_model(files))


@lru_cache(maxsize=4)
def _valleys(files: TightBindingFiles, model: TightBinding) -> TightBindingValleys:
    centre_x = (
        np.array(valley_centre(files.valley, model, occupied_bands(files), "tight_binding.valley"))
        @ model.reciprocal_vx
    )
    return TightBindingValleys(
        model,
        occupied_bands(files),
        centre_x,
        orbital_spins(files, model.orbitals),
        files.orbital_tolerance,
        files.symmetry_tolerance,
    )


def orbital_spins(files: TightBindingFiles, orbitals: int) -> np.ndarray | None:
    """Return the spin of every orbital, or None; raises ValueError for a number of orbitals that is odd."""
    order = "blocks" if files.builtin else files.spin
    if order == "none":
        return None
    if orbitals % 2:
        raise ValueError(f"tight_binding.spin = {order!r} needs an even number of orbitals, and there are {orbitals}")
    both = np.array([1.0, -1.0])
    return np.tile(both, orbitals // 2) if order == "interlaced" else np.repeat(both, orbitals // 2)


def corners(model: TightBinding) -> dict[str, tuple[float, float]]:
    """Return the named points of the zone in fractions of the reciprocal vectors;
    G alone if the lattice is neither hexagonal nor rectangular.
    """
    first, second = model.lattice_vx
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    same = abs(np.linalg.norm(first) / np.linalg.norm(second) - 1) < _HEXAGONAL
    angle = next((angle for angle in _CORNERS if abs(cosine - np.cos(np.radians(angle))) < _HEXAGONAL), None)
    named = _CORNERS[angle] if same and angle else _RECTANGULAR if abs(cosine) < _HEXAGONAL else {}
    return {"G": (0.0, 0.0), "Gamma": (0.0, 0.0)} | named


def pair_momenta(config: Config, model: TightBinding) -> np.ndarray:
    """Return the pair momenta in fractions of the reciprocal vectors, (q, 2);
    raises ValueError for a path that makes no sense.
    """
    if config.zone.path is None:
        return np.array([config.zone.momentum])
    return path_of(config.zone.path, config.zone.points, model).fraction_qv


@dataclass(frozen=True)
class MomentumPath:
    """Momenta along straight lines between corners.

    Attributes:
        fraction_qv: in fractions of the reciprocal vectors, (q, 2).
        along_q: distance along the lines, 1/nm.
        corners: names of the corners as written.
        along_c: where they are, 1/nm.
    """

    fraction_qv: np.ndarray
    along_q: np.ndarray
    corners: list[str]
    along_c: np.ndarray

    def name(self, number: int) -> str:
        """Return the corner at a momentum as written, or its fractions, as text."""
        at = np.flatnonzero(np.isclose(self.along_c, self.along_q[number]))
        x, y = self.fraction_qv[number]
        return self.corners[at[0]] if at.size else f"({x:.4g}, {y:.4g})"


def path_of(text: str, points: int, model: TightBinding) -> MomentumPath:
    """Return equally spaced momenta along a path such as "G-K-M"; raises ValueError for one that makes no sense."""
    words = re.findall(r"\([^)]*\)|[^-()\s]+", text)
    ends_cv = np.array([_fraction(word, model, "zone.path") for word in words])
    if len(words) < 2:
        raise ValueError(f"zone.path = {text!r}: expected at least two points such as 'G-K-M'")
    along_c = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ends_cv @ model.reciprocal_vx, axis=0), axis=1))])
    along_q = np.linspace(0, along_c[-1], points)
    fraction_qv = np.stack([np.interp(along_q, along_c, ends_cv[:, axis]) for axis in (0, 1)], axis=1)
    return MomentumPath(fraction_qv, along_q, words, along_c)


@lru_cache(maxsize=64)
def valley_centre(word: str, model: TightBinding, occupied: int, key: str) -> tuple[float, float]:
    """Return the centre of a valley in fractions of the reciprocal vectors:
    a corner, a point given (the corner within 0.001 of it), or "Q", which is found.

    Q is the minimum of the lowest conduction band between G and K, Q' its partner by time reversal. Raises ValueError
    for a valley that is not there.
    """
    if word not in _FOUND:
        return _named_corner(_fraction(word, model, key, _FOUND), model)
    first, last = (np.array(_fraction(end, model, key)) for end in ("G", "K"))
    try:
        x, y = minimum_between(model, occupied, first, last) * (1 if word == "Q" else -1)
    except ValueError as error:
        raise ValueError(f"{key}: there is no valley Q between G and K: {error}") from error
    return float(x), float(y)


def _named_corner(given_v: tuple[float, float], model: TightBinding) -> tuple[float, float]:
    """Return the corner that a point is to its digits or moved by reciprocal vectors, else its fractions in [0, 1):
    carriers of one valley must be known as such.
    """
    for corner_v in corners(model).values():
        apart_v = np.subtract(given_v, corner_v)
        if np.abs(apart_v - np.rint(apart_v)).max() < _SAME_CORNER:
            return corner_v
    return round(given_v[0] % 1, 12), round(given_v[1] % 1, 12)


def _fraction(word: str, model: TightBinding, key: str, found: Iterable[str] = ()) -> tuple[float, float]:
    """Return the fractions of a corner or a point given; `found` are other words that would be known here."""
    known = corners(model)
    if word in known:
        return known[word]
    given = re.fullmatch(r"\(\s*([-+.\d]+)\s*,\s*([-+.\d]+)\s*\)", word)
    if given is None:
        names = ", ".join([*known, *(found if "K" in known else ())])
        raise ValueError(f"{key}: {word!r} is not a point of this zone; known are {names}, or fractions '(0.1,0.2)'")
    return float(given[1]), float(given[2])

"""Dielectric functions as columns in HDF5 or .npz files, and building blocks of GPAW's heterostructures."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import h5py
import numpy as np

from hpcx.io.reading import Damaged, reading

#: what tells a building block: momenta (q,) in 1/bohr, and the monopole response chiM (q, frequency)
_BLOCK = {"q_abs", "chiM_qw"}


def stated(path: Path, column: str) -> dict[str, str]:
    """Return the "q_unit", "unit" and "column" that a file states; raises ValueError, OSError.

    A dataset of HDF5 states its unit by an attribute `units`; a building block is in atomic units.
    """
    if path.suffix == ".npz":
        return {"q_unit": "1/bohr", "column": "epsilon_inverse"} if set(_arrays(path)) >= _BLOCK else {}
    try:
        with reading(path) as file:
            units = {
                key: file[name].attrs.get("units", "")
                for key, name in (("q_unit", "q"), ("unit", column))
                if name in file
            }
    except Damaged:
        raise ValueError("is not a readable HDF5 file") from None
    texts = {key: unit.decode() if isinstance(unit, bytes) else str(unit) for key, unit in units.items()}
    return {key: text for key, text in texts.items() if text}


def columns(path: Path, name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return q and the column `name`, or 1/eps of a building block; raises ValueError, OSError.

    A building block holds the density response of a monolayer in vacuum in atomic units; its monopole part at zero
    frequency, chiM, gives 1/eps = 1 + (2 pi / q) chiM (Andersen, Latini, Thygesen, Nano Lett. 15, 4616 (2015)), which
    is 1 at q = 0.
    """
    arrays = _arrays(path) if path.suffix == ".npz" else _datasets(path, ("q", name))
    if set(arrays) >= _BLOCK:
        q, response = _real(arrays, "q_abs", 1), _real({"chiM_qw": np.real(arrays["chiM_qw"])}, "chiM_qw", 2)[:, 0]
        values = np.where(q > 0, 1 + 2 * np.pi * response / np.where(q > 0, q, 1), 1.0)
    else:
        missing = [wanted for wanted in ("q", name) if wanted not in arrays]
        if missing:
            raise ValueError(f"expected datasets q and {name}, found {', '.join(sorted(arrays)) or 'none'}")
        q, values = _real(arrays, "q", 1), _real(arrays, name, 1)
    if len(values) != len(q):
        raise ValueError(f"dataset {name}: expected as many values as momenta, {len(q)}, found {len(values)}")
    return tuple(q.tolist()), tuple(values.tolist())


def _real(arrays: dict[str, np.ndarray], name: str, dimensions: int) -> np.ndarray:
    """Return an array of finite real numbers; raises ValueError."""
    array = np.asarray(arrays[name])
    if array.dtype.kind not in "fiuc" or array.ndim != dimensions or not array.size:
        raise ValueError(
            f"dataset {name}: expected numbers in {dimensions} dimension(s), found {array.dtype} of shape {array.shape}"
        )
    if np.any(array.imag):
        raise ValueError(
            f"dataset {name}: expected real numbers, found imaginary parts up to {np.abs(array.imag).max():g}"
        )
    if not np.isfinite(array).all():
        row = np.argwhere(~np.isfinite(array))[0][0]
        raise ValueError(f"dataset {name}: expected finite numbers, found {array[row]} in row {row + 1}")
    return array.real.astype(float)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (BadZipFile, EOFError, ValueError, AttributeError) as error:
        raise ValueError("is not an .npz file of arrays") from error


def _datasets(path: Path, wanted: tuple[str, str]) -> dict[str, np.ndarray]:
    """Return the datasets at the root of an HDF5 file, the values of those that are wanted."""
    try:
        with reading(path) as file:
            return {
                name: item[()] if name in wanted else np.empty(0)
                for name, item in file.items()
                if isinstance(item, h5py.Dataset)
            }
    except Damaged:
        raise ValueError("is not a readable HDF5 file") from None

"""Dielectric functions in files of arrays: .npz with columns, or a building block of GPAW's quantum-electrostatic heterostructures."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

#: what tells a building block: momenta (q,) in 1/bohr, and the monopole response chiM (q, frequency)
_BLOCK = {"q_abs", "chiM_qw"}


def is_building_block(path: Path) -> bool:
    """Say whether a file is a building block, which knows its units; raises ValueError, OSError."""
    return set(_arrays(path)) >= _BLOCK


def columns(path: Path, name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return q and the column `name`: the arrays of these names, or 1/eps of a building block; raises ValueError, OSError.

    A building block holds the density response of a monolayer in vacuum in atomic units; its monopole part at zero frequency, chiM,
    gives 1/eps = 1 + (2 pi / q) chiM (Andersen, Latini, Thygesen, Nano Lett. 15, 4616 (2015)), which is 1 at q = 0.
    """
    arrays = _arrays(path)
    if set(arrays) >= _BLOCK:
        q, response = arrays["q_abs"], arrays["chiM_qw"][:, 0].real
        inverse = np.where(q > 0, 1 + 2 * np.pi * response / np.where(q > 0, q, 1), 1.0)
        return tuple(q.tolist()), tuple(inverse.tolist())
    missing = [wanted for wanted in ("q", name) if wanted not in arrays]
    if missing:
        raise ValueError(f"expected arrays q and {name}, found {', '.join(sorted(arrays)) or 'none'}")
    return tuple(arrays["q"].tolist()), tuple(arrays[name].real.tolist())


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (BadZipFile, EOFError, ValueError, AttributeError) as error:
        raise ValueError("is no .npz file of arrays") from error

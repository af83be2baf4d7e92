"""What is read off eigenvectors: oscillator strengths, degenerate levels, and vectors of such levels that do not depend
on how they were found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from mpi4py import MPI

#: distance in eV up to which neighbouring states are one level, if the eigensolver is more exact than that
LEVEL_WIDTH = 1e-6
#: the part of a functional in a level below which it is rounding
DARK = 1e-6


def level_width(tolerance: float) -> float:
    """Return the distance in eV up to which neighbouring states are one level,
    for residuals up to `tolerance` in eV.
    """
    return max(LEVEL_WIDTH, 2 * tolerance)


def levels(energy: np.ndarray, width: float) -> Iterator[slice]:
    """Yield the states of each level; `energy` (state,) ascends, and neighbours up to `width` apart belong together."""
    edges = [0, *(np.flatnonzero(np.diff(energy) > width) + 1), len(energy)]
    yield from (slice(int(first), int(last)) for first, last in zip(edges, edges[1:]) if last > first)


def degeneracy(energy: np.ndarray, width: float) -> np.ndarray:
    """Return how many states each state's level has, (state,)."""
    sizes = np.empty(len(energy), int)
    for level in levels(energy, width):
        sizes[level] = level.stop - level.start
    return sizes


def oscillator_strength(comm: MPI.Comm, vectors: np.ndarray, dipole: np.ndarray) -> np.ndarray:
    """Return |<state|dipole>|^2 for vectors (state, rows) and this rank's rows of what light makes; collective."""
    return np.abs(comm.allreduce(vectors.conj() @ dipole)) ** 2


def oriented(
    comm: MPI.Comm, energy: np.ndarray, vectors: np.ndarray, width: float, functional: Callable[[int], np.ndarray]
) -> np.ndarray:
    """Return other orthonormal vectors (state, rows) of the same levels,
    the same however the given ones were found; collective.

    In each level the first vector has all of functional 0 (which may be the optical one), the next has all that is left
    of functional 1, and so on; these parts are positive. A functional without a part in the level is passed over.

    Args:
        comm: the ranks over which vectors are spread.
        energy: ascending, (state,).
        vectors: orthonormal, (state, rows).
        width: of a level.
        functional: returns this rank's part (rows,) of a functional; those from number 1 on have a part in every level.
    """
    turned = np.empty_like(vectors)
    for level in levels(energy, width):
        turned[level] = _turned(comm, vectors[level], functional)
    return turned


def _turned(comm: MPI.Comm, vectors: np.ndarray, functional: Callable[[int], np.ndarray]) -> np.ndarray:
    """Turn the vectors of one level by the unitary factor of the functionals' parts in it."""
    parts = np.array([part(comm, vectors, functional(number)) for number in range(len(vectors) + 1)])
    seen = np.linalg.norm(parts, axis=1) > DARK
    unitary, triangle = np.linalg.qr(parts[seen][: len(vectors)].conj().T)
    diagonal = np.diagonal(triangle)
    return (unitary * (diagonal / np.abs(diagonal))).T @ vectors


def part(comm: MPI.Comm, vectors: np.ndarray, functional: np.ndarray) -> np.ndarray:
    """Return <functional|vector> over the functional's norm, (state,)."""
    products = np.append(vectors @ functional.conj(), (np.abs(functional) ** 2).sum())
    products = comm.allreduce(products)
    return products[:-1] / np.sqrt(max(products[-1].real, np.finfo(float).tiny))

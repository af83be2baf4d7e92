"""The intermediate state of a Krylov-Schur solver, and how the solver resumes from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from slepc4py import SLEPc


@dataclass(frozen=True)
class Partial:
    """Approximations of the wanted states, those that are done first.

    Attributes:
        vectors: this rank's part, orthonormal, (state, rows).
        converged: how many of the first of them have reached the tolerance.
        complete: whether no state is missing among these.
    """

    vectors: np.ndarray
    converged: int
    complete: bool = False

    @property
    def found(self) -> np.ndarray:
        """Converged states (state, rows); a solver that resumes deflates them."""
        return self.vectors[: self.converged]

    def start(self, generic: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the sum of the approximations of the other states as start vector, or `generic()` if there are none.

        The Krylov space of a sum of eigenvectors is their span.
        """
        rest = self.vectors[self.converged :]
        return rest.sum(axis=0) if len(rest) else generic()


def of_type(values: np.ndarray, dtype: type) -> np.ndarray:
    """Return complex values of which all imaginary parts are zero as real ones, if that is wanted."""
    return values.real if np.dtype(dtype).kind == "f" else values


def partial_solution(eps: SLEPc.EPS, found: np.ndarray, converged: int, wanted: int) -> Partial:
    """Return what the solver knows when it asks its stopping test: deflated states, then its Ritz vectors; collective.

    Args:
        eps: a Krylov-Schur solver within its stopping test, where the basis has not been rotated to the Ritz vectors
            yet.
        found: states that were deflated (state, rows).
        converged: states that the solver has found beside these.
        wanted: number of states that the solver looks for.
    """
    basis, small = eps.getBV(), eps.getDS()
    size, locked, *_ = small.getDimensions()
    matrix = small.getMat(SLEPc.DS.MatType.Q)
    rotation = matrix.getDenseArray().copy()
    small.restoreMat(SLEPc.DS.MatType.Q, matrix)
    vectors = np.empty((len(found) + min(wanted, size), found.shape[1]), found.dtype)
    vectors[: len(found)] = found
    ritz = eps.getOperators()[0].createVecRight()
    for i, row in enumerate(vectors[len(found) :]):
        if i < locked:
            basis.copyVec(i, ritz)
        else:
            basis.multVec(1.0, 0.0, ritz, list(rotation[locked:size, i]))
        row[:] = of_type(ritz.getArray(readonly=True), found.dtype.type)
    ritz.destroy()
    return Partial(vectors, len(found) + converged)

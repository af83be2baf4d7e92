"""Lanczos recursion of a distributed Hermitian operator with two vectors and no reorthogonalisation.

Rounding errors grow along converged states. So if sums are added in another order (on another number of ranks), the
coefficients agree to 1e-15 for the first twenty to forty steps and differ completely some twenty steps later; the
spectra still agree to the accuracy that was asked for. Example: a trion with 4 meV of broadening (mesh.N = 48, 298
unknowns), accuracy 1e-3, 1e-6, 1e-11: 135, 243, 338 steps, difference between 1, 2 and 3 ranks 8e-4, 6e-7, 8e-14.
Orthogonalising against the two stored vectors does not help (coefficients differ by 0.3 after 60 steps). Against all
vectors the coefficients agree to 1e-13 after 220 steps, but all must be stored: 380 steps at mesh.N = 100, k0 = 0.14
need 170 MB in place of 0.9, and the first 200 of them take 1.8 s, growing with the square, beside 2.6 s of products. On
the same number of ranks a resumed recursion is identical to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpi4py import MPI

#: a coefficient b_m this much smaller than the largest one means that the Krylov space is exhausted
_EXHAUSTED = 1e-12


class Recursion:
    """H q_m = b_{m-1} q_{m-1} + a_m q_m + b_m q_{m+1}.

    Attributes:
        alpha: coefficients a_1, a_2, ... so far.
        beta: coefficients b_1, b_2, ...
        square_norm: squared norm of the start vector.
        current: this rank's part of q_{m+1}.
        previous: this rank's part of q_m.
    """

    def __init__(self, comm: MPI.Comm, apply: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> None:
        """Take the product with the operator and this rank's part of the start vector; collective."""
        self.comm, self._apply = comm, apply
        self.alpha: list[float] = []
        self.beta: list[float] = []
        self.square_norm = self._dot(start, start)
        self.current = start / np.sqrt(self.square_norm) if self.square_norm else start.copy()
        self.previous = np.zeros_like(self.current)

    def _dot(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self.comm.allreduce(np.vdot(x, y).real))

    @property
    def exhausted(self) -> bool:
        """Whether the Krylov space is exhausted: the lines found so far are complete."""
        return self.square_norm == 0 or (bool(self.beta) and self.beta[-1] == 0)

    @property
    def band_width(self) -> float:
        """Width of an interval that holds all eigenvalues as far as the coefficients tell (Gershgorin)."""
        alpha, beta = np.array(self.alpha), np.array(self.beta)
        return float((alpha + 2 * beta).max() - (alpha - 2 * beta).min())

    def step(self) -> None:
        """Find one more pair of coefficients; collective."""
        product = self._apply(self.current)
        alpha = self._dot(self.current, product)
        product -= alpha * self.current
        if self.beta:
            product -= self.beta[-1] * self.previous
        beta = np.sqrt(self._dot(product, product))
        self.alpha.append(alpha)
        scale = max([abs(alpha), *self.beta[:1]])
        self.beta.append(0.0 if beta <= _EXHAUSTED * scale else float(beta))
        self.previous = self.current
        self.current = product / self.beta[-1] if self.beta[-1] else np.zeros_like(product)

    def resume(self, alpha: np.ndarray, beta: np.ndarray, previous: np.ndarray, current: np.ndarray) -> None:
        """Go on from the coefficients and this rank's parts of the vectors of an earlier recursion."""
        self.alpha, self.beta = [float(a) for a in alpha], [float(b) for b in beta]
        self.previous, self.current = previous, current

"""Whether an eigensolver has left out a state: a few Lanczos steps in the complement of those that it found.

A Krylov space contains one state of each degenerate level, and no state that is orthogonal to its start vector;
residuals do not show this. A second, random vector w overlaps with every missing state. After k steps of a recursion
from w, orthogonal to the states that were found, two things are known of energies up to E:

* If the recursion's matrix has an eigenvalue there, so has the operator (variational principle).
* Else |<u|w>|^2 <= 1 / sum_{i < k} p_i(E)^2 for every state u there, with the recursion's orthonormal polynomials p_i
  (Christoffel; Akhiezer, The classical moment problem, 1965, section 2.5). The bound falls exponentially with k.

So small an overlap with a random vector is unlikely. The recursion ends when the bound is a given share x of the
average overlap; the probability of less is 1 - exp(-x) for complex vectors, and erf(sqrt(x / 2)) for real ones. The
average is known for the degenerate partners of the states that were found, which a symmetry maps onto each other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpi4py import MPI

from hpcx.parallel.recursion import Recursion


class WeightBelow:
    """The largest share of a recursion's start vector that states up to an energy can have.

    Attributes:
        bound: of |<u|w>|^2 for every state u at or below the energy.
        found: whether there is such a state for certain.
    """

    def __init__(self, energy: float) -> None:
        """Take the energy."""
        self._energy = energy
        self._previous, self._current, self._beta = 0.0, 1.0, 0.0
        self._sum = 1.0
        self.bound, self.found = 1.0, False

    def append(self, alpha: float, beta: float) -> None:
        """Add the coefficients a_k and b_k of one more step.

        The polynomials alternate in sign as long as the recursion's matrix has no eigenvalue at or below the energy
        (Sturm).
        """
        following = (self._energy - alpha) * self._current - self._beta * self._previous
        self.found |= following * self._current >= 0
        self._previous, self._current, self._beta = self._current, following / beta if beta else np.inf, beta
        self._sum += self._current**2
        self.bound = 1 / self._sum


def is_state_missing(
    comm: MPI.Comm,
    apply: Callable[[np.ndarray], np.ndarray],
    found: np.ndarray,
    energy: float,
    start: np.ndarray,
    share: float,
    keep: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] | None = None,
) -> bool:
    """Return whether there is a state at or below `energy` beside those that were found; collective.

    Args:
        comm: the ranks over which vectors are spread.
        apply: product with the Hermitian operator.
        found: this rank's part of orthonormal eigenvectors, (state, rows).
        energy: of the highest state that matters.
        start: this rank's part of a random vector, (rows,), that had no part in finding these states.
        share: of its average part in `start` that a state must have so that it is not overlooked.
        keep: called after every step: the place to save and to stop.
        progress: called after every step with the share of the steps that is done: the bound falls exponentially.
    """
    enough = share * average_part(comm, found, start)
    recursion = Recursion(comm, lambda x: without(comm, apply(x), found), without(comm, start, found))
    weight = WeightBelow(energy)
    while not (weight.found or weight.bound <= enough or recursion.exhausted):
        recursion.step()
        # rounding brings found states back, and the recursion enlarges them
        recursion.current = without(comm, recursion.current, found)
        weight.append(recursion.alpha[-1], recursion.beta[-1])
        keep()
        if progress is not None:
            progress(float(np.log(max(weight.bound, enough)) / np.log(enough)))
    return weight.found


def average_part(comm: MPI.Comm, found: np.ndarray, start: np.ndarray) -> float:
    """Return the smallest mean of |<u|w>|^2 / |w|^2 over random signs of w, among the states u (state, rows)."""
    sizes = np.append((np.abs(found) ** 2) @ np.abs(start) ** 2, (np.abs(start) ** 2).sum())
    sizes = comm.allreduce(sizes)
    return float(sizes[:-1].min() / sizes[-1])


def without(comm: MPI.Comm, x: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return x without its part in the span of orthonormal vectors (state, rows)."""
    return x - comm.allreduce(found.conj() @ x) @ found

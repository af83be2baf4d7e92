"""Size of an eigensolver's basis, known without PETSc for estimates: more vectors save products, cost memory."""

from __future__ import annotations

#: memory for vectors beyond the necessary ones, on all ranks, bytes
_AFFORDED = 2.5e8


def smallest_basis(count: int) -> int:
    """Return the number of vectors of the basis in which a number of states of a large problem is looked for."""
    return 2 * count + 5


def small_basis(count: int, unknowns: int) -> int:
    """Return the number of vectors for long vectors with a good start, as of trions.

    A few more than necessary where memory allows: one trion takes 25 % more products with 7 vectors than with 20
    (mesh.N = 120), 8 % more with 12. Convergence is tested when the basis is full, so many vectors are a waste if the
    start vector is close to the state.
    """
    return smallest_basis(count) + min(8, int(_AFFORDED / (16 * max(unknowns, 1))))


def large_basis(count: int, unknowns: int) -> int:
    """Return the number of vectors for operators whose vectors are short, with as many as memory allows.

    States in wide bands then take half the products: excitons of parabolic bands in hBN (four states, 32 vectors in
    place of 14) 647 in place of 1068 (MoS2) and 910 in place of 1926 (WS2), in 0.73 of the time; 40 vectors take 3 %
    fewer, and as long.
    """
    return max(smallest_basis(count), min(4 * count + 16, int(_AFFORDED / (16 * max(unknowns, 1)))))

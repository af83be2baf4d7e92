"""How large a basis an eigensolver needs: known without PETSc, for estimates."""

from __future__ import annotations


def basis_size(count: int) -> int:
    """Return the number of vectors of the basis in which a number of states is looked for.

    A larger one costs memory and orthogonalisation, a smaller one products. Measured (trion, mesh.N = 120): 8 vectors take 15 % more
    products than 20 for one state; for four states 16 take 6 % more, 12 take 15 %.
    """
    return 2 * count + 6


#: memory of the vectors of a large basis on all ranks, bytes
_AFFORDED = 2.5e8


def large_basis(count: int, unknowns: int) -> int:
    """Return the number of vectors for operators whose vectors are short, with as many as memory allows.

    States in wide bands then take half the products: excitons of parabolic bands in hBN (four states, 32 vectors in place of 14) 647 in
    place of 1068 (MoS2) and 910 in place of 1926 (WS2), in 0.73 of the time; 40 vectors take 3 % fewer, and as long.
    """
    return max(basis_size(count), min(4 * count + 16, int(_AFFORDED / (16 * max(unknowns, 1)))))

"""What is read off the trion's eigenvectors."""

from __future__ import annotations

import numpy as np

from hpcx.trion.operator import TrionOperator


def rayleigh_ritz(operator: TrionOperator, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return energies, vectors and true residual norms |H x - E x| in the span of `vectors` (state, rows); collective.

    One explicit product per state, so that energies and residuals are those of `operator` however the vectors were found.
    """
    products = np.array([operator.apply(vector) for vector in vectors])
    overlap = operator.comm.allreduce(vectors.conj() @ vectors.T)
    matrix = operator.comm.allreduce(vectors.conj() @ products.T)
    # Cholesky: the vectors are orthonormal only to the precision of the solver
    inverse = np.linalg.inv(np.linalg.cholesky(overlap))
    energy, rotation = np.linalg.eigh(inverse @ matrix @ inverse.conj().T)
    mix = (inverse.conj().T @ rotation).T
    vectors, products = mix @ vectors, mix @ products
    square = (np.abs(products - energy[:, None] * vectors) ** 2).sum(axis=1)
    return energy, vectors, np.sqrt(operator.comm.allreduce(square))


def oscillator_weight(operator: TrionOperator, vectors: np.ndarray) -> np.ndarray:
    """Return |<state|V|i>|^2 for vectors (state, rows), (state,); collective.

    V|i> is what light makes of one charge at the band minimum; Tempelaar and Berkelbach 2019, Eq. 2.
    """
    created = operator.sector.pack(operator.problem.created(operator.sector.k1, operator.sector.k2).astype(complex))
    return np.abs(operator.comm.allreduce(vectors.conj() @ created)) ** 2


def wavefunction(operator: TrionOperator, vectors: np.ndarray) -> np.ndarray:
    """Return C(k, 0), the second carrier at its minimum, shape (state, n); the largest value is made positive; collective."""
    k = np.arange(operator.problem.mesh.size)
    slices = np.array([operator.amplitudes(vector, k, np.zeros_like(k)) for vector in vectors])
    size = np.abs(slices)
    # the first of equally large values, whatever the rounding
    largest = np.argmax(size >= (1 - 1e-6) * size.max(axis=1, keepdims=True), axis=1)
    value = slices[np.arange(len(slices)), largest]
    phase = np.where(value == 0, 1, value / np.where(value == 0, 1, np.abs(value)))
    return slices / phase[:, None]


def dimensions(operator: TrionOperator) -> tuple[int, int]:
    """Return the number of states without symmetry (antisymmetric ones of identical carriers) and of unknowns; collective."""
    pairs, rows = operator.comm.allreduce(np.array([operator.sector.pairs, operator.rows]))
    mesh = operator.problem.mesh
    if operator.problem.identical:
        k = np.arange(mesh.size)
        pairs = (pairs - np.count_nonzero(mesh.add(k, k) >= 0)) // 2
    return int(pairs), int(rows)

"""Observables from the trion's eigenvectors."""

from __future__ import annotations

import numpy as np

from hpcx.exciton.labels import Kind, by_turns
from hpcx.parallel.layout import own_rows
from hpcx.physics.mesh import POINT_GROUPS, PointGroup
from hpcx.trion.coupled import CoupledOperator
from hpcx.trion.operator import TrionOperator
from hpcx.trion.symmetry import largest


def rayleigh_ritz(
    operator: TrionOperator | CoupledOperator, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return energies, vectors and true residual norms |H x - E x| in the span of `vectors` (state, rows); collective.

    One explicit product per state, so that energies and residuals are those of `operator` however the vectors were
    found.
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


def rotations(operator: TrionOperator) -> int:
    """Return the order of the rotations that leave the trion's Hamiltonian unchanged:
    of its sector, or without one of its largest symmetry.
    """
    return POINT_GROUPS[largest(operator.problem) if operator.symmetry == "none" else operator.symmetry].rotations


def by_rotation(operator: TrionOperator, order: int, vectors: np.ndarray) -> tuple[np.ndarray, list[Kind]]:
    """Return the vectors (state, rows) of a level as eigenvectors of the rotation by 2 pi / `order`,
    and their kinds; collective.
    """
    if order == 1 or operator.symmetry != "none":
        return vectors, [(operator.momentum, 0)] * len(vectors)
    return _divided(operator, order, vectors, turned(operator, order, vectors))


def coupled_by_rotation(
    operator: CoupledOperator, order: int, momenta: tuple[int, ...], vectors: np.ndarray
) -> tuple[np.ndarray, list[Kind]]:
    """Return the same for coupled channels, whose angular momenta in one state differ as `momenta` do;
    a state is named after that of the first channel.
    """
    if order == 1 or operator.operators[0].symmetry != "none":
        first = operator.operators[0].momentum % order
        return vectors, [(first - order if 2 * first > order else first, 0)] * len(vectors)
    return _divided(operator, order, vectors, turned_together(operator, order, momenta, vectors))


def turned_together(operator: CoupledOperator, order: int, momenta: tuple[int, ...], vectors: np.ndarray) -> np.ndarray:
    """Return vectors (state, rows) of coupled channels after the rotation by 2 pi / `order` that keeps them coupled:
    in each channel that of all momenta, times a phase; collective.
    """
    parts = np.split(vectors, operator.cuts[1:-1], axis=1)
    phase_c = np.exp(2j * np.pi * (np.array(momenta) - momenta[0]) / order)
    moved = [turned(one, order, own) for one, own in zip(operator.operators, parts, strict=True)]
    return np.concatenate([phase * own for phase, own in zip(phase_c, moved, strict=True)], axis=1)


def turned(operator: TrionOperator, order: int, vectors: np.ndarray) -> np.ndarray:
    """Return vectors (state, rows) without symmetry after the rotation of all momenta by 2 pi / `order`;
    collective.
    """
    sector, back_k = operator.sector, operator.problem.mesh.images(PointGroup(order).operations[-1])
    moved = [sector.pack(operator.amplitudes(vector, back_k[sector.k1], back_k[sector.k2])) for vector in vectors]
    return np.array(moved).reshape(vectors.shape)


def _divided(
    operator: TrionOperator | CoupledOperator, order: int, vectors: np.ndarray, moved: np.ndarray
) -> tuple[np.ndarray, list[Kind]]:
    unitary, turns = by_turns(operator.comm.allreduce(vectors.conj() @ moved.T), order)
    return unitary @ vectors, [(int(turn), 0) for turn in turns]


def own_points(operator: TrionOperator) -> slice:
    """Return the mesh points whose values this rank puts into results: a block of them."""
    return own_rows(operator.comm, operator.problem.mesh.size)


def wavefunction(operator: TrionOperator, vectors: np.ndarray) -> np.ndarray:
    """Return C(k, Q) of total momentum Q, 0 if not told, the resident carrier there,
    at this rank's points, (state, points); collective.

    The largest value of a state is made positive, and of equally large ones, whatever the rounding, the first.
    """
    points = own_points(operator)
    k = np.arange(points.start, points.stop)
    slices = np.array(
        [operator.amplitudes(vector, k, np.full_like(k, operator.problem.initial)) for vector in vectors]
    ).reshape(len(vectors), len(k))
    size = np.abs(slices)
    largest = np.max(operator.comm.allgather(size.max(axis=1, initial=0.0)), axis=0)
    candidates = size >= (1 - 1e-6) * largest[:, None]
    own = [row[found][:1] for row, found in zip(slices, candidates, strict=True)]  # none or one per state
    value = np.array([np.concatenate(firsts)[0] for firsts in zip(*operator.comm.allgather(own), strict=True)])
    phase = np.where(value == 0, 1, value / np.where(value == 0, 1, np.abs(value)))
    return slices / phase[:, None]


def dimensions(operator: TrionOperator) -> tuple[int, int]:
    """Return the number of states without symmetry (antisymmetric ones of identical carriers)
    and of unknowns; collective.
    """
    pairs, rows = operator.comm.allreduce(np.array([operator.sector.pairs, operator.rows]))
    mesh = operator.problem.mesh
    if operator.problem.identical:
        k = np.arange(mesh.size)
        pairs = (pairs - np.count_nonzero(mesh.add(k, k) >= 0)) // 2
    return int(pairs), int(rows)

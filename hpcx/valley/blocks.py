"""Rate matrices assembled from blocks between species, and their generators."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from hpcx.valley.problem import Problem


def block_matrix(problem: Problem, blocks: Mapping[tuple[int, int], np.ndarray]) -> sparse.csr_matrix:
    """Return W (size, size) from blocks (final species, initial species) -> rate_fi (cells, cells) in 1/fs.

    Rates from a cell to itself are left out: they change nothing.
    """
    cells = problem.grid.cells
    parts = [(np.zeros(0, int), np.zeros(0, int), np.zeros(0))]
    for (final, initial), rate_fi in blocks.items():
        row, column = np.nonzero(rate_fi)
        parts.append((row + final * cells, column + initial * cells, rate_fi[row, column]))
    row, column, rate = (np.concatenate(items) for items in zip(*parts))
    off = row != column
    return sparse.csr_matrix((rate[off], (row[off], column[off])), shape=(problem.size, problem.size))


def with_absorption(problem: Problem, emission: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return emission plus absorption, which follows entry by entry from detailed balance on this grid.

    The reverse of a rate i -> f is W[i, f] = W[f, i] (w_i / w_f) exp(-(E_i - E_f) / kT), so that w exp(-E / kT) is an
    exact null vector of the generator for any kernel.
    """
    entries = emission.tocoo()
    final, initial = entries.row, entries.col
    weight, energy = problem.weights(), problem.energies()
    factor = weight[initial] / weight[final] * np.exp((energy[final] - energy[initial]) / problem.thermal_energy)
    partner = sparse.coo_matrix((entries.data * factor, (initial, final)), shape=emission.shape)
    return (entries + partner).tocsr()


def out_rate(rate_fi: sparse.spmatrix) -> np.ndarray:
    """Return the total rate out of every cell (size,), 1/fs."""
    return np.asarray(rate_fi.sum(axis=0)).ravel()


def generator(rate_fi: sparse.spmatrix) -> sparse.csr_matrix:
    """Return G = W - diag(column sums of W)."""
    return (rate_fi - sparse.diags(out_rate(rate_fi))).tocsr()


def reduce_to_species(problem: Problem, rate_fi: sparse.spmatrix, population: np.ndarray) -> np.ndarray:
    """Return how many particles per time W moves (species, species_from) out of `population` (size,)."""
    count = len(problem.species)
    collect = sparse.kron(sparse.identity(count), np.ones((1, problem.grid.cells)), format="csr")
    return np.asarray((collect @ rate_fi.multiply(population[None, :]) @ collect.T).todense())

"""What the ranks send each other in one product of a trion: it follows from the layout alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.physics.mesh import ValleyMesh
from hpcx.trion.kernels import deal
from hpcx.trion.layouts import PairLayout, entries_of
from hpcx.trion.sector import PairGroup, pair_group


@dataclass(frozen=True)
class Exchanges:
    """Messages and amplitudes that each rank sends in one product, and its share of the work.

    Attributes:
        messages, amplitudes: sent by each rank, (rank,).
        work: of matrix products, relative to the mean, (rank,).
    """

    messages: np.ndarray
    amplitudes: np.ndarray
    work: np.ndarray


def exchanges(mesh: ValleyMesh, symmetry: str, identical: bool, ranks: int) -> Exchanges:
    """Return what a product with the Hamiltonian takes on a number of ranks."""
    group = pair_group(mesh, symmetry, identical)
    owner_c, stairs = deal(mesh, group.columns, ranks)
    owner_k = np.full(mesh.size, -1)
    owner_k[group.columns] = owner_c
    # from a rank (first index) to another, in each exchange
    sent = np.array([[_asked(group, owner_k, keys, rank, ranks) for keys in _wanted(group, group.columns[owner_c == rank])] for rank in range(ranks)])
    work = np.bincount(owner_c, stairs.height_c.astype(float) ** 2, ranks)
    return Exchanges(np.count_nonzero(sent, axis=(0, 1)), sent.sum(axis=(0, 1)), work / work.mean())


def _wanted(group: PairGroup, columns: np.ndarray) -> list[np.ndarray]:
    """Return the keys of what a rank with these columns needs in each exchange: amplitudes and results of each layout."""
    p, r = group.pairs_of_columns(columns)
    own = group.key(p, r)[group.canonical(p, r)[0] == group.key(p, r)]
    k1, k2 = group.pair(own)
    found = []
    for name in ("photoexcited", "both") if group.swaps_g.any() else ("photoexcited", "resident", "both"):
        layout = PairLayout(name)
        members = [(k1, k2), (k2, k1)] if name == "photoexcited" and group.swaps_g.any() else [(k1, k2)]
        results = [entries_of(group, layout, *member)[0] for member in members]
        found += [group.canonical(*layout.pair(group, p, r))[0], np.concatenate(results)]
    return found


def _asked(group: PairGroup, owner_k: np.ndarray, keys: np.ndarray, rank: int, ranks: int) -> np.ndarray:
    """Return how many values a rank asks of each other one, (rank,)."""
    owners = owner_k[np.unique(keys) // group.mesh.size]
    return np.bincount(owners[owners != rank], minlength=ranks)

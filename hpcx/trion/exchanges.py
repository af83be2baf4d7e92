"""Communication in one product of a trion, which follows from the layout alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.parallel.machine import Work
from hpcx.physics.mesh import ValleyMesh
from hpcx.trion.kernels import deal
from hpcx.trion.layouts import PairLayout, entries_of
from hpcx.trion.sector import PairGroup, pair_group

#: of large problems: share of all messages and amplitudes that the layouts can need, and by how much the busiest rank
#: exceeds the mean if each has one column (counted on 6235 points for 64 and 512 ranks: 0.67, 0.58; 0.83, 0.67; 1.1,
#: 1.2)
_MESSAGES, _AMPLITUDES, _IMBALANCE = 0.6, 0.75, 1.1


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
    """Return the cost of a product with the Hamiltonian on a number of ranks."""
    group = pair_group(mesh, symmetry, identical)
    owner_c, stairs = deal(mesh, group.columns, ranks)
    owner_k = np.full(mesh.size, -1)
    owner_k[group.columns] = owner_c
    # from a rank (first index) to another, in each exchange
    sent = np.array(
        [
            [_asked(group, owner_k, keys, rank, ranks) for keys in _wanted(group, group.columns[owner_c == rank])]
            for rank in range(ranks)
        ]
    )
    work = np.bincount(owner_c, stairs.height_c.astype(float) ** 2, ranks)
    return Exchanges(np.count_nonzero(sent, axis=(0, 1)), sent.sum(axis=(0, 1)), work / work.mean())


def _wanted(group: PairGroup, columns: np.ndarray) -> list[np.ndarray]:
    """Return the keys of what a rank with these columns needs in each exchange:
    amplitudes and results of each layout.
    """
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


@dataclass(frozen=True)
class Sharing:
    """How products with a trion's Hamiltonian are shared among ranks.

    Attributes:
        ranks: those that have columns.
        busiest: work of the busiest of them over the mean.
        messages, amplitudes: sent in one product by that rank which sends most.
        counted: whether these are exact.
    """

    ranks: int
    busiest: float
    messages: float
    amplitudes: float
    counted: bool

    def share(self, work: Work) -> Work:
        """Return the busiest rank's part of some work."""
        return work * (self.busiest / self.ranks)


#: what was counted, because the points of a sweep have few meshes
_known: dict[tuple[bytes, str, bool, int], Sharing] = {}


def counted_sharing(mesh: ValleyMesh, symmetry: str, identical: bool, ranks: int) -> Sharing:
    """Return how the layout of a mesh shares work and data among ranks."""
    key = mesh.index_kx.tobytes(), symmetry, identical, ranks
    if key not in _known:
        found = exchanges(mesh, symmetry, identical, ranks)
        _known[key] = Sharing(
            ranks, float(found.work.max()), float(found.messages.max()), float(found.amplitudes.max()), True
        )
    return _known[key]


def expected_sharing(orbits: float, columns: int, identical: bool, ranks: int) -> Sharing:
    """Return about what to expect if so many orbits of pairs and columns are shared."""
    fetches, busiest = 2 * (2 if identical else 3), 1 + _IMBALANCE * (ranks - 1) / columns
    amplitudes = _AMPLITUDES * fetches * orbits / ranks * (1 - 1 / ranks) * busiest / (2 if identical else 1)
    return Sharing(ranks, busiest, _MESSAGES * fetches * (ranks - 1), amplitudes, False)

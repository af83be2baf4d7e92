"""The three layouts of pair states in which an interaction moves one carrier along a column;
see `hpcx.trion.operator`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.trion.sector import PairGroup


@dataclass(frozen=True)
class PairLayout:
    """Which momentum is the column and which the row: "photoexcited",
    "resident" or "both" like carriers' interaction.
    """

    name: str

    def pair(self, group: PairGroup, p: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (k1, k2) of row p in column r."""
        if self.name == "photoexcited":
            return p, r
        return (r, p) if self.name == "resident" else (p, group.mesh.inverse_k[group.mesh.add(p, r)])

    def fixed(self, group: PairGroup, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return the point that stays fixed for pairs (k1, k2)."""
        if self.name == "photoexcited":
            return k2
        return k1 if self.name == "resident" else group.mesh.inverse_k[group.mesh.add(k1, k2)]

    def moving(self, group: PairGroup, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return the row p of pairs (k1, k2)."""
        return k2 if self.name == "resident" else k1


def entries_of(group: PairGroup, layout: PairLayout, k1: np.ndarray, k2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of a layout's entries that have the results of pairs, and the operations that lead there."""
    operation = group.to_column(layout.fixed(group, k1, k2))
    k1, k2 = (group.permutation_gk[operation, k] for k in (k1, k2))
    return group.key(layout.moving(group, k1, k2), layout.fixed(group, k1, k2)), operation

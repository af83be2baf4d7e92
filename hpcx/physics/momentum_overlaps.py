"""Overlaps of two 1s states in momentum space by quadrature, for solvers that do not have them in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: nodes in t of k = t / (1 - t), 1/nm, and angles
NODES, ANGLES = 200, 64


class MomentumOverlaps:
    """Overlaps of a state that has `contact` and `in_momentum` (hpcx.physics.bound_states)."""

    @property
    def contact(self) -> float:
        """Wave function at zero distance, phi(r = 0), 1/nm."""
        raise NotImplementedError

    def in_momentum(self, k: np.ndarray) -> np.ndarray:
        """Return phi(k), nm."""
        raise NotImplementedError

    def blocked_overlap(self, occupant: MomentumOverlaps, p: np.ndarray) -> np.ndarray:
        """Return 1 / phi(r = 0) int d2k/(2 pi)^2 phi(k) phi'(k - p)^2 at shifts `p` (1/nm), in nm^2."""
        return shifted_overlap(self.in_momentum, lambda k: occupant.in_momentum(k) ** 2, p) / self.contact

    def squared_overlap(self, other: MomentumOverlaps, p: np.ndarray) -> np.ndarray:
        """Return int d2k/(2 pi)^2 phi(k)^2 phi'(k - p)^2 at shifts `p` (1/nm), in nm^2."""
        return shifted_overlap(lambda k: self.in_momentum(k) ** 2, lambda k: other.in_momentum(k) ** 2, p)


def shifted_overlap(
    first: Callable[[np.ndarray], np.ndarray], second: Callable[[np.ndarray], np.ndarray], p: np.ndarray
) -> np.ndarray:
    """Return int d2k/(2 pi)^2 first(|k|) second(|k - p|) at shifts `p` (1/nm)."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    t = 0.5 * (node + 1)
    k, measure = t / (1 - t), 0.5 * weight / (1 - t) ** 2 * t / (1 - t) / (2 * np.pi)
    cosine = np.cos(np.pi * (np.arange(ANGLES) + 0.5) / ANGLES)
    shift = np.asarray(p)[..., None, None]
    distance = np.sqrt(np.maximum(k[:, None] ** 2 + shift**2 - 2 * k[:, None] * shift * cosine, 0.0))
    return second(distance).mean(axis=-1) @ (measure * first(k))

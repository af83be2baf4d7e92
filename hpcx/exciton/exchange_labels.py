"""Excitons of both valleys with a pair momentum Q: even or odd in the mirror through Q, which exchanges the valleys.

The mirror takes a pair at k of one valley to the one at its image in the other, times a phase: that by which the
overlaps O of the valleys differ there. A macroscopic polarisation along Q is even ("A'": longitudinal), one across
is odd ("A''": transverse). The mirror counts if it commutes with the Hamiltonian. Without overlaps, at Q = 0, the phase
is open, and there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hpcx.exciton.labels import Kind, group_name, representation, rows_of, settled
from hpcx.physics.mesh import Operation

if TYPE_CHECKING:
    from hpcx.exciton.exchange import ExchangeOperator, MovingPair

#: the reflection of a hexagonal mesh that keeps b1
_ALONG_B1 = Operation(np.array([[1, 1], [0, -1]]), False)
#: relative difference of overlaps that is rounding
_ROUNDING = 1e-9


class ValleyMirror:
    """The mirror through Q, along b1.

    Attributes:
        group: "Cs", or "C1" if the mirror is no symmetry.
    """

    def __init__(
        self, operator: ExchangeOperator, pairs: list[MovingPair], width: float, draw: Callable[[int], np.ndarray]
    ) -> None:
        """Test the mirror on a random vector; it may change the Hamiltonian by the `width` of a level, eV.
        Collective.
        """
        self._operator, self._width, self._draw = operator, width, draw
        self._image_k, self._phase = _image(pairs)
        self.group = "C1"
        if self._phase:
            x = draw(1)
            change = self._mirrored(operator.apply(x)) - operator.apply(self._mirrored(x))
            square = operator.comm.allreduce(np.array([np.vdot(change, change).real, np.vdot(x, x).real]))
            self.group = group_name(1, bool(square[0] < width**2 * square[1]))

    def settle(self, energy: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Return vectors (state, rows) of the same levels that are even or odd, and their representations;
        collective.
        """
        turned, kinds = settled(self._operator.comm, energy, vectors, self._width, self._draw, self._divided)
        return turned, [representation(1, *kind) for kind in kinds]

    def _divided(self, vectors: np.ndarray) -> tuple[np.ndarray, list[Kind]]:
        mirror_st = None
        if self.group == "Cs":
            overlap_ts = np.array([vectors.conj() @ self._mirrored(vector) for vector in vectors])
            mirror_st = self._operator.comm.allreduce(overlap_ts.T)
        unitary, kinds = rows_of(np.eye(len(vectors)), mirror_st, 1)
        return unitary @ vectors, kinds

    def _mirrored(self, x: np.ndarray) -> np.ndarray:
        """Return this rank's rows of the image of a vector; collective."""
        first, second = self._operator.whole(x)
        images = np.conj(self._phase) * second, self._phase * first
        own = self._operator.own
        return np.concatenate([image[self._image_k[rows]] for image, rows in zip(images, own, strict=True)])


def _image(pairs: list[MovingPair]) -> tuple[np.ndarray, complex]:
    """Return the image of every point and the phase between overlaps of both valleys, 0 if there is none."""
    mesh, (first_k, second_k) = pairs[0].problem.mesh, (pair.overlap_k for pair in pairs)
    image_k, norm = mesh.images(_ALONG_B1), np.linalg.norm(first_k)
    if not mesh.lattice.is_hexagonal or (image_k < 0).any() or norm < _ROUNDING:
        return image_k, 0.0
    phase = np.vdot(first_k, second_k[image_k]) / norm**2
    alike = np.linalg.norm(second_k[image_k] - phase * first_k) < _ROUNDING * norm and abs(abs(phase) - 1) < _ROUNDING
    return image_k, complex(phase / abs(phase)) if alike else 0.0

"""Convolution with the interaction on boxes of the mesh by zero-padded fast Fourier transforms."""

from __future__ import annotations

import ducc0.fft
import numpy as np

from hpcx.physics.lattice import integer_pairs
from hpcx.physics.mesh import ValleyMesh

#: differences must be shorter than their images by more than rounding
_SHORTER = 1 - 1e-9


class BoxConvolution:
    """Products y(p) = sum_p' w(p - p') x(p') for points p, p' in a box of mesh integers.

    Transforms repeat w with the periods of their lengths; each difference of two points must be shorter than its images
    by a period. In a hexagonal lattice such lengths are below twice the box, a rhombus around a disk or a lens. Spectra
    are kept by lengths, of which there are far fewer than of boxes.
    """

    def __init__(self, mesh: ValleyMesh, w_ij: np.ndarray, precision: type = np.complex128) -> None:
        """Take w over integer differences, zero difference in the middle; odd sides; and the type of what is
        convolved.
        """
        self._basis_vx, self._w_ij, middle = mesh.lattice.reciprocal_vx, w_ij, w_ij.shape[0] // 2
        difference_dx = integer_pairs(*(range(-middle, middle + 1),) * 2)
        far_to_near = np.argsort(-((difference_dx @ self._basis_vx) ** 2).sum(axis=1))
        self._far_to_near = far_to_near.astype(np.int32)
        self._real: np.dtype = np.zeros(0, precision).real.dtype
        self._spectra: dict[tuple[int, int], np.ndarray] = {}
        self._latest: tuple[tuple[int, int], np.ndarray] = (0, 0), np.empty(0)

    def padded(self, index_px: np.ndarray) -> tuple[int, int]:
        """Return the lengths of the transforms that take least time, for a box around points of integers (p, 2)."""
        corners_px = _ends_of_rows(index_px)
        extent_x, place_px = np.ptp(corners_px, axis=0) + 1, corners_px @ self._basis_vx
        first, second = np.meshgrid(*self._lengths(extent_x, place_px), indexing="ij")
        fits = self._far_images(place_px, np.stack([first, second], axis=-1))
        seconds = first * (extent_x[1] * np.log2(first) + second * np.log2(second))
        best = np.unravel_index(np.argmin(np.where(fits, seconds, np.inf)), fits.shape)
        return int(first[best]), int(second[best])

    def _lengths(self, extent_x: np.ndarray, place_px: np.ndarray) -> list[list[int]]:
        """Return lengths along both axes: from those that fit along this axis alone to those that always fit."""
        along_x = np.ptp(place_px @ self._basis_vx.T, axis=0) / (self._basis_vx**2).sum(axis=1)
        shortest_x = np.maximum(extent_x - 1, 2 * along_x)
        return [
            sorted({ducc0.fft.good_size(length) for length in range(int(shortest) + 1, int(longest) + 2)})
            for shortest, longest in zip(shortest_x, self._reach(place_px), strict=True)
        ]

    def _reach(self, place_px: np.ndarray) -> np.ndarray:
        """Return the largest integers of vectors as long as twice the largest difference and a little more than
        rounding, (2,); periods beyond them are always long enough.
        """
        middle_x = (place_px.min(axis=0) + place_px.max(axis=0)) / 2
        twice = 4 * np.linalg.norm(place_px - middle_x, axis=1).max()
        return twice / _SHORTER * np.linalg.norm(np.linalg.inv(self._basis_vx), axis=0)

    def _far_images(self, place_px: np.ndarray, length_ijx: np.ndarray) -> np.ndarray:
        """Say for which lengths all differences of points are shorter than their images, (i, j)."""
        many = (self._reach(place_px) / length_ijx[0, 0]).astype(int)
        number_mx = integer_pairs(*(range(-most, most + 1) for most in many))
        period_ijmx = (length_ijx[:, :, None] * number_mx[number_mx.any(axis=1)]) @ self._basis_vx
        width_ijm = np.ptp(period_ijmx @ place_px.T, axis=-1)
        return (width_ijm < _SHORTER * (period_ijmx**2).sum(axis=-1) / 2).all(axis=-1)

    def _spectrum(self, lengths: tuple[int, int]) -> np.ndarray:
        if lengths not in self._spectra:
            padded_ij, side = np.zeros(lengths), self._w_ij.shape[0]
            i, j = ((place - side // 2) % length for place, length in zip(np.divmod(self._far_to_near, side), lengths))
            # of several differences in one place the last one stays, which is the shortest
            padded_ij[i, j] = self._w_ij.ravel()[self._far_to_near]
            self._spectra[lengths] = (ducc0.fft.c2c(padded_ij).real / padded_ij.size).astype(self._real)
        # each value twice, for real and imaginary parts: a product of real arrays is much faster than one of mixed
        # kinds
        if self._latest[0] != lengths:
            self._latest = lengths, np.repeat(self._spectra[lengths], 2, axis=1)
        return self._latest[1]

    def apply(self, work: np.ndarray, extent: tuple[int, int]) -> np.ndarray:
        """Convolve `work[..., :e_i, :e_j]` in place and return that part; the rest of `work` is scratch.

        `work` has shape (..., L_i, L_j) with L from `padded`. Columns that are known to be zero, or not wanted, are not
        transformed: those that are not next to each other in memory, so that the whole of `work` is transformed along
        the axis that is faster.
        """
        rows, columns = extent
        filled = work[..., :columns]
        filled[..., rows:, :] = 0
        work[..., columns:] = 0
        axis = work.ndim - 2
        ducc0.fft.c2c(filled, axes=(axis,), out=filled)
        ducc0.fft.c2c(work, axes=(axis + 1,), out=work)
        parts = work.view(self._real)
        parts *= self._spectrum((work.shape[-2], work.shape[-1]))
        ducc0.fft.c2c(work, axes=(axis + 1,), out=work, forward=False)
        ducc0.fft.c2c(filled, axes=(axis,), out=filled, forward=False)
        return filled[..., :rows, :]


def _ends_of_rows(index_px: np.ndarray) -> np.ndarray:
    """Return the first and the last point of each row of integers i, (q, 2)."""
    ordered_px = index_px[np.lexsort(index_px.T[::-1])]
    starts = np.flatnonzero(np.diff(ordered_px[:, 0], prepend=np.nan) != 0)
    return ordered_px[np.concatenate([starts, starts[1:] - 1, [-1]])]

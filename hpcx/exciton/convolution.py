"""Convolution with the interaction on boxes of the mesh by zero-padded fast Fourier transforms."""

from __future__ import annotations

import ducc0.fft
import numpy as np


class BoxConvolution:
    """Products y(p) = sum_p' w(p - p') x(p') for p, p' in a box of mesh integers.

    A box of extent e needs a padded length of 2 e - 1 only, because the differences within it are all that occurs.
    Spectra are kept by padded lengths, of which there are far fewer than of extents.
    """

    def __init__(self, w_ij: np.ndarray, precision: type = np.complex128) -> None:
        """Take w over integer differences, zero difference in the middle;
        odd sides; and the type of what is convolved.
        """
        self._w_ij = w_ij
        self._real: np.dtype = np.zeros(0, precision).real.dtype
        self._spectra: dict[tuple[int, int], np.ndarray] = {}

    @staticmethod
    def padded(extent: tuple[int, int]) -> tuple[int, int]:
        """Return the lengths of the transforms for a box of this extent."""
        rows, columns = extent
        return ducc0.fft.good_size(2 * rows - 1), ducc0.fft.good_size(2 * columns - 1)

    def _spectrum(self, lengths: tuple[int, int]) -> np.ndarray:
        if lengths not in self._spectra:
            padded_ij, middle = np.zeros(lengths, complex), self._w_ij.shape[0] // 2
            i, j = (np.arange(-reach, reach + 1) for reach in (min((length - 1) // 2, middle) for length in lengths))
            padded_ij[np.ix_(i, j)] = self._w_ij[np.ix_(i + middle, j + middle)]
            self._spectra[lengths] = (ducc0.fft.c2c(padded_ij).real / padded_ij.size).astype(self._real)
        # each value twice, for real and imaginary parts: a product of real arrays is much faster than one of mixed
        # kinds
        return np.repeat(self._spectra[lengths], 2, axis=1)

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

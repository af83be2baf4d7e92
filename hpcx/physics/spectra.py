"""Spectra from the coefficients of a Lanczos recursion: Haydock, Heine, Kelly, J. Phys. C 5, 2845 (1972).

The recursion from a start vector |0> of squared norm b_0^2 gives a_1, b_1, a_2, b_2, ... The spectrum
S(w) = -Im G(w + i eta) / pi belongs to G(z) = <0|(z - H)^-1|0> = b_0^2 / (z - a_1 - b_1^2 / (z - a_2 - ...)).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh

from hpcx.physics.constants import HBAR

#: photon energies times lines that are held at a time
PIECE = 4_000_000


class ContinuedFraction:
    """G(z) after the coefficients so far, with a rigorous bound of what the missing ones can change.

    What is missing is b_m^2 R(z) in the last denominator, where R is the mean of 1 / (z - x) over an unknown
    distribution of x; it lies in the disk of diameter 1 / eta that touches the real axis at 0. The fraction maps this
    disk to one in which G must lie.

    Attributes:
        green_w: G(z) with R = 0, (w,).
    """

    def __init__(self, energy_w: np.ndarray, broadening: float, square_norm: float) -> None:
        """Take the energies (w,), eta, and b_0^2."""
        self._z = energy_w + 1j * broadening
        self._eta = broadening
        self.green_w = np.zeros_like(self._z)
        self._product = np.full_like(self._z, square_norm)
        self._tail = np.zeros_like(self._z)

    def append(self, alpha: float, beta: float) -> None:
        """Add the coefficients a_m and b_m of one more step."""
        ratio = self._z - alpha - self._tail
        self.green_w = self.green_w + self._product / ratio
        self._tail = beta**2 / ratio
        self._product = self._product * beta**2 / ratio**2

    @property
    def spectrum_w(self) -> np.ndarray:
        """S(w), (w,)."""
        return -self.green_w.imag / np.pi

    @property
    def bound_w(self) -> np.ndarray:
        """Largest possible error of `spectrum_w`, (w,):
        |Im f| for f in the disk to which 1 / v maps Im v > eta - Im tail.
        """
        diameter = 1 / (self._eta - self._tail.imag)
        return diameter / 2 * (np.abs(self._product) + np.abs(self._product.real)) / np.pi

    def relative_bound(self) -> float:
        """Return the largest `bound_w` relative to the highest point of the spectrum."""
        return float(self.bound_w.max() / self.spectrum_w.max())


def rounding_error(steps: int, band_width: float, broadening: float) -> float:
    """Return the rounding error of a spectrum relative to its peak:
    lines moved by rounding errors of their energies.
    """
    return float(steps * np.finfo(float).eps * band_width / broadening)


def sticks(alpha: Sequence[float], beta: Sequence[float], square_norm: float) -> tuple[np.ndarray, np.ndarray]:
    """Return energies, ascending, and weights of the lines of a recursion; the weights add up to `square_norm`."""
    if len(alpha) == 1:  # which LAPACK's divide and conquer does not take
        return np.array(alpha, float), np.array([square_norm])
    # divide and conquer: the solvers for tridiagonal matrices alone fail on the clusters of lines that were found
    # several times
    energy, vector_ij = eigh(np.diag(alpha) + np.diag(beta[: len(alpha) - 1], -1), driver="evd", lower=True)
    return energy, square_norm * vector_ij[0] ** 2


def steps_for_time(band_width: float, time: float) -> int:
    """Return how many steps give <0|exp(-i H t / hbar)|0> to rounding for a spectrum
    of width `band_width` in eV and t in fs.

    m steps are exact for polynomials of degree 2 m - 1, and exp(-i z x) for |x| < 1 is one of degree z + O(z^(1/3)),
    beyond which its coefficients in Chebyshev polynomials, Bessel functions J_k(z), vanish rapidly; z is half the width
    times t / hbar.
    """
    z = band_width * time / (2 * HBAR)
    return int(np.ceil(z / 2 + 5 * z ** (1 / 3)))


def merged(energy: np.ndarray, weight: np.ndarray, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Return sticks in which neighbours closer than `distance` are one, at their mean energy.

    A recursion without reorthogonalisation finds a line several times; what is quadratic in the weights needs it once.
    """
    order = np.argsort(energy)
    energy, weight = energy[order], weight[order]
    group = np.concatenate([[0], np.cumsum(np.diff(energy) > distance)])
    total = np.bincount(group, weight)
    mean = np.bincount(group, weight * energy) / np.where(total > 0, total, 1)
    plain = np.bincount(group, energy) / np.bincount(group)
    return np.where(total > 0, mean, plain), total


def lorentzian_spectrum(
    photon_energy: np.ndarray, energy: np.ndarray, weight: np.ndarray, broadening: np.ndarray | float
) -> np.ndarray:
    """Return sum_i weight_i L(E_i - w) with Lorentzians of unit area and half width at half maximum `broadening`,
    of all or each, (w,).
    """
    pieces = np.array_split(photon_energy, 1 + photon_energy.size * energy.size // PIECE)
    return np.concatenate(
        [(broadening / np.pi / ((piece[:, None] - energy) ** 2 + broadening**2)) @ weight for piece in pieces]
    )

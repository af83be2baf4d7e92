"""The 1s wave function as a sum of Gaussians, and the four-fold overlaps of the exchange between two excitons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.polynomial.polynomial import polyval
from scipy.optimize import least_squares
from scipy.special import gammaln, i0e

from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.wannier_radial import WannierStates

#: exponents at the start of the fit, in units of the inverse mean square momentum
START = (0.4, 1.5, 5.0)
#: largest argument of a Bessel function that is summed as a series; exp of a larger one overflows
LONGEST_SERIES = 600.0


@dataclass(frozen=True)
class GaussianSum:
    """phi(k) = sum_g amplitude_g exp(-exponent_g k^2) (nm, nm^2), normalised."""

    amplitude_g: np.ndarray
    exponent_g: np.ndarray


def fit_gaussians(states: WannierStates) -> GaussianSum:
    """Return the sum of Gaussians closest to the 1s state in the mean square."""
    k_k, root_k = states.grid.k_k, np.sqrt(states.grid.weight_k)
    target_k = states.phi_lk[0] * root_k
    inverse_square = 1 / (states.grid.weight_k @ (states.phi_lk[0] ** 2 * k_k**2))
    start_g = np.log(inverse_square * np.array(START))
    residual = lambda log_exponent_g: _fitted(np.exp(log_exponent_g), k_k, root_k, target_k)[1] - target_k
    fit = least_squares(residual, start_g, xtol=1e-12, ftol=1e-14, gtol=1e-14)
    # the minimum is flat: exponents are rounded so that they do not depend on rounding errors of the fit
    exponent_g = np.array([float(f"{exponent:.5g}") for exponent in np.exp(fit.x)])
    amplitude_g, _ = _fitted(exponent_g, k_k, root_k, target_k)
    norm = amplitude_g @ (1 / (4 * np.pi * np.add.outer(exponent_g, exponent_g))) @ amplitude_g
    return GaussianSum(amplitude_g / np.sqrt(norm), exponent_g)


def _fitted(
    exponent_g: np.ndarray, k_k: np.ndarray, root_k: np.ndarray, target_k: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best amplitudes for given exponents, and the sum at the nodes times the roots of their weights."""
    shape_kg = np.exp(-exponent_g * k_k[:, None] ** 2) * root_k[:, None]
    amplitude_g = np.linalg.lstsq(shape_kg, target_k, rcond=None)[0]
    return amplitude_g, shape_kg @ amplitude_g


@dataclass(frozen=True)
class Vectors:
    """Squares of a and b and their product (1/nm^2), of one shape."""

    a2: np.ndarray
    b2: np.ndarray
    ab: np.ndarray

    def square(self, along_a: float, along_b: float) -> np.ndarray:
        """Return the square of along_a a + along_b b."""
        return along_a**2 * self.a2 + along_b**2 * self.b2 + 2 * along_a * along_b * self.ab


def exchange_overlap(
    gaussians: GaussianSum, vectors: Vectors, reduced_mass: float, offset: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return S(a, b) (nm^2) and the overlap weighted with half the sum of the
    four kinetic energies plus `offset` (eV nm^2).
    """
    overlap, weighted = np.zeros(vectors.a2.shape), np.zeros(vectors.a2.shape)
    for term in _terms(gaussians):
        value = term.overlap(vectors)
        overlap += value
        weighted += value * (term.kinetic(vectors, reduced_mass) + offset)
    return overlap, weighted


def transfer_overlap(gaussians: GaussianSum, vectors: Vectors, transfer: Transfer, sign: int) -> np.ndarray:
    """Return sum_q measure_q S(a - q, b - `sign` q)."""
    return sum((term.exchanged(vectors, transfer, sign) for term in _terms(gaussians)), np.zeros(vectors.a2.shape))


@dataclass(frozen=True)
class Transfer:
    """Momenta q (1/nm) with the weights of int d2q/(2 pi)^2 V(q) for functions of |q|, eV."""

    momentum_q: np.ndarray
    measure_q: np.ndarray


@dataclass(frozen=True)
class Term:
    """amplitude exp(-a2 a^2 - b2 b^2 + ab a.b): a product of four Gaussians in K - a/2,
    K + a/2, K - b/2, K + b/2, integrated over K.
    """

    amplitude: float
    a2: float
    b2: float
    ab: float
    left: float
    right: float
    total: float

    @classmethod
    def of(cls, exponents: np.ndarray, amplitude: float) -> Term:
        """Return the term of four exponents (nm^2) and the product of their amplitudes."""
        alpha, beta, gamma, delta = exponents
        total, left, right = alpha + beta + gamma + delta, (alpha - beta) / 2, (gamma - delta) / 2
        return cls(
            float(amplitude / (4 * np.pi * total)),
            (alpha + beta) / 4 - left**2 / total,
            (gamma + delta) / 4 - right**2 / total,
            2 * left * right / total,
            left,
            right,
            total,
        )

    def overlap(self, vectors: Vectors) -> np.ndarray:
        """Return the integral, nm^2."""
        return self.amplitude * np.exp(-self.a2 * vectors.a2 - self.b2 * vectors.b2 + self.ab * vectors.ab)

    def kinetic(self, vectors: Vectors, reduced_mass: float) -> np.ndarray:
        """Return the mean of half the sum of the four kinetic energies, eV.

        The product of the four is a Gaussian in K about (left a + right b) / total with variance 1 / total.
        """
        square = vectors.square(self.left, self.right) / self.total**2 + 1 / self.total
        return HBAR2_PER_M0 / (2 * reduced_mass) * (2 * square + (vectors.a2 + vectors.b2) / 4)

    def exchanged(self, vectors: Vectors, transfer: Transfer, sign: int) -> np.ndarray:
        """Return the sum over q with a - q and b - `sign` q in place of a and b: two equal carriers repel each other.

        That multiplies the integral by exp(-curvature q^2 + slope.q), whose mean over the directions of q is a Bessel
        function.
        """
        along_a, along_b = 2 * self.a2 - sign * self.ab, 2 * sign * self.b2 - self.ab
        curvature = self.a2 + self.b2 - sign * self.ab
        rest = self.a2 * vectors.a2 + self.b2 * vectors.b2 - self.ab * vectors.ab
        slope2 = np.maximum(vectors.square(along_a, along_b), 0.0)
        largest = max(float(slope2.max()), 1e-30)
        if transfer.momentum_q.max() * np.sqrt(largest) > LONGEST_SERIES:
            return self.amplitude * _bessel_sum(slope2, rest, curvature, transfer)
        log_weight_q = np.log(transfer.measure_q) - curvature * transfer.momentum_q**2
        series_n = _bessel_series(largest, transfer.momentum_q, log_weight_q)
        return self.amplitude * polyval(slope2 / largest, series_n) * np.exp(-rest)


def _bessel_sum(slope2: np.ndarray, rest: np.ndarray, curvature: float, transfer: Transfer) -> np.ndarray:
    """Return sum_q measure_q I_0(q s) exp(-curvature q^2 - rest) term by term, where a series would overflow."""
    total, slope = np.zeros_like(slope2), np.sqrt(slope2)
    for q, measure in zip(transfer.momentum_q, transfer.measure_q):
        total += measure * i0e(q * slope) * np.exp(q * slope - curvature * q**2 - rest)
    return total


def _bessel_series(largest: float, transfer_q: np.ndarray, log_weight_q: np.ndarray) -> np.ndarray:
    """Return the coefficients of sum_q weight_q I_0(q s) in powers of s^2 / largest, for s^2 up to `largest`.

    All terms are positive, so nothing cancels. Weights are given as logarithms, because the terms without them would
    overflow. The series takes a tenth of the time of the Bessel functions.
    """
    reach = float(transfer_q.max() * np.sqrt(largest))
    power_n = np.arange(int(reach) + 30)  # beyond `reach` every term is less than a quarter of the one before it
    log_nq = 2 * power_n[:, None] * np.log(0.5 * transfer_q * np.sqrt(largest)) - 2 * gammaln(power_n + 1)[:, None]
    series_n = np.exp(log_nq + log_weight_q).sum(axis=1)
    return series_n[: 1 + np.flatnonzero(series_n > 1e-17 * series_n.sum())[-1]]


def _terms(gaussians: GaussianSum) -> Iterator[Term]:
    for indices in product(range(gaussians.exponent_g.size), repeat=4):
        twin = (indices[1], indices[0], indices[3], indices[2])  # the same function, K -> -K
        if twin < indices:
            continue
        amplitude = (1 + (twin != indices)) * np.prod(gaussians.amplitude_g[list(indices)])
        yield Term.of(gaussians.exponent_g[list(indices)], amplitude)

"""Many small least-squares fits at once, of functions that are linear in their amplitudes.

A trace is a sum of two columns, which depend on nonlinear parameters. Their amplitudes are free, but the first is not
negative. The amplitudes are eliminated (variable projection, Golub and Pereyra, SIAM J. Numer. Anal. 10, 413
(1973), with the Jacobian of Kaufman, BIT 15, 49 (1975)), the parameters found by Levenberg-Marquardt steps between
bounds. All traces are fitted at once, independently of each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: columns (trace, 2, time) and their derivatives (trace, parameter, 2, time) for parameters (trace, parameter)
Columns = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

#: largest number of steps, and the predicted relative decrease of the sum of squares below which a fit ends (it is
#: comparable with rounding errors)
STEPS, SMALLEST_GAIN = 200, 1e-13
#: initial damping, its factors after a successful and after a failed step, and the smallest damping
DAMPING, EASIER, HARDER, LEAST_DAMPING = 1e-3, 0.2, 5.0, 1e-12


@dataclass(frozen=True)
class Curves:
    """Values to be fitted (trace, time), and which traces have only the second column."""

    value_nt: np.ndarray
    single_n: np.ndarray

    def part(self, which: np.ndarray) -> Curves:
        """Return some of the traces."""
        return Curves(self.value_nt[which], self.single_n[which])


@dataclass(frozen=True)
class Basis:
    """The columns made orthonormal, second first:
    column_1 = overlap basis_1 + rest basis_0, column_2 = norm basis_1.
    """

    basis_nct: np.ndarray
    overlap_n: np.ndarray
    rest_n: np.ndarray
    norm_n: np.ndarray

    @classmethod
    def of(cls, column_nct: np.ndarray) -> Basis:
        """Return the basis of columns (trace, 2, time); the columns must not be parallel."""
        norm_n = np.linalg.norm(column_nct[:, 1], axis=1)
        slow_nt = column_nct[:, 1] / norm_n[:, None]
        overlap_n = _dot(slow_nt, column_nct[:, 0])
        rest_nt = column_nct[:, 0] - overlap_n[:, None] * slow_nt
        rest_n = np.linalg.norm(rest_nt, axis=1)
        return cls(np.stack([rest_nt / rest_n[:, None], slow_nt], axis=1), overlap_n, rest_n, norm_n)


def amplitudes(curves: Curves, column_nct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best amplitudes (trace, 2) and the residuals (trace, time)."""
    basis = Basis.of(column_nct)
    part_nc = _parts(curves, basis)
    fast_n = part_nc[:, 0] / basis.rest_n
    slow_n = (part_nc[:, 1] - fast_n * basis.overlap_n) / basis.norm_n
    return np.stack([fast_n, slow_n], axis=1), np.einsum("nc,nct->nt", part_nc, basis.basis_nct) - curves.value_nt


def best_of(curves: Curves, column_gct: np.ndarray, allowed_ng: np.ndarray) -> np.ndarray:
    """Return for every trace the number of the allowed pair of columns that fits best."""
    basis_gct = Basis.of(column_gct).basis_nct
    # not a BLAS product, whose rounding depends on how many traces there are: columns may be equally good
    first_ng, second_ng = np.einsum("nt,gct->cng", curves.value_nt, basis_gct)
    first_ng = np.where(curves.single_n[:, None], 0.0, np.maximum(first_ng, 0.0))
    return np.argmax(np.where(allowed_ng, first_ng**2 + second_ng**2, -1.0), axis=1)


def minimise(
    curves: Curves, columns: Columns, start_np: np.ndarray, low_np: np.ndarray, high_np: np.ndarray
) -> np.ndarray:
    """Return the parameters (trace, parameter) of the minimum of the squares next to `start_np`, between the bounds."""
    best_np = np.clip(start_np, low_np, high_np)
    damping_n = np.full(len(best_np), DAMPING)
    left, known = np.arange(len(best_np)), columns(best_np)
    for _ in range(STEPS):
        if not left.size:
            break
        part, low, high = curves.part(left), low_np[left], high_np[left]
        step_np, gain_n, square_n = _step(part, known, best_np[left], low, high, damping_n[left])
        tried_np = np.clip(best_np[left] + step_np, low, high)
        tried = columns(tried_np)
        better_n = _squares(part, tried[0]) < square_n
        best_np[left[better_n]] = tried_np[better_n]
        damping_n[left] = np.maximum(damping_n[left] * np.where(better_n, EASIER, HARDER), LEAST_DAMPING)
        on_n = gain_n > SMALLEST_GAIN * square_n
        known = (
            np.where(better_n[:, None, None], tried[0], known[0])[on_n],
            np.where(better_n[:, None, None, None], tried[1], known[1])[on_n],
        )
        left = left[on_n]
    return best_np


def _step(
    curves: Curves,
    columns: tuple[np.ndarray, np.ndarray],
    at_np: np.ndarray,
    low_np: np.ndarray,
    high_np: np.ndarray,
    damping_n: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the step from `at_np`, the decrease that it predicts, and the sum of squares.

    Parameters at a bound stay there if the step would leave the bounds.
    """
    column_nct, slope_npct = columns
    amplitude_nc, residual_nt = amplitudes(curves, column_nct)
    basis_nct = Basis.of(column_nct).basis_nct
    basis_nct[amplitude_nc[:, 0] == 0, 0] = 0.0  # a column with zero amplitude is not projected out
    change_npt = np.einsum("npct,nc->npt", slope_npct, amplitude_nc)
    change_npt -= (change_npt @ basis_nct.transpose(0, 2, 1)) @ basis_nct
    downhill_np = -np.einsum("npt,nt->np", change_npt, residual_nt)
    free_np = ~(((at_np <= low_np) & (downhill_np < 0)) | ((at_np >= high_np) & (downhill_np > 0)))
    normal_npp = (change_npt @ change_npt.transpose(0, 2, 1)) * (free_np[:, :, None] & free_np[:, None])
    scale_np = np.einsum("npp->np", normal_npp)
    scale_np = np.maximum(scale_np, 1e-9 * scale_np.max(axis=1, keepdims=True)) * damping_n[:, None]
    normal_npp += np.where(free_np & (scale_np > 0), scale_np, 1.0)[:, :, None] * np.eye(at_np.shape[1])
    step_np = np.linalg.solve(normal_npp, (downhill_np * free_np)[..., None])[..., 0]
    return step_np, _dot(step_np, downhill_np), _dot(residual_nt, residual_nt)


def _parts(curves: Curves, basis: Basis) -> np.ndarray:
    """Return the projections of each trace on its basis, the first at least zero."""
    part_nc = np.einsum("nct,nt->nc", basis.basis_nct, curves.value_nt)
    part_nc[:, 0] = np.where(curves.single_n, 0.0, np.maximum(part_nc[:, 0], 0.0))
    return part_nc


def _squares(curves: Curves, column_nct: np.ndarray) -> np.ndarray:
    residual_nt = amplitudes(curves, column_nct)[1]
    return _dot(residual_nt, residual_nt)


def _dot(left_nt: np.ndarray, right_nt: np.ndarray) -> np.ndarray:
    return np.einsum("nt,nt->n", left_nt, right_nt)

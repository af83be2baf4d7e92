"""Linear response: polarisations in first order in the field, and the field at a sheet that radiates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import wofz

from hpcx.formation.optics import Pulse
from hpcx.formation.problem import Manifold, Pair, Problem
from hpcx.formation.spectral import TimeGrid


def resolvent(manifold: Manifold, energy_w: np.ndarray | float) -> np.ndarray:
    """Return d_l / (energy_l - omega - i gamma_l), e/eV, with a leading axis of states."""
    shape = (-1,) + (1,) * np.ndim(energy_w)
    denominator = (manifold.energy_l - 1j * manifold.damping_l).reshape(shape) - energy_w
    return manifold.dipole_l.reshape(shape) / denominator


def susceptibility(problem: Problem, energy_w: np.ndarray | float) -> np.ndarray:
    """Return sum over manifolds of d_l^2 / (energy_l - omega - i gamma_l), e^2/eV, as the mean over the sample."""
    response = resolvent if problem.inhomogeneous == 0 else partial(_voigt, problem.inhomogeneous)
    return np.sum([np.tensordot(m.dipole_l, response(m, energy_w), 1) for m in problem.manifolds], axis=0)


def _voigt(deviation: float, manifold: Manifold, energy_w: np.ndarray | float) -> np.ndarray:
    """Return the mean of `resolvent` over a Gaussian of energies of this standard deviation (eV)."""
    width = np.sqrt(2) * deviation
    shape = (-1,) + (1,) * np.ndim(energy_w)
    distance_lw = (energy_w - (manifold.energy_l - 1j * manifold.damping_l).reshape(shape)) / width
    return manifold.dipole_l.reshape(shape) * 1j * np.sqrt(np.pi) / width * wofz(distance_lw)


def sheet_field(problem: Problem, energy_w: np.ndarray | float) -> np.ndarray:
    """Return the field at the sheet per incoming field, to first order."""
    radiation = problem.radiation
    gain_w = 1 + radiation.reflection(energy_w)
    return gain_w / (1 - gain_w * radiation.sheet_field(energy_w) * susceptibility(problem, energy_w))


@dataclass(frozen=True)
class LinearResponse:
    """First-order response to a probe, at the frequencies of the grid that are in its spectrum.

    Attributes:
        grid: times and frequencies.
        band: numbers of the frequencies.
        state_mlw: polarisation P_l per field at the sheet, per manifold, e/eV.
        node_mkw: the same in momentum space, sum_l phi_l(k) P_l, e nm/eV.
        incoming_w: field at the sheet, V fs/nm.
        pair_pabw: response of the two-exciton states of every pair of the problem to products of two polarisations, eV
            nm^2, at all frequencies, from twice the reference; a and b number the products (state of the first
            manifold, of the second).
    """

    grid: TimeGrid
    band: np.ndarray
    state_mlw: list[np.ndarray]
    node_mkw: list[np.ndarray]
    incoming_w: np.ndarray
    pair_pabw: list[np.ndarray]


def linear_response(problem: Problem, grid: TimeGrid, probe: Pulse) -> LinearResponse:
    """Return the linear response of all states to a probe."""
    band = probe.band(grid.energy_w)
    energy_w = grid.energy_w[band]
    state_mlw = [resolvent(m, energy_w) for m in problem.manifolds]
    node_mkw = [real_times(m.states.phi_lk.T, state_lw) for m, state_lw in zip(problem.manifolds, state_mlw)]
    incoming_w = probe.spectrum(energy_w) * sheet_field(problem, energy_w)
    # a product of two polarisations rotates with twice the reference
    pair_pabw = [_pair_response(pair, grid.energy_w + grid.reference) for pair in problem.pairs]
    return LinearResponse(grid, band, state_mlw, node_mkw, incoming_w, pair_pabw)


def _pair_response(pair: Pair, energy_w: np.ndarray) -> np.ndarray:
    denominator_nw = energy_w - pair.energy_n[:, None] + 1j * pair.damping
    coupling_na = pair.coupling_nab.reshape(pair.energy_n.size, -1)
    strength_nab = (pair.weight_n[:, None] * coupling_na)[:, :, None] * coupling_na[:, None]
    return np.tensordot(strength_nab, 1 / denominator_nw, (0, 0))


def real_times(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return a real matrix times complex columns as one real product."""
    return (matrix @ np.ascontiguousarray(values).view(float)).view(complex)


def square(values: np.ndarray) -> np.ndarray:
    """Return |z|^2 without the square root of abs."""
    return values.real**2 + values.imag**2

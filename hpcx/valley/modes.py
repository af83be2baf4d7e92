"""The slowest modes of the generator by parity under time reversal, and the one that is the depolarisation.

An odd mode changes sign when all valleys and spins are exchanged; only odd modes contribute to the dichroism. The
generator is split exactly into its even and odd blocks, so that each mode has an exact parity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hpcx.petsc.slow_modes import slowest_modes
from hpcx.valley.observables import NOTHING
from hpcx.valley.problem import Problem

#: parities of the modes; in a magnetic field there is no parity
PARITIES, NONE = (1.0, -1.0), (0.0,)
#: rates below this (1/fs) belong to conserved quantities
STATIONARY = 1e-12
#: fraction of the A dichroism that a mode must carry for its decay time to count as that of the signal
CARRIED = 0.5
#: rates that differ by less than this fraction of the largest one count as equal
EQUAL = 1e-7
#: shift of the spectral transformation, 1/fs: smaller than all decay rates, and no eigenvalue
TARGET = 1e-7


@dataclass(frozen=True)
class Modes:
    """Slowest modes, those of even parity first, each parity by falling decay time.

    Attributes:
        decay_time: fs; infinite for conserved quantities.
        frequency: imaginary part of the eigenvalue, 1/fs.
        parity: +1 or -1; 0 in a magnetic field, where all modes may contribute.
        weight_im: share of the dichroism of transition i that mode m carries at the reference time; NaN where there is
            none.
        population_mx: net population of each species in the mode; magnitudes add up to one (zero for a mode of
            coherences alone).
        residual: of the eigenpairs.
    """

    decay_time: np.ndarray
    frequency: np.ndarray
    parity: np.ndarray
    weight_im: np.ndarray
    population_mx: np.ndarray
    residual: np.ndarray

    def depolarization(self) -> int | None:
        """Return the odd mode that carries the A dichroism, or None if none of these modes carries most of it."""
        carrier = self.heaviest()
        return carrier if self.share(carrier) >= CARRIED else None

    def heaviest(self) -> int:
        """Return the odd mode with the largest share of the A dichroism, those of equal decay taken together."""
        odd = np.flatnonzero(self.parity <= 0)
        return int(odd[np.argmax([self.share(mode) for mode in odd])])

    def share(self, mode: int) -> float:
        """Return the share of the A dichroism of all modes with the parity and the rate of this one.

        The share of a single degenerate mode would be arbitrary.
        """
        with np.errstate(divide="ignore"):
            rate = 1.0 / self.decay_time + 1j * self.frequency
        alike = (np.abs(rate - rate[mode]) <= EQUAL * np.abs(rate).max()) & (self.parity == self.parity[mode])
        return float(self.weight_im[0, alike].sum())


def parity_projector(problem: Problem, sign: float, coherences: int = 0) -> sparse.csr_matrix:
    """Return the isometry (half, size + coherences) onto vectors with n(mirror image) = sign * n; the unity for sign 0.

    Coherences between mirror images, which follow the populations in the state, are odd.
    """
    if sign == 0:
        return sparse.identity(problem.size + coherences, format="csr")
    cells = problem.grid.cells
    kept = [(index, image) for index, image in enumerate(problem.mirror) if index < image]
    choose = sparse.lil_matrix((len(kept), len(problem.species)))
    for row, (index, image) in enumerate(kept):
        choose[row, index], choose[row, image] = np.sqrt(0.5), sign * np.sqrt(0.5)
    populations = sparse.kron(choose, sparse.identity(cells))
    if sign > 0:
        return sparse.hstack([populations, sparse.csr_matrix((populations.shape[0], coherences))], format="csr")
    return sparse.block_diag([populations, sparse.identity(coherences)], format="csr")


def find_modes(
    problem: Problem, generator: sparse.csr_matrix, count: int, bleaching_in: np.ndarray, state_nh: np.ndarray
) -> Modes:
    """Return `count` modes of each parity; raises ModesError.

    Args:
        bleaching_in: weights of the populations in the signals (transition, size + coherences).
        state_nh: state after sigma+ and after sigma- pumping at the reference time (size + coherences, helicity).
    """
    difference_n = state_nh[:, 0] - state_nh[:, 1]
    signal_i, total_i = bleaching_in @ difference_n, np.abs(bleaching_in) @ np.abs(state_nh).sum(axis=1)
    parities = PARITIES if problem.symmetric else NONE
    each = count * len(PARITIES) // len(parities)
    parts = [_one_parity(problem, generator, sign, each, bleaching_in, difference_n) for sign in parities]
    eigenvalue, weight, population, residual = (np.concatenate(items, axis=-1) for items in zip(*parts))
    decay = np.where(eigenvalue.real > -STATIONARY, np.inf, -1.0 / np.minimum(eigenvalue.real, -STATIONARY))
    parity = np.repeat(parities, [len(part[0]) for part in parts])
    signal_i = np.where(np.abs(signal_i) > NOTHING * total_i, signal_i, np.nan)
    return Modes(decay, eigenvalue.imag, parity, weight / signal_i[:, None], population.T, residual)


def _one_parity(
    problem: Problem, generator, sign: float, count: int, bleaching_in: np.ndarray, difference_n: np.ndarray
):
    """Return eigenvalues, signal carried (transition, mode), species populations (species, mode) and residuals."""
    projector = parity_projector(problem, sign, generator.shape[0] - problem.size)
    modes = slowest_modes(projector @ generator @ projector.T, count, TARGET, prefix="valley_")
    right_nm = projector.T @ modes.right_nm
    amplitude_m = modes.left_nm.conj().T @ (projector @ difference_n)
    carried = np.real((bleaching_in @ right_nm) * amplitude_m)
    species_xm = right_nm[: problem.size].reshape(len(problem.species), problem.grid.cells, -1).sum(axis=1)
    turned = np.real(
        species_xm
        * np.exp(-1j * np.angle(species_xm[np.argmax(np.abs(species_xm), axis=0), range(species_xm.shape[1])]))
    )
    return (
        modes.eigenvalue,
        carried,
        turned / np.maximum(np.abs(turned).sum(axis=0), np.finfo(float).tiny),
        modes.residual,
    )

"""Relaxation of excitons down the ladder of states, at a fixed rate of energy loss.

Two forms with the same mean passage time (E - E_1s) / speed: the chain of Trovatello et al. (Eq. 4 and Methods), whose
rates speed / spacing diverge when the continuum is resolved more finely, and a form in quanta of fixed energy, whose
loss rate and second moment do not depend on the density of states.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

#: fraction of the full weight of the Gaussian below which no final state counts as lying within it
EMPTY_WINDOW = 0.01
#: highest factorial in the series of the exponential, of matrices of norm 1 at most
SERIES = 20


def chain_rates(energy_l: np.ndarray, speed: float) -> np.ndarray:
    """Return Gamma_{l -> m} as `rate_ml` (1/fs) of the chain l -> l - 1 with rate speed / (energy_l - energy_{l-1}).

    `energy_l` in eV, ascending; `speed` in eV/fs.
    """
    rate_ml = np.zeros((energy_l.size, energy_l.size))
    upper = np.arange(1, energy_l.size)
    rate_ml[upper - 1, upper] = speed / np.diff(energy_l)
    return rate_ml


def quantum_rates(energy_l: np.ndarray, speed: float, quantum: float, width: float) -> np.ndarray:
    """Return Gamma_{l -> m} as `rate_ml` (1/fs) of the emission of quanta of energy `quantum` +- `width` (eV).

    The weight of a final state is its energy interval times a Gaussian in the energy lost. The rates are scaled so that
    every state loses `speed` (eV/fs). If the next lower state is more than one quantum below, or no state lies within
    the Gaussian, the rate is that of the chain.
    """
    rate_ml = chain_rates(energy_l, speed)
    interval_m = np.gradient(energy_l)
    empty = EMPTY_WINDOW * np.sqrt(2 * np.pi) * width
    for l in range(1, energy_l.size):
        loss_m = energy_l[l] - energy_l[:l]
        weight_m = interval_m[:l] * np.exp(-((loss_m - quantum) ** 2) / (2 * width**2))
        if loss_m[-1] > quantum or weight_m.sum() < empty:
            continue
        rate_ml[:l, l] = speed * weight_m / (weight_m @ loss_m)
    return rate_ml


def generator(rate_ml: np.ndarray, decay: float) -> np.ndarray:
    """Return the matrix A of dN/dt = A N (1/fs); 1s decays with the rate `decay`, all else is conserved."""
    matrix_ml = rate_ml - np.diag(rate_ml.sum(axis=0))
    matrix_ml[0, 0] -= decay
    return matrix_ml


@dataclass(frozen=True)
class Propagator:
    """Populations in equal steps: exp(z), phi_1(z) and phi_2(z) of z = A step; `step` in fs."""

    step: float
    exact_ml: np.ndarray
    first_ml: np.ndarray
    second_ml: np.ndarray

    @classmethod
    def of(cls, generator_ml: np.ndarray, step: float) -> Propagator:
        """Return the propagator of dN/dt = A N (A in 1/fs), from series at a small step that is then doubled."""
        doublings = max(0, int(np.ceil(np.log2(max(step * float(np.linalg.norm(generator_ml, 1)), 1.0)))))
        small_ml, unit_ml = generator_ml * (step / 2**doublings), np.eye(len(generator_ml))
        second_ml = np.zeros_like(small_ml)
        for power in range(SERIES, 1, -1):  # phi_2 = 1/2! + z/3! + z^2/4! + ...
            second_ml = unit_ml / factorial(power) + small_ml @ second_ml
        first_ml = unit_ml + small_ml @ second_ml
        exact_ml = unit_ml + small_ml @ first_ml
        for _ in range(doublings):
            second_ml = 0.25 * (first_ml @ first_ml + 2 * second_ml)
            first_ml = 0.5 * (exact_ml @ first_ml + first_ml)
            exact_ml = exact_ml @ exact_ml
        return cls(step, exact_ml, first_ml, second_ml)

    def populations(self, source_lt: np.ndarray, first: int, samples: int) -> np.ndarray:
        """Return N_lt of dN/dt = A N + source from N = 0, exact for a source (1/fs) that is linear between the samples.

        The source begins at sample `first` of `samples` and is zero after its end. Time is divided into blocks. All
        blocks are propagated at once, starting from zero; then the populations at the start of each block are
        propagated through it and added.
        """
        size, steps, busy = len(source_lt), samples - 1, source_lt.shape[1] - 1
        length = int(np.ceil(np.sqrt(steps)))
        drive_lt = np.zeros((size, length**2))
        into_lt = (self.first_ml - self.second_ml) @ source_lt[:, :-1] + self.second_ml @ source_lt[:, 1:]
        drive_lt[:, first : first + busy] = into_lt
        drive_jlb = self.step * np.ascontiguousarray(drive_lt.reshape(size, length, length).transpose(2, 0, 1))
        for before, after in zip(drive_jlb, drive_jlb[1:]):
            after += self.exact_ml @ before
        start_lb = _block_starts(np.linalg.matrix_power(self.exact_ml, length), drive_jlb[-1])
        for after in drive_jlb:
            start_lb = self.exact_ml @ start_lb
            after += start_lb
        return np.hstack([np.zeros((size, 1)), drive_jlb.transpose(1, 2, 0).reshape(size, -1)[:, :steps]])


def _block_starts(across_ml: np.ndarray, own_lb: np.ndarray) -> np.ndarray:
    """Return the populations at the start of each block.

    `across` propagates over one block; `own` are the populations at the end of a block that started from zero.
    """
    start_lb = np.zeros_like(own_lb)
    for b in range(1, own_lb.shape[1]):
        start_lb[:, b] = across_ml @ start_lb[:, b - 1] + own_lb[:, b - 1]
    return start_lb

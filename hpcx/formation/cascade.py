"""Relaxation of excitons down the ladder of states, at a fixed rate of energy loss.

Two forms with the same mean passage time (E - E_1s) / speed: the chain of Trovatello et al. (Eq. 4 and Methods), whose
rates speed / spacing diverge when the continuum is resolved more finely, and a form in quanta of fixed energy, whose
loss rate and second moment do not depend on the density of states.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

#: a window of final states with less than this part of its full weight counts as empty
EMPTY_WINDOW = 0.01


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

    The weight of a final state is the energy interval it stands for times a Gaussian in the energy lost; the rates are
    scaled so that every state loses `speed` (eV/fs). Where the next lower state is farther than one quantum, or no
    state lies in the window, the step is the chain's.
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
    """Return the matrix A of dN/dt = A N (1/fs): every column sums to zero but the first, to -`decay` of the 1s state."""
    matrix_ml = rate_ml - np.diag(rate_ml.sum(axis=0))
    matrix_ml[0, 0] -= decay
    return matrix_ml


def propagate(generator_ml: np.ndarray, source_lt: np.ndarray, step: float) -> np.ndarray:
    """Return N_lt of dN/dt = A N + source from N = 0, exact for a source that is linear between the samples.

    `step` in fs, `source_lt` in 1/fs per unit of N.
    """
    size = generator_ml.shape[0]
    exact, first, second = _exponential_weights(generator_ml, step)
    drive_lt = step * ((first - second) @ source_lt[:, :-1] + second @ source_lt[:, 1:])
    number_lt = np.zeros((size, source_lt.shape[1]))
    for n in range(source_lt.shape[1] - 1):
        number_lt[:, n + 1] = exact @ number_lt[:, n] + drive_lt[:, n]
    return number_lt


def residence(generator_ml: np.ndarray) -> np.ndarray:
    """Return the mean time R_le (fs) spent in state l > 1s after a start in state e > 1s; index 0 is the 2s state."""
    return -np.linalg.inv(generator_ml[1:, 1:])


def arrival(generator_ml: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (fs) of the time of arrival in the 1s state from every higher state."""
    time_le = residence(generator_ml)
    mean_e = time_le.sum(axis=0)
    second_e = 2 * (time_le @ time_le).sum(axis=0)
    return mean_e, np.sqrt(second_e - mean_e**2)


def _exponential_weights(generator_ml: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return exp(z), phi_1(z) and phi_2(z) of z = A step from the exponential of one augmented matrix."""
    size = generator_ml.shape[0]
    block = np.zeros((3 * size, 3 * size))
    block[:size, :size] = generator_ml * step
    block[:size, size : 2 * size] = np.eye(size)
    block[size : 2 * size, 2 * size :] = np.eye(size)
    result = expm(block)
    return result[:size, :size], result[:size, size : 2 * size], result[:size, 2 * size :]

"""Maps in momentum space of the states under a peak of the absorption."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from hpcx.exciton.absorption import Spectrum
from hpcx.parallel.recursion import Recursion
from hpcx.trion.absorption import optical_vector
from hpcx.trion.observables import wavefunction
from hpcx.trion.operator import TrionOperator

#: width of the window in energy through which a peak's states are taken, relative to the broadening
_WINDOW = 0.25
#: how far from the wanted energy the peak may be, relative to the broadening
_SEARCH = 2.0


def nearest_peak(spectrum: Spectrum, energy: float, broadening: float) -> float:
    """Return the photon energy of the highest point of a spectrum near `energy`, eV."""
    near = np.abs(spectrum.photon_energy - energy) <= _SEARCH * broadening
    return float(spectrum.photon_energy[np.argmax(np.where(near, spectrum.absorption_w, -1))]) if near.any() else energy


def peak_states(operator: TrionOperator, recursion: Recursion, peaks: np.ndarray, width: float) -> np.ndarray:
    """Return f(H) V|i> with f a Gaussian around each peak, normalised, (peak, rows); collective.

    A second recursion with the coefficients of the first adds up the Lanczos vectors: no basis is kept.
    """
    steps = len(recursion.alpha)
    matrix = np.diag(recursion.alpha) + np.diag(recursion.beta[: steps - 1], -1)
    energy, vector_ij = eigh(matrix, driver="evd", lower=True)
    filter_pj = np.exp(-((energy - peaks[:, None]) ** 2) / (2 * width**2))
    coefficient_pi = (filter_pj * vector_ij[0]) @ vector_ij.T
    again = Recursion(operator.comm, operator.apply, optical_vector(operator))
    state_px = np.outer(coefficient_pi[:, 0], again.current)
    for step in range(1, steps):
        again.step()
        state_px += np.outer(coefficient_pi[:, step], again.current)
    square = operator.comm.allreduce((np.abs(state_px) ** 2).sum(axis=1))
    return state_px / np.sqrt(square)[:, None]


def peak_maps(
    operator: TrionOperator, recursion: Recursion, spectrum: Spectrum, wanted: np.ndarray, broadening: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the photon energies of the peaks next to `wanted` and C(k, 0) of
    their states at this rank's points; collective.
    """
    peaks = np.array([nearest_peak(spectrum, energy, broadening) for energy in wanted])
    return peaks, wavefunction(operator, peak_states(operator, recursion, peaks, _WINDOW * broadening))

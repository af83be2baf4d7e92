"""Two-dimensional electronic spectra from sticks: Tempelaar and Berkelbach, Nat. Commun. 10, 3419 (2019), Eq. 3."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import curve_fit

from hpcx.physics.constants import HBAR

#: parameters of the fit of a beat
_PARAMETERS = 6
PATHWAYS = {"non-rephasing": (True,), "rephasing": (False,), "sum": (True, False)}


@dataclass(frozen=True)
class StimulatedEmission:
    """S(w1, t, w3) = -(2 pi / hbar)^2 sum_ab w_a w_b exp(-(i (E_a - E_b) / hbar + g_ab) t) G*(E_a - w1) G(E_b - w3).

    G(x) = 1 / (i x - sigma); g_ab is 1 / dephasing_time for a != b and 0 for a = b; rephasing has G for G*. The double
    sum is a product of two single ones plus the part of a = b that does not dephase, so the cost is linear in the
    number of sticks.

    Attributes:
        energy: of the sticks, distinct, (stick,), eV.
        weight: |<a|V|i>|^2, (stick,).
        broadening: sigma, of all or of each (stick,), eV.
        dephasing_time: fs.
        pathway: "non-rephasing", "rephasing" or "sum" of both.
        bleaching: add the bleaching of the ground state, the same with exp(0) and all a, b: the state after two pulses
            is the initial one.
    """

    energy: np.ndarray
    weight: np.ndarray
    broadening: np.ndarray | float
    dephasing_time: float
    pathway: str
    bleaching: bool = False

    def _line_shape(self, photon_energy: np.ndarray) -> np.ndarray:
        """G of every stick, (w, stick), 1/eV."""
        return 1 / (1j * (self.energy - photon_energy[:, None]) - self.broadening)

    def signal(self, time: float, excitation_energy: np.ndarray, detection_energy: np.ndarray) -> np.ndarray:
        """Return S at a waiting time in fs on the grid of two photon energies in eV, (w1, w3), 1/(eV^4 fs^2)."""
        phase = np.exp(-1j * self.energy * time / HBAR)
        second = self.weight * self._line_shape(detection_energy)
        coherent = np.exp(-time / self.dephasing_time)
        total = np.zeros((len(excitation_energy), len(detection_energy)), complex)
        for conjugate in PATHWAYS[self.pathway]:
            shape = self._line_shape(excitation_energy)
            first = self.weight * (shape.conj() if conjugate else shape)
            total += coherent * np.outer(first @ phase, second @ phase.conj()) + (1 - coherent) * (first @ second.T)
            if self.bleaching:
                total += np.outer(first.sum(axis=1), second.sum(axis=1))
        return -((2 * np.pi / HBAR) ** 2) * total


@dataclass(frozen=True)
class AllPathways:
    """Stimulated emission, bleaching and absorption by excited states, from a to pairs ab of energy E_a + E_b + shift.

    Pairs are bosons, <ab|V|a> = <b|V|i> and <aa|V|a> = sqrt(2) <a|V|i>, but two bound lines exclude each other, as they
    would need the one resident carrier twice. The sum over pairs then is minus the other two pathways, less those among
    bound lines, at a detection energy moved by the shift: without shift unbound lines, harmonic oscillators, give
    nothing, and a bound line alone is a two-level system.

    Attributes:
        lines: all, with bleaching.
        bound: bound ones, with bleaching.
        shift: eV.
    """

    lines: StimulatedEmission
    bound: StimulatedEmission
    shift: float

    def signal(self, time: float, excitation_energy: np.ndarray, detection_energy: np.ndarray) -> np.ndarray:
        """Return S at a waiting time in fs on the grid of two photon energies in eV, (w1, w3), 1/(eV^4 fs^2)."""
        moved = detection_energy - self.shift
        absorption = self.lines.signal(time, excitation_energy, moved) - self.bound.signal(
            time, excitation_energy, moved
        )
        return self.lines.signal(time, excitation_energy, detection_energy) - absorption


def laser_spectrum(photon_energy: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Return a Gaussian of height 1 and standard deviation `width`."""
    return np.exp(-((photon_energy - centre) ** 2) / (2 * width**2))


@dataclass(frozen=True)
class Beat:
    """A damped oscillation found in a trace; times and their standard errors in fs.

    Attributes:
        period, period_error: of the oscillation.
        envelope, envelope_error: decay time of the oscillation.
        rms: root mean square of what the fit leaves.
    """

    period: float
    period_error: float
    envelope: float
    envelope_error: float
    rms: float


def fit_beat(time: np.ndarray, trace: np.ndarray, dephasing_time: float, period: float) -> Beat | None:
    """Fit y = b0 + b1 exp(-t / dephasing_time) + a exp(-t / envelope) cos(2 pi t / period + phase) by least squares.

    Args:
        time: waiting times, fs.
        trace: y, real.
        dephasing_time: of the part that does not oscillate, fs.
        period: where to begin the search, fs.

    Returns None if there is no oscillation that a fit finds, or too few points to look for one.
    """
    if len(time) <= _PARAMETERS:
        return None

    def model(t: np.ndarray, b0: float, b1: float, a: float, b: float, envelope: float, period: float) -> np.ndarray:
        """Return a constant, a decay with the coherence time,
        and a damped beat (a at phase 0, b at a quarter) at times t (fs).
        """
        angle = 2 * np.pi * t / period
        return b0 + b1 * np.exp(-t / dephasing_time) + np.exp(-t / envelope) * (a * np.cos(angle) + b * np.sin(angle))

    start = (trace.mean(), 0.0, 0.5, 0.0, dephasing_time, period)
    try:
        found, covariance = curve_fit(model, time, trace, p0=start, maxfev=20000)
    except RuntimeError:
        return None
    error = np.sqrt(np.diag(covariance))
    rms = float(np.sqrt(np.mean((model(time, *found) - trace) ** 2)))
    return Beat(abs(found[5]), error[5], found[4], error[4], rms)

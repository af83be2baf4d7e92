"""Pulses, polarisations, and the field at a sheet that radiates, free-standing or on an oxide-covered crystal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.physics.constants import CHARGE_PER_EPS0_V_NM, FREE_SPACE_IMPEDANCE_OHM, HBAR_C_EV_NM, HBAR_EV_FS

#: circular components (sigma+, sigma-) of unit polarisation vectors
JONES = {
    "x": np.array([1.0, 1.0]) / np.sqrt(2),
    "y": np.array([-1.0j, 1.0j]) / np.sqrt(2),
    "sigma+": np.array([1.0, 0.0]),
    "sigma-": np.array([0.0, 1.0]),
}
#: uJ/cm^2 per fs in W/m^2
_INTENSITY_W_PER_M2 = 1e13
_V_PER_NM = 1e-9
#: part of the largest value below which a spectrum counts as zero
SPECTRUM_END = 1e-18


@dataclass(frozen=True)
class Pulse:
    """A transform-limited Gaussian pulse, E(t) = amplitude exp(-2 ln2 t^2 / duration^2) exp(-i omega t) + c.c.

    Attributes:
        photon_energy: eV.
        duration: FWHM of the intensity, fs.
        amplitude: V/nm.
    """

    photon_energy: float
    duration: float
    amplitude: float

    def envelope(self, time_t: np.ndarray | float) -> np.ndarray:
        """Return amplitude exp(-2 ln2 t^2 / duration^2) in V/nm."""
        return self.amplitude * np.exp(-2 * np.log(2) * (np.asarray(time_t) / self.duration) ** 2)

    def spectrum(self, energy_w: np.ndarray) -> np.ndarray:
        """Return int dt E(t) exp(i omega t) (V fs/nm) of the positive-frequency part at photon energies in eV."""
        detuning_w = (np.asarray(energy_w) - self.photon_energy) / HBAR_EV_FS
        area = self.amplitude * self.duration * np.sqrt(np.pi / (2 * np.log(2)))
        return area * np.exp(-((detuning_w * self.duration) ** 2) / (8 * np.log(2)))


    def band(self, energy_w: np.ndarray) -> np.ndarray:
        """Return the numbers of the photon energies at which the spectrum is more than rounding."""
        spectrum_w = self.spectrum(energy_w)
        return np.flatnonzero(spectrum_w > SPECTRUM_END * self.spectrum(self.photon_energy))


def peak_amplitude(fluence: float, duration: float) -> float:
    """Return the amplitude (V/nm) of a pulse of `fluence` (uJ/cm^2) and intensity FWHM `duration` (fs) in vacuum."""
    peak = fluence / (duration * np.sqrt(np.pi / (4 * np.log(2)))) * _INTENSITY_W_PER_M2
    return 0.5 * np.sqrt(2 * FREE_SPACE_IMPEDANCE_OHM * peak) * _V_PER_NM


@dataclass(frozen=True)
class Stack:
    """Oxide on a crystal: oxide index and thickness (nm), and the complex index of the crystal on a grid (eV)."""

    oxide_index: float
    oxide_thickness: float
    energy_e: np.ndarray
    crystal_e: np.ndarray

    def reflection(self, energy_w: np.ndarray) -> np.ndarray:
        """Return the amplitude reflection of air, oxide and crystal at normal incidence (Fresnel)."""
        crystal = np.interp(energy_w, self.energy_e, self.crystal_e)
        front = (1 - self.oxide_index) / (1 + self.oxide_index)
        back = (self.oxide_index - crystal) / (self.oxide_index + crystal)
        trip = np.exp(2j * self.oxide_index * np.asarray(energy_w) * self.oxide_thickness / HBAR_C_EV_NM)
        return (front + back * trip) / (1 + front * back * trip)


@dataclass(frozen=True)
class Radiation:
    """Field at the sheet, E = (1 + r) (E_in + kappa P), with the reflection r of the substrate.

    Attributes:
        frozen_at: photon energy (eV) at which kappa and r are taken for all frequencies; None for their dispersion.
        stack: the substrate; None for a free-standing sheet.
    """

    frozen_at: float | None
    stack: Stack | None

    def kappa(self, energy_w: np.ndarray) -> np.ndarray:
        """Return i omega / (2 eps0 c) in V/e: the field radiated by a sheet polarisation in e/nm."""
        return 1j * self._taken_at(energy_w) * CHARGE_PER_EPS0_V_NM / (2 * HBAR_C_EV_NM)

    def reflection(self, energy_w: np.ndarray) -> np.ndarray:
        """Return the reflection of the substrate, zero without one."""
        energy_w = self._taken_at(energy_w)
        return np.zeros(energy_w.shape, complex) if self.stack is None else self.stack.reflection(energy_w)

    def _taken_at(self, energy_w: np.ndarray) -> np.ndarray:
        energy_w = np.asarray(energy_w, dtype=float)
        return energy_w if self.frozen_at is None else np.full(energy_w.shape, self.frozen_at)

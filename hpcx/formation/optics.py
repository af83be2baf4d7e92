"""Pulses, polarisations, and the field at a sheet that radiates, free-standing or on an oxide-covered crystal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hpcx.physics.constants import CHARGE_PER_EPS0_V_NM, HBAR, HBAR_C_EV_NM, SPEED_OF_LIGHT_NM_PER_FS

#: circular components (sigma+, sigma-) of unit polarisation vectors
JONES = {
    "x": np.array([1.0, 1.0]) / np.sqrt(2),
    "y": np.array([-1.0j, 1.0j]) / np.sqrt(2),
    "sigma+": np.array([1.0, 0.0]),
    "sigma-": np.array([0.0, 1.0]),
}
#: fraction of its largest value below which a spectrum counts as zero
SPECTRUM_END = 1e-18
#: numbers of resonances that are tried for the reflection of a stack in time, and the deviation that is small enough
RESONANCES, FIT_GOAL = range(3, 7), 2e-4
#: number of photon energies of that fit, fraction of the pulses' spectra at which it ends, smallest weight
FIT_POINTS, FIT_END, FIT_FLOOR = 400, 1e-3, 0.02


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

    def spectrum(self, energy_w: np.ndarray | float) -> np.ndarray:
        """Return int dt E(t) exp(i omega t) (V fs/nm) of the positive-frequency part at photon energies in eV."""
        detuning_w = (np.asarray(energy_w) - self.photon_energy) / HBAR
        area = self.amplitude * self.duration * np.sqrt(np.pi / (2 * np.log(2)))
        return area * np.exp(-((detuning_w * self.duration) ** 2) / (8 * np.log(2)))

    def half_width(self, part: float) -> float:
        """Return how far (eV) from the centre the spectrum falls to `part` of its largest value."""
        return HBAR * np.sqrt(-8 * np.log(2) * np.log(part)) / self.duration

    def band(self, energy_w: np.ndarray) -> np.ndarray:
        """Return the numbers of the photon energies at which the spectrum is more than rounding."""
        spectrum_w = self.spectrum(energy_w)
        return np.flatnonzero(spectrum_w > SPECTRUM_END * self.spectrum(self.photon_energy))


def peak_amplitude(fluence: float, duration: float) -> float:
    """Return the amplitude A (V/nm) of a pulse of `fluence` (eV/nm^2) and intensity FWHM `duration` (fs) in vacuum.

    The field is 2 A cos(omega t), so that the mean of epsilon_0 c E^2 over a period, the intensity, is
    2 epsilon_0 c A^2 at its peak.
    """
    peak = fluence / (duration * np.sqrt(np.pi / (4 * np.log(2))))
    return np.sqrt(peak * CHARGE_PER_EPS0_V_NM / (2 * SPEED_OF_LIGHT_NM_PER_FS))


@dataclass(frozen=True)
class Stack:
    """Oxide on a crystal: oxide index and thickness (nm), and the complex index of the crystal on a grid (eV)."""

    oxide_index: float
    oxide_thickness: float
    energy_e: np.ndarray
    crystal_e: np.ndarray

    def reflection(self, energy_w: np.ndarray | float) -> np.ndarray:
        """Return the amplitude reflection of air, oxide and crystal at normal incidence (Fresnel)."""
        front, back = self._surfaces(energy_w)
        trip = np.exp(2j * self.oxide_index * np.asarray(energy_w) * self.oxide_thickness / HBAR_C_EV_NM)
        return (front + back * trip) / (1 + front * back * trip)

    def resonances(self, energy: float, count: int) -> np.ndarray:
        """Return the `count` complex energies (eV) nearest to `energy` of the resonances of the oxide.

        These are the poles of the reflection with the crystal's index at `energy`. All decay by the same factor per
        round trip. A single surface has none.
        """
        front, back = self._surfaces(energy)
        if front * back * self.oxide_thickness == 0:
            return np.zeros(0, complex)
        per_phase = HBAR_C_EV_NM / (2 * self.oxide_index * self.oxide_thickness)
        first = -1j * np.log(-1 / (front * back)) * per_phase
        nearest = round((energy - first.real) / (2 * np.pi * per_phase))
        pole_p = first + 2 * np.pi * per_phase * np.arange(nearest - count, nearest + count + 1)
        return pole_p[np.argsort(np.abs(pole_p.real - energy), kind="stable")][:count]

    def _surfaces(self, energy_w: np.ndarray | float) -> tuple[float, np.ndarray]:
        """Return the amplitude reflections of air on oxide and of oxide on crystal (Fresnel)."""
        crystal = np.interp(energy_w, self.energy_e, self.crystal_e)
        return (1 - self.oxide_index) / (1 + self.oxide_index), (self.oxide_index - crystal) / (
            self.oxide_index + crystal
        )


@dataclass(frozen=True)
class Surface:
    """Response of a substrate in a form that can be propagated in time: direct + sum_p residue_p / (omega - pole_p).

    Attributes:
        direct: the instantaneous part.
        pole_p: resonances (eV), all decaying; none for a response without dispersion.
        residue_p: their weights, eV.
        misfit: root mean square deviation from the reflection, weighted with the spectra of the pulses.
    """

    direct: complex
    pole_p: np.ndarray = field(default_factory=lambda: np.zeros(0, complex))
    residue_p: np.ndarray = field(default_factory=lambda: np.zeros(0, complex))
    misfit: float = 0.0


@dataclass(frozen=True)
class Radiation:
    """Field at the sheet, E = (1 + r) (E_in + s P), with the reflection r of substrate and background.

    The background of the layer responds instantaneously, P_b = eps0 L E, so that 1 + r becomes
    (1 + r) / [1 - (1 + r) s eps0 L].

    Attributes:
        frozen_at: photon energy (eV) at which s and r are taken for all frequencies; None for their dispersion.
        stack: the substrate; None for a free-standing sheet.
        background: L (nm), susceptibility times thickness of all transitions that are not computed.
    """

    frozen_at: float | None
    stack: Stack | None
    background: float = 0.0

    def sheet_field(self, energy_w: np.ndarray | float) -> np.ndarray:
        """Return i omega / (2 eps0 c) in V/e: the field radiated by a sheet polarisation in e/nm."""
        return 1j * self._taken_at(energy_w) * CHARGE_PER_EPS0_V_NM / (2 * HBAR_C_EV_NM)

    def reflection(self, energy_w: np.ndarray | float) -> np.ndarray:
        """Return the reflection of the substrate and of the background on it, zero without both."""
        taken_w = self._taken_at(energy_w)
        bare_w = np.zeros(taken_w.shape, complex) if self.stack is None else self.stack.reflection(taken_w)
        if not self.background:
            return bare_w
        radiated_w = self.sheet_field(energy_w) * self.background / CHARGE_PER_EPS0_V_NM
        return (1 + bare_w) / (1 - (1 + bare_w) * radiated_w) - 1

    def surface(self, pulses: tuple[Pulse, ...]) -> Surface:
        """Return 1 + r within the spectra of `pulses` for the time route, with as few resonances as suffice."""
        if self.frozen_at is not None or self.stack is None:
            return Surface(complex(1 + self.reflection(pulses[0].photon_energy)))
        low = min(pulse.photon_energy - pulse.half_width(FIT_END) for pulse in pulses)
        high = max(pulse.photon_energy + pulse.half_width(FIT_END) for pulse in pulses)
        energy_w = np.linspace(low, high, FIT_POINTS)
        weight_w = FIT_FLOOR + np.sum(
            [pulse.spectrum(energy_w) / pulse.spectrum(pulse.photon_energy) for pulse in pulses], axis=0
        )
        for count in RESONANCES:
            pole_p = self.stack.resonances(0.5 * (low + high), count)
            found = _fitted_surface(pole_p, energy_w, weight_w, 1 + self.reflection(energy_w))
            if found.misfit < FIT_GOAL:
                break
        return found

    def _taken_at(self, energy_w: np.ndarray | float) -> np.ndarray:
        energy_w = np.asarray(energy_w, dtype=float)
        return energy_w if self.frozen_at is None else np.full(energy_w.shape, self.frozen_at)


def _fitted_surface(pole_p: np.ndarray, energy_w: np.ndarray, weight_w: np.ndarray, target_w: np.ndarray) -> Surface:
    """Return the surface with given poles closest to `target_w` in the weighted mean square."""
    shape_wp = np.column_stack([np.ones_like(energy_w), 1 / (energy_w[:, None] - pole_p)])
    fitted_p = np.linalg.lstsq(weight_w[:, None] * shape_wp, weight_w * target_w, rcond=None)[0]
    deviation_w = weight_w * np.abs(shape_wp @ fitted_p - target_w)
    return Surface(
        complex(fitted_p[0]), pole_p, fitted_p[1:], float(np.linalg.norm(deviation_w) / np.linalg.norm(weight_w))
    )

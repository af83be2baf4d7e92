"""The time grid of signals in a rotating frame, and its Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from hpcx.physics.constants import HBAR


@dataclass(frozen=True)
class TimeGrid:
    """Times start + n step (fs), n < size; signals are stored without the factor exp(-i reference t / hbar)."""

    start: float
    step: float
    size: int
    reference: float

    @classmethod
    def covering(cls, start: float, stop: float, step: float, reference: float) -> TimeGrid:
        """Return a grid from `start` to at least `stop` whose length suits fast transforms; `reference` in eV."""
        return cls(start, step, next_fast_len(int(np.ceil((stop - start) / step)) + 1), reference)

    @property
    def time_t(self) -> np.ndarray:
        """Times, fs."""
        return self.start + self.step * np.arange(self.size)

    @property
    def detuning_w(self) -> np.ndarray:
        """Angular frequencies of the transform from the reference, 1/fs."""
        return 2 * np.pi * np.fft.fftfreq(self.size, self.step)

    @property
    def energy_w(self) -> np.ndarray:
        """Photon energies of the transform, eV."""
        return self.reference + HBAR * self.detuning_w

    def to_time(self, spectrum_w: np.ndarray) -> np.ndarray:
        """Return f(t) = sum_w F(w) exp(-i w t) / (size step) along the last axis."""
        return fft(spectrum_w * np.exp(-1j * self.detuning_w * self.start), axis=-1) / (self.size * self.step)

    def to_adjoint(self, signal_t: np.ndarray, first: int = 0, band: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return step sum_t u(t) exp(-i w t) along the last axis, for sums over time of u(t) f(t).

        The signal may begin with sample `first` and end early; it is zero elsewhere. `band` selects frequencies.
        """
        start = self.start + first * self.step
        factor_w = self.step * np.exp(-1j * self.detuning_w[band] * start)
        return fft(signal_t, n=self.size, axis=-1)[..., band] * factor_w

    def from_adjoint(self, spectrum_w: np.ndarray) -> np.ndarray:
        """Return sum_w F(w) exp(i w t) / (size step): the inverse of `to_adjoint`."""
        return ifft(spectrum_w * np.exp(1j * self.detuning_w * self.start), axis=-1) / self.step

    def from_band(self, spectrum_w: np.ndarray, band: np.ndarray) -> np.ndarray:
        """Return the signal of a spectrum that is given at the frequencies `band` and zero elsewhere; see `to_time`."""
        whole_w = np.zeros((*spectrum_w.shape[:-1], self.size), complex)
        whole_w[..., band] = spectrum_w
        return self.to_time(whole_w)

    def samples(self, start: float, stop: float) -> slice:
        """Return the samples from time `start` to time `stop`, fs."""
        first, last = (int(np.clip(round((time - self.start) / self.step), 0, self.size)) for time in (start, stop))
        return slice(first, last)

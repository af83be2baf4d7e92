"""From populations to differential transmission and circular dichroism as the instrument sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.valley.bleaching import bleaching_in, coherent_bleaching_ij
from hpcx.valley.config import Config
from hpcx.valley.dynamics import Dynamics
from hpcx.valley.polarization import Polarization
from hpcx.valley.problem import Problem

#: how many standard deviations of the probe the convolution reaches
PROBE_REACH = 5.0


@dataclass(frozen=True)
class Traces:
    """Probe-convolved signals.

    Attributes:
        time: delays, fs.
        transmission_hit: differential transmission (helicity, transition, time), per unit oscillator strength.
        dichroism_it: sigma+ minus sigma- pump (transition, time), divided by the largest A value.
        dichroism_scale: that largest value.
    """

    time: np.ndarray
    transmission_hit: np.ndarray
    dichroism_it: np.ndarray
    dichroism_scale: float


def probe_reach(config: Config) -> float:
    """Return how far (fs) the simulation must reach beyond the last delay."""
    cells = np.ceil(PROBE_REACH * probe_sigma(config) / config.time.step)
    return float((cells + 1) * config.time.step)


def probe_sigma(config: Config) -> float:
    """Return the standard deviation of the probe's intensity, fs."""
    return config.probe.duration / np.sqrt(8.0 * np.log(2.0))


def delays(config: Config) -> np.ndarray:
    """Return the delays (fs) from time.start up to, not including, time.end."""
    count = int(np.ceil((config.time.last - config.time.start) / config.time.step - 1e-9))
    return config.time.start + config.time.step * np.arange(count)


def compute_traces(problem: Problem, config: Config, polarization: Polarization, dynamics: Dynamics, scale: float) -> Traces:
    """Return the signals; `scale` turns the simulation's arbitrary density into 1/angstrom^2."""
    kernel = _probe_kernel(config)
    half = len(kernel) // 2
    time = delays(config)
    wide = time[0] + config.time.step * np.arange(-half, len(time) + half)
    occupied = dynamics.contract(bleaching_in(problem))(wide)
    coherent = np.einsum("ij,tjh->tih", coherent_bleaching_ij(problem, polarization.bright), polarization.density_tjh(wide))
    signal_hit = scale * (occupied + coherent).transpose(2, 1, 0)
    transmission = np.apply_along_axis(np.convolve, 2, signal_hit, kernel, mode="valid")
    dichroism = transmission[0] - transmission[1]
    largest = float(dichroism[0].max())
    return Traces(time, transmission, dichroism / largest, largest)


def _probe_kernel(config: Config) -> np.ndarray:
    half = int(np.ceil(PROBE_REACH * probe_sigma(config) / config.time.step))
    t = config.time.step * np.arange(-half, half + 1)
    kernel = np.exp(-0.5 * (t / probe_sigma(config)) ** 2)
    return kernel / kernel.sum()


def instrument_response(config: Config) -> float:
    """Return the full width (fs) of the cross-correlation of pump and probe."""
    return float(np.hypot(config.pump.duration, config.probe.duration))

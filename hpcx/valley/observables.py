"""From populations to differential transmission and circular dichroism as the instrument sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import convolve

from hpcx.valley.bleaching import bleaching_in, coherent_bleaching_ij, probed_species
from hpcx.valley.config import Config
from hpcx.valley.dynamics import Dynamics
from hpcx.valley.polarization import Polarization
from hpcx.valley.problem import Problem
from hpcx.valley.steps import delay_count, probe_cells, probe_sigma

#: fraction of the transmission below which a dichroism is rounding error
NOTHING = 1e-12


@dataclass(frozen=True)
class Traces:
    """Probe-convolved signals.

    Attributes:
        time: delays, fs.
        transmission_hit: differential transmission (helicity, transition, time), per unit oscillator strength.
        dichroism_it: sigma+ minus sigma- pump (transition, time), divided by the largest magnitude of A; NaN if that is
            zero.
        dichroism_scale: that largest magnitude.
        kerr_t: rotation of the polarisation of a reflected probe, in the unit of the dichroism; None if not requested.
    """

    time: np.ndarray
    transmission_hit: np.ndarray
    dichroism_it: np.ndarray
    dichroism_scale: float
    kerr_t: np.ndarray | None = None


def compute_traces(
    problem: Problem, config: Config, polarization: Polarization, dynamics: Dynamics, scale: float
) -> Traces:
    """Return the signals; `scale` turns the simulation's arbitrary density into 1/nm^2."""
    start, step = config.internal.time.start, config.internal.time.step
    half, count = probe_cells(config), delay_count(config)
    kernel = np.exp(-0.5 * (step * np.arange(-half, half + 1) / probe_sigma(config)) ** 2)
    wide = start + step * np.arange(-half, count + half)
    occupied = dynamics.weighted_at(wide, bleaching_in(problem))
    coherent = np.einsum(
        "ij,tjh->tih", coherent_bleaching_ij(problem, polarization.bright), polarization.density_tjh(wide)
    )
    signal_hit = scale * (occupied + coherent).transpose(2, 1, 0)
    transmission = convolve(signal_hit, (kernel / kernel.sum())[None, None], mode="valid", method="direct")
    dichroism = transmission[0] - transmission[1]
    largest = float(np.abs(dichroism[0]).max())  # a pump at B makes it negative at all times
    known = largest > NOTHING * np.abs(transmission[:, 0]).max()
    dichroism_it = dichroism / largest if known else np.full_like(dichroism, np.nan)
    time = start + step * np.arange(count)
    return Traces(time, transmission, dichroism_it, largest, _kerr_rotation(problem, config, dichroism_it))


def _kerr_rotation(problem: Problem, config: Config, dichroism_it: np.ndarray) -> np.ndarray | None:
    """Return the rotation at `probe.kerr_energy` from the dispersive parts of both lines.

    The susceptibility of a line for one helicity is f (1 - DT) / (E - hbar omega - i gamma). Its real parts for the two
    helicities differ by f CD (hbar omega - E) / ((hbar omega - E)^2 + gamma^2) with the dichroism CD. Multiplied by
    gamma, the largest value is CD / 2.
    """
    probe = config.internal.probe
    if probe.kerr_energy is None:
        return None
    lines = [problem.species[index] for index in probed_species(problem)]
    offset_i = (probe.kerr_energy - np.array([line.edge for line in lines])) / probe.line_width
    strength_i = np.array([line.state.contact**2 for line in lines]) / lines[0].state.contact ** 2
    return (strength_i * offset_i / (offset_i**2 + 1)) @ dichroism_it

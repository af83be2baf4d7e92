"""The physical problem of an input: energy bins, rates, source and times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpcx.materials.loader import Material
from hpcx.parallel.fingerprint import fingerprint
from hpcx.parallel.run import Run
from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.config import Config
from hpcx.wigner.energy_grid import Grid, energy_edges, in_meV, make_grid, usual_bins
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.rate_cache import flat_rates
from hpcx.wigner.rates import Rates
from hpcx.wigner.sidebands import Line, lines
from hpcx.wigner.source import Source, check_detuning, make_source
from hpcx.wigner.time_steps import SAME_TIME, output_times

if TYPE_CHECKING:
    from mpi4py import MPI


@dataclass(frozen=True)
class Times:
    """Times of a run, fs.

    Attributes:
        outputs: of results; the last one is the end of the run.
        densities, distributions: of density maps and of phase-space distributions.
        intervalley_end: at which intervalley scattering is switched off.
    """

    outputs: np.ndarray
    densities: np.ndarray
    distributions: np.ndarray
    intervalley_end: float = np.inf

    @property
    def stops(self) -> np.ndarray:
        """Times (fs) at which a step must end."""
        switch = [min(self.intervalley_end, self.outputs[-1])]
        return np.unique(np.concatenate([self.outputs, self.densities, self.distributions, switch]))

    def intervalley_at(self, time: float) -> bool:
        """Say whether intervalley scattering acts in a step that begins at `time` (fs)."""
        return time < self.intervalley_end - SAME_TIME


@dataclass(frozen=True)
class Problem:
    """All that the solvers need: excitons, scattering rates, the pulse as a source, and times."""

    excitons: Excitons
    rates: Rates
    source: Source
    times: Times

    @property
    def grid(self) -> Grid:
        """The energy bins."""
        return self.rates.grid

    def sidebands(self) -> list[Line]:
        """Return the phonon-assisted light of the dark valleys."""
        return lines(self.excitons, self.grid, self.source.damping)


def make_edges(config: Config) -> np.ndarray:
    """Return the edges of the energy bins (eV) that the input asks for."""
    momentum, (first, largest, maximum) = config.internal.momentum, usual_bins(config.temperature)
    return energy_edges(
        momentum.first_bin or first, momentum.growth, momentum.largest_bin or largest, momentum.energy_max or maximum
    )


def make_problem(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Problem:
    """Build energy bins, rates and source; rates are kept for other points and runs. Collective.

    Raises MaterialError if the material lacks numbers, ValueError if the energy bins are too few or too wide.
    """
    excitons = replace(
        read_excitons(material, config.environment, config.wannier), disorder_rate=config.internal.mechanisms.disorder
    )
    edges = make_edges(config)
    check_edges(excitons.energy_v, edges, config.temperature)
    grid = make_grid(excitons, config.temperature, edges, config.mechanisms.radiative)
    with run.timings.measure("rates"):
        rates = flat_rates(comm, excitons, grid, config.momentum.harmonics if config.space.dimension else 1, run)
    if not config.mechanisms.intervalley:
        rates = replace(rates, intervalley_mij=np.zeros_like(rates.intervalley_mij))
    run.diagnostics["rates_hash"] = fingerprint(rates)[:16]
    pulse = config.internal.pulse
    detuning = detuning_of(config, material)
    check_detuning(excitons, edges, detuning, pulse.duration)
    source = make_source(excitons, grid, pulse.duration, pulse.centre, pulse.spot, detuning)
    return Problem(excitons, rates, source, make_times(config))


def detuning_of(config: Config, material: Material) -> float:
    """Return the detuning of the pump above the exciton's resonance, eV; below 1 ueV it counts as zero."""
    if config.pulse.photon_energy is None:
        return 0.0
    detuning = config.pulse.photon_energy - material.number("optics.exciton_A_energy", "eV")
    return 0.0 if abs(detuning) < 1e-6 else detuning


def check_edges(energy_v: np.ndarray, edges: np.ndarray, temperature: float) -> None:
    """Raise ValueError if the bins (eV) cannot describe intervalley scattering or the thermal distribution at
    `temperature` (K).
    """
    kT = BOLTZMANN_EV_PER_K * temperature
    needed = energy_v.max() - energy_v.min() + 2 * kT
    if edges[-1] < needed:
        raise ValueError(
            f"momentum.energy_max = {in_meV(edges[-1]):.4g} meV: the bins must reach from the lowest valley to 2 kT"
            f" above the minimum of the highest, {in_meV(needed):.4g} meV; otherwise the valleys cannot exchange"
            " excitons"
        )
    widest = float(np.diff(edges).max())
    if widest > 2 * kT or edges[1] > 0.5 * kT:
        raise ValueError(
            f"momentum.largest_bin = {in_meV(widest):.3g} meV, momentum.first_bin = {in_meV(edges[1]):.3g} meV are too"
            f" wide for kT = {in_meV(kT):.3g} meV: take at most 2 kT and kT/2"
        )


def make_times(config: Config) -> Times:
    """Return the times that the input asks for; maps need space."""
    time, off = config.internal.time, config.internal.mechanisms.intervalley_off_at
    in_space = config.space.dimension > 0
    return Times(
        output_times(time.outputs, time.end),
        output_times(time.densities, time.end) if in_space else np.empty(0),
        np.array(sorted(time.distributions)) if in_space else np.empty(0),
        np.inf if off is None else off,
    )

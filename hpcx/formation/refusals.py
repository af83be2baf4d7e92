"""Inputs that are refused: half widths below the phonons' part, too much memory, pumps and substrates out of range."""

from __future__ import annotations

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.optics import Pulse
from hpcx.formation.perturbative import time_grid
from hpcx.formation.problem import MANIFOLDS, PUMP_MARGIN, gap_of, interaction, kept_states, medium_of, radiation_of
from hpcx.formation.thermal import EXCITED_WAYS, GROUND_WAYS, Phonons, half_widths
from hpcx.materials.loader import Material
from hpcx.registry import Refusal, refused, tried
from hpcx.units import from_internal

#: largest deviation of a substrate's reflection in the time route
MISFIT_MAX = 2e-3
#: smallest half width at zero temperature, where the phonons' part vanishes, meV
SMALLEST_WIDTH = 0.01
#: largest number of times (third-order route) times momenta: some GB
MOST_VALUES = 50_000_000


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return what is refused in an input, and why; raises MaterialError if the material lacks a number."""
    found = (
        _widths(config, material)
        or _size(config, material)
        or tried("environment", config.environment, lambda: interaction(config, material))[1]
    )
    return found or [*_pump(config, material), *_substrate(config, material)]


def _widths(config: Config, material: Material) -> list[Refusal]:
    """Refuse half widths that are smaller than the phonons' part of them."""
    if config.temperature is None:
        return []
    given, phonons = config.dephasing, Phonons.of(material)
    found: list[Refusal] = []
    widths = {"1s": given.s1, "bound": given.bound, "continuum": given.continuum}
    for key, width in widths.items():
        ways = GROUND_WAYS if key == "1s" else EXCITED_WAYS
        least = SMALLEST_WIDTH + from_internal(phonons.width(given.measured_at, ways), "meV")
        reason = (
            f"must be at least {least:.2f} meV: the width by phonons at dephasing.measured_at ="
            f" {given.measured_at:g} K plus {SMALLEST_WIDTH:g} meV"
        )
        found += refused(f"dephasing.{key}", f"{width:g} meV", width < least, reason)
    return found


def _size(config: Config, material: Material) -> list[Refusal]:
    """Refuse the time step of the third-order route if slow decay or distant pulses need too many times."""
    if config.solver.route != "third-order":
        return []
    delay_d = np.array([config.delay.start, config.delay.stop])
    times = time_grid(config, half_widths(config, material).smallest, delay_d, 0.0).size
    nodes = config.momentum.points + config.momentum.tail_points
    reason = (
        f"{times} times x {nodes} nodes are more than {MOST_VALUES:.3g} values; lengthen it, raise [dephasing], shorten"
        " pulses or delays, or take fewer momentum.points"
    )
    return refused("solver.time_step", f"{config.solver.time_step:g} fs", times * nodes > MOST_VALUES, reason)


def _pump(config: Config, material: Material) -> list[Refusal]:
    """Refuse a pump below the A gap or too near the highest kept state."""
    energy, name = config.pump.photon_energy, MANIFOLDS[0]
    gap = gap_of(material, name, kept_states(config, medium_of(config, material, name)))
    highest = gap + config.continuum.energy_max - PUMP_MARGIN
    reason = (
        f"must be from {gap:.3f} eV, the A gap, to {highest:.3f} eV, the highest kept state less {PUMP_MARGIN:g} eV"
        " (continuum.energy_max moves it)"
    )
    return refused("pump.photon_energy", f"{energy:g} eV", not gap <= energy <= highest, reason)


def _substrate(config: Config, material: Material) -> list[Refusal]:
    """Refuse a dispersive substrate that the time route cannot describe, as with pulses of a few fs or thick oxides."""
    if config.solver.route != "time":
        return []
    pulses = tuple(Pulse(pulse.photon_energy, pulse.duration, 1.0) for pulse in (config.pump, config.probe))
    misfit = radiation_of(config, material).surface(pulses).misfit
    reason = (
        "must be 'frozen' here: the time route follows the reflection of this substrate in the spectra of these pulses"
        f" to {misfit:.1e} of the incoming field, and {MISFIT_MAX:g} is the most allowed (solver.route = 'third-order'"
        " has no such limit)"
    )
    return refused("approximation.radiation", "dispersive", misfit > MISFIT_MAX, reason)

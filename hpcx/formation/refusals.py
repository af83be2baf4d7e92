"""Pump energies that the kept states cannot describe, and substrates that cannot be followed in time."""

from __future__ import annotations

from hpcx.formation.config import Config
from hpcx.formation.optics import Pulse
from hpcx.formation.problem import MANIFOLDS, PUMP_MARGIN, gap_of, kept_states, medium_of, pump_range, radiation_of
from hpcx.materials.loader import Material
from hpcx.registry import Refusal

#: largest deviation of a substrate's reflection in the time route
MISFIT_MAX = 2e-3


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return what physics forbids of an input; raises MaterialError if the material lacks a number."""
    return [*_pump(config, material), *_substrate(config, material)]


def _pump(config: Config, material: Material) -> list[Refusal]:
    """Return the photon energy of the pump if it is below the A gap or too near the highest kept state."""
    energy, name = config.pump.photon_energy, MANIFOLDS[0]
    gap = gap_of(material, name, kept_states(config, medium_of(config, material, name)))
    lowest, highest = pump_range(gap, config.continuum.energy_max)
    if lowest <= energy <= highest:
        return []
    reason = (
        f"must be from {lowest:.3f} eV, the A gap, to {highest:.3f} eV, the highest kept state less {PUMP_MARGIN:g} eV "
        "(continuum.energy_max moves it)"
    )
    return [Refusal("pump.photon_energy", f"{energy:g} eV", reason)]


def _substrate(config: Config, material: Material) -> list[Refusal]:
    """Return the dispersion of a substrate if the time route cannot follow it, as under pulses of a few fs or thick oxides."""
    if config.solver.route != "time":
        return []
    pulses = tuple(Pulse(pulse.photon_energy, pulse.duration, 1.0) for pulse in (config.pump, config.probe))
    misfit = radiation_of(config, material).surface(pulses).misfit
    if misfit <= MISFIT_MAX:
        return []
    reason = (
        f"must be 'frozen' here: the time route follows the reflection of this substrate in the spectra of these pulses to "
        f"{misfit:.1e} of the incoming field, and {MISFIT_MAX:g} is the most allowed (solver.route = 'third-order' has no such limit)"
    )
    return [Refusal("approximation.radiation", "dispersive", reason)]

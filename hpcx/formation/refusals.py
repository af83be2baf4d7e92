"""Pump energies that the kept states cannot describe."""

from __future__ import annotations

from hpcx.formation.config import Config
from hpcx.formation.problem import MANIFOLDS, PUMP_MARGIN, gap_of, kept_states, medium_of, pump_range
from hpcx.materials.loader import Material
from hpcx.registry import Refusal


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return the photon energy of the pump if it is below the A gap or too near the highest kept state.

    Raises MaterialError if the material lacks a number.
    """
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

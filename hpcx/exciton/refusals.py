"""Materials whose bands do not have the gap that the Dirac model needs."""

from __future__ import annotations

from hpcx.exciton.config import CarriersInput
from hpcx.exciton.problem import material_gap
from hpcx.materials.loader import Material
from hpcx.registry import Refusal


def refusals(config: CarriersInput, material: Material) -> list[Refusal]:
    """Return a valence splitting that closes the gap of one spin."""
    if config.bands.model != "dirac" or material_gap(material, 1) > 0:
        return []
    splitting = material.number("bands.valence_splitting", "eV")
    reason = f"half of it must be below the gap of the Dirac model, bands.gap = {material.number('bands.gap', 'eV'):g} eV"
    return [Refusal("parameters.bands.valence_splitting", f"{splitting:g} eV", reason)]

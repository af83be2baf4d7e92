"""Surroundings that make no sense, and materials or models that do not have the bands: as for the exciton, and of all three carriers."""

from hpcx.exciton import refusals as exciton
from hpcx.exciton.problem import carrier_bands
from hpcx.materials.loader import Material
from hpcx.registry import Refusal
from hpcx.trion.config import Config
from hpcx.trion.problem import carriers, conduction_order


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return what an exciton is refused for, and tight-binding bands of the trion that cannot be followed."""
    found = exciton.refusals(config, material)
    if found or config.bands.model != "tight-binding":
        return found
    order, trion = conduction_order(carrier_bands(config, material), material), config.trion
    three = [carrier for species in trion.species for carrier in carriers(order, species, trion.charge, trion.transition)]
    return exciton.followed(config, dict.fromkeys(three))

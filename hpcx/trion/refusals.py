"""Surroundings that make no sense, and materials or models that do not have the bands: as for the exciton, and of all three carriers."""

from functools import partial

from hpcx.exciton import refusals as exciton
from hpcx.materials.loader import Material
from hpcx.registry import Refusal, tried
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.problem import Label, three_carriers


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return what an exciton is refused for, channels of carriers that are not there, and tight-binding bands of the trion that cannot be followed."""
    found = exciton.refusals(config, material)
    for name, words in config.trion.channels.items() if not found else ():
        found += tried(f"trion.channels.{name}", list(words), partial(channel, config, material, name))[1]
    if found or config.bands.model != "tight-binding":
        return found
    return exciton.followed(config, all_carriers(config, material))


def all_carriers(config: Config, material: Material) -> tuple[Label, ...]:
    """Return the carriers of all species of an input, each once."""
    return tuple(dict.fromkeys(carrier for name in config.trion.names for carrier in three_carriers(config, material, name)))

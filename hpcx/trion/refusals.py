"""Surroundings that make no sense, and materials or models that do not have the bands:
as for the exciton, and of all three carriers.
"""

import math
from functools import partial

from hpcx.exciton import refusals as exciton
from hpcx.exciton.carriers import Label
from hpcx.exciton.problem import carrier_mesh
from hpcx.materials.band_models import BAND_MODELS
from hpcx.materials.loader import Material
from hpcx.registry import Refusal, tried
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.exchange_pairs import acting_pairs, coupled_sets
from hpcx.trion.exchange_symmetry import coupled_sectors, lacking_symmetry
from hpcx.trion.problem import exciton_of, momentum_point, three_carriers, trion_problem
from hpcx.trion.symmetry import coarsened, lacking


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return the exciton's refusals, channels with carriers that do not exist,
    and tight-binding bands of the trion that cannot be followed.
    """
    found = exciton.refusals(config, material)
    for name, words in config.trion.channels.items() if not found else ():
        found += tried(f"trion.channels.{name}", list(words), partial(channel, config, material, name))[1]
    if not found and any(config.trion.momentum):
        found += tried(
            "trion.momentum",
            list(config.trion.momentum),
            lambda: momentum_point(config, carrier_mesh(config, material)),
        )[1]
    if not found and config.exchange.acts:
        found += _exchange(config, material)
    if not found and config.bands.model == "tight-binding":
        found = exciton.followed(config, all_carriers(config, material))
    return found or _symmetry(config, material)


def all_carriers(config: Config, material: Material) -> tuple[Label, ...]:
    """Return the carriers of all species of an input, each once."""
    return tuple(
        dict.fromkeys(carrier for name in config.trion.names for carrier in three_carriers(config, material, name))
    )


def _symmetry(config: Config, material: Material) -> list[Refusal]:
    """Return the symmetry that an input names and the bands do not have, which is seen on a coarse mesh already."""
    asked = config.solver.symmetry
    if asked in ("auto", "none") or BAND_MODELS[config.bands.model].isotropic:
        return []
    coarse = coarsened(config)
    exciton = exciton_of(coarse, material)
    reasons = (lacking(trion_problem(coarse, material, exciton, name), asked) for name in config.trion.names)
    return [Refusal("solver.symmetry", asked, reason) for reason in reasons if reason][:1]


def _exchange(config: Config, material: Material) -> list[Refusal]:
    """Return channels in which exchange is not known, and surroundings that are not known without the layer."""
    channels, found = {name: channel(config, material, name) for name in config.trion.channels}, []
    for pair in acting_pairs(config, channels):
        three = channels[pair.channel]
        if pair.like == 0 and three[0].label == three[1].label:
            reason = (
                "exchange is not implemented for two like carriers in one band; remove the channel or switch"
                " exchange off"
            )
            found.append(
                Refusal(f"trion.channels.{pair.channel}", str(list(config.trion.channels[pair.channel])), reason)
            )
    for names in coupled_sets(channels, config.exchange.long_range):
        if len(names) > 1 and any(math.isnan(species.edge) for name in names for species in channels[name]):
            found.append(
                Refusal(
                    "exchange.long_range",
                    "true",
                    f"couples {' and '.join(names)}, but the material gives no energy offset between them",
                )
            )
    if found or config.solver.symmetry in ("auto", "none"):
        return found
    coarse = coarsened(config)
    exciton = exciton_of(coarse, material)
    for names in coupled_sets(channels, config.exchange.long_range):
        if not coupled_sectors(coarse, material, exciton, names):
            found.append(Refusal("solver.symmetry", config.solver.symmetry, lacking_symmetry(names)))
    return found

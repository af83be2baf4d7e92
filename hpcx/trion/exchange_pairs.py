"""Which pairs of a trion's channels exchange acts on, and which channels it couples."""

from __future__ import annotations

from dataclasses import dataclass

from hpcx.exciton.carriers import CarrierError, Label, Species, species_of
from hpcx.materials.loader import Material
from hpcx.physics.bands import Band
from hpcx.physics.mesh import ValleyMesh
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.problem import three_bands

#: places of the carriers in a channel
_LIKE, OPPOSITE = (0, 1), 2
#: what time reversal makes of a word
_REVERSED = {"K": "K'", "K'": "K", "Q": "Q'", "Q'": "Q", "Lambda": "Lambda'", "Lambda'": "Lambda", "+": "-", "-": "+"}


@dataclass(frozen=True)
class Pair:
    """A like carrier of a channel with the opposite one, of equal spin.

    Attributes:
        channel: name.
        like: 0 or 1, the like carrier that takes part.
        spectator: the other one.
        in_one_valley: whether electron and hole are in one valley, so that the exchange is of long range; else it is a
            contact.
    """

    channel: str
    like: int
    spectator: Label
    in_one_valley: bool


def pairs_of(channels: dict[str, tuple[Species, Species, Species]]) -> list[Pair]:
    """Return all pairs that exchange acts on."""
    return [
        Pair(name, like, three[1 - like].label, three[like].valley == three[OPPOSITE].valley)
        for name, three in channels.items()
        for like in _LIKE
        if three[like].spin * three[OPPOSITE].spin > 0
    ]


def acting_pairs(config: Config, channels: dict[str, tuple[Species, Species, Species]]) -> list[Pair]:
    """Return the pairs on which the exchange of an input acts."""
    return [
        pair
        for pair in pairs_of(channels)
        if (config.exchange.long_range if pair.in_one_valley else config.exchange.contact)
    ]


def pair_bands(config: Config, material: Material, mesh: ValleyMesh, pair: Pair) -> tuple[Band, Band]:
    """Return the bands of a pair's electron and hole."""
    bands = three_bands(config, material, mesh, pair.channel)
    like, opposite = bands[pair.like], bands[OPPOSITE]
    return (like, opposite) if channel(config, material, pair.channel)[pair.like].label.conduction else (opposite, like)


def coupled_sets(channels: dict[str, tuple[Species, Species, Species]], long_range: bool) -> list[list[str]]:
    """Return the names of channels in sets that exchange couples, each in the order of the input."""
    found = {name: {name} for name in channels}
    pairs = [pair for pair in pairs_of(channels) if pair.in_one_valley] if long_range else []
    for pair in pairs:
        for other in pairs:
            if pair.spectator == other.spectator and other.channel not in found[pair.channel]:
                together = found[pair.channel] | found[other.channel]
                found |= dict.fromkeys(together, together)
    sets = [[other for other in channels if other in found[name]] for name in channels]
    return [names for number, names in enumerate(sets) if names not in sets[:number]]


def lacking_partners(config: Config, material: Material) -> list[str]:
    """Return a warning for every channel whose pair is also made in the other valley,
    in a channel that the input does not have.
    """
    channels = config.trion.channels
    known = {name: channel(config, material, name) for name in channels}
    made = {
        (frozenset([pair.spectator, known[pair.channel][pair.like].label]), known[pair.channel][OPPOSITE].label)
        for pair in pairs_of(known)
    }
    found = []
    for pair in pairs_of(known) if config.exchange.long_range else ():
        words = [
            _reversed(word) if place != 1 - pair.like else word for place, word in enumerate(channels[pair.channel])
        ]
        if not pair.in_one_valley or "" in words:
            continue
        try:
            like, opposite = (species_of(config, material, words[place]) for place in (pair.like, OPPOSITE))
        except CarrierError:
            continue
        if (frozenset([pair.spectator, like.label]), opposite.label) not in made:
            found.append(
                f"exchange.long_range also makes the pair of {pair.channel} in the other valley: add the channel"
                f" {words}; without it this coupling is neglected"
            )
    return found


def _reversed(word: str) -> str:
    """Return the word of the time-reversed carrier, or "" for valleys that have no name for it."""
    valley, _, band = word.partition(":")
    if valley not in _REVERSED:
        return ""
    return f"{_REVERSED[valley]}:{band[0]}{_REVERSED.get(band[1:], band[1:])}"

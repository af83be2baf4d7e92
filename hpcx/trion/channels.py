"""Trions as channels: three carriers, each a band of any valley (`hpcx.exciton.carriers`).

A channel is no other Hamiltonian than that of singlet and triplet: momenta count from the centre of each carrier's own
valley, so that the total momentum is K1 + K2 - K3 of the three centres, and the bands are those of the valleys. What
takes a pair from one valley to another (W at the distance of valleys, tenths of a meV) is left out; exchange is added
by `hpcx.trion.coupled`.
"""

from __future__ import annotations

from hpcx.exciton.carriers import Species, species_of
from hpcx.materials.loader import Material
from hpcx.trion.config import Config


def channel(config: Config, material: Material, name: str) -> tuple[Species, Species, Species]:
    """Return the carriers of a channel of the input; raises CarrierError."""
    first, second, third = (species_of(config, material, word) for word in config.trion.channels[name])
    return first, second, third

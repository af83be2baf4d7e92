"""Trions as channels: three carriers, each a band of any valley. Energies in eV.

A channel is no other Hamiltonian than that of singlet and triplet: momenta count from the centre of each carrier's own
valley, so that the total momentum is K1 + K2 - K3 of the three centres, and the bands are those of the valleys. What
takes a pair from one valley to another (W at the distance of valleys, tenths of a meV) is left out; exchange is added
by `hpcx.trion.exchange`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from hpcx.exciton.problem import carrier_bands
from hpcx.exciton.tight_binding import load_model, load_valleys, occupied_bands, valley_centre
from hpcx.materials.loader import Material, MaterialError
from hpcx.physics.bands import Band, BandModel, Carrier, Level, Massive
from hpcx.physics.valley_bands import TightBindingValleys
from hpcx.trion.config import CARRIER, Config

#: other names of valleys
_ALIASES = {"Gamma": "G", "Lambda": "Q", "Lambda'": "Q'"}
#: numbers of the material by transition and kind: of K valleys, tau s = +1 is A
_TRANSITION = {1: "A", -1: "B"}
#: spins further from 0 than this are definite
_DEFINITE = 0.1


@dataclass(frozen=True)
class Species:
    """One carrier of a channel.

    Attributes:
        label: by which the band model knows it; equal labels are one band.
        valley: equal for carriers of one valley.
        spin: +1 or -1; 0 if the bands have no spin or a mixed one.
        edge: energy of the carrier at its valley's centre above the lowest electron or hole of the K valleys, eV; NaN
            if nobody says it.
    """

    label: Carrier | Level | Massive
    valley: Hashable
    spin: int
    edge: float


class ChannelError(ValueError):
    """A channel names a carrier that the bands do not have."""


def channel(config: Config, material: Material, name: str) -> tuple[Species, Species, Species]:
    """Return the carriers of a channel of the input; raises ChannelError."""
    first, second, third = (species_of(config, material, word) for word in config.trion.channels[name])
    return first, second, third


def conduction_order(config: Config, material: Material) -> str:
    """Return "bright" or "dark", as the input, the bands or the material say; raises MaterialError for another word.

    Bands that say it have an attribute `order`: a tight-binding model whose conduction bands differ.
    """
    model = carrier_bands(config, material)
    own = config.trion.conduction_order or getattr(model, "order", None)
    order = own or (
        material.texts.get("carriers.order", "bright") if hasattr(model, "order") else material.text("carriers.order")
    )
    if order not in ("bright", "dark"):
        raise MaterialError(f"{material.name}: carriers.order = {order!r}: expected bright or dark")
    return order


def species_of(config: Config, material: Material, word: str) -> Species:
    """Return the carrier that a word such as "K:c1" names; raises ChannelError."""
    found = CARRIER.fullmatch(word)
    if found is None:
        raise ChannelError(f"{word}: is not a carrier")
    valley, conduction, which = _ALIASES.get(found["valley"], found["valley"]), found["kind"] == "c", found["which"]
    if config.bands.model == "tight-binding":
        return _of_model(config, word, valley, conduction, which)
    if valley in ("K", "K'"):
        return _of_k_valleys(config, material, word, valley, conduction, which)
    if valley in ("Q", "Q'") and conduction and config.bands.model == "parabolic":
        return _of_lambda(material, valley, which)
    raise ChannelError(
        f"{word}: {config.bands.model} bands have no such carrier; they have c and v at K and K'" + _more(config)
    )


def _more(config: Config) -> str:
    return ", and c of Lambda and Lambda'" if config.bands.model == "parabolic" else ""


def _of_k_valleys(config: Config, material: Material, word: str, valley: str, conduction: bool, which: str) -> Species:
    """Return a carrier of Dirac or parabolic bands:
    two conduction and two valence bands in each valley, of opposite spin.
    """
    tau = 1 if valley == "K" else -1
    lower = -1 if conduction and conduction_order(config, material) == "dark" else 1
    pair = tau * int(which + "1") if which in "+-" else {"1": lower, "2": -lower}.get(which)
    if pair is None:
        raise ChannelError(f"{word}: there are two conduction and two valence bands in a K valley")
    kind, split = ("electron", "conduction") if conduction else ("hole", "valence")
    edge = 0.0 if pair == lower else _optional(material, f"carriers.{split}_splitting", "eV")
    if config.bands.model == "parabolic":
        mass = material.number(f"carriers.{kind}_{_TRANSITION[pair]}_mass", "m0")
        return Species(Massive(mass, f"{valley}{_TRANSITION[pair]}", conduction), valley, pair * tau, edge)
    return Species(Carrier(pair, tau, conduction), valley, pair * tau, edge)


def _of_lambda(material: Material, valley: str, which: str) -> Species:
    mass, edge = (
        material.number("carriers.electron_Lambda_mass", "m0"),
        _optional(material, "carriers.Lambda_energy", "eV"),
    )
    spin = int(which + "1") if which in "+-" else 0
    return Species(Massive(mass, valley, True), valley, spin, edge)


def _optional(material: Material, key: str, unit: str) -> float:
    return material.number(key, unit) if key in material.numbers else np.nan


def _of_model(config: Config, word: str, valley: str, conduction: bool, which: str) -> Species:
    """Return a band of a tight-binding model; its energy counts from the band edges of the input's valley."""
    model, occupied, bands = (
        load_model(config.tight_binding),
        occupied_bands(config.tight_binding),
        load_valleys(config.tight_binding),
    )
    centre = valley_centre(valley, model, occupied, f"trion.channels: {word}")
    place_x = np.array(centre) @ model.reciprocal_vx
    if which in "+-":
        if bands.spin_i is None:
            raise ChannelError(f"{word}: the model has no spin (tight_binding.spin): give the number of the band")
        number = bands.of_spin(place_x, int(which + "1"), conduction)
    else:
        number = occupied - 1 + int(which) if conduction else occupied - int(which)
    if not (occupied if conduction else 0) <= number < (model.orbitals if conduction else occupied):
        raise ChannelError(f"{word}: the model has no such band; {occupied} of its {model.orbitals} bands are occupied")
    label, spin = Level(centre, number, conduction), bands.spin(place_x)[number]
    return Species(label, centre, int(np.sign(spin)) if abs(spin) > _DEFINITE else 0, _edge(bands, label))


def _edge(bands: TightBindingValleys, label: Level) -> float:
    """Return the energy of a carrier at its valley's centre from that of the band
    next to the gap in the input's valley, eV.
    """
    edge = bands.model.energies(bands.centre_x[None])[0, bands.occupied if label.conduction else bands.occupied - 1]
    return (bands.energy(label) - edge) * (1 if label.conduction else -1)


def dipole(model: BandModel, pair: tuple[Species, Species], bands: tuple[Band, Band], helicity: str) -> np.ndarray:
    """Return the optical matrix element (n,) of an electron and a hole;
    zero if they are in different valleys or of opposite spin.
    """
    electron, hole = pair
    if electron.valley != hole.valley or electron.spin * hole.spin < 0:
        return np.zeros(len(bands[0].energy_k), complex)
    return model.dipole(*bands, helicity)

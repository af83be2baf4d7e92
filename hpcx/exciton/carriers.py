"""Carriers by name: bands of any valley, for pairs and trions. Energies in eV.

Momenta count from the centre of each carrier's own valley, so that a pair has the total momentum K_e - K_h of the two
centres. What takes a pair from one valley to another (W at the distance of valleys, tenths of a meV) is left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hpcx.exciton.carriers_config import CARRIER, nearest_valley
from hpcx.exciton.config import CarriersInput
from hpcx.exciton.tight_binding import load_model, load_valleys, occupied_bands, valley_centre
from hpcx.materials.band_models import BAND_MODELS
from hpcx.materials.loader import Material, MaterialError
from hpcx.physics.bands import Band, BandModel, Carrier, Level, Massive, load_bands
from hpcx.physics.valley_bands import TightBindingValleys

#: a carrier as band models know it
Label = Carrier | Level | Massive
#: electron and hole of the A exciton
A_PAIR = (Carrier(1, 1, True), Carrier(1, 1, False))
#: other names of valleys
_ALIASES = {"Gamma": "G", "Γ": "G", "Lambda": "Q", "Lambda'": "Q'", "Λ": "Q", "Λ'": "Q'"}
#: valleys of K and of Lambda by all their names
_K_VALLEYS, _LAMBDA = ("K", "K'"), ("Lambda", "Lambda'", "Q", "Q'")
#: numbers of the material by transition and kind: of K valleys, tau s = +1 is A
_TRANSITION = {1: "A", -1: "B"}
#: spins further from 0 than this are definite
_DEFINITE = 0.1


@dataclass(frozen=True)
class Species:
    """One carrier.

    Attributes:
        label: by which the band model knows it; equal labels are one band.
        valley: equal for carriers of one valley.
        spin: +1 or -1; 0 if the bands have no spin or a mixed one.
        edge: energy of the carrier at its valley's centre above the lowest electron or hole of the K valleys, eV; NaN
            if nobody says it.
    """

    label: Label
    valley: Hashable
    spin: int
    edge: float


class CarrierError(ValueError):
    """An input names a carrier that the bands do not have."""


def carrier_bands(config: CarriersInput, material: Material) -> BandModel:
    """Return the band model of an input."""
    if config.bands.model == "tight-binding":
        return load_valleys(config.tight_binding)
    return load_bands(BAND_MODELS[config.bands.model].place).of_material(material, config.bands.masses)


def conduction_order(config: CarriersInput, material: Material) -> str:
    """Return "bright" or "dark", as the input, the bands or the material say; raises MaterialError for another word.

    Bands that say it have an attribute `order`: a tight-binding model whose conduction bands differ.
    """
    model = carrier_bands(config, material)
    own = config.conduction_order or getattr(model, "order", None)
    order = own or (
        material.texts.get("carriers.order", "bright") if hasattr(model, "order") else material.text("carriers.order")
    )
    if order not in ("bright", "dark"):
        raise MaterialError(f"{material.name}: carriers.order = {order!r}: expected bright or dark")
    return order


def species_of(config: CarriersInput, material: Material, word: str) -> Species:
    """Return the carrier that a word such as "K:c1" names; raises CarrierError."""
    found = CARRIER.fullmatch(word)
    if found is None:
        raise CarrierError(f"{word}: is not a carrier")
    valley, conduction, which = _ALIASES.get(found["valley"], found["valley"]), found["kind"] == "c", found["which"]
    if config.bands.model == "tight-binding":
        return _of_model(config, word, valley, conduction, which)
    if valley in _K_VALLEYS:
        return _of_k_valleys(config, material, word, valley, conduction, which)
    parabolic = config.bands.model == "parabolic"
    if valley in _LAMBDA and conduction and parabolic:
        return _of_lambda(material, valley, which)
    more = ", and c of Lambda and Lambda' (also called Q and Q')" if parabolic else ""
    near = nearest_valley(found["valley"], (*_K_VALLEYS, *(_LAMBDA if parabolic and conduction else ())))
    meant = f"; did you mean '{near}:{found['kind']}{which}'?" if near else ""
    raise CarrierError(
        f"{word}: {config.bands.model} bands have no such carrier; they have c and v at K and K'{more}{meant}"
    )


def _of_k_valleys(
    config: CarriersInput, material: Material, word: str, valley: str, conduction: bool, which: str
) -> Species:
    """Return a carrier of Dirac or parabolic bands:
    two conduction and two valence bands in each valley, of opposite spin.
    """
    tau = 1 if valley == "K" else -1
    lower = -1 if conduction and conduction_order(config, material) == "dark" else 1
    pair = tau * int(which + "1") if which in "+-" else {"1": lower, "2": -lower}.get(which)
    if pair is None:
        raise CarrierError(f"{word}: there are two conduction and two valence bands in a K valley")
    kind, split = ("electron", "conduction") if conduction else ("hole", "valence")
    edge = 0.0 if pair == lower else _optional(material, f"carriers.{split}_splitting", "eV")
    if config.bands.model == "parabolic":
        mass = config.bands.masses.get(f"{kind}_mass") if pair > 0 else None
        mass = mass or material.number(f"carriers.{kind}_{_TRANSITION[pair]}_mass", "m0")
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


def _of_model(config: CarriersInput, word: str, valley: str, conduction: bool, which: str) -> Species:
    """Return a band of a tight-binding model; its energy counts from the band edges of the input's valley."""
    model, occupied, bands = (
        load_model(config.tight_binding),
        occupied_bands(config.tight_binding),
        load_valleys(config.tight_binding),
    )
    centre = valley_centre(valley, model, occupied, word)
    place_x = np.array(centre) @ model.reciprocal_vx
    if which in "+-":
        if bands.spin_i is None:
            raise CarrierError(f"{word}: the model has no spin (tight_binding.spin): give the number of the band")
        number = bands.of_spin(place_x, int(which + "1"), conduction)
    else:
        number = occupied - 1 + int(which) if conduction else occupied - int(which)
    if not (occupied if conduction else 0) <= number < (model.orbitals if conduction else occupied):
        raise CarrierError(f"{word}: the model has no such band; {occupied} of its {model.orbitals} bands are occupied")
    label, spin = Level(centre, number, conduction), bands.spin(place_x)[number]
    return Species(label, centre, int(np.sign(spin)) if abs(spin) > _DEFINITE else 0, _edge(bands, label))


def _edge(bands: TightBindingValleys, label: Level) -> float:
    """Return the energy of a carrier at its valley's centre from that of the band
    next to the gap in the input's valley, eV.
    """
    edge = bands.model.energies(bands.centre_x[None])[0, bands.occupied if label.conduction else bands.occupied - 1]
    return (bands.energy(label) - edge) * (1 if label.conduction else -1)


def pair_labels(config: CarriersInput, material: Material, transition: str = "A") -> tuple[Label, Label]:
    """Return electron and hole of an input: those that it names, or those of a transition ("A" or "B") of the K valley;
    raises CarrierError.
    """
    named, pair = named_pair(config, material), 1 if transition == "A" else -1
    return (named[0].label, named[1].label) if named else (Carrier(pair, 1, True), Carrier(pair, 1, False))


def named_pair(config: CarriersInput, material: Material) -> tuple[Species, Species] | None:
    """Return electron and hole if the input names one of them, the other one is that of the A exciton;
    raises CarrierError.
    """
    return _pair(config, material, pair_words(config)) if config.carrier_words else None


def _pair(config: CarriersInput, material: Material, words: Mapping[str, str]) -> tuple[Species, Species]:
    electron, hole = (species_of(config, material, words[name]) for name in ("electron", "hole"))
    return electron, hole


def pair_words(config: CarriersInput) -> dict[str, str]:
    """Return the words of electron and hole: of the A exciton where the input has none."""
    return _a_words(config) | config.carrier_words


def described(config: CarriersInput) -> str:
    """Return the carriers of an input's pair as text."""
    return ", ".join(f"{name} {word}" for name, word in pair_words(config).items())


def _a_words(config: CarriersInput) -> dict[str, str]:
    """Return the words of electron and hole of the A exciton."""
    if config.bands.model != "tight-binding":
        return {"electron": "K:c+", "hole": "K:v+"}
    bands, valley = load_valleys(config.tight_binding), config.tight_binding.valley
    electron, hole = (bands.at_centre(carrier)[0] for carrier in A_PAIR)
    return {
        "electron": f"{valley}:c{electron - bands.occupied + 1}",
        "hole": f"{valley}:v{bands.occupied - hole}",
    }


def pair_gap(config: CarriersInput, material: Material) -> float | None:
    """Return the gap between the edges of the input's pair, eV: `gap` is that of the A exciton.

    None if there is no gap, NaN if nobody says how far the edges of this pair are from those of the A exciton.
    """
    named = named_pair(config, material)
    if config.gap is None or named is None:
        return config.gap
    return config.gap + band_edge(named) - band_edge(_pair(config, material, _a_words(config)))


def band_edge(carriers: Iterable[Species]) -> float:
    """Return the energy of carriers at their valleys' centres above those of the lowest bands of the K valleys, eV;
    NaN if nobody says it.
    """
    return sum(species.edge for species in carriers)


def is_bright(pair: tuple[Species, Species]) -> bool:
    """Say whether light may make an electron and a hole: in one valley and not of opposite spin."""
    electron, hole = pair
    return electron.valley == hole.valley and electron.spin * hole.spin >= 0


def dipole(model: BandModel, pair: tuple[Species, Species], bands: tuple[Band, Band], helicity: str) -> np.ndarray:
    """Return the optical matrix element (n,) of an electron and a hole; zero unless light may make them."""
    return model.dipole(*bands, helicity) if is_bright(pair) else np.zeros(len(bands[0].energy_k), complex)

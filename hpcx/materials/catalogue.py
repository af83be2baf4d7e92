"""Every number that a material or environment file may hold: its dimension, its bounds and its meaning.

A number outside its bounds is a slip (a sign, a unit, a misplaced power of ten), and is refused before anything is
computed with it. A new number of a material is one row of `NUMBERS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from itertools import product
from typing import Any, NamedTuple

from hpcx.spelling import suggestion

#: meaning of a number that has none yet
NOT_DESCRIBED = "no description yet"


@dataclass(frozen=True)
class Allowed:
    """What a number may be: its unit, the bounds in that unit (included), its meaning, whether a list or an integer."""

    unit: str
    low: float
    high: float
    meaning: str = NOT_DESCRIBED
    is_list: bool = False
    is_integer: bool = False

    @property
    def range(self) -> str:
        """The bounds as text."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{'an integer ' if self.is_integer else ''}from {self.low:g} to {self.high:g}{unit}"


class Words(NamedTuple):
    """What a text may be, any if there are no words, and its meaning."""

    words: tuple[str, ...]
    meaning: str


def _written_out(table: dict[str, Allowed]) -> dict[str, Allowed]:
    """Write out the alternatives in braces of the keys; {0}, {1}, ... of a meaning stand for the alternative chosen."""
    found = {}
    for pattern, allowed in table.items():
        for parts in product(*(part.split(",") for part in re.split("[{}]", pattern))):
            found["".join(parts)] = replace(allowed, meaning=allowed.meaning.format(*parts[1::2]))
    return found


_MASS = partial(Allowed, "m0", 0.01, 100)
_SPLITTING = partial(Allowed, "eV", 0, 2)
_EXCITON = partial(Allowed, "eV", 0.1, 10)
_PHONON = partial(Allowed, "meV", 0.1, 1000)
_ACOUSTIC = partial(Allowed, "eV", -100, 100)
_OPTICAL = partial(Allowed, "eV/angstrom", -100, 100)
_PERMITTIVITY = partial(Allowed, "1", 1, 1000)
_SHIFT = partial(Allowed, "meV", -2000, 2000)
_R0 = partial(Allowed, "nm", 0, 1000)
_WIDTH = partial(Allowed, "meV", 0, 1000)

#: what an environment file may hold, by pattern of the dotted key
ENVIRONMENT: dict[str, Allowed] = {
    "kappa": _PERMITTIVITY("dielectric constant: mean of those above and below the layer"),
    "slab.*.parallel": _PERMITTIVITY("in-plane relative permittivity of the slab"),
    "slab.*.perpendicular": _PERMITTIVITY("out-of-plane relative permittivity of the slab"),
    "slab.*.thickness": Allowed("nm", 1e-3, 1e9, "thickness of the slab; without it the slab is a half space"),
    "sheet.*.r0": _R0("screening length r0 = 2 pi chi of the sheet of polarisability chi, in vacuum"),
    "sheet.*.height": Allowed("nm", -1e9, 1e9, "height of the sheet"),
    "sheet.*.gap_parallel": _PERMITTIVITY("in-plane relative permittivity of the gap below the sheet; default: vacuum"),
    "sheet.*.gap_perpendicular": _PERMITTIVITY("out-of-plane relative permittivity of this gap"),
    "table.q": Allowed("1/nm", 0, 1e4, "momenta at which the interaction is given, ascending", is_list=True),
    "table.epsilon": Allowed("1", 1e-3, 1e6, "dielectric function at these momenta", is_list=True),
    "table.epsilon_inverse": Allowed("1", 1e-6, 1e3, "inverse dielectric function at these momenta", is_list=True),
    "table.W": Allowed("eV*nm^2", 1e-12, 1e9, "screened interaction at these momenta", is_list=True),
}
#: transitions of one carrier between valleys
_TRANSITIONS = (("electron", "K", "Kprime"), ("electron", "K", "Lambda"), ("electron", "Kprime", "Lambda"))
#: by pattern of the dotted key, with alternatives in braces; the first that fits counts
_ROWS: dict[str, Allowed] = {
    "lattice.constant": Allowed("angstrom", 1, 100, "lattice constant a"),
    "lattice.mass_density": Allowed("kg/m^2", 1e-8, 1e-3, "mass of the layer per area"),
    "carriers.hopping": Allowed(
        "eV",
        1e-3,
        20,
        "hopping t of massive Dirac bands: a t is their velocity, a t over a gap the optical dipole moment",
    ),
    "carriers.gap": Allowed(
        "eV", 1e-3, 20, "gap Delta of massive Dirac bands, for masses and overlaps; not the gap of the spectrum"
    ),
    "carriers.valence_splitting": _SPLITTING("splitting 2 lambda of the valence bands at K"),
    "carriers.conduction_splitting": _SPLITTING("splitting of the conduction bands at K"),
    "carriers.Lambda_energy": _SHIFT("Lambda minimum above the lowest conduction band at K"),
    "carriers.electron_{A,B}_mass": _MASS(
        "electron mass at K in the conduction band of the {0} exciton; at K' the other band has its spin"
    ),
    "carriers.electron_Lambda_mass": _MASS("electron mass at Lambda"),
    "carriers.hole_{A,B}_mass": _MASS("hole mass at K in the valence band of the {0} exciton"),
    "interaction.r0": _R0("screening length r0 = 2 pi chi of the layer of polarisability chi, in vacuum"),
    "interaction.kappa": _PERMITTIVITY("dielectric constant of the surroundings, if the input names none"),
    "optics.exciton_{A,B}_energy": _EXCITON("energy of the bright {0} exciton, 1s"),
    "optics.dipole_gap": _EXCITON("band gap E_g in the optical dipole moment a t / E_g"),
    "optics.dephasing_acoustic": Allowed(
        "meV/K", 0, 10, "half width of the 1s exciton by acoustic phonons, per kelvin"
    ),
    "optics.dephasing_optical": _WIDTH("half width of the 1s exciton by absorption of optical phonons, per phonon"),
    "optics.radiative_broadening": _WIDTH("radiative broadening of the bright exciton, hbar times its decay rate"),
    "optics.refractive_index": Allowed("1", 1, 10, "refractive index of the surroundings, which bounds the light cone"),
    "excitons.energy_{KK,KKprime,KLambda}": _SHIFT("energy of the {0} exciton relative to the bright KK exciton"),
    "excitons.degeneracy_{KK}": Allowed(
        "1", 1, 1, "number of equivalent {0} valleys for one hole at K", is_integer=True
    ),
    "excitons.degeneracy_{KKprime,KLambda}": Allowed(
        "1", 1, 12, "number of equivalent {0} valleys for one hole at K", is_integer=True
    ),
    "phonons.acoustic.velocity_{LA,TA}": Allowed(
        "km/s", 0.01, 100, "velocity of {0} phonons; without TA, acoustic phonons have that of LA"
    ),
    "phonons.acoustic.coupling_ratio_TA": Allowed(
        "1", 0, 10, "coupling of TA over that of LA phonons; 0 where that stands for both"
    ),
    "phonons.acoustic.electron_potential_{K,Kprime,Lambda}": _ACOUSTIC(
        "deformation potential of electrons at {0} for acoustic phonons, inside a valley"
    ),
    "phonons.acoustic.hole_potential": _ACOUSTIC(
        "deformation potential of holes at K for acoustic phonons, inside a valley"
    ),
    "phonons.optical_{TO,LO,A1}.energy": _PHONON("energy of the {0} phonons at Gamma, in place of lumped ones"),
    "phonons.optical_{TO,LO,A1}.{electron,hole}_potential": _OPTICAL(
        "deformation potential of the {1} for {0} phonons at Gamma, inside a valley"
    ),
    "phonons.optical.energy": _PHONON("energy of the optical phonons at Gamma, lumped"),
    "phonons.optical.{electron,hole}_potential": _OPTICAL(
        "deformation potential of the {0} for the optical phonons at Gamma, inside a valley"
    ),
    "phonons.{K,Lambda,M}.energy_{TA,LA,TO,LO,A1}": _PHONON("energy of the {1} phonon at the point {0} of the zone"),
    **{
        f"phonons.{carrier}_{first}_{second}.potential_{{acoustic,optical}}": _OPTICAL(
            f"deformation potential of each {{0}} branch that moves electrons between {first} and {second}",
        )
        for carrier, first, second in (*_TRANSITIONS, ("electron", "Lambda", "Lambda"))
    },
    **{
        f"phonons.lumped.{carrier}_{first}_{second}.{{acoustic,optical}}_{number}": bounds(
            f"{name} of the {{0}} phonons that move the {carrier} between {first} and {second}, lumped"
        )
        for carrier, first, second in (*_TRANSITIONS, ("hole", "K", "Kprime"))
        for number, name, bounds in (
            ("energy", "energy", _PHONON),
            ("potential", "deformation potential", _OPTICAL),
        )
    },
    "phonons.spin_flip.{intravalley,intervalley}_energy": _PHONON(
        "energy of the phonon that flips the electron's spin, {0}"
    ),
    "substrate.oxide_index": Allowed("1", 1, 10, "refractive index of the oxide on the substrate"),
    "substrate.oxide_thickness": Allowed("nm", 0, 1e5, "thickness of the oxide on the substrate"),
    "substrate.photon_energy": Allowed(
        "eV", 0.01, 100, "photon energies at which the indices of silicon are given, ascending", is_list=True
    ),
    "substrate.silicon_index": Allowed(
        "1", 0.01, 20, "refractive index of silicon at these photon energies", is_list=True
    ),
    "substrate.silicon_extinction": Allowed(
        "1", 0, 20, "extinction coefficient of silicon at these photon energies", is_list=True
    ),
    **ENVIRONMENT,
}
NUMBERS = _written_out(_ROWS)
#: texts that choose, by pattern of the key
WORDS: dict[str, Words] = {
    "carriers.order": Words(
        ("bright", "dark"),
        'lower conduction band at K: that with the spin of the upper valence band ("bright") or the other ("dark")',
    ),
    "slab.*.side": Words(
        ("above", "below", "both"),
        "side of the layer on which the slab lies; slabs on one side are listed from the layer outwards",
    ),
    "sheet.*.carriers": Words(
        ("electron", "hole", "both"), "which carriers are in the sheet; a sheet without them only screens"
    ),
    "table.column": Words(("epsilon", "epsilon_inverse", "W"), "quantities in the columns of the table's file"),
    "interaction": Words((), "name of the interaction of charges in these surroundings"),
    "table.file": Words((), "file with the table"),
    "table.q_unit": Words((), "unit of the momenta in the file"),
    "table.unit": Words((), "unit of the values in the file"),
}
#: texts without effect
NOTES = ("name", "formula", "comment", "source")


def allowed_number(key: str) -> Allowed | None:
    """Return what the number `key` may be, or None if no model knows it."""
    return _of_pattern(NUMBERS, key)


def allowed_words(key: str) -> tuple[str, ...] | None:
    """Return which words may stand at `key`, none for any; None if no word is known there."""
    found = _of_pattern(WORDS, key)
    return None if found is None else found.words


def meaning(key: str) -> str:
    """Return what a number or word of a material means; raises KeyError for one that no model knows."""
    found = _of_pattern(NUMBERS, key) or _of_pattern(WORDS, key)
    if found is None:
        raise KeyError(key)
    return found.meaning


def _of_pattern(table: dict[str, Any], key: str) -> Any:
    if key in table:
        return table[key]
    return next((allowed for pattern, allowed in table.items() if fnmatchcase(key, pattern)), None)


def known_keys() -> list[str]:
    """Return all keys of numbers and words, with the patterns of those that may be repeated."""
    return [*NUMBERS, *WORDS]


@lru_cache(maxsize=32)
def matching(*patterns: str) -> tuple[str, ...]:
    """Return all known keys that match the patterns, those of a pattern in the order of the alphabet."""
    return tuple(
        dict.fromkeys(key for pattern in patterns for key in sorted(known_keys()) if fnmatchcase(key, pattern))
    )


def meant(key: str) -> str:
    """Return "; did you mean 'x'?" for the known key that looks most like `key`, or nothing."""
    return suggestion(key, known_keys(), 0.6)

"""Every number that a material or environment file may hold: its dimension and the bounds within which it makes sense.

A number outside is a slip (a sign, a unit, a misplaced power of ten), and is refused before anything is computed with it. A
new number of a material becomes known here, by one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from hpcx.spelling import suggestion


@dataclass(frozen=True)
class Allowed:
    """What a number may be: its unit, the bounds in that unit (included), and whether it is a list or an integer."""

    unit: str
    low: float
    high: float
    is_list: bool = False
    is_integer: bool = False

    @property
    def range(self) -> str:
        """The bounds as text."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{'an integer ' if self.is_integer else ''}from {self.low:g} to {self.high:g}{unit}"


_MASS = Allowed("m0", 0.01, 100)
_SPLITTING = Allowed("eV", 0, 2)
_EXCITON = Allowed("eV", 0.1, 10)
_PHONON = Allowed("meV", 0.1, 1000)
_VELOCITY = Allowed("km/s", 0.01, 100)
_AREAL_DENSITY = Allowed("kg/m^2", 1e-8, 1e-3)
_ACOUSTIC = Allowed("eV", -100, 100)
_OPTICAL = Allowed("eV/angstrom", -100, 100)
_LENGTH = Allowed("nm", 0, 1000)
_PERMITTIVITY = Allowed("1", 1, 1000)
_SHIFT = Allowed("meV", -2000, 2000)

#: what an environment file may hold, by pattern of the dotted key
ENVIRONMENT: dict[str, Allowed] = {
    "kappa": _PERMITTIVITY,
    "slab.*.parallel": _PERMITTIVITY,
    "slab.*.perpendicular": _PERMITTIVITY,
    "slab.*.thickness": Allowed("nm", 1e-3, 1e9),
    "table.q": Allowed("1/nm", 0, 1e4, is_list=True),
    "table.epsilon": Allowed("1", 1e-3, 1e6, is_list=True),
    "table.epsilon_inverse": Allowed("1", 1e-6, 1e3, is_list=True),
    "table.W": Allowed("eV*nm^2", 1e-12, 1e9, is_list=True),
}
#: by pattern of the dotted key; the first that fits counts
NUMBERS: dict[str, Allowed] = {
    "lattice.constant": Allowed("angstrom", 1, 100),
    "bands.hopping": Allowed("eV", 1e-3, 20),
    "bands.gap": Allowed("eV", 1e-3, 20),
    "bands.valence_splitting": _SPLITTING,
    "screening.polarizability": Allowed("angstrom", 0, 1000),
    "exciton.parabolic.electron_mass": _MASS,
    "exciton.parabolic.hole_mass": _MASS,
    "valley.bands.exciton_energy": _EXCITON,
    "valley.bands.conduction_splitting": _SPLITTING,
    "valley.bands.valence_splitting": _SPLITTING,
    "valley.bands.lambda_energy": _SHIFT,
    "valley.bands.hole_[AB]_mass": _MASS,
    "valley.bands.electron_[AB]_mass": _MASS,
    "valley.bands.electron_lambda_mass": _MASS,
    "valley.bands.velocity": Allowed("eV*angstrom", 1e-3, 100),
    "valley.bands.dipole_gap": _EXCITON,
    "valley.screening.length": _LENGTH,
    "valley.phonons.areal_density": _AREAL_DENSITY,
    "valley.phonons.sound_velocity": _VELOCITY,
    "valley.phonons.acoustic_electron": _ACOUSTIC,
    "valley.phonons.acoustic_hole": _ACOUSTIC,
    "valley.phonons.optical_energy": _PHONON,
    "valley.phonons.optical_electron": _OPTICAL,
    "valley.phonons.optical_hole": _OPTICAL,
    "valley.phonons.spin_flip_intravalley_energy": _PHONON,
    "valley.phonons.spin_flip_intervalley_energy": _PHONON,
    **{
        f"valley.phonons.{pair}.{group}_{number}": allowed
        for pair in ("electron_K_Kprime", "electron_K_Lambda", "electron_Kprime_Lambda", "hole_K_Kprime")
        for group in ("acoustic", "optical")
        for number, allowed in (("energy", _PHONON), ("coupling", _OPTICAL))
    },
    **{f"wigner.bands.energy_{valley}": _SHIFT for valley in ("KK", "KKprime", "KLambda")},
    **{f"wigner.bands.electron_mass_{valley}": _MASS for valley in ("K", "Kprime", "Lambda")},
    "wigner.bands.hole_mass": _MASS,
    "wigner.bands.members_KK": Allowed("1", 1, 1, is_integer=True),
    "wigner.bands.members_KKprime": Allowed("1", 1, 12, is_integer=True),
    "wigner.bands.members_KLambda": Allowed("1", 1, 12, is_integer=True),
    "wigner.screening.length": _LENGTH,
    "wigner.screening.permittivity": _PERMITTIVITY,
    "wigner.lattice.mass_density": _AREAL_DENSITY,
    "wigner.acoustic.velocity_LA": _VELOCITY,
    "wigner.acoustic.velocity_TA": _VELOCITY,
    "wigner.acoustic.coupling_ratio_TA": Allowed("1", 0, 10),
    **{f"wigner.acoustic.electron_potential_{valley}": _ACOUSTIC for valley in ("K", "Kprime", "Lambda")},
    "wigner.acoustic.hole_potential": _ACOUSTIC,
    "wigner.optical.energy": _PHONON,
    "wigner.optical.electron_potential": _OPTICAL,
    "wigner.optical.hole_potential": _OPTICAL,
    **{f"wigner.phonons_{momentum}.energy_{mode}": _PHONON for momentum in ("K", "Lambda", "M") for mode in ("TA", "LA", "TO", "LO", "A1")},
    **{f"wigner.phonons_{momentum}.potential_{group}": _OPTICAL for momentum in ("K", "Lambda", "M", "LambdaLambda") for group in ("acoustic", "optical")},
    "wigner.radiation.broadening": Allowed("meV", 0, 1000),
    "wigner.radiation.photon_energy": _EXCITON,
    "wigner.radiation.refractive_index": Allowed("1", 1, 10),
    "formation.hopping_length": Allowed("eV*nm", 1e-3, 100),
    "formation.screening.r0": _LENGTH,
    "formation.screening.kappa": _PERMITTIVITY,
    **{
        f"formation.{manifold}.{number}": allowed
        for manifold in "AB"
        for number, allowed in (("exciton_energy", _EXCITON), ("electron_mass", _MASS), ("hole_mass", _MASS))
    },
    "formation.dephasing.acoustic": Allowed("meV/K", 0, 10),
    "formation.dephasing.optical": Allowed("meV", 0, 1000),
    "formation.dephasing.optical_energy": _PHONON,
    "formation.substrate.oxide_index": Allowed("1", 1, 10),
    "formation.substrate.oxide_thickness": Allowed("nm", 0, 1e5),
    "formation.substrate.photon_energy": Allowed("eV", 0.01, 100, is_list=True),
    "formation.substrate.silicon_index": Allowed("1", 0.01, 20, is_list=True),
    "formation.substrate.silicon_extinction": Allowed("1", 0, 20, is_list=True),
    **ENVIRONMENT,
}
#: texts that choose, by pattern of the key, with what may stand there; no words mean any text
WORDS: dict[str, tuple[str, ...]] = {
    "bands.order": ("bright", "dark"),
    "slab.*.side": ("above", "below", "both"),
    "table.column": ("epsilon", "epsilon_inverse", "W"),
    **dict.fromkeys(("interaction", "table.file", "table.q_unit", "table.unit"), ()),
}
#: texts that only tell
NOTES = ("name", "formula", "comment", "source")


def allowed_number(key: str) -> Allowed | None:
    """Return what the number `key` may be, or None if no model knows it."""
    return _of_pattern(NUMBERS, key)


def allowed_words(key: str) -> tuple[str, ...] | None:
    """Return which words may stand at `key`, none for any; None if no word is known there."""
    return _of_pattern(WORDS, key)


def _of_pattern(table: dict[str, Any], key: str) -> Any:
    if key in table:
        return table[key]
    return next((allowed for pattern, allowed in table.items() if fnmatchcase(key, pattern)), None)


def known_keys() -> list[str]:
    """Return all keys of numbers and words, patterns written out."""
    numbers = [key.replace("[AB]", letter) for key in NUMBERS for letter in ("AB" if "[AB]" in key else "-")]
    return [*numbers, *WORDS]


def keys_below(*prefixes: str) -> list[str]:
    """Return all known keys that begin with one of the prefixes."""
    return list(_keys_below(prefixes))


@lru_cache(maxsize=16)
def _keys_below(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in known_keys() if key.startswith(prefixes))


def meant(key: str) -> str:
    """Return "; did you mean 'x'?" for the known key that looks most like `key`, or nothing."""
    return suggestion(key, known_keys(), 0.6)

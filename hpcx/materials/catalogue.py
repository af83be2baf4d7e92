"""Every number that a material or environment file may hold: its dimension and the bounds within which it makes sense.

A number outside is a slip (a sign, a unit, a misplaced power of ten), and is refused before anything is computed with
it. A new number of a material becomes known here, by one line.
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
_ACOUSTIC = Allowed("eV", -100, 100)
_OPTICAL = Allowed("eV/angstrom", -100, 100)
_PERMITTIVITY = Allowed("1", 1, 1000)
_SHIFT = Allowed("meV", -2000, 2000)

#: what an environment file may hold, by pattern of the dotted key
ENVIRONMENT: dict[str, Allowed] = {
    "kappa": _PERMITTIVITY,
    "slab.*.parallel": _PERMITTIVITY,
    "slab.*.perpendicular": _PERMITTIVITY,
    "slab.*.thickness": Allowed("nm", 1e-3, 1e9),
    "sheet.*.r0": Allowed("nm", 0, 1000),
    "sheet.*.height": Allowed("nm", -1e9, 1e9),
    "sheet.*.gap_parallel": _PERMITTIVITY,
    "sheet.*.gap_perpendicular": _PERMITTIVITY,
    "table.q": Allowed("1/nm", 0, 1e4, is_list=True),
    "table.epsilon": Allowed("1", 1e-3, 1e6, is_list=True),
    "table.epsilon_inverse": Allowed("1", 1e-6, 1e3, is_list=True),
    "table.W": Allowed("eV*nm^2", 1e-12, 1e9, is_list=True),
}
#: transitions of one carrier between valleys
_TRANSITIONS = ("electron_K_Kprime", "electron_K_Lambda", "electron_Kprime_Lambda")
#: by pattern of the dotted key; the first that fits counts
NUMBERS: dict[str, Allowed] = {
    "lattice.constant": Allowed("angstrom", 1, 100),
    "lattice.mass_density": Allowed("kg/m^2", 1e-8, 1e-3),
    "carriers.hopping": Allowed("eV", 1e-3, 20),
    "carriers.gap": Allowed("eV", 1e-3, 20),
    "carriers.valence_splitting": _SPLITTING,
    "carriers.conduction_splitting": _SPLITTING,
    "carriers.Lambda_energy": _SHIFT,
    "carriers.electron_[AB]_mass": _MASS,
    "carriers.electron_Lambda_mass": _MASS,
    "carriers.hole_[AB]_mass": _MASS,
    "interaction.r0": Allowed("nm", 0, 1000),
    "interaction.kappa": _PERMITTIVITY,
    "optics.exciton_[AB]_energy": _EXCITON,
    "optics.dipole_gap": _EXCITON,
    "optics.dephasing_acoustic": Allowed("meV/K", 0, 10),
    "optics.dephasing_optical": Allowed("meV", 0, 1000),
    "optics.radiative_broadening": Allowed("meV", 0, 1000),
    "optics.refractive_index": Allowed("1", 1, 10),
    **{f"excitons.energy_{valley}": _SHIFT for valley in ("KK", "KKprime", "KLambda")},
    "excitons.degeneracy_KK": Allowed("1", 1, 1, is_integer=True),
    "excitons.degeneracy_KKprime": Allowed("1", 1, 12, is_integer=True),
    "excitons.degeneracy_KLambda": Allowed("1", 1, 12, is_integer=True),
    **{f"phonons.acoustic.velocity_{branch}": Allowed("km/s", 0.01, 100) for branch in ("LA", "TA")},
    "phonons.acoustic.coupling_ratio_TA": Allowed("1", 0, 10),
    **{f"phonons.acoustic.electron_potential_{valley}": _ACOUSTIC for valley in ("K", "Kprime", "Lambda")},
    "phonons.acoustic.hole_potential": _ACOUSTIC,
    **{f"phonons.optical_{branch}.energy": _PHONON for branch in ("TO", "LO", "A1")},
    **{
        f"phonons.optical_{branch}.{carrier}_potential": _OPTICAL
        for branch in ("TO", "LO", "A1")
        for carrier in ("electron", "hole")
    },
    "phonons.optical.energy": _PHONON,
    "phonons.optical.electron_potential": _OPTICAL,
    "phonons.optical.hole_potential": _OPTICAL,
    **{
        f"phonons.{point}.energy_{branch}": _PHONON
        for point in ("K", "Lambda", "M")
        for branch in ("TA", "LA", "TO", "LO", "A1")
    },
    **{
        f"phonons.{pair}.potential_{group}": _OPTICAL
        for pair in (*_TRANSITIONS, "electron_Lambda_Lambda")
        for group in ("acoustic", "optical")
    },
    **{
        f"phonons.lumped.{pair}.{group}_{number}": allowed
        for pair in (*_TRANSITIONS, "hole_K_Kprime")
        for group in ("acoustic", "optical")
        for number, allowed in (("energy", _PHONON), ("potential", _OPTICAL))
    },
    "phonons.spin_flip.intravalley_energy": _PHONON,
    "phonons.spin_flip.intervalley_energy": _PHONON,
    "substrate.oxide_index": Allowed("1", 1, 10),
    "substrate.oxide_thickness": Allowed("nm", 0, 1e5),
    "substrate.photon_energy": Allowed("eV", 0.01, 100, is_list=True),
    "substrate.silicon_index": Allowed("1", 0.01, 20, is_list=True),
    "substrate.silicon_extinction": Allowed("1", 0, 20, is_list=True),
    **ENVIRONMENT,
}
#: texts that choose, by pattern of the key, with what may stand there; no words mean any text
WORDS: dict[str, tuple[str, ...]] = {
    "carriers.order": ("bright", "dark"),
    "slab.*.side": ("above", "below", "both"),
    "sheet.*.carriers": ("electron", "hole", "both"),
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


@lru_cache(maxsize=32)
def matching(*patterns: str) -> tuple[str, ...]:
    """Return all known keys that match the patterns, those of a pattern in the order of the alphabet."""
    return tuple(
        dict.fromkeys(key for pattern in patterns for key in sorted(known_keys()) if fnmatchcase(key, pattern))
    )


def meant(key: str) -> str:
    """Return "; did you mean 'x'?" for the known key that looks most like `key`, or nothing."""
    return suggestion(key, known_keys(), 0.6)

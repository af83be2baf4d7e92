"""Old names of material numbers, from hpcx 0.1 with its separate tables for each model; this release still reads them.

A number of a model's own table applies to that model only, as before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from hpcx import units

#: models that had tables of their own; the trion used that of the exciton
_OWNERS = ("exciton", "wigner", "formation", "valley")
#: pattern of the old key, and the new key
_RENAMED: tuple[tuple[str, str], ...] = (
    (r"bands\.(order|hopping|gap|valence_splitting)", r"carriers.\1"),
    (r"exciton\.parabolic\.(electron|hole)_mass", r"carriers.\1_A_mass"),
    (r"valley\.bands\.velocity|formation\.hopping_length", "carriers.hopping"),
    (r"valley\.bands\.(valence_splitting|conduction_splitting|(?:electron|hole)_[AB]_mass)", r"carriers.\1"),
    (r"valley\.bands\.lambda_energy", "carriers.Lambda_energy"),
    (r"valley\.bands\.electron_lambda_mass|wigner\.bands\.electron_mass_Lambda", "carriers.electron_Lambda_mass"),
    (r"wigner\.bands\.electron_mass_K", "carriers.electron_A_mass"),
    (r"wigner\.bands\.electron_mass_Kprime", "carriers.electron_B_mass"),
    (r"wigner\.bands\.hole_mass", "carriers.hole_A_mass"),
    (r"wigner\.bands\.(energy_\w+)", r"excitons.\1"),
    (r"(?:wigner\.bands|excitons)\.members_(\w+)", r"excitons.degeneracy_\1"),
    (r"formation\.([AB])\.(electron|hole)_mass", r"carriers.\2_\1_mass"),
    (r"formation\.([AB])\.exciton_energy", r"optics.exciton_\1_energy"),
    (r"valley\.bands\.exciton_energy|wigner\.radiation\.photon_energy", "optics.exciton_A_energy"),
    (r"valley\.bands\.dipole_gap", "optics.dipole_gap"),
    (r"formation\.dephasing\.(acoustic|optical)", r"optics.dephasing_\1"),
    (r"formation\.dephasing\.optical_energy", "phonons.optical.energy"),
    (r"wigner\.radiation\.broadening", "optics.radiative_broadening"),
    (r"wigner\.radiation\.refractive_index", "optics.refractive_index"),
    (r"screening\.polarizability|(?:valley|wigner)\.screening\.length|formation\.screening\.r0", "interaction.r0"),
    (r"wigner\.screening\.permittivity|formation\.screening\.kappa", "interaction.kappa"),
    (r"valley\.phonons\.areal_density|wigner\.lattice\.mass_density", "lattice.mass_density"),
    (r"valley\.phonons\.sound_velocity", "phonons.acoustic.velocity_LA"),
    (r"valley\.phonons\.acoustic_electron", "phonons.acoustic.electron_potential_K"),
    (r"valley\.phonons\.acoustic_hole", "phonons.acoustic.hole_potential"),
    (r"valley\.phonons\.optical_energy", "phonons.optical.energy"),
    (r"valley\.phonons\.optical_(electron|hole)", r"phonons.optical.\1_potential"),
    (r"valley\.phonons\.spin_flip_(\w+)", r"phonons.spin_flip.\1"),
    (r"(?:valley\.phonons|phonons\.lumped)\.((?:electron|hole)_\w+\.\w+)_coupling", r"phonons.lumped.\1_potential"),
    (r"valley\.phonons\.((?:electron|hole)_\w+\.\w+)", r"phonons.lumped.\1"),
    (r"wigner\.(acoustic|optical)\.(\w+)", r"phonons.\1.\2"),
    (r"wigner\.phonons_(K|Lambda|M)\.(energy_\w+)", r"phonons.\1.\2"),
    (r"wigner\.phonons_K\.(potential_\w+)", r"phonons.electron_K_Kprime.\1"),
    (r"wigner\.phonons_Lambda\.(potential_\w+)", r"phonons.electron_K_Lambda.\1"),
    (r"wigner\.phonons_M\.(potential_\w+)", r"phonons.electron_Kprime_Lambda.\1"),
    (r"wigner\.phonons_LambdaLambda\.(potential_\w+)", r"phonons.electron_Lambda_Lambda.\1"),
    (r"formation\.(substrate\.\w+)", r"\1"),
)
#: the model that alone reads the renamed numbers of a common table
_READERS = {"phonons": "valley", "excitons": "wigner"}
#: old keys for a t; the new key is t
_VELOCITIES = ("valley.bands.velocity", "formation.hopping_length")
_POLARIZABILITY = "screening.polarizability"
#: units of plain numbers in `parameters` that differ from those of the new key
_UNITS = (
    (r"valley\.screening\.length", "angstrom"),
    (r"wigner\.optical\.\w+_potential|wigner\.phonons_\w+\.potential_\w+", "eV/cm"),
    (r"valley\.bands\.valence_splitting", "meV"),
)


class Renamed(NamedTuple):
    """The new name of a number, and the model in whose own table it was, "" for none."""

    key: str
    owner: str


@lru_cache(maxsize=1024)
def renamed(key: str) -> Renamed | None:
    """Return what an old key is called now, or None if it is no old key."""
    for pattern, new in _RENAMED:
        found = re.fullmatch(pattern, key)
        if found:
            owner = key.partition(".")[0]
            return Renamed(found.expand(new), owner if owner in _OWNERS else "")
    return None


def owner_of(model: str) -> str:
    """Return the model whose old tables a model read."""
    return "exciton" if model == "trion" else model


def in_new_terms(key: str, entry: Any, constant: Any) -> Any:
    """Return the entry {value, unit, source} of an old key converted to its new key; `constant` is that of the lattice.

    Raises ValueError if the conversion needs the lattice constant and it is missing.
    """
    if not _is_number(entry):  # text, a list, or malformed
        return entry
    if key == _POLARIZABILITY:
        return {**entry, "value": 2 * math.pi * entry["value"]}
    if key not in _VELOCITIES:
        return entry
    if not _is_number(constant):
        raise ValueError(f"'{key}' is carriers.hopping times lattice.constant now: give these two")
    length = units.convert(constant["value"], constant["unit"], "angstrom")
    return {**entry, "value": units.convert(entry["value"], entry["unit"], "eV*angstrom") / length, "unit": "eV"}


def _is_number(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and isinstance(entry.get("value"), (int, float))
        and isinstance(entry.get("unit"), str)
    )


def new_name(key: str, model: str) -> str:
    """Return the new name of a number in `parameters` of an input of `model`, "" if `key` is no old name for it.

    Raises ValueError if the conversion needs the lattice constant.
    """
    found = renamed(key)
    readers = (found.owner or "exciton", _READERS.get(key.partition(".")[0], "")) if found else ()
    if found is None or owner_of(model) not in readers:
        return ""
    if key in _VELOCITIES:
        raise ValueError("is carriers.hopping times lattice.constant now: give carriers.hopping")
    return found.key


def value_in_new_terms(key: str, value: Any) -> Any:
    """Return the value of a number in `parameters`, converted from its old name `key`; raises ValueError."""
    if key == _POLARIZABILITY:
        return f"{2 * math.pi * units.parse(value, 'angstrom')!r} angstrom"
    unit = _old_unit(key)
    return f"{value!r} {unit}" if unit and isinstance(value, int | float) and not isinstance(value, bool) else value


def _old_unit(key: str) -> str:
    """Return the unit of plain numbers of an old key if it differs from that of the new one, else ""."""
    return next((unit for pattern, unit in _UNITS if re.fullmatch(pattern, key)), "")


def _told(old: str, new: str) -> str:
    """Return a phrase with the new name of an old key, and the relation of the values if they differ."""
    if old == _POLARIZABILITY:
        return f"{old} is {new} / (2 pi)"
    if old in _VELOCITIES:
        return f"{old} is {new} times lattice.constant"
    return f"{old} is {new}" + (f" (a plain number of it was in {unit})" if (unit := _old_unit(old)) else "")


def announcement(where: str, names: Mapping[str, str]) -> str:
    """Return a warning that lists old names with the new ones."""
    words = ", ".join(_told(old, new) for old, new in names.items())
    return f"{where} has names of numbers of hpcx 0.1, which the next release will not read: {words} now"

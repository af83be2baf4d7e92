"""Named parameter sets: numbers of a paper that replace some of those of the material files.

A set is a file of `hpcx/materials/sets`, or a user's file, with tables as in a material file under the name of the
material:

    name = "rosati2020"
    source = "Rosati, Perea-Causin, Brem, Malic, Nanoscale 12, 356 (2020)"

    [WS2.interaction]
    r0 = { value = 3.79, unit = "nm", source = "..." }

`parameter_set` of an input selects one. Every model has a default set, which applies to the materials of hpcx only, not
to a user's own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from hpcx import units
from hpcx.materials.catalogue import NOTES
from hpcx.materials.loader import Material, MaterialError, Number, file_text, library, load_material, read_tables
from hpcx.materials.renamed import owner_of

#: name for no set: the numbers of the material file alone
NONE = "none"


def set_names() -> list[str]:
    """Return the names of the parameter sets that come with hpcx."""
    return list(library("parameter set"))


def load_set(name: str) -> dict[str, dict[str, Number]]:
    """Return the numbers of a set, given by name or path (.toml), by material and key; raises MaterialError."""
    text, stem, origin = file_text(name, "parameter set")
    return _parsed(text, stem, origin)


@lru_cache(maxsize=8)
def _parsed(text: str, stem: str, origin: str) -> dict[str, dict[str, Number]]:
    tables = read_tables(text, origin)
    materials = {
        name: Material.of_tables(table, name, origin) for name, table in tables.items() if isinstance(table, dict)
    }
    notes = [key for key in tables if key not in materials and key not in NOTES]
    words = [*notes, *(f"{name}.{key}" for name, found in materials.items() for key in found.texts)]
    if words:
        raise MaterialError(
            *(
                f"{origin}: '{word}': a parameter set has tables of numbers, each under the name of a material"
                for word in words
            )
        )
    label = tables.get("name", stem)
    return {
        name: {key: replace(number, source=f"{number.source} ({label})") for key, number in found.numbers.items()}
        for name, found in materials.items()
    }


def with_set(material: Material, model: str, given: str | None, usual: str) -> Material:
    """Return a material with the numbers of the set `given` by the input, otherwise of the model's default, `usual`.

    Raises MaterialError if there is no such set, or if it has no number of this material.
    """
    own = material.own_tables.get(owner_of(model), {})
    material = replace(material, numbers={**material.numbers, **own}) if own else material
    name = given or (usual if material.built_in else NONE)
    if name == NONE:
        return material
    sets = load_set(name)
    if material.name in sets:
        numbers = {
            key: _in_unit_of(material.numbers.get(key, number), number) for key, number in sets[material.name].items()
        }
        return replace(material, numbers={**material.numbers, **numbers}, parameter_set=name)
    if given is not None:
        raise MaterialError(
            f"the parameter set '{given}' has no numbers of {material.name}; it has {', '.join(sets) or 'none'};"
            ' "none" leaves it out'
        )
    return material


def _in_unit_of(replaced: Number, number: Number) -> Number:
    """Return a number in the unit of the one that it replaces, which is the unit of plain numbers in an input."""
    if replaced.unit == number.unit or isinstance(number.value, tuple):
        return number
    return replace(number, value=units.convert(number.value, number.unit, replaced.unit), unit=replaced.unit)


def load_numbers(name: str, model: str, given: str | None, usual: str) -> Material:
    """Load a material with the parameter set of an input; raises MaterialError as `load_material` and `with_set` do."""
    return with_set(load_material(name), model, given, usual)


def sets_of(material: str) -> dict[str, dict[str, Number]]:
    """Return by name of the set the numbers that the sets of hpcx have for a material."""
    return {name: load_set(name)[material] for name in set_names() if material in load_set(name)}

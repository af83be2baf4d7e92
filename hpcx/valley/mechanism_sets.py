"""Sets of mechanisms by name: sums of switches and groups, and families of sets for a sweep."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hpcx.spelling import suggestion

#: the set that leaves the switches as they are in the input
AS_WRITTEN = "as written"
PHONONS = ("phonon_intravalley", "phonon_electron", "phonon_hole")
COULOMB = ("exchange", "dexter_coherent", "dexter_intravalley", "dexter_dark")
SWITCHES = (*PHONONS, *COULOMB, "spin_flip")
GROUPS = {"phonons": PHONONS, "coulomb": COULOMB, "full": (*PHONONS, *COULOMB)}
#: words that a set may add or subtract, with the input key that they set and its values; unchanged if not mentioned
MODIFIERS: dict[str, tuple[str, dict[str, bool | str]]] = {
    "detailed_balance": ("dexter_kernel", {"+": "detailed-balance", "-": "lorentzian"}),
    "phonon_assisted": ("dexter_kernel", {"+": "phonon-assisted", "-": "lorentzian"}),
    "offresonant_drive": ("offresonant_drive", {"+": True, "-": False}),
}
#: intravalley phonons are part of every family: without them no populations form
FORMATION = PHONONS[0]
KNOWN = (*GROUPS, *SWITCHES, *MODIFIERS)


FAMILIES = ("each alone", "each left out", "all subsets")


def select(text: str) -> dict[str, bool | str]:
    """Return every switch from a sum of mechanisms and groups; raises ValueError for names that are none."""
    chosen: set[str] = set()
    changed: dict[str, bool | str] = {}
    for sign, name in _terms(text):
        if name in MODIFIERS:
            key, values = MODIFIERS[name]
            changed[key] = values[sign]
            continue
        members = set(GROUPS.get(name, (name,)))
        if not members <= set(SWITCHES):
            raise ValueError(f"'{name}' is not a mechanism{suggestion(name, KNOWN)}; known are {', '.join(KNOWN)}")
        chosen = chosen | members if sign == "+" else chosen - members
    return {name: name in chosen for name in SWITCHES} | changed


def expand_sets(values: list[Any]) -> list[Any]:
    """Return swept values with "each alone", "each left out" and "all subsets" replaced by the sets they stand for."""
    expanded = [entry for value in values for entry in (_family(value) if value in FAMILIES else [value])]
    return list(dict.fromkeys(expanded))


def _family(name: str) -> list[str]:
    others = [mechanism for mechanism in GROUPS["full"] if mechanism != FORMATION]
    if name == "each alone":
        return [FORMATION, *(f"{FORMATION} + {mechanism}" for mechanism in others)]
    if name == "each left out":
        return ["full", *(f"full - {mechanism}" for mechanism in others)]
    subsets = [subset for size in range(len(others) + 1) for subset in combinations(others, size)]
    return [" + ".join((FORMATION, *subset)) for subset in subsets]


def _terms(text: str) -> list[tuple[str, str]]:
    words = text.replace("+", " + ").replace("-", " - ").split()
    terms, sign = [], "+"
    for word in words:
        if word in "+-":
            sign = word
        else:
            terms.append((sign, word))
    return terms

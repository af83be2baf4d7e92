"""Where the numbers behind a row are from: the tags in the sources that a result's provenance has of its material.

A number that the input itself replaces has no tag; what is behind it the row says by its own `inputs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from validation.results import Results, merge
from validation.table import ORIGINS, Statement

#: tags in the text of a source, and what they mean; the weakest first
TAGS = {"[guess": "guessed", "[fit": "fitted", "[recalled": "recalled"}
#: most keys that are written out
SOME = 4


def origin_of(statement: Statement, results: Results) -> tuple[str, str]:
    """Return one of ORIGINS, the weaker of the row's own label and of what its results say, and which numbers say so
    if the row itself has no label.

    A row that says why the weak numbers do not decide it keeps its label. Raises Missing if a result is not there.
    """
    if statement.independent:
        return statement.inputs, f"independent of weak numbers: {statement.independent}"
    kinds = weak_inputs(statement.ours, results)
    kind = max([statement.inputs, *kinds.values()], key=ORIGINS.index)
    keys = [key for key in sorted(kinds) if kinds[key] == kind]
    return kind, f"{kind}: {_some(keys)}" if statement.inputs == ORIGINS[0] and keys else ""


def weak_inputs(operand: Mapping[str, Any], results: Results) -> dict[str, str]:
    """Return by key the numbers that the results of an operand rest on and that have a tag, with its meaning."""
    found: dict[str, str] = {}
    for run, select in _parts(operand):
        for key, kind in _tagged(results.provenance(run), select):
            found[key] = max(kind, found.get(key, kind), key=ORIGINS.index)
    return found


def _parts(operand: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every run of an operand with what is selected of it."""
    select = {**operand.get("select", {}), **operand.get("arguments", {})}
    parts = [*operand.get("of", []), *operand.get("arrays", [])]
    inherited = {key: value for key, value in operand.items() if key not in ("of", "arrays")}
    for part in parts:
        yield from _parts(merge(inherited, part))
    if not parts:
        yield from ((run, select) for run in [*operand.get("runs", []), *filter(None, [operand.get("run")])])


def _tagged(about: Mapping[str, Any], select: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of tagged numbers behind a result, of the selected material and parameter set if it has several,
    with the meaning of their weakest tag.
    """
    materials = about.get("materials") or {name: about[name] for name in ("material",) if name in about}
    words = {str(select[name]) for name in ("material", "parameter_set") if name in select}
    chosen = [file for name, file in materials.items() if words <= set(name.split(", "))] or [*materials.values()]
    asked = [(file["numbers"], about.get("material_keys", file["numbers"])) for file in chosen]
    around = [(file["numbers"], file["numbers"]) for file in about.get("environments", {}).values()]
    for numbers, keys in [*asked, *around]:
        tags = {
            key: [kind for tag, kind in TAGS.items() if tag in numbers[key]["source"]] for key in keys if key in numbers
        }
        yield from ((key, kinds[0]) for key, kinds in tags.items() if kinds)


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - SOME} more" if len(keys) > SOME else ""
    return ", ".join(keys[:SOME]) + more

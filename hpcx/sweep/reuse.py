"""Whether an existing result may be reused, and which versions computed the results of a sweep.

A result is identified by the hash of its physics. PETSc options are not part of it, but can loosen a solver beyond the
tolerance of the input. So a result is reused if its solvers had the options that they would have now, or if its error
is known and within the tolerance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from hpcx.petsc.options import pairs
from hpcx.sweep.store import DONE, Entry

#: models whose solvers have options under another model's prefix too
_PREFIXES = {"trion": ("trion_", "exciton_")}
#: options that only make a solver print something
_ONLY_SAY = re.compile(r"_(monitor|view|converged_reason|error_if_not_converged|info|log)(_|$)")


def numerical(options: str, model: str) -> dict[str, str]:
    """Return the options, typed as on the command line, that can change a number which the solvers of a model yield."""
    prefixes = _PREFIXES.get(model, (f"{model}_",))
    found = pairs(options.split())
    return {name: value or "" for name, value in found if name.startswith(prefixes) and not _ONLY_SAY.search(name)}


def typed(options: dict[str, str]) -> str:
    """Return options as one types them, or "none"."""
    return " ".join(f"-{name} {value}".strip() for name, value in sorted(options.items())) or "none"


def objection(entry: Entry, options: str, model: str) -> str:
    """Return why a finished point must be computed again with these options of PETSc, or "" if its result may be used.

    It may if the options that matter are the same, or if the largest error of its solutions is known to be within the
    tolerance.
    """
    then, now = numerical(entry.options, model), numerical(options, model)
    if then == now or entry.excess <= 1.0:
        return ""
    reached = (
        "its error is not known"
        if entry.excess != entry.excess
        else f"its error is {entry.excess:.2g} times the tolerance"
    )
    return f"was computed with other PETSc options ({typed(then)}; now {typed(now)}), and {reached}"


def program(version: str, revision: str) -> str:
    """Return how a program is called."""
    return f"hpcx {version or 'of an unknown version'} ({revision or 'unknown revision'})"


def mixture(entries: Iterable[Entry], current: tuple[str, str] | None = None) -> str:
    """Return a warning if different versions or revisions of hpcx computed the points, with advice; else "".

    `current` is version and revision of the program that will compute the points that are missing, if there are any.
    """
    counts = Counter((entry.version, entry.revision) for entry in entries if entry.status == DONE)
    if current is not None and counts:
        counts[current] += 0
    if len(counts) < 2:
        return ""
    parts = [f"{number or 'those to come'} with {program(*who)}" for who, number in counts.items()]
    return (
        f"different versions of hpcx computed the points of this sweep ({', '.join(parts)}); their numbers may differ."
        " index/version and index/revision of sweep.h5 tell them apart. To compute all of them with one version give"
        " --fresh; to compute some, remove their files in points/ and rerun the command"
    )

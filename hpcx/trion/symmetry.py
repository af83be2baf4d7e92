"""Symmetries are tested on the problem at hand before they are used."""

from __future__ import annotations

from hpcx.parallel.errors import AgreedError
from hpcx.physics.symmetry import Deviation, deviations
from hpcx.trion.problem import TrionProblem

#: largest change, relative to 1 eV, to overlaps of 1, to the largest matrix element of the interaction
TOLERANCE = 1e-9


class SymmetryError(AgreedError):
    """The problem does not have the symmetry that was asked for; the message says what breaks it. Raised alike on all ranks."""


def broken(problem: TrionProblem, symmetry: str, any_phase: bool = False) -> list[Deviation]:
    """Return what breaks a symmetry ("none", "C6", "C6v") of the trion's problem.

    With `any_phase` the optical matrix element may change by a constant phase.
    """
    bands = {"photoexcited": problem.photoexcited, "resident": problem.resident, "opposite": problem.opposite}
    found = deviations(problem.mesh, symmetry, bands, problem.w_ij, problem.dipole_k, any_phase)
    return [deviation for deviation in found if deviation.exceeds(TOLERANCE)]


def require(problem: TrionProblem, symmetry: str) -> None:
    """Raise SymmetryError if the problem does not have the symmetry of an input."""
    found = broken(problem, symmetry)
    if found:
        other = "none" if broken(problem, "C6") else "C6"
        raise SymmetryError(
            f'solver.symmetry = "{symmetry}": this problem does not have it: {"; ".join(map(str, found))}. Set solver.symmetry = "{other}"',
            bad_input=True,
        )


def largest(problem: TrionProblem) -> str:
    """Return the largest symmetry that maps the resident carrier's momenta to equivalent ones, for which spectra are the same."""
    return next(symmetry for symmetry in ("C6v", "C6", "none") if not broken(problem, symmetry, any_phase=True))

"""Symmetries are tested on the problem at hand before they are used."""

from __future__ import annotations

import math

from hpcx.materials.band_models import BAND_MODELS
from hpcx.materials.loader import Material
from hpcx.parallel.errors import AgreedError
from hpcx.physics.mesh import POINT_GROUPS
from hpcx.physics.symmetry import TOLERANCE, Deviation, deviations
from hpcx.trion.config import Config
from hpcx.trion.problem import TrionProblem, exciton_of, trion_problem

#: N k0 of the mesh on which a symmetry is foreseen
_COARSE = 6


class SymmetryError(AgreedError):
    """The problem does not have the symmetry that was asked for; the message says what breaks it.
    Raised alike on all ranks.
    """


def broken(problem: TrionProblem, symmetry: str, any_phase: bool = False) -> list[Deviation]:
    """Return the deviations that break a symmetry (of `POINT_GROUPS`) of the trion's problem.

    With `any_phase` the optical matrix element may change by a constant phase.
    """
    bands = {"photoexcited": problem.photoexcited, "resident": problem.resident, "opposite": problem.opposite}
    if problem.initial and symmetry != "none":
        return [Deviation(next(iter(POINT_GROUPS[symmetry].generators)), "the total momentum", math.inf, 1.0, "")]
    found = [
        deviation
        for w_ij in problem.interactions
        for deviation in deviations(problem.mesh, symmetry, bands, w_ij, problem.dipole_k, any_phase)
    ]
    return [deviation for deviation in found if deviation.exceeds(TOLERANCE)]


def require(problem: TrionProblem, symmetry: str) -> None:
    """Raise SymmetryError if the problem does not have the symmetry of an input."""
    reason = lacking(problem, symmetry)
    if reason:
        raise SymmetryError(f'solver.symmetry = "{symmetry}": {reason}', bad_input=True)


def lacking(problem: TrionProblem, symmetry: str) -> str:
    """Return why a symmetry is broken and which one to set, or "" if the problem has it."""
    found = broken(problem, symmetry)
    if not found:
        return ""
    return (
        f"this problem does not have it: {'; '.join(map(str, found))}. Set solver.symmetry ="
        f' "{largest(problem, any_phase=False)}"'
    )


def chosen(problem: TrionProblem, symmetry: str) -> str:
    """Return the symmetry that an input asks for: "auto" is the largest one that the problem has."""
    return largest(problem, any_phase=False) if symmetry == "auto" else symmetry


def foreseen(config: Config, material: Material) -> str:
    """Return the symmetry that a run will use, the least of all trions, tested on a coarse mesh:
    what the bands have does not depend on it.
    """
    asked = config.solver.symmetry
    if asked != "auto" or config.absorption.helicity == "opposite" or any(config.trion.momentum):
        return "none" if asked == "auto" else asked
    if BAND_MODELS[config.bands.model].isotropic and config.screening.r0_y is None:
        return "C6v"
    coarse = coarsened(config)
    exciton = exciton_of(coarse, material)
    found = {largest(trion_problem(coarse, material, exciton, name), any_phase=False) for name in config.trion.names}
    return next(symmetry for symmetry in reversed(POINT_GROUPS) if symmetry in found)


def coarsened(config: Config) -> Config:
    """Return the input with a coarse mesh, on which a symmetry is foreseen."""
    mesh = config.mesh
    return config.model_copy(
        update={"mesh": mesh.model_copy(update={"N": min(mesh.N, math.ceil(_COARSE / mesh.cutoff))})}
    )


def largest(problem: TrionProblem, any_phase: bool = True) -> str:
    """Return the largest symmetry that the problem has.

    With `any_phase` the optical matrix element may change by a constant phase: operations map the resident carrier's
    momenta to equivalent ones, for which spectra are the same.
    """
    return next(symmetry for symmetry in POINT_GROUPS if not broken(problem, symmetry, any_phase))

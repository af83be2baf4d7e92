"""Pauli blocking of one exciton by another: overlaps of the occupied relative motions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline

from hpcx.valley.problem import Problem
from hpcx.valley.species import Carrier, Species

#: points from which overlaps are interpolated
OVERLAP_POINTS = 200


def most_blocked(problem: Problem) -> float:
    """Return the largest blocking of one exciton by another, nm^2: that of zero momenta."""
    return float(blocking_matrix(replace(problem, grid=replace(problem.grid, edges=problem.grid.edges[:2]))).max())


def blocking_matrix(problem: Problem) -> np.ndarray:
    """Return B (size, size), nm^2: blocking of the first cell by one exciton per area in the second."""
    blocking = np.zeros((problem.size, problem.size))
    known: dict[tuple[str, str, str], np.ndarray] = {}
    for i, final in enumerate(problem.species):
        for j, occupant in enumerate(problem.species):
            for carrier in ("hole", "electron"):
                if getattr(final, carrier) == getattr(occupant, carrier):
                    key = (final.kind, occupant.kind, carrier)
                    if key not in known:
                        known[key] = _overlaps(problem, final, occupant, carrier)
                    blocking[problem.cells_of(i), problem.cells_of(j)] += known[key]
    return blocking


def _overlaps(problem: Problem, final: Species, occupant: Species, carrier: str) -> np.ndarray:
    """Return the angle-averaged overlaps (cells, cells) through one carrier, shared by its equivalent valleys."""
    grid = problem.grid
    first, second = (
        getattr(species, f"{carrier}_mass") / species.mass * grid.momentum for species in (final, occupant)
    )
    square = first[:, None, None] ** 2 + second[None, :, None] ** 2
    shift = np.sqrt(np.maximum(square - 2.0 * np.multiply.outer(np.outer(first, second), np.cos(grid.angles)), 0.0))
    p = np.linspace(0.0, 2.0 * grid.edges[-1], OVERLAP_POINTS)
    overlap = CubicSpline(p, final.state.squared_overlap(occupant.state, p))(shift).mean(axis=-1)
    state: Carrier = getattr(final, carrier)
    return overlap / (final.degeneracy if state.kind == "L" else 1)

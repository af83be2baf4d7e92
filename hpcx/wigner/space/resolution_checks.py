"""Checks before a run in space that the box is large enough and the grid fine enough."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from hpcx.physics.valley_excitons import VALLEYS
from hpcx.wigner.space.problem import SpatialProblem
from hpcx.wigner.space.spatial_grid import SpatialGrid, in_um
from hpcx.wigner.time_steps import in_ps

if TYPE_CHECKING:
    from hpcx.wigner.history import History

log = logging.getLogger("hpcx")

#: cells per 1/e radius of the excitation: an error below the first number, a warning below the second
LEAST_CELLS, GOOD_CELLS = 2.0, 3.5
#: half the box over the 1/e radius of the distribution: likewise
LEAST_REACH, GOOD_REACH = 2.0, 3.0


def check_spot(spatial_grid: SpatialGrid, spot: float) -> None:
    """Raise ValueError if the cells are too large for a spot (amplitude FWHM, nm); warn if they are coarse."""
    radius = spot / np.sqrt(8 * np.log(2))
    cells = radius / spatial_grid.spacing
    size = f"space.points = {spatial_grid.points[0]}: cells of {spatial_grid.spacing:.0f} nm"
    text = f"{size} are coarse for a spot of 1/e radius {radius:.0f} nm ({cells:.1f} cells)"
    if cells < LEAST_CELLS:
        raise ValueError(f"{text}; take cells of at most {radius / GOOD_CELLS:.0f} nm")
    if cells < GOOD_CELLS:
        log.warning("%s: expect oscillations of the density", text)


def check_box(spatial: SpatialProblem, moments: History) -> None:
    """Compare the box with the widths that the moments predict.

    Raises ValueError if excitons of a valley reach the edge of a periodic box; warns if the tail of their density does.
    """
    squares = moments.observables["mean_squared_displacement"]
    moment, valley = np.unravel_index(np.nanargmax(squares), squares.shape)
    radius = float(np.sqrt(squares[moment, valley]))
    half = 0.5 * spatial.grid.width
    text = (
        f"space.width = {in_um(spatial.grid.width):g} um: {VALLEYS[valley]} excitons reach a 1/e radius of"
        f" {in_um(radius):.2f} um at {in_ps(moments.time[moment]):g} ps, and the edge of the box is at"
        f" {in_um(half):g} um"
    )
    if spatial.absorbing or spatial.gradient is not None or half >= GOOD_REACH * radius:
        return
    if half < LEAST_REACH * radius:
        raise ValueError(f"{text}; take space.width of at least {in_um(2 * GOOD_REACH * radius):.1f} um")
    log.warning("%s: the tail will wrap around the periodic box, so the widths will be too small", text)

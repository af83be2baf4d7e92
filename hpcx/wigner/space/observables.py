"""Maps of the excitons: densities, emitted light, shape variation, phase-space distributions, checks of the grid.

Every rank makes its part of each map, mirror images included; what concerns all cells is found by reductions.
"""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.part import Part
from hpcx.physics.constants import HBAR
from hpcx.wigner.space.advection import parities
from hpcx.wigner.space.transport import Transport

#: energies beyond this (eV) are left out of phase-space distributions
LARGEST_SHOWN = 0.075
MOMENTUM_POINTS = 161


def grid_checks(transport: Transport) -> dict[str, np.ndarray]:
    """Return what the grid in space does to the densities of the present state, by valley. Collective.

    "minimum": smallest over largest density (nothing is ever clipped); "edge": largest density at the edge of the box
    over the largest of all.
    """
    density = transport.by_valley()
    found = np.stack([-density, density, np.where(_outermost(transport), np.abs(density), 0.0)])
    found = found.reshape(3, len(density), -1).max(axis=-1)
    transport.comm.Allreduce(MPI.IN_PLACE, found, op=MPI.MAX)
    lowest, largest, edge = found
    return {"minimum": -lowest / largest, "edge": edge / largest}


def _outermost(transport: Transport) -> np.ndarray:
    """Return which of this rank's cells lie at the edge of the box."""
    spatial_grid = transport.spatial.grid
    limit = spatial_grid.axis[-1] - 0.1 * spatial_grid.spacing
    return np.any([np.abs(transport.local(coordinate)) > limit for coordinate in spatial_grid.coordinates()], axis=0)


def density_maps(transport: Transport) -> dict[str, np.ndarray]:
    """Return this rank's parts of the maps of the present state, per generated exciton. Collective.

    "density" (valley, (y,) x) in 1/nm^dimension, "photoluminescence" ((y,) x) and "shape_variation" (valley, (y,) x) in
    1/(fs nm^dimension).
    """
    density = transport.by_valley()
    maps = {
        "density": density,
        "photoluminescence": _light(transport),
        "shape_variation": _shape_variation(transport, density),
    }
    return {name: transport.with_images(values) for name, values in maps.items()}


def _light(transport: Transport) -> np.ndarray:
    grid, spatial_grid = transport.problem.grid, transport.spatial.grid
    return transport.state[..., 0, : grid.size] @ grid.radiative_i / spatial_grid.spacing**spatial_grid.dimension


def _shape_variation(transport: Transport, density: np.ndarray) -> np.ndarray:
    """Return the change of the densities by intervalley scattering beyond the
    common factor of the population's change.
    """
    spatial_grid = transport.spatial.grid
    change_cv = transport.exchange() / spatial_grid.spacing**spatial_grid.dimension
    change = change_cv.T.reshape(density.shape)
    sums = np.stack([change.reshape(len(change), -1).sum(axis=1), density.reshape(len(density), -1).sum(axis=1)])
    transport.comm.Allreduce(MPI.IN_PLACE, sums)
    known = np.where(sums[1] != 0, sums[1], 1.0)  # nothing changes where no exciton is
    share = (sums[0] / known).reshape(-1, *(1,) * spatial_grid.dimension)
    return change - share * density


class CentralLine:
    """Phase-space distributions along y = ky = 0 (in one dimension integrated over y),
    by the ranks that have cells there.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._spatial_grid, self._harmonics = transport.spatial.grid, transport.spatial.harmonics
        cells, axis = transport.cells, self._spatial_grid.axis
        above = np.flatnonzero(axis >= -1e-9 * self._spatial_grid.spacing)[0]  # the first row at or above y = 0
        row = int(above) - (len(axis) // 2 if transport.spatial.mirror else 0)
        self._between = abs(axis[above]) > 0.1 * self._spatial_grid.spacing  # y = 0 lies between two rows
        own = np.arange(cells.shape[0]).reshape(cells.local_points)
        if self._spatial_grid.dimension == 2:
            rows = cells.box[0]
            own = own[row - rows.start] if rows.start <= row < rows.stop else own[:0, 0]
        self._cells = own

    def part(self) -> Part:
        """Return which part of the x axis this rank has."""
        part = self._transport.part()
        if len(self._cells):
            return Part(part.shape[-1:], part.runs[-1:])
        return Part(part.shape[-1:], ((slice(0, 0),),))

    def distributions(self) -> dict[str, np.ndarray]:
        """Return this rank's parts for the present state. Collective.

        "distribution" (valley, x, kx): excitons per state, per generated exciton (times nm in one dimension); "forward"
        and "backward" (valley, x): density of the excitons with kx > 0 and kx < 0 at y = 0, 1/nm^dimension.
        """
        line = self._line()
        return {
            "distribution": self._distribution(line),
            "forward": self._half(line, 1.0),
            "backward": self._half(line, -1.0),
        }

    def _line(self) -> np.ndarray:
        """Return the state (x, component, value) along the line. Collective."""
        state = self._transport.stepper.state
        line = state[self._cells]
        if self._spatial_grid.dimension == 2 and self._between and not self._transport.spatial.mirror:
            line = 0.5 * (line + self._below(state))
        if not self._transport.spatial.mirror:
            return line
        # what is even in y is its own mean of the two rows next to y = 0, and nothing else is used
        signs = parities(self._harmonics, self._spatial_grid.dimension)[0][:, None]
        return np.concatenate([signs * line[::-1], line])

    def _below(self, state: np.ndarray) -> np.ndarray:
        """Return the cells below those of the line, wherever they are. Collective."""
        cells = self._transport.cells
        cells.start_exchange(state)
        ghosts = cells.finish_exchange()
        place = cells.neighbours.places[self._cells, 1, 1]
        return (
            np.stack([state[at] if at < len(state) else ghosts[at - len(state)] for at in place])
            if len(place)
            else state[:0]
        )

    def _distribution(self, line: np.ndarray) -> np.ndarray:
        grid, excitons = self._transport.problem.grid, self._transport.problem.excitons
        forward, backward = (_along(line, self._harmonics, self._spatial_grid.dimension, sign) for sign in (1.0, -1.0))
        widths = np.diff(grid.edges)
        energy = 0.5 * (grid.edges[:-1] + grid.edges[1:])
        momenta = momentum_axis(self._transport)
        found = np.empty((len(excitons.mass_v), len(line), len(momenta)))
        for valley, mass in enumerate(excitons.mass_v):
            bins = slice(valley * grid.bins, (valley + 1) * grid.bins)
            states = excitons.degeneracy_v[valley] * mass * widths / (2 * np.pi * HBAR**2)
            states = states * self._spatial_grid.spacing**self._spatial_grid.dimension
            k = np.sqrt(2 * mass * energy) / HBAR
            both = np.concatenate([backward[:, bins][:, ::-1], forward[:, bins]], axis=1)
            both /= np.concatenate([states[::-1], states])
            axis = np.concatenate([-k[::-1], k])
            for x, row in enumerate(both):
                found[valley, x] = np.interp(momenta, axis, row)
        return found

    def _half(self, line: np.ndarray, sign: float) -> np.ndarray:
        """Return the density (valley, x) of what moves to positive (sign 1) or negative x:
        the integral over half of the angles.
        """
        grid, spatial_grid = self._transport.problem.grid, self._spatial_grid
        total = 0.5 * line[:, 0]
        for m in range(1, self._harmonics + 1):
            moment = line[:, m if spatial_grid.dimension == 1 else 2 * m - 1]
            total = total + sign * 2 * np.sin(0.5 * np.pi * m) / (np.pi * m) * moment
        return grid.sum_v(total[:, : grid.size]).T / spatial_grid.spacing**spatial_grid.dimension


def momentum_axis(transport: Transport) -> np.ndarray:
    """Return the momenta kx (1/nm) of the distributions."""
    grid, excitons = transport.problem.grid, transport.problem.excitons
    largest = np.sqrt(2 * excitons.mass_v.max() * min(grid.edges[-1], LARGEST_SHOWN)) / HBAR
    return np.linspace(-largest, largest, MOMENTUM_POINTS)


def _along(line: np.ndarray, harmonics: int, dimension: int, sign: float) -> np.ndarray:
    """Return 2 pi N(theta) for theta = 0 (sign 1) or pi (sign -1): a_0 + 2 sum_m cos(m theta) a_m."""
    total = line[:, 0].copy()
    for m in range(1, harmonics + 1):
        total += 2 * sign**m * line[:, m if dimension == 1 else 2 * m - 1]
    return total

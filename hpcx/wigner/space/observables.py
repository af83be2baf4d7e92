"""Maps of the excitons: densities, emitted light, shape variation, phase-space distributions, checks of the grid.

Every rank computes its part of each map, mirror images included; sums over all cells are reductions.
"""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from hpcx.io.part import Part
from hpcx.physics.constants import HBAR
from hpcx.wigner.energy_grid import density_of_states
from hpcx.wigner.space.advection import components, parities
from hpcx.wigner.space.transport import Transport

#: energies beyond this (eV) are left out of phase-space distributions
LARGEST_SHOWN = 0.075
MOMENTUM_POINTS = 161


def grid_checks(transport: Transport) -> dict[str, np.ndarray]:
    """Return checks of the spatial grid for the present state, by valley. Collective.

    "minimum": smallest over largest density (negative values are not clipped); "edge": largest density at the edge of
    the box over the largest of all.
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


def densities(transport: Transport) -> dict[str, np.ndarray]:
    """Return this rank's parts of the maps of the present state, per generated exciton. Collective.

    "density" (valley, (y,) x) in 1/nm^dimension, "photoluminescence" ((y,) x) and "shape_variation" (valley, (y,) x) in
    1/(fs nm^dimension).
    """
    density, isotropic = transport.by_valley(), transport.state[..., 0, : transport.problem.grid.size]
    maps = {
        "density": density,
        "photoluminescence": isotropic @ transport.problem.grid.radiative_i / transport.spatial.grid.cell,
        "shape_variation": _shape_variation(transport, density),
    }
    return {name: transport.with_images(values) for name, values in maps.items()}


def _shape_variation(transport: Transport, density: np.ndarray) -> np.ndarray:
    """Return the change of the densities by intervalley scattering, less that of a common factor on the density."""
    spatial_grid = transport.spatial.grid
    change_cv = transport.exchange() / spatial_grid.cell
    change = change_cv.T.reshape(density.shape)
    sums = np.stack([change.reshape(len(change), -1).sum(axis=1), density.reshape(len(density), -1).sum(axis=1)])
    transport.comm.Allreduce(MPI.IN_PLACE, sums)
    known = np.where(sums[1] != 0, sums[1], 1.0)  # without excitons the change is zero
    share = (sums[0] / known).reshape(-1, *(1,) * spatial_grid.dimension)
    return change - share * density


class CentralLine:
    """Phase-space distributions along y = ky = 0 (in one dimension integrated over y), on ranks with cells there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._spatial_grid, self._harmonics = transport.spatial.grid, transport.spatial.harmonics
        listed = components(self._harmonics, self._spatial_grid.dimension)
        self._cosines = [place for place, (_, sine) in enumerate(listed) if not sine]
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
        forward, backward = self._moving(line, 1.0), self._moving(line, -1.0)
        return {
            "distribution": self._distribution(forward[0], backward[0]),
            "forward": forward[1],
            "backward": backward[1],
        }

    def _line(self) -> np.ndarray:
        """Return the state (x, component, value) along the line. Collective."""
        state = self._transport.stepper.state
        line = state[self._cells]
        if self._spatial_grid.dimension == 2 and self._between and not self._transport.spatial.mirror:
            line = 0.5 * (line + self._below(state))
        if not self._transport.spatial.mirror:
            return line
        # only components even in y are used: they are equal in the two rows next to y = 0
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

    def _moving(self, line: np.ndarray, sign: float) -> tuple[np.ndarray, np.ndarray]:
        """Return what moves to positive (sign 1) or negative x.

        That is 2 pi N (x, bin) at theta = 0 or pi, a_0 + 2 sum_m cos(m theta) a_m, and the density (valley, x;
        1/nm^dimension), the integral of N over half of the angles.
        """
        grid, m = self._transport.problem.grid, np.arange(self._harmonics + 1)
        cosines = line[:, self._cosines, : grid.size]
        weight_m = np.where(m, 1.0, 0.5) * sign**m
        half = np.einsum("m,xmi->xi", weight_m * np.sinc(m / 2), cosines)
        return np.einsum("m,xmi->xi", 2 * weight_m, cosines), grid.sum_v(half).T / self._spatial_grid.cell

    def _distribution(self, forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
        """Return excitons per state (valley, x, kx), interpolated from 2 pi N at theta = 0 and pi (x, bin)."""
        grid, excitons = self._transport.problem.grid, self._transport.problem.excitons
        momenta, width = momentum_axis(self._transport), np.diff(grid.edges) * self._spatial_grid.cell
        found = np.empty((grid.valleys, len(forward), len(momenta)))
        for valley, mass in enumerate(excitons.mass_v):
            bins = grid.bins_of(valley)
            states = density_of_states(excitons)[valley] * width
            k = np.sqrt(2 * mass * grid.middle) / HBAR
            both = np.concatenate([(backward[:, bins] / states)[:, ::-1], forward[:, bins] / states], axis=1)
            axis = np.concatenate([-k[::-1], k])
            for x, row in enumerate(both):
                found[valley, x] = np.interp(momenta, axis, row)
        return found


def momentum_axis(transport: Transport) -> np.ndarray:
    """Return the momenta kx (1/nm) of the distributions."""
    grid, excitons = transport.problem.grid, transport.problem.excitons
    largest = np.sqrt(2 * excitons.mass_v.max() * min(grid.edges[-1], LARGEST_SHOWN)) / HBAR
    return np.linspace(-largest, largest, MOMENTUM_POINTS)

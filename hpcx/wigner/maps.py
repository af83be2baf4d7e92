"""Maps of the excitons at chosen times: densities, emitted light, shape variation, phase-space distributions, checks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from mpi4py import MPI

from hpcx.physics.constants import HBAR_MEV_PS
from hpcx.wigner.advection import parities
from hpcx.wigner.lattice import Lattice
from hpcx.wigner.transport import Transport

#: energies beyond this (meV) are left out of phase-space distributions
LARGEST_SHOWN = 75.0
MOMENTUM_POINTS = 161


@dataclass
class Maps:
    """Lists over the times of the maps; densities in 1/nm^dimension, per exciton made.

    Attributes:
        time: ps.
        density: (valley, (y,) x).
        photoluminescence: ((y,) x), 1/(ps nm^dimension).
        shape_variation: (valley, (y,) x), 1/(ps nm^dimension).
    """

    time: list[float] = field(default_factory=list)
    density: list[np.ndarray] = field(default_factory=list)
    photoluminescence: list[np.ndarray] = field(default_factory=list)
    shape_variation: list[np.ndarray] = field(default_factory=list)

    def record(self, time: float, transport: Transport) -> None:
        """Append the maps of the present state. Collective."""
        density = transport.whole(transport.by_valley())
        self.time.append(time)
        self.density.append(density)
        self.photoluminescence.append(transport.whole(_light(transport)))
        self.shape_variation.append(_shape_variation(transport, density))


@dataclass
class Checks:
    """What the grid in space did to the densities, by valley, lists over the output times.

    Attributes:
        minimum: smallest over largest density; nothing is ever clipped.
        edge: largest density at the edge of the box over the largest of all.
    """

    minimum: list[np.ndarray] = field(default_factory=list)
    edge: list[np.ndarray] = field(default_factory=list)

    def record(self, transport: Transport) -> None:
        """Append the checks of the present state. Collective."""
        density = transport.by_valley()
        outermost = transport.local(_outermost(transport.setting.lattice))
        found = np.stack([-density, density, np.where(outermost, np.abs(density), 0.0)])
        found = found.reshape(3, len(density), -1).max(axis=-1)
        transport.comm.Allreduce(MPI.IN_PLACE, found, op=MPI.MAX)
        lowest, largest, edge = found
        self.minimum.append(-lowest / largest)
        self.edge.append(edge / largest)


@dataclass
class Distributions:
    """Phase-space distributions N_kx(x) at y = ky = 0 (in one dimension integrated over y), lists over times.

    Attributes:
        time: ps.
        distribution: (valley, x, kx): excitons per state, per exciton made (times nm in one dimension).
        forward, backward: (valley, x): density of the excitons with kx > 0 and kx < 0 at y = 0, 1/nm^dimension.
    """

    time: list[float] = field(default_factory=list)
    distribution: list[np.ndarray] = field(default_factory=list)
    forward: list[np.ndarray] = field(default_factory=list)
    backward: list[np.ndarray] = field(default_factory=list)

    def record(self, time: float, transport: Transport) -> None:
        """Append the distribution of the present state. Collective."""
        self.time.append(time)
        line = _central_line(transport)
        self.distribution.append(_distribution(transport, line))
        self.forward.append(_half(transport, line, 1.0))
        self.backward.append(_half(transport, line, -1.0))


def momentum_axis(transport: Transport) -> np.ndarray:
    """Return the momenta kx (1/nm) of the distributions."""
    grid, excitons = transport.problem.grid, transport.problem.excitons
    largest = np.sqrt(2 * excitons.mass_v.max() * min(grid.edges[-1], LARGEST_SHOWN)) / HBAR_MEV_PS
    return np.linspace(-largest, largest, MOMENTUM_POINTS)


def _outermost(lattice: Lattice) -> np.ndarray:
    """Return which cells lie at the edge of the box."""
    limit = lattice.axis[-1] - 0.1 * lattice.spacing
    return np.any([np.abs(coordinate) > limit for coordinate in lattice.coordinates()], axis=0)


def _light(transport: Transport) -> np.ndarray:
    grid, lattice = transport.problem.grid, transport.setting.lattice
    return transport.state[..., 0, : grid.size] @ grid.radiative_i / lattice.spacing**lattice.dimension


def _shape_variation(transport: Transport, density: np.ndarray) -> np.ndarray:
    """Return the change of the densities by intervalley scattering beyond the common factor of the population's change."""
    lattice = transport.setting.lattice
    change_cv = transport.exchange() / lattice.spacing**lattice.dimension
    change = transport.whole(change_cv.T.reshape(-1, *transport.cells.local_points))
    cells = tuple(range(1, density.ndim))
    share = change.sum(axis=cells, keepdims=True) / density.sum(axis=cells, keepdims=True)
    return change - share * density


def _distribution(transport: Transport, line: np.ndarray) -> np.ndarray:
    grid, excitons = transport.problem.grid, transport.problem.excitons
    forward, backward = (_along(line, transport.setting.harmonics, transport.setting.lattice.dimension, sign) for sign in (1.0, -1.0))
    widths = np.diff(grid.edges)
    energy = 0.5 * (grid.edges[:-1] + grid.edges[1:])
    momenta = momentum_axis(transport)
    spacing = transport.setting.lattice.spacing ** transport.setting.lattice.dimension
    found = []
    for valley, mass in enumerate(excitons.mass_v):
        bins = slice(valley * grid.bins, (valley + 1) * grid.bins)
        states = excitons.members_v[valley] * mass * widths / (2 * np.pi * HBAR_MEV_PS**2) * spacing
        k = np.sqrt(2 * mass * energy) / HBAR_MEV_PS
        both = np.concatenate([backward[:, bins][:, ::-1], forward[:, bins]], axis=1) / np.concatenate([states[::-1], states])
        axis = np.concatenate([-k[::-1], k])
        found.append(np.array([np.interp(momenta, axis, row) for row in both]))
    return np.array(found)


def _central_line(transport: Transport) -> np.ndarray:
    """Return the state (x, component, value) along the line y = 0, or the whole state in one dimension. Collective."""
    lattice, state = transport.setting.lattice, transport.state
    signs = parities(transport.setting.harmonics, lattice.dimension)[0][:, None]
    if lattice.dimension == 1:
        half = np.concatenate(transport.comm.allgather(state))
    else:
        distance = np.abs(transport.local(lattice.coordinates()[1])[:, 0])
        central = (distance < 0.6 * lattice.spacing).astype(float)
        total = transport.comm.allreduce(central.sum())
        half = np.tensordot(central / total, state, 1)
        transport.comm.Allreduce(MPI.IN_PLACE, half)
    return np.concatenate([signs * half[::-1], half]) if transport.setting.mirror else half


def _half(transport: Transport, line: np.ndarray, sign: float) -> np.ndarray:
    """Return the density (valley, x) of what moves to positive (sign 1) or negative x: the integral over half of the angles."""
    grid, lattice = transport.problem.grid, transport.setting.lattice
    total = 0.5 * line[:, 0]
    for m in range(1, transport.setting.harmonics + 1):
        total = total + sign * 2 * np.sin(0.5 * np.pi * m) / (np.pi * m) * line[:, m if lattice.dimension == 1 else 2 * m - 1]
    return grid.sum_v(total[:, : grid.size]).T / lattice.spacing**lattice.dimension


def _along(line: np.ndarray, harmonics: int, dimension: int, sign: float) -> np.ndarray:
    """Return 2 pi N(theta) for theta = 0 (sign 1) or pi (sign -1): a_0 + 2 sum_m cos(m theta) a_m."""
    total = line[:, 0].copy()
    for m in range(1, harmonics + 1):
        total += 2 * sign**m * line[:, m if dimension == 1 else 2 * m - 1]
    return total

"""Discretisation: exciton species on cells of the magnitude of the centre-of-mass momentum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material
from hpcx.physics.constants import BOLTZMANN_EV_PER_K, HBAR2_PER_M0
from hpcx.valley.config import Config, Momentum
from hpcx.valley.parameters import Parameters, read_parameters
from hpcx.valley.species import Species, build_species, mirror_index


@dataclass(frozen=True)
class Grid:
    """Cells of |Q|, from zero to the largest momentum; `edges` has shape (cells + 1,), in 1/nm."""

    edges: np.ndarray
    angles: np.ndarray

    @property
    def cells(self) -> int:
        """Return the number of cells."""
        return len(self.edges) - 1

    @cached_property
    def square(self) -> np.ndarray:
        """Return the mean of Q^2 over each cell (cells,), 1/nm^2."""
        return 0.5 * (self.edges[1:] ** 2 + self.edges[:-1] ** 2)

    @cached_property
    def momentum(self) -> np.ndarray:
        """Return the root of the mean square of Q in each cell (cells,), 1/nm."""
        return np.sqrt(self.square)

    @cached_property
    def states(self) -> np.ndarray:
        """Return the number of states per area in each cell for degeneracy one (cells,), 1/nm^2."""
        return np.diff(self.edges**2) * np.pi / (2.0 * np.pi) ** 2

    @cached_property
    def transfer_ijt(self) -> np.ndarray:
        """Return |Q_i - Q_j| at the angles between them (cells, cells, angles), 1/nm."""
        product = self.momentum[:, None] * self.momentum[None, :]
        square = (
            self.square[:, None, None] + self.square[None, :, None] - 2.0 * product[..., None] * np.cos(self.angles)
        )
        return np.sqrt(np.maximum(square, 0.0))


@dataclass(frozen=True)
class Problem:
    """One material at one temperature on one grid.

    Attributes:
        parameters: numbers of the material.
        species: exciton species; `mirror` holds the index of each one's time-reversed image.
        grid: cells of the momentum.
        temperature: K.
        broadening: standard deviation of the energy conservation, eV.
    """

    parameters: Parameters
    species: list[Species]
    mirror: list[int]
    grid: Grid
    temperature: float
    broadening: float

    @property
    def thermal_energy(self) -> float:
        """Return k_B T in eV."""
        return BOLTZMANN_EV_PER_K * self.temperature

    @property
    def symmetric(self) -> bool:
        """Whether mirror images have equal energies, as without a magnetic field."""
        return all(species.edge == self.species[image].edge for species, image in zip(self.species, self.mirror))

    @property
    def size(self) -> int:
        """Return the number of populations, species times cells."""
        return len(self.species) * self.grid.cells

    def cells_of(self, index: int) -> slice:
        """Return the slice of a species in a flattened vector."""
        return slice(index * self.grid.cells, (index + 1) * self.grid.cells)

    def weight(self, index: int) -> np.ndarray:
        """Return the states per area of a species in each cell (cells,), 1/nm^2."""
        return self.species[index].degeneracy * self.grid.states

    def energy(self, index: int) -> np.ndarray:
        """Return the mean energy of a species in each cell (cells,), eV."""
        return self.species[index].edge + 0.5 * HBAR2_PER_M0 / self.species[index].mass * self.grid.square

    def weights(self) -> np.ndarray:
        """Return `weight` of all species, flattened (size,)."""
        return np.concatenate([self.weight(index) for index in range(len(self.species))])

    def energies(self) -> np.ndarray:
        """Return `energy` of all species, flattened (size,)."""
        return np.concatenate([self.energy(index) for index in range(len(self.species))])


def build_grid(momentum: Momentum) -> Grid:
    """Return the grid of an input in internal units: edges grow as index^growth, angles are midpoints of (0, pi)."""
    edges = momentum.max * (np.arange(momentum.points + 1) / momentum.points) ** momentum.growth
    angles = (np.arange(momentum.angles) + 0.5) * np.pi / momentum.angles
    return Grid(edges, angles)


def build_problem(config: Config, material: Material) -> Problem:
    """Return the discretised problem; raises MaterialError for numbers that the material lacks."""
    parameters = read_parameters(material, load_environment(config.environment))
    species = build_species(parameters, config.mechanisms.spin_flip, config.magnetic)
    momentum = config.internal.momentum
    grid = build_grid(momentum)
    return Problem(parameters, species, mirror_index(species), grid, config.temperature, momentum.broadening)

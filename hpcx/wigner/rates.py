"""Scattering rates between energy bins per angular harmonic, from equilibrium fluxes.

What is stored is the symmetric flux B = A + A^T of emission A and absorption A^T, not the rates. With the equilibrium
weights f the rates are B_ij / f_j and the out-rates sum_i B_ij / f_j. Particle number (columns sum to zero), detailed
balance (f is stationary), symmetry, positivity and the decay of every harmonic then hold for any grid and
quadrature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpcx.petsc.imex import StoredInverses
from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import Grid
from hpcx.wigner.processes import Process

if TYPE_CHECKING:
    from mpi4py import MPI


@dataclass(frozen=True)
class Rates:
    """Equilibrium fluxes of one material, grid and temperature.

    Attributes:
        grid: energy bins.
        intravalley_mij, intervalley_mij: symmetric fluxes per harmonic m, 1/(nm^2 fs).
    """

    grid: Grid
    intravalley_mij: np.ndarray
    intervalley_mij: np.ndarray

    @property
    def harmonics(self) -> int:
        """Highest harmonic."""
        return len(self.intravalley_mij) - 1

    def collision(self, harmonic: int, intervalley: bool = True) -> np.ndarray:
        """Return the collision matrix of a harmonic (1/fs), without radiative decay; it depends on |m| only."""
        flux_mij = self.intravalley_mij + self.intervalley_mij if intervalley else self.intravalley_mij
        return _collision(flux_mij, abs(harmonic), self.grid.weight_i)

    def valley_transfer(self) -> np.ndarray:
        """Return the change (valley, bin; 1/fs) of the populations by intervalley scattering of excitons of a bin."""
        collision_ij = _collision(self.intervalley_mij, 0, self.grid.weight_i)
        return self.grid.sum_v(collision_ij.T).T

    def inflow(self) -> np.ndarray:
        """Return the rate (valley, bin of all valleys; 1/fs) of intervalley scattering from a bin into each valley."""
        return self.grid.sum_v(self.intervalley_mij[0].T).T / self.grid.weight_i

    def evolution(self, harmonic: int, intervalley: bool = True) -> np.ndarray:
        """Return the collision matrix with radiative decay, 1/fs.

        After the bins comes an entry that counts emitted light, so that the columns of harmonic 0 sum to zero, and a
        zero if the length would be odd otherwise.
        """
        size = self.grid.size
        evolution_ij = np.zeros((padded(size), padded(size)))
        evolution_ij[:size, :size] = self.collision(harmonic, intervalley) - np.diag(self.grid.radiative_i)
        if harmonic == 0:
            evolution_ij[size, :size] = self.grid.radiative_i
        return evolution_ij

    def implicit(self, labels_k: tuple[int, ...], intervalley: bool = True) -> StoredInverses:
        """Return scattering and radiative decay of a cell whose components have the harmonics `labels_k`."""
        return StoredInverses({m: self.evolution(m, intervalley) for m in set(labels_k)}, labels_k)

    def out_rate(self) -> np.ndarray:
        """Return the rate (1/fs) at which each bin is left, scattering inside the bin included."""
        return (self.intravalley_mij[0] + self.intervalley_mij[0]).sum(axis=0) / self.grid.weight_i


def padded(size: int) -> int:
    """Return the number of values of a component of a cell: bins, emitted light, and a zero if that number is odd."""
    return size + 1 + (size + 1) % 2


def assemble_rates(
    comm: MPI.Comm, excitons: Excitons, grid: Grid, harmonics: int, processes: Sequence[Process]
) -> Rates:
    """Sum the equilibrium fluxes of all processes for harmonics 0 to `harmonics`; ranks share them. Collective."""
    from mpi4py import MPI

    emission = {tag: np.zeros((harmonics + 1, grid.size, grid.size)) for tag in (False, True)}
    for process in processes[comm.rank :: comm.size]:
        _accumulate(emission[process.intervalley], process, excitons, grid)
    for flux_mij in emission.values():
        comm.Allreduce(MPI.IN_PLACE, flux_mij)
    return Rates(grid, _with_absorption(emission[False]), _with_absorption(emission[True]))


def _with_absorption(emission_mij: np.ndarray) -> np.ndarray:
    return emission_mij + emission_mij.transpose(0, 2, 1)


def _accumulate(flux_mij: np.ndarray, process: Process, excitons: Excitons, grid: Grid) -> None:
    """Add flux * cos(m theta) of one process to `flux_mij`."""
    events = process.events(excitons, grid)
    index, cosine, flux = np.broadcast_arrays(events.final * grid.size + events.source, events.cosine, events.flux)
    angle = np.arccos(cosine)
    for harmonic, flux_ij in enumerate(flux_mij):
        weights = flux * np.cos(harmonic * angle)
        flux_ij += np.bincount(index.ravel(), weights.ravel(), grid.size**2).reshape(grid.size, grid.size)


def _collision(flux_mij: np.ndarray, harmonic: int, weight_i: np.ndarray) -> np.ndarray:
    rate_ij = flux_mij[harmonic] / weight_i
    out_j = flux_mij[0].sum(axis=0) / weight_i
    return rate_ij - np.diag(out_j)

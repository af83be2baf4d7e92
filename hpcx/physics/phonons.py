"""Phonons: modes and branches, occupation in equilibrium, coupling to carriers by deformation potentials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mode:
    """A dispersionless phonon: energy (eV) and deformation potential (eV/nm)."""

    energy: float
    potential: float


@dataclass(frozen=True)
class Optical:
    """An optical phonon inside a valley: energy (eV), deformation potentials of electron and hole (eV/nm)."""

    energy: float
    electron: float
    hole: float

    def potential(self, electron: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Return the deformation potential (eV/nm) of a state with these form factors of electron and hole."""
        return self.electron * electron + self.hole * hole


@dataclass(frozen=True)
class Branch:
    """An acoustic branch: velocity (nm/fs) and the factor on both deformation potentials."""

    velocity: float
    coupling: float


def occupation(energy: np.ndarray | float, kT: float) -> np.ndarray:
    """Return the Bose-Einstein occupation of phonons of `energy` in equilibrium at `kT` (of the same unit);
    none at zero temperature.
    """
    if kT == 0:
        return np.zeros_like(np.asarray(energy, float))
    x = np.asarray(energy) / kT
    return np.exp(-x) / -np.expm1(-x)


def coupling_squared(
    strength: np.ndarray | float, energy: np.ndarray | float, hbar2_per_density: float
) -> np.ndarray | float:
    """Return |g(q)|^2 A = hbar^2 |D(q)|^2 / (2 rho E) of a deformation potential D and phonons of energy E,
    energy^2 length^2.

    `strength` is |D|^2, an energy per length squared: of acoustic phonons D has a factor q; form factors belong to it.
    `hbar2_per_density` is hbar^2 over the mass of the layer per area, energy length^4. Jin et al., PRB 90, 045422
    (2014).
    """
    return hbar2_per_density * strength / (2 * energy)

"""Phonons: their occupation in equilibrium, and their coupling to carriers by deformation potentials."""

from __future__ import annotations

import numpy as np


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

"""Screened Coulomb interaction in a two-dimensional layer. Energies in eV, lengths in Angstrom.

W(q) = 2 pi e^2 / (q (kappa + r0 q)) with r0 = 2 pi chi: Cudazzo, Tokatly, Rubio, PRB 84, 085406 (2011);
Berkelbach, Hybertsen, Reichman, PRB 88, 045318 (2013).
"""

from __future__ import annotations

import numpy as np

from hpcx.physics.constants import COULOMB
from hpcx.physics.mesh import ValleyMesh

#: points of the Gauss-Legendre rule over one twelfth of the mini-cell (smooth integrand: converged to rounding)
_ANGLES = 40


def screened_coulomb(q: np.ndarray | float, polarizability: float, kappa: float) -> np.ndarray | float:
    """Return W(q) in eV Angstrom^2 for q > 0 in 1/Angstrom, chi in Angstrom."""
    return 2 * np.pi * COULOMB / (q * (kappa + 2 * np.pi * polarizability * q))


def coulomb_at_zero(choice: str, mesh: ValleyMesh, polarizability: float, kappa: float) -> float:
    """Return what stands for W(0) on a mesh, in eV Angstrom^2.

    "cell-average": mean over the hexagonal mini-cell of the mesh; "disk": mean over the disk of the same area; "qmin": W at the
    smallest distance of the mesh; "zero": 0. The choice shifts exciton and trion spectra rigidly by the same energy.
    """
    smallest = float(np.linalg.norm(mesh.momentum(np.array([1, 0]))))
    cell = (2 * np.pi) ** 2 / (mesh.divisions**2 * mesh.cell_area)
    if choice == "zero":
        return 0.0
    if choice == "qmin":
        return float(screened_coulomb(smallest, polarizability, kappa))
    if choice == "disk":
        radius = np.sqrt(cell / np.pi)
        return float(2 * np.pi / cell * _radial_integral(radius, polarizability, kappa))
    if choice != "cell-average":
        raise ValueError(f"screening.w0 = {choice!r}: expected cell-average, disk, qmin or zero")
    node, weight = np.polynomial.legendre.leggauss(_ANGLES)
    angle = np.pi / 12 * (node + 1)
    border = smallest / 2 / np.cos(angle)
    return float(12 / cell * np.pi / 12 * (weight @ _radial_integral(border, polarizability, kappa)))


def _radial_integral(radius: np.ndarray | float, polarizability: float, kappa: float) -> np.ndarray | float:
    """Integral of q W(q) from 0 to `radius`, eV."""
    length = 2 * np.pi * polarizability
    return 2 * np.pi * COULOMB / length * np.log1p(length * radius / kappa)


def interaction_grid(mesh: ValleyMesh, polarizability: float, kappa: float, w0: str) -> np.ndarray:
    """Return W(q) / (N^2 A_cell) in eV for all differences q = (i b1 + j b2) / N of mesh points.

    Shape (4 m + 1, 4 m + 1) with m the reach of the mesh and q = 0 in the middle.
    """
    reach = 2 * mesh.reach
    index = np.stack(np.mgrid[-reach : reach + 1, -reach : reach + 1], axis=-1)
    distance = np.linalg.norm(mesh.momentum(index), axis=-1)
    distance[reach, reach] = 1
    w_ij = screened_coulomb(distance, polarizability, kappa)
    w_ij[reach, reach] = coulomb_at_zero(w0, mesh, polarizability, kappa)
    return w_ij / (mesh.divisions**2 * mesh.cell_area)


def interaction_between(w_ij: np.ndarray, index_px: np.ndarray, index_qx: np.ndarray) -> np.ndarray:
    """Return the matrix w(p - q) of shape (p, q) from the table of `interaction_grid` and the points' integers."""
    middle = w_ij.shape[0] // 2
    i = index_px[:, None, 0] - index_qx[None, :, 0]
    j = index_px[:, None, 1] - index_qx[None, :, 1]
    return w_ij[i + middle, j + middle]

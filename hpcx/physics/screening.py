"""Screened Coulomb interaction in a two-dimensional layer. Energies in eV, lengths in nm.

The interaction of a thin layer on a mesh of momenta: Berkelbach, Hybertsen, Reichman, PRB 88, 045318 (2013).
"""

from __future__ import annotations

import numpy as np

from hpcx.physics.anisotropic import AnisotropicLayer, at_momenta
from hpcx.physics.constants import COULOMB
from hpcx.physics.interaction import Interaction
from hpcx.physics.lattice import Lattice, integer_pairs
from hpcx.physics.mesh import ValleyMesh

#: points of the Gauss-Legendre rule over a right triangle of the mini-cell (smooth integrand: converged to rounding)
_ANGLES = 40
#: distance in supercells up to which the field of the images is summed, and step of its derivative over the distance
_IMAGES, _STEP = 60, 0.01
#: distance in cells up to which the correction for a finite mesh is summed
_CELLS = 40
#: (distance in cells up to which, nodes per direction of the rule in a sixth of a cell): W is the smoother, the farther
#: away
_RULES = ((8, 6), (_CELLS, 3))


def coulomb_at_zero(choice: str, mesh: ValleyMesh, law: Interaction) -> float:
    """Return the value used for W(0) on a mesh, in eV nm^2.

    "cell-average": mean over the Wigner-Seitz cell of the mesh; "disk": mean over the disk of the same area; "qmin": W
    at the smallest distance of the mesh; "zero": 0. The choice shifts exciton and trion spectra rigidly by the same
    energy.
    """
    cell = (2 * np.pi) ** 2 / (mesh.divisions**2 * mesh.cell_area)
    if choice == "zero":
        return 0.0
    if choice == "qmin":
        smallest_x = min(mesh.lattice.reciprocal_vx, key=np.linalg.norm) / mesh.divisions
        return float(COULOMB * at_momenta(law, smallest_x))
    if choice == "disk":
        radius = np.sqrt(cell / np.pi)
        return float(2 * np.pi / cell * COULOMB * law.over_disk(radius))
    if choice != "cell-average":
        raise ValueError(f"screening.w0 = {choice!r}: expected cell-average, disk, qmin or zero")
    if isinstance(law, AnisotropicLayer):
        q_px, weight_p = mesh.lattice.cell_rule(_ANGLES)  # crowds at q = 0 as 1/q does
        return float(COULOMB * weight_p @ at_momenta(law, q_px / mesh.divisions))
    node, weight = np.polynomial.legendre.leggauss(_ANGLES)
    total = 0.0
    for distance, angle, count in zip(*mesh.lattice.half_sides(), strict=True):
        border = distance / mesh.divisions / np.cos(angle * (node + 1) / 2)
        total += count * angle / 2 * (weight @ law.over_disk(border))
    return float(COULOMB * total / cell)


def interaction_grid(mesh: ValleyMesh, law: Interaction, w0: str) -> np.ndarray:
    """Return W(q) / (N^2 A_cell) in eV for all differences q = (i b1 + j b2) / N of mesh points.

    Shape (4 m + 1, 4 m + 1) with m the reach of the mesh and q = 0 in the middle.
    """
    reach = 2 * mesh.reach
    side = range(-reach, reach + 1)
    momentum_ijx = mesh.momentum(integer_pairs(side, side)).reshape(len(side), len(side), 2)
    momentum_ijx[reach, reach] = 1
    w_ij = COULOMB * at_momenta(law, momentum_ijx)
    w_ij[reach, reach] = coulomb_at_zero(w0, mesh, law)
    return w_ij / (mesh.divisions**2 * mesh.cell_area)


def finite_mesh_correction(mesh: ValleyMesh, law: Interaction, w0: str) -> float:
    """Return the error of the integral of W when sampled on the mesh with `w0` at q = 0, in eV.

    sum over cells of [W(q) times the area - integral of W over the cell], over (2 pi)^2. An exciton's binding energy on
    the mesh is wrong by this to first order, because its form factor is 1 at q = 0 and smooth, and by terms that fall
    like 1/N^3 beyond. It falls like 1/N only where r0 / N is small. The binding energy of a trion, which has one more
    attraction than the exciton and one repulsion, is not affected. The sum over distances up to M cells misses a part
    that falls like 1/M^2.
    """
    area = (2 * np.pi) ** 2 / (mesh.divisions**2 * mesh.cell_area)
    centre_qx, distance_q = _tail_half(mesh)
    missing_q, least = np.zeros(len(distance_q)), 0
    for most, nodes in _RULES:
        offset_px, weight_p = mesh.lattice.cell_rule(nodes)
        chosen, least = (distance_q > least) & (distance_q <= most), most
        missing_q[chosen] = COULOMB * _above_mean(law, centre_qx[chosen], offset_px / mesh.divisions, weight_p)
    total, inner = 2 * missing_q.sum(), 2 * missing_q[distance_q <= distance_q.max() / 2].sum()
    middle = [coulomb_at_zero(choice, mesh, law) for choice in (w0, "cell-average")]
    return float((total + (total - inner) / 3 + middle[0] - middle[1]) * area / (2 * np.pi) ** 2)


def image_field(divisions: int, lattice: Lattice, law: Interaction) -> float:
    """Return c of the interaction c r^2 of two charges with each other's images, in eV / nm^2.

    A mesh of N = `divisions` in momentum space is a supercell of N x N cells in real space: charges interact with all
    images, at r + R instead of r. Expanded in r that is a constant, the `finite_mesh_correction`, and c = sum over R of
    the Laplacian of W(R) over four, which falls like N^-3 where N a is beyond the screening length and faster before
    (the Laplacian of a logarithm is zero). An exciton's binding energy is raised by c <r^2>, that of a trion lowered by
    c (<r^2>_X - 2 <r1.r2>); the next term is smaller by (r / N a)^2. Where the lattice is not hexagonal, c is the mean
    over the directions of r, and W(R) that over the directions of R where the layer is anisotropic.
    """
    farthest = _IMAGES * lattice.constant
    side = range(-2 * _IMAGES, 2 * _IMAGES + 1)
    distance = np.round(np.linalg.norm(integer_pairs(side, side) @ lattice.vectors_vx, axis=1) / lattice.constant, 8)
    distance, times = np.unique(distance[(distance > 0) & (distance <= _IMAGES)], return_counts=True)
    radius = lattice.constant * divisions * distance
    laplacian = _laplacian(law, radius)
    # beyond the sum it falls like R^-3, with one supercell on the area of one
    beyond = laplacian[-1] * radius[-1] ** 3 * 2 * np.pi / (lattice.cell_area * divisions**3 * farthest)
    return float(COULOMB / 4 * (times @ laplacian + beyond))


def _laplacian(law: Interaction, radius: np.ndarray) -> np.ndarray:
    """Return the Laplacian of the interaction in real space, by differences: W is smooth on the scale of R."""
    step = _STEP * radius
    inner, middle, outer = (law.in_space(radius + shift) for shift in (-step, 0.0, step))
    return (outer - 2 * middle + inner) / step**2 + (outer - inner) / (2 * step * radius)


def _above_mean(law: Interaction, centre_qx: np.ndarray, offset_px: np.ndarray, weight_p: np.ndarray) -> np.ndarray:
    """Return W at the centres (q, 2) of cells less its mean over the cell by a rule (p,)."""
    missing_q = at_momenta(law, centre_qx)
    for offset_x, weight in zip(offset_px, weight_p, strict=True):
        missing_q -= weight * at_momenta(law, centre_qx + offset_x)
    return missing_q


def _tail_half(mesh: ValleyMesh) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres (q, 2; 1/nm) of the cells but the middle one up to _CELLS cells,
    and their distances (q,) in cells.

    Of two cells opposite to each other only one is there: both miss the same.
    """
    cell = float(np.linalg.norm(mesh.lattice.reciprocal_vx, axis=1).min())
    index = mesh.lattice.disk(_CELLS * cell)
    centre_qx = mesh.momentum(index[(index[:, 0] > 0) | ((index[:, 0] == 0) & (index[:, 1] > 0))])
    return centre_qx, np.round(np.linalg.norm(centre_qx, axis=1) * mesh.divisions / cell, 8)


def interaction_between(w_ij: np.ndarray, index_px: np.ndarray, index_qx: np.ndarray) -> np.ndarray:
    """Return the matrix w(p - q) of shape (p, q) from that of `interaction_grid` and the points' integers."""
    middle = w_ij.shape[0] // 2
    i = index_px[:, None, 0] - index_qx[None, :, 0]
    j = index_px[:, None, 1] - index_qx[None, :, 1]
    return w_ij[i + middle, j + middle]

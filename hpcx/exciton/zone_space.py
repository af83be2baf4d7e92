"""An exciton of the whole zone in real space: where its electron is while the hole is held on one site."""

from __future__ import annotations

import ducc0.fft
import numpy as np

from hpcx.exciton.zone import ZoneProblem, sites
from hpcx.io.result import Result
from hpcx.physics.lattice import integer_pairs
from hpcx.physics.tightbinding import TightBinding


def electron_density(problem: ZoneProblem, amplitude_kcv: np.ndarray, hole: int) -> np.ndarray:
    """Return |psi_ij(R)|^2 of an electron on orbital i of cell R and a hole on orbital j = `hole` of cell 0,
    (cell, orbital).

    psi_ij(R) = 1/N sum_kcv A(k, c, v) u_ci(k+Q) conj(u_vj(k)) exp(i k R) on point-like orbitals; the sum over i, j, R
    is that of |A|^2, which is 1. Cells are (m, n) with R = m a1 + n a2, n running fastest.
    """
    psi_ki = np.einsum(
        "kcv,kic,kv->ki", amplitude_kcv, problem.electron_kic, problem.hole_kiv[:, hole].conj(), optimize=True
    )
    psi_rri = psi_ki.reshape(problem.divisions, problem.divisions, -1)
    return np.abs(ducc0.fft.c2c(psi_rri, axes=(0, 1), forward=False, inorm=1).reshape(psi_ki.shape)) ** 2


def hole_share(problem: ZoneProblem, amplitude_kcv: np.ndarray) -> np.ndarray:
    """Return the probability of the hole on every orbital, (orbital,); the sum is that of |A|^2."""
    return (np.abs(np.einsum("kcv,kjv->kcj", amplitude_kcv, problem.hole_kiv.conj())) ** 2).sum(axis=(0, 1))


def from_hole(model: TightBinding, divisions: int, site_sx: np.ndarray, hole_x: np.ndarray) -> np.ndarray:
    """Return R + tau - tau_hole of all cells and sites, (cell, site, 2), nm:
    the shortest among the images of the supercell.
    """
    cell_rv = integer_pairs(range(divisions), range(divisions))
    apart_rsx = (cell_rv @ model.lattice_vx)[:, None] + (site_sx - hole_x)[None, :, :2]
    image_ix = divisions * integer_pairs(range(-2, 3), range(-2, 3)) @ model.lattice_vx
    nearest_rs = np.argmin([np.linalg.norm(apart_rsx + image_x, axis=2) for image_x in image_ix], axis=0)
    return apart_rsx + image_ix[nearest_rs]


def add_space(result: Result, problem: ZoneProblem, model: TightBinding, amplitude_skcv: np.ndarray) -> None:
    """Put the electron's density of whole states (state, k, c, v) under /exciton/space,
    the hole on the site where that of the first state is most.
    """
    site_sx, site_of = sites(model)
    share_s = np.bincount(site_of, hole_share(problem, amplitude_skcv[0]))
    hole = int(np.argmax(share_s))
    orbitals, on_site_is = np.flatnonzero(site_of == hole), np.eye(len(site_sx))[site_of]
    density_srs = np.array(
        [
            np.sum([electron_density(problem, amplitude, j) for j in orbitals], axis=0) @ on_site_is
            for amplitude in amplitude_skcv
        ]
    )
    place_rsx = from_hole(model, problem.divisions, site_sx, site_sx[hole])
    for axis, name in enumerate("xy"):
        text = f"electron's {name} from the hole's, at the shortest distance"
        result.add_internal(f"exciton/space/{name}", place_rsx[..., axis], ("cell", "site"), "angstrom", text)
    text = (
        "probability of the electron on a site and the hole on the site `hole` of one cell; of all sites of the hole"
        " together the sum is 1"
    )
    result.add("exciton/space/density", density_srs, ("state", "cell", "site"), "1", text)
    result.add(
        "exciton/space/hole", hole, (), "1", "number of the hole's site: where the hole of the lowest state is most"
    )

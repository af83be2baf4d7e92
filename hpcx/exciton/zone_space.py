"""An exciton of the whole zone in real space: where its electron is while the hole is held on one site."""

from __future__ import annotations

import itertools

import ducc0.fft
import numpy as np

from hpcx.exciton.zone import ZoneOperator, ZoneProblem
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.parallel.rows import SpreadRows
from hpcx.physics.lattice import integer_pairs
from hpcx.physics.tightbinding import TightBinding, sites

#: difference in probability up to which the hole is equally likely on two sites
_EQUAL = 1e-6


def electron_density(problem: ZoneProblem, amplitude_kcv: np.ndarray, electron: int, hole: int) -> np.ndarray:
    """Return |psi_ij(R)|^2 of an electron on orbital i = `electron` of cell R and a hole on orbital j = `hole`
    of cell 0, (cell,).

    psi_ij(R) = 1/N sum_kcv A(k, c, v) u_ci(k+Q) conj(u_vj(k)) exp(i k R) on point-like orbitals; the sum over i, j, R
    is that of |A|^2, which is 1. Cells are (m, n) with R = m a1 + n a2, n running fastest.
    """
    of_electron, of_hole = problem.electron_kic[:, electron], problem.hole_kiv[:, hole].conj()
    psi_rr = np.einsum("kcv,kc,kv->k", amplitude_kcv, of_electron, of_hole, optimize=True)
    psi_rr = psi_rr.reshape(problem.divisions, problem.divisions)
    return np.abs(ducc0.fft.c2c(psi_rr, forward=False, inorm=1, out=psi_rr)).ravel() ** 2


def hole_share(hole_kiv: np.ndarray, amplitude_kcv: np.ndarray) -> np.ndarray:
    """Return the probability of the hole on every orbital, (orbital,); the sum is that of |A|^2."""
    return (np.abs(np.einsum("kcv,kjv->kcj", amplitude_kcv, hole_kiv.conj())) ** 2).sum(axis=(0, 1))


def from_hole(
    model: TightBinding, divisions: int, site_sx: np.ndarray, hole_x: np.ndarray, cells: slice = slice(None)
) -> np.ndarray:
    """Return R + tau - tau_hole of `cells` and all sites, (cell, site, 2), nm:
    the shortest among the images of the supercell.
    """
    cell_rv = integer_pairs(range(divisions), range(divisions))[cells]
    apart_rsx = (cell_rv @ model.lattice_vx)[:, None] + (site_sx - hole_x)[None, :, :2]
    image_ix = divisions * integer_pairs(range(-2, 3), range(-2, 3)) @ model.lattice_vx
    nearest_rsx = apart_rsx + image_ix[0]
    for image_x in image_ix[1:]:
        closer_rs = np.linalg.norm(apart_rsx + image_x, axis=2) < np.linalg.norm(nearest_rsx, axis=2)
        nearest_rsx[closer_rs] = (apart_rsx + image_x)[closer_rs]
    return nearest_rsx


class HeldHole:
    """Densities of the electron while the hole is on one site. Every rank computes them for some orbitals and cells.

    Attributes:
        hole: number of the hole's site: where the hole of the first state is most, of equal ones the first.
    """

    def __init__(self, operator: ZoneOperator, model: TightBinding, vector: np.ndarray) -> None:
        """Take this rank's rows of the first state; collective."""
        self._operator, (site_sx, site_of), comm = operator, sites(model), operator.comm
        own_iv, total = operator.problem.hole_kiv[operator.points], operator.problem.divisions**2
        share_s = np.bincount(site_of, comm.allreduce(hole_share(own_iv, operator.by_bands(vector))))
        self.hole = int(np.argmax(share_s > share_s.max() - _EQUAL))
        held = np.flatnonzero(site_of == self.hole)
        on_site = [np.flatnonzero(site_of == site) for site in range(len(site_sx))]
        self._pairs = [list(itertools.product(electron, held))[comm.rank :: comm.size] for electron in on_site]
        self._spread = SpreadRows.blocks(comm, total)

    def put_density(self, vector: np.ndarray, density_rs: np.ndarray) -> None:
        """Put the density of a state, of which this rank has these rows, in this rank's cells into (cell, site).
        One vector and one density are whole on the way; collective.
        """
        problem, whole_kcv = self._operator.problem, self._operator.whole(vector)
        for site, pairs in enumerate(self._pairs):
            own_r = np.zeros(problem.divisions**2)
            for electron, hole in pairs:
                own_r += electron_density(problem, whole_kcv, electron, hole)
            density_rs[:, site] = self._spread.summed(own_r)


def add_space(result: Result, operator: ZoneOperator, model: TightBinding, vectors: np.ndarray) -> None:
    """Put the electron's density of states (state, rows) under /exciton/space, every rank its cells; collective."""
    held, cells, total = HeldHole(operator, model, vectors[0]), operator.points, operator.problem.divisions**2
    site_sx, _ = sites(model)
    place_rsx = from_hole(model, operator.problem.divisions, site_sx, site_sx[held.hole], cells)
    for axis, name in enumerate("xy"):
        text = f"electron's {name} relative to the hole's, at the shortest distance"
        place, dims = place_rsx[..., axis], ("cell", "site")
        result.add_internal(f"exciton/space/{name}", place, dims, "angstrom", text, start=cells.start, rows=total)
    text = (
        "joint probability of the electron on a site and the hole on the site `hole` of one cell; the sum over all"
        " sites of the hole is 1"
    )
    density_srs = np.empty((len(vectors), *place_rsx.shape[:2]))
    for vector, density_rs in zip(vectors, density_srs, strict=True):
        held.put_density(vector, density_rs)
    part = Part.block((len(vectors), total, len(site_sx)), (slice(0, len(vectors)), cells))
    result.add("exciton/space/density", density_srs, ("state", "cell", "site"), "1", text, part=part)
    text = "index of the hole's site: the one with most hole density in the lowest state"
    result.add("exciton/space/hole", held.hole, (), "1", text)

"""The exciton of a tight-binding model on the whole Brillouin zone:
several bands, spinors, any pair momentum, exchange.

H = (e_c(k+Q) - e_v(k)) - D + X for amplitudes A(k, c, v), with point-like orbitals in the lattice gauge (see the
developer's page): D A = sum_ij conj(u_ci(k+Q)) u_vj(k) sum_k' V_ij(k' - k) sum_c'v' u_c'i(k'+Q) conj(u_v'j(k')) A(k',
c', v'), V_ij(q) = 1/N^2 sum_R V(R + tau_i - tau_j) exp(i q R), which fast Fourier transforms turn into a product over
R; and X A = sum_ij conj(u_ci(k+Q)) u_vi(k) U_ij(Q) sum_k'c'v' conj(u_v'j(k')) u_c'j(k'+Q) A, U_ij(Q) = 1/N^2 sum_R V(R
+ tau_i - tau_j) exp(-i Q R).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import ducc0.fft
import numpy as np
from mpi4py import MPI

from hpcx.parallel.layout import block_rows
from hpcx.parallel.rows import SpreadRows
from hpcx.parallel.traffic import Traffic
from hpcx.physics.anisotropic import at_momenta, at_places
from hpcx.physics.constants import COULOMB
from hpcx.physics.interaction import Interaction
from hpcx.physics.tightbinding import CHUNK, TightBinding, sites

#: distance below which two orbitals count as the same site, nm
_SAME_SITE = 1e-6


@dataclass(frozen=True)
class ZoneProblem:
    """The exciton's Hamiltonian in terms of bands and of the interaction between sites.

    Attributes:
        divisions: N; the mesh has N x N points (m b1 + n b2) / N, the second index running fastest.
        pair_energy_kcv: e_c(k+Q) - e_v(k), (k, c, v), eV.
        electron_kic: conduction states at k + Q in the lattice gauge, (k, orbital, c); in memory (orbital, c, k).
        hole_kiv: valence states at k, (k, orbital, v); in memory (v, orbital, k).
        attraction_ssr: V(R + tau_s - tau_s') summed over the images of the N x N supercell, (site, site, N, N), eV.
        site_of: site of every orbital.
        exchange_ij: N^2 U_ij(Q), eV; None without exchange.
        velocity_xkcv: <c|hbar v|v> of this rank's points, (2, own k, c, v), eV nm; None at finite pair momentum.
    """

    divisions: int
    pair_energy_kcv: np.ndarray
    electron_kic: np.ndarray
    hole_kiv: np.ndarray
    attraction_ssr: np.ndarray
    site_of: np.ndarray
    exchange_ij: np.ndarray | None = None
    velocity_xkcv: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of pair states."""
        return self.pair_energy_kcv.size


def zone_problem(
    comm: MPI.Comm,
    model: TightBinding,
    law: Interaction,
    divisions: int,
    occupied: int,
    bands: tuple[int, int] = (1, 1),
    pair_momentum_x: np.ndarray | None = None,
    scissor: float = 0.0,
    exchange: Interaction | None = None,
    spinless_factor: float = 1.0,
    reach: float | None = None,
    whole_cells: bool = False,
) -> ZoneProblem:
    """Return the problem of `bands` = (valence, conduction) bands next to the gap above band `occupied`; collective.

    Args:
        comm: the ranks that share the diagonalisations; every one gets the bands of the pairs at all momenta.
        model: the bands.
        law: the screened interaction in real space.
        divisions: N.
        occupied: number of bands below the gap.
        bands: how many of them below and above the gap form pairs.
        pair_momentum_x: Q, (2,), 1/nm; zero by default. A single point of the zone, on the mesh or not.
        scissor: added to the gap, eV.
        exchange: the interaction of the exchange, or None to leave it out.
        spinless_factor: 2 for singlets of a model without spin.
        reach: distance up to which pairs of sites interact, nm; half the supercell's width by default,
            and not more, or pairs would count with several of their images. If it is given, the exchange is the sum up
            to there, else its part of long range, without an end.
        whole_cells: leave out cells that are farther away than `reach`, too, as some other programs do.
    """
    q_x = np.zeros(2) if pair_momentum_x is None else pair_momentum_x
    first = block_rows(divisions**2, comm.size)
    momentum_kx = model.mesh(divisions)[first[comm.rank] : first[comm.rank + 1]]
    chosen, chunks = slice(occupied - bands[0], occupied + bands[1]), 1 + len(momentum_kx) // CHUNK
    energy, electron, hole, velocity = zip(
        *(_bands_of_pairs(model, part, chosen, bands[0], q_x) for part in np.array_split(momentum_kx, chunks)),
        strict=True,
    )
    ends = whole_cells or reach is not None
    reach = divisions * model.shortest_vector / 2 if reach is None else reach
    exchange_ij = None
    if exchange is not None:
        cells = (divisions, reach, whole_cells) if ends else None
        exchange_ij = spinless_factor * _exchange(model, exchange, q_x, cells)
    return ZoneProblem(
        divisions,
        np.concatenate(comm.allgather(np.concatenate(energy))) + scissor,
        _gathered(comm, electron, (1, 2, 0)),
        _gathered(comm, hole, (2, 1, 0)),
        site_interaction(model, law, divisions, reach, whole_cells),
        sites(model)[1],
        exchange_ij,
        None if q_x.any() else np.concatenate(velocity, axis=1),
    )


def _bands_of_pairs(
    model: TightBinding, momentum_kx: np.ndarray, chosen: slice, valence: int, q_x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Return e_c(k+Q) - e_v(k), electron's and hole's states, and for Q = 0 the velocity (2, k, c, v), else None."""
    energy_kb, state_kib = model.bands(momentum_kx)
    hole_kiv, hole_energy = state_kib[..., chosen][..., :valence], energy_kb[:, chosen][:, :valence]
    if q_x.any():
        energy_kb, state_kib = model.bands(momentum_kx + q_x)
    electron_kic, electron_energy = state_kib[..., chosen][..., valence:], energy_kb[:, chosen][:, valence:]
    pair_energy_kcv = electron_energy[:, :, None] - hole_energy[:, None, :]
    if q_x.any():
        return pair_energy_kcv, electron_kic, hole_kiv, None
    velocity_xkij = model.velocity(momentum_kx)
    velocity_xkcv = np.einsum("kic,xkij,kjv->xkcv", electron_kic.conj(), velocity_xkij, hole_kiv, optimize=True)
    return pair_energy_kcv, electron_kic, hole_kiv, velocity_xkcv


def _gathered(comm: MPI.Comm, parts: tuple[np.ndarray, ...], order: tuple[int, ...]) -> np.ndarray:
    """Return the states (k, orbital, band) of all ranks from the parts of each, with axes in memory in this order,
    k last, as products run over them."""
    own = np.concatenate(parts).transpose(order)
    return np.concatenate(comm.allgather(np.ascontiguousarray(own)), axis=2).transpose(np.argsort(order))


def _exchange(
    model: TightBinding, law: Interaction, momentum_x: np.ndarray, cells: tuple[int, float, bool] | None
) -> np.ndarray:
    """Return U_ij(Q), eV: of long range, or the sum over `cells`, which are (divisions, reach, whole_cells)."""
    if cells is None:
        return long_range_exchange(model, law, momentum_x)
    exchange_ss, (_, site_of) = site_interaction(model, law, *cells, momentum_x).sum(axis=(2, 3)), sites(model)
    return exchange_ss[site_of[:, None], site_of]


def long_range_exchange(model: TightBinding, law: Interaction, momentum_x: np.ndarray) -> np.ndarray:
    """Return N^2 U_ij(Q) = W(Q) / A exp(i Q (tau_i - tau_j)), (orbital, orbital), eV,
    of the shortest Q + G, or the mean of several.

    It is the part that does not depend on how close two charges on point-like orbitals may come; at Q = 0 no pair has
    it.
    """
    near_gx = momentum_x + np.stack(list(np.mgrid[-3:4, -3:4]), axis=-1).reshape(-1, 2) @ model.reciprocal_vx
    length_g = np.linalg.norm(near_gx, axis=1)
    shortest = float(length_g.min())
    if shortest < _SAME_SITE:
        return np.zeros((model.orbitals,) * 2)
    apart_ijx = model.centre_ix[:, None, :2] - model.centre_ix[None, :, :2]
    shortest_gx = near_gx[length_g < shortest * (1 + _SAME_SITE)]
    phase_ijg = np.exp(1j * apart_ijx @ shortest_gx.T)
    return COULOMB / model.cell_area * (phase_ijg * at_momenta(law, shortest_gx)).mean(axis=2)


def site_interaction(
    model: TightBinding,
    law: Interaction,
    divisions: int,
    reach: float,
    whole_cells: bool,
    momentum_x: np.ndarray | None = None,
) -> np.ndarray:
    """Return V(R + tau_s - tau_s') within `reach`, folded into the supercell, (site, site, N, N), eV.

    Charges on one site repel each other like charges as far apart as the shortest lattice vector is long. With a
    momentum Q (2,) every cell has the phase exp(-i Q R).
    """
    site_sx, _ = sites(model)
    cell_rv = model.cells_within(reach + float(np.linalg.norm(np.ptp(site_sx[:, :2], axis=0))))
    vector_rx = cell_rv @ model.lattice_vx
    within = np.linalg.norm(vector_rx, axis=1) <= (reach + _SAME_SITE if whole_cells else np.inf)
    cell_rv, vector_rx = cell_rv[within], vector_rx[within]
    phase_r = np.ones(len(cell_rv)) if momentum_x is None else np.exp(-1j * vector_rx @ momentum_x)
    onsite = model.shortest_vector
    v_ssr = np.zeros((len(site_sx), len(site_sx), divisions, divisions), phase_r.dtype)
    for i, j in np.ndindex(v_ssr.shape[:2]):
        apart = site_sx[i] - site_sx[j]
        apart_rx = vector_rx + apart[:2]
        distance_r = np.hypot(np.linalg.norm(apart_rx, axis=1), apart[2])
        near = distance_r <= reach + _SAME_SITE
        distance_r = np.where(distance_r < _SAME_SITE, onsite, distance_r)
        v_r = COULOMB * at_places(law, apart_rx[near], distance_r[near])
        np.add.at(v_ssr[i, j], tuple((cell_rv[near] % divisions).T), v_r * phase_r[near])
    return v_ssr


class ZoneOperator:
    """Products with the Hamiltonian: rows of k are spread over the ranks, pairs of orbitals are dealt to them.

    Attributes:
        rows: length of this rank's part of a vector: its points times pairs of bands.
        first: row of the whole vector at which this part begins.
        points: the mesh points of this rank, a block.
        pairs: number of pairs of bands.
        kinetic: energies of the free pairs of these rows, eV.
        flops: floating-point operations of one product on this rank.
    """

    def __init__(self, comm: MPI.Comm, problem: ZoneProblem) -> None:
        self.comm, self.problem = comm, problem
        points, *self._bands = problem.pair_energy_kcv.shape
        first = block_rows(points, comm.size)
        self.pairs = int(np.prod(self._bands))
        self._spread = SpreadRows(comm, (np.diff(first) * self.pairs).tolist())
        self.first = int(first[comm.rank]) * self.pairs
        self.points = slice(int(first[comm.rank]), int(first[comm.rank + 1]))
        self.rows = self._spread.rows
        self._hole_vjk = np.ascontiguousarray(problem.hole_kiv.transpose(2, 1, 0))
        electron_ick = np.ascontiguousarray(problem.electron_kic.transpose(1, 2, 0))
        own = np.array_split(np.arange(len(electron_ick) ** 2), comm.size)[comm.rank]
        self._own_ij = [
            (i, own[own // len(electron_ick) == i] % len(electron_ick)) for i in np.unique(own // len(electron_ick))
        ]
        self._electron_ick = electron_ick
        self.kinetic = problem.pair_energy_kcv[self.points].ravel()
        self.dtype = complex
        self.flops = 20.0 * points * len(own) * np.log2(max(points, 2))

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's rows of the product, eV, in `out` if given; collective."""
        attraction = self._attraction(self.whole(x))
        y = np.subtract(self.kinetic * x, self._spread.summed(attraction), out=out)
        if self.problem.exchange_ij is not None:
            y += self._exchange(x, self.problem.exchange_ij)
        return y

    def whole(self, x: np.ndarray) -> np.ndarray:
        """Return the whole vector (k, c, v) of this rank's rows; collective."""
        return self.by_bands(self._spread.gathered(x))

    def by_bands(self, x: np.ndarray) -> np.ndarray:
        """Return rows of a vector, or of several [..., rows], as [..., k, c, v]."""
        return x.reshape(*x.shape[:-1], -1, *self._bands)

    @cached_property
    def _dipole_kcvi(self) -> np.ndarray:
        """conj(u_ci(k+Q)) u_vi(k) of this rank's points."""
        electron_kic, hole_kiv = (states[self.points] for states in (self.problem.electron_kic, self.problem.hole_kiv))
        return np.einsum("kic,kiv->kcvi", electron_kic.conj(), hole_kiv)

    @property
    def traffic(self) -> Traffic:
        """Traffic of this rank in products."""
        return self._spread.traffic

    def _attraction(self, x_kcv: np.ndarray) -> np.ndarray:
        """Return the share of D x of this rank's pairs of orbitals, (k, c, v).
        Arrays run over k last, so that all products are of long rows.
        """
        problem, n, hole_vjk = self.problem, self.problem.divisions, self._hole_vjk
        x_cvk = np.ascontiguousarray(np.moveaxis(x_kcv, 0, 2))
        y_cvk = np.zeros_like(x_cvk)
        half_cjk = sum(x_cvk[:, v, None].conj() * hole_vjk[v] for v in range(len(hole_vjk)))
        np.conj(half_cjk, out=half_cjk)  # sum_v x conj(u_vj)
        for i, own_j in self._own_ij:
            electron_ck = self._electron_ick[i]
            psi_jk = sum(electron_ck[c] * half_cjk[c, own_j] for c in range(len(half_cjk))).reshape(-1, n, n)
            ducc0.fft.c2c(psi_jk, axes=(1, 2), out=psi_jk, forward=False, inorm=2)
            psi_jk *= problem.attraction_ssr[problem.site_of[i], problem.site_of[own_j]]
            ducc0.fft.c2c(psi_jk, axes=(1, 2), out=psi_jk)
            through_vk = np.einsum("jk,vjk->vk", psi_jk.reshape(len(psi_jk), -1), hole_vjk[:, own_j])
            y_cvk += electron_ck[:, None].conj() * through_vk[None]
        return np.moveaxis(y_cvk, 2, 0)

    def _exchange(self, x: np.ndarray, exchange_ij: np.ndarray) -> np.ndarray:
        """Return this rank's rows of X x."""
        dipole_kcvi = self._dipole_kcvi
        polarisation_j = np.einsum("kcvj,kcv->j", dipole_kcvi.conj(), x.reshape(dipole_kcvi.shape[:3]))
        field_i = exchange_ij @ self.comm.allreduce(polarisation_j) / self.problem.divisions**2
        return (dipole_kcvi @ field_i).ravel()

"""Channels of trions coupled by electron-hole exchange, in one vector:
the amplitudes of one channel after those of the other.

A like carrier and the opposite one of equal spin make a pair that exchange destroys and makes again beside the third
carrier, the spectator. With C(k1, k2) of a channel, spectator 2 and pair momentum p = k1 - k3 = -k2 (two electrons, k3
= k1 + k2; of two holes p = k3 - k1 = k2),

    (X C_a)(k1,k2) = + U(p) / (N^2 A) O_a(k1,k3) sum_b sum_k1' conj(O_b(k1',k3')) C_b(k1',k2)    pair in one valley
    (X C_a)(k1,k2) = + J / (N^2 A) sum_k1' C_a(k1',k2)    contact, pair in different valleys

where b are all channels that have this spectator beside a pair in one valley, O = <c|v> of its electron and hole, and U
= 2 pi e^2 / (p eps(p)). With spectator 1 the same holds with 1 and 2 exchanged, and with a sign for each channel in
which the spectator is the first carrier, because like carriers are fermions. O vanishes with p, so that U needs nothing
at p = 0. J is an input, fitted and not derived: overlaps of point-like orbitals vanish between the bands of different
valleys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mpi4py import MPI

from hpcx.exciton.exchange import exchange_grid
from hpcx.exciton.problem import ExcitonProblem
from hpcx.materials.loader import Material
from hpcx.physics.valley_bands import interband
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.exchange_pairs import Pair, pair_bands
from hpcx.trion.operator import TrionOperator


class Term:
    """The exchange of one pair of a channel on this rank.

    Attributes:
        part: number of the channel.
        total: number of the sum over the pair, which terms of one spectator share.
    """

    def __init__(
        self,
        part: int,
        total: int,
        like: int,
        operator: TrionOperator,
        overlap_p: np.ndarray | float,
        strength_k: np.ndarray,
        phase_g: np.ndarray,
    ) -> None:
        """Take O (or 1 for a contact) at this rank's pairs of points, the strength at the points of the spectator,
        eV, and what symmetry does to O.
        """
        self.part, self.total = part, total
        self._spectator_p = operator.sector.k1 if like else operator.sector.k2
        self._factor_p = (-1 if like else 1) * overlap_p * operator.sector.norm
        self._strength_k = strength_k
        self._group, self._turn_g = operator.group, operator.group.turn_g * phase_g.conj() / operator.group.order

    def whole(self, sum_k: np.ndarray) -> np.ndarray:
        """Return the sum over all pairs from that over one of each orbit, (n,):
        it has the symmetry of C over that of O.
        """
        total_k = np.zeros_like(sum_k)
        for move_k, conjugates, turn in zip(
            self._group.permutation_gk, self._group.conjugates_g, self._turn_g, strict=True
        ):
            total_k[move_k] += turn * (sum_k.conj() if conjugates else sum_k)
        return total_k

    def add_sum(self, x: np.ndarray, sum_k: np.ndarray) -> None:
        """Add this rank's sum over the pair to `sum_k` (n,)."""
        value = np.conj(self._factor_p) * x
        sum_k.real += np.bincount(self._spectator_p, value.real, len(sum_k))
        sum_k.imag += np.bincount(self._spectator_p, value.imag, len(sum_k))

    def add_made(self, sum_k: np.ndarray, y: np.ndarray) -> None:
        """Add the pairs that are made."""
        y += self._factor_p * (self._strength_k * sum_k)[self._spectator_p]


class CoupledOperator:
    """Products with the Hamiltonian of several channels with exchange.

    Attributes:
        operators: those of the channels without exchange.
        cuts: where the parts of the channels begin in this rank's vector, and its end.
        rows, dtype, flops: as of other operators.
    """

    def __init__(
        self, comm: MPI.Comm, operators: Sequence[TrionOperator], edges: Sequence[float], terms: Sequence[Term]
    ) -> None:
        """Take the operators, the energies of their band edges from one zero (eV), and the exchange."""
        self.comm, self.operators = comm, list(operators)
        self.cuts = np.cumsum([0, *(operator.rows for operator in operators)])
        self.rows, self.dtype, self.flops = (
            int(self.cuts[-1]),
            operators[0].dtype,
            sum(operator.flops for operator in operators),
        )
        self._edges, self._terms = np.asarray(edges), terms
        self._first_terms = list({term.total: term for term in terms}.values())

    @property
    def waited(self) -> float:
        """Seconds spent waiting for other ranks so far."""
        return sum(operator.waited for operator in self.operators)

    def parts(self, x: np.ndarray) -> list[np.ndarray]:
        """Return views of a vector, one for each channel."""
        return [x[first:last] for first, last in zip(self.cuts, self.cuts[1:])]

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's part of the product, in `out` if there is one, eV; collective."""
        real = self.dtype is float
        y = self._apply(x.real if real else x)
        if real and np.iscomplexobj(x) and self.comm.allreduce(bool(x.imag.any()), MPI.LOR):
            y = y + 1j * self._apply(x.imag)
        if out is None:
            return y
        out[:] = y
        return out

    def _apply(self, x: np.ndarray) -> np.ndarray:
        """The product with coordinates of the sectors' own type."""
        x_c, sectors = self.parts(x), [operator.sector for operator in self.operators]
        y = np.concatenate(
            [
                operator.apply(given) + edge * given
                for operator, edge, given in zip(self.operators, self._edges, x_c, strict=True)
            ]
        )
        x_cp = [sector.spread(given) for sector, given in zip(sectors, x_c, strict=True)]
        sum_tk = np.zeros((len(self._first_terms), self.operators[0].problem.mesh.size), complex)
        for term in self._terms:
            term.add_sum(x_cp[term.part], sum_tk[term.total])
        self.comm.Allreduce(MPI.IN_PLACE, sum_tk)
        sum_tk = np.array([term.whole(sum_k) for term, sum_k in zip(self._first_terms, sum_tk, strict=True)])
        made_cp = [np.zeros_like(given) for given in x_cp]
        for term in self._terms:
            term.add_made(sum_tk[term.total], made_cp[term.part])
        y += np.concatenate([sector.collect(made) for sector, made in zip(sectors, made_cp, strict=True)])
        return y

    def counted_from(self, part: int) -> CoupledOperator:
        """Return the operator with energies from the band edges of a channel."""
        return CoupledOperator(self.comm, self.operators, self._edges - self._edges[part], self._terms)

    def weights(self, vectors: np.ndarray) -> np.ndarray:
        """Return the share of each channel in vectors (state, rows), (state, channel); collective."""
        own = [[float((np.abs(part) ** 2).sum()) for part in self.parts(vector)] for vector in vectors]
        return self.comm.allreduce(np.array(own).reshape(len(vectors), len(self.operators)))


def exchange_terms(
    config: Config,
    material: Material,
    exciton: ExcitonProblem,
    names: list[str],
    operators: Sequence[TrionOperator],
    phase_pg: dict[Pair, np.ndarray],
) -> list[Term]:
    """Return the exchange of coupled channels of the input, for the operators in the order of `names`."""
    mesh, settings = exciton.mesh, config.exchange.internal
    u_k = exchange_grid(config, material, mesh, settings.screening)[tuple((mesh.index_kx + 2 * mesh.reach).T)]
    contact_k = np.full(mesh.size, settings.contact / (mesh.divisions**2 * mesh.cell_area))
    terms: list[Term] = []
    totals: dict[object, int] = {}
    for pair, phase_g in phase_pg.items():
        part = names.index(pair.channel)
        # what a contact destroys is made in the same channel alone
        total = totals.setdefault(pair.spectator if pair.in_one_valley else pair, len(totals))
        overlap_p = _overlap(config, material, exciton, pair, operators[part]) if pair.in_one_valley else 1.0
        terms.append(
            Term(part, total, pair.like, operators[part], overlap_p, u_k if pair.in_one_valley else contact_k, phase_g)
        )
    return terms


def _overlap(
    config: Config, material: Material, exciton: ExcitonProblem, pair: Pair, operator: TrionOperator
) -> np.ndarray:
    """Return <c|v> of the pair at all of this rank's pairs of points."""
    electron, hole = pair_bands(config, material, exciton.mesh, pair)
    k1, k2 = operator.sector.k1, operator.sector.k2
    like, opposite = k2 if pair.like else k1, exciton.mesh.add(k1, k2)
    two_electrons = channel(config, material, pair.channel)[0].label.conduction
    return interband(electron, hole, *((like, opposite) if two_electrons else (opposite, like)))

"""Channels of trions coupled by electron-hole exchange, in one vector: the amplitudes of one channel after those of the other.

A like carrier and the opposite one of equal spin make a pair that exchange destroys and makes again beside the third carrier, the spectator. With
C(k1, k2) of a channel, spectator 2 and pair momentum p = k1 - k3 = -k2 (two electrons, k3 = k1 + k2; of two holes p = k3 - k1 = k2),

    long range, pair in one valley:     (X C_a)(k1,k2) = + U(p) / (N^2 A) O_a(k1,k3) sum_b sum_k1' conj(O_b(k1',k3')) C_b(k1',k2)
    contact, pair in different valleys: (X C_a)(k1,k2) = + J / (N^2 A) sum_k1' C_a(k1',k2)

where b are all channels that have this spectator beside a pair in one valley, O = <c|v> of its electron and hole, and U = 2 pi e^2 / (p eps(p)). With spectator
1 the same holds with 1 and 2 exchanged, and with a sign for each channel in which the spectator is the first carrier, because like
carriers are fermions. O vanishes with p, so that U needs nothing at p = 0. J is an input, fitted and not derived: overlaps of
point-like orbitals vanish between the bands of different valleys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mpi4py import MPI

from hpcx.exciton.exchange import exchange_grid, interband
from hpcx.exciton.problem import ExcitonProblem
from hpcx.materials.loader import Material
from hpcx.physics.bands import Band
from hpcx.trion.channels import Species, channel
from hpcx.trion.config import Config
from hpcx.trion.exchange_pairs import OPPOSITE, Pair, pairs_of
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import three_bands


class Term:
    """The exchange of one pair of a channel on this rank.

    Attributes:
        part: number of the channel.
        group: number of the sum over the pair, which terms of one spectator share.
    """

    def __init__(self, part: int, group: int, like: int, operator: TrionOperator, overlap_p: np.ndarray | float, strength_k: np.ndarray) -> None:
        """Take O (or 1 for a contact) at this rank's pairs of points and the strength at the points of the spectator, eV."""
        self.part, self.group = part, group
        self._spectator_p = operator.sector.k1 if like else operator.sector.k2
        self._factor_p = (-1 if like else 1) * overlap_p
        self._strength_k = strength_k

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
        operators: those of the channels without exchange, without symmetry.
        cuts: where the parts of the channels begin in this rank's vector, and its end.
        rows, dtype, flops: as of other operators.
    """

    def __init__(self, comm: MPI.Comm, operators: Sequence[TrionOperator], edges: Sequence[float], terms: Sequence[Term]) -> None:
        """Take the operators, the energies of their band edges from one zero (eV), and the exchange."""
        self.comm, self.operators = comm, list(operators)
        self.cuts = np.cumsum([0, *(operator.rows for operator in operators)])
        self.rows, self.dtype, self.flops = int(self.cuts[-1]), complex, sum(operator.flops for operator in operators)
        self._edges, self._terms = edges, terms
        self._groups = max((term.group for term in terms), default=-1) + 1

    @property
    def waited(self) -> float:
        """Seconds spent waiting for other ranks so far."""
        return sum(operator.waited for operator in self.operators)

    def parts(self, x: np.ndarray) -> list[np.ndarray]:
        """Return views of a vector, one for each channel."""
        return [x[first:last] for first, last in zip(self.cuts, self.cuts[1:])]

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's part of the product, in `out` if there is one, eV; collective."""
        y, x_c = np.empty(self.rows, complex) if out is None else out, self.parts(x)
        y_c = self.parts(y)
        for operator, edge, given, made in zip(self.operators, self._edges, x_c, y_c, strict=True):
            made[:] = operator.apply(given) + edge * given
        sum_gk = np.zeros((self._groups, self.operators[0].problem.mesh.size), complex)
        for term in self._terms:
            term.add_sum(x_c[term.part], sum_gk[term.group])
        self.comm.Allreduce(MPI.IN_PLACE, sum_gk)
        for term in self._terms:
            term.add_made(sum_gk[term.group], y_c[term.part])
        return y

    def weights(self, vectors: np.ndarray) -> np.ndarray:
        """Return the share of each channel in vectors (state, rows), (state, channel); collective."""
        own = [[float((np.abs(part) ** 2).sum()) for part in self.parts(vector)] for vector in vectors]
        return self.comm.allreduce(np.array(own).reshape(len(vectors), len(self.operators)))


def exchange_terms(
    config: Config, material: Material, exciton: ExcitonProblem, channels: dict[str, tuple[Species, Species, Species]], operators: Sequence[TrionOperator]
) -> list[Term]:
    """Return the exchange of coupled channels of the input, for the operators in the order of `channels`."""
    mesh, settings = exciton.mesh, config.exchange.internal
    u_k = exchange_grid(config, material, mesh, settings.screening)[tuple((mesh.index_kx + 2 * mesh.reach).T)]
    contact_k = np.full(mesh.size, settings.contact / (mesh.divisions**2 * mesh.cell_area))
    names, terms = list(channels), []
    groups: dict[object, int] = {}
    for pair in pairs_of(channels):
        if not (settings.long_range if pair.in_one_valley else settings.contact):
            continue
        part = names.index(pair.channel)
        # what a contact destroys is made in the same channel alone
        group = groups.setdefault(pair.spectator if pair.in_one_valley else pair, len(groups))
        overlap_p = _overlap(config, material, exciton, pair, operators[part]) if pair.in_one_valley else 1.0
        terms.append(Term(part, group, pair.like, operators[part], overlap_p, u_k if pair.in_one_valley else contact_k))
    return terms


def _overlap(config: Config, material: Material, exciton: ExcitonProblem, pair: Pair, operator: TrionOperator) -> np.ndarray:
    """Return <c|v> of the pair at all of this rank's pairs of points."""
    bands, k1, k2 = three_bands(config, material, exciton.mesh, pair.channel), operator.sector.k1, operator.sector.k2
    like, opposite = (bands[pair.like], k2 if pair.like else k1), (bands[OPPOSITE], exciton.mesh.add(k1, k2))
    two_electrons = channel(config, material, pair.channel)[0].label.conduction
    return _interband(*(like, opposite) if two_electrons else (opposite, like))


def _interband(electron: tuple[Band, np.ndarray], hole: tuple[Band, np.ndarray]) -> np.ndarray:
    return interband(electron[0], hole[0], electron[1], hole[1])

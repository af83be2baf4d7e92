"""The trion's Hamiltonian without a matrix, on the symmetric sector of pair states, distributed over ranks.

Each interaction moves one carrier while the sum of the two others' momenta, or one momentum, stays fixed. Three layouts make the
fixed one a column r and the moving one a row p:

    photoexcited and opposite: p = k1,   r = k2,       spectator spinor at p + r = k3
    resident and opposite:     p = k2,   r = k1,       spectator spinor at p + r = k3
    photoexcited and resident: p = k1,   r = -k3,      spectator spinor at p + r = -k2

and all three read Y(p) = sum_b u_b(p+r) sum_p' Wc[p,p'] conj(u_b(p'+r)) X(p'). Columns are needed for one point per orbit.
Identical carriers need two of the layouts. If the resident carrier has the momentum Q, every sum of two points is less Q.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from hpcx.parallel.layout import Pull
from hpcx.parallel.traffic import Traffic
from hpcx.trion.kernels import Kernel, add_up, choose_kernel, deal, make_kernel
from hpcx.trion.problem import TrionProblem
from hpcx.trion.sector import PairGroup, Sector, pair_group
from hpcx.trion.symmetry import chosen, require


@dataclass(frozen=True)
class PairLayout:
    """Which momentum is the column and which the row: "photoexcited", "resident" or "both" like carriers' interaction."""

    name: str

    def pair(self, group: PairGroup, p: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (k1, k2) of row p in column r."""
        if self.name == "photoexcited":
            return p, r
        return (r, p) if self.name == "resident" else (p, group.mesh.inverse_k[group.mesh.add(p, r)])

    def fixed(self, group: PairGroup, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return the point that stays fixed for pairs (k1, k2)."""
        if self.name == "photoexcited":
            return k2
        return k1 if self.name == "resident" else group.mesh.inverse_k[group.mesh.add(k1, k2)]

    def moving(self, group: PairGroup, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return the row p of pairs (k1, k2)."""
        return k2 if self.name == "resident" else k1


class Gather:
    """Amplitudes in the order of a layout's entries, from those of canonical pairs wherever they are."""

    def __init__(self, comm: MPI.Comm, sector: Sector, owner_k: np.ndarray, layout: PairLayout, kernel: Kernel) -> None:
        group, key = sector.group, kernel.blocks.key
        used = np.flatnonzero(key >= 0)
        p, r = group.pair(key[used])
        canonical, operation = group.canonical(*layout.pair(group, p, r))
        self.pull = Pull(comm, canonical, owner_k[canonical // group.mesh.size], sector.key)
        variants = 2 * group.swaps_g[operation] + group.conjugates_g[operation]
        self._variants, place = np.unique(np.append(0, variants), return_inverse=True)
        self._buffer = np.zeros((len(self._variants), self.pull.width), kernel.precision)
        index = np.zeros(len(key), np.intp)
        index[used] = self.pull.index + place[1:] * self.pull.width
        self.index = [index[block.entries].reshape(block.shape) for block in kernel.blocks.blocks]

    def start(self, z: np.ndarray) -> MPI.Request | None:
        """Begin to fetch the amplitudes; `z` are this rank's canonical ones."""
        self._buffer[0, : self.pull.local] = z
        return self.pull.start(self._buffer[0])

    def source(self) -> np.ndarray:
        """Return the array into which `index` points, once all amplitudes have arrived."""
        plain = self._buffer[0]
        for variant, row in zip(self._variants[1:], self._buffer[1:], strict=True):
            np.conjugate(plain, out=row) if variant % 2 else np.copyto(row, plain)
            if variant >= 2:
                np.negative(row, out=row)
        return self._buffer.reshape(-1)


class Scatter:
    """A layout's results at the canonical pairs, from wherever they are."""

    def __init__(self, comm: MPI.Comm, sector: Sector, owner_k: np.ndarray, layout: PairLayout, kernel: Kernel, sign: int) -> None:
        """Make the lists; with identical carriers the first layout also yields the exchanged term, with the opposite sign."""
        group = sector.group
        members = [(sector.k1, sector.k2, sign)]
        if layout.name == "photoexcited" and group.swaps_g.any():
            members.append((sector.k2, sector.k1, -sign))
        keys, factors = [], []
        for k1, k2, factor in members:
            operation = group.to_column(layout.fixed(group, k1, k2))
            image = (group.permutation_gk[operation, k] for k in (k1, k2))
            k1, k2 = image
            keys.append(group.key(layout.moving(group, k1, k2), layout.fixed(group, k1, k2)))
            factors.append((factor, np.where(group.conjugates_g[operation], -1.0, 1.0)))
        key = np.concatenate(keys)
        self.pull = Pull(comm, key, owner_k[key // group.mesh.size], kernel.blocks.key)
        self._members = list(zip(np.split(self.pull.index, len(members)), factors, strict=True))
        self.buffer = np.zeros(self.pull.width, kernel.precision)
        self._real = not group.conjugates_g.any()

    def start(self) -> MPI.Request | None:
        """Begin to fetch results; this rank's own are in the first part of `buffer`."""
        return self.pull.start(self.buffer)

    def add_to(self, total: np.ndarray) -> None:
        """Add what has arrived to the result at this rank's canonical pairs."""
        for index, (factor, imaginary_sign) in self._members:
            value = self.buffer.take(index)
            if not self._real:
                value.imag *= imaginary_sign
            (np.add if factor > 0 else np.subtract)(total, value, out=total)


class Term:
    """One of the interactions: gather, product, scatter."""

    def __init__(self, comm: MPI.Comm, sector: Sector, owner_k: np.ndarray, kernel: Kernel, layout: PairLayout, spinors: tuple, sign: int) -> None:
        moving_ck, spectators = spinors
        self.kernel, self.spectators = kernel, spectators
        self.table = kernel.table(moving_ck)
        self.gather = Gather(comm, sector, owner_k, layout, kernel)
        self.scatter = Scatter(comm, sector, owner_k, layout, kernel, sign)
        self._work = np.empty(max((u.size for u in spectators), default=0), kernel.precision)

    def multiply(self) -> None:
        """Form the products of this rank's columns."""
        source, result = self.gather.source(), self.scatter.buffer
        for block, index, u in zip(self.kernel.blocks.blocks, self.gather.index, self.spectators, strict=True):
            x = self._work[: u.size].reshape(u.shape)
            np.conjugate(u, out=x)
            x *= source.take(index)
            y = self.kernel.multiply(self.table, block, x)
            y *= u
            add_up(y, result[block.entries].reshape(block.shape))


class TrionOperator:
    """Products with the trion's Hamiltonian on coordinates of its symmetric sector.

    Attributes:
        symmetry: whose sector this is, "none", "C3", "C3v", "C6" or "C6v".
        sector: this rank's orbits and coordinates.
        kernel: how products are formed.
        rows: length of this rank's part of a vector.
        flops: floating-point operations of one product on this rank.
        waited: seconds spent waiting for other ranks so far.
        traffic: what this rank has sent in products.
    """

    def __init__(self, comm: MPI.Comm, problem: TrionProblem, symmetry: str, kernel: str = "auto") -> None:
        """Deal the columns over the ranks and make all lists and tables; collective.

        "auto" is the largest symmetry that the problem has. Raises SymmetryError if it does not have the one that is asked for.
        """
        symmetry = chosen(problem, symmetry)
        require(problem, symmetry)
        self.comm, self.problem, self.symmetry = comm, problem, symmetry
        self.group = pair_group(problem.mesh, symmetry, problem.identical)
        columns = self.group.columns
        owner_c, stairs = deal(problem, columns, comm.size)
        mine = np.flatnonzero(owner_c == comm.rank)
        self.owner_k = np.full(problem.mesh.size, -1)
        self.owner_k[columns] = owner_c
        self.sector = Sector(self.group, columns[mine])
        self.rows = self.sector.rows
        self.kernel = make_kernel(choose_kernel(kernel, problem.mesh.size, problem.components), problem, columns, mine, stairs)
        self._terms = list(self._make_terms(self.kernel))
        self._kinetic = problem.kinetic(self.sector.k1, self.sector.k2)
        self._z = np.zeros(len(self.sector.key), complex)
        self.flops = self.kernel.flops * len(self._terms)
        self.waited = 0.0
        self.traffic = Traffic()
        size = np.dtype(self.kernel.precision).itemsize
        fetches = [pull.sent(size) for term in self._terms for pull in (term.gather.pull, term.scatter.pull)]
        self._sent = tuple(sum(counts) for counts in zip(*fetches, strict=True))

    def _make_terms(self, kernel: Kernel):
        """The attractions of the like carriers to the third (one if they are identical), and their repulsion."""
        problem, place = self.problem, (self.comm, self.sector, self.owner_k, kernel)
        to_opposite = [u.astype(kernel.precision) for u in kernel.blocks.spinors(problem.opposite.spinor_ck)]
        inverted_ck = problem.resident.spinor_ck[:, problem.mesh.inverse_k].conj()
        to_resident = [u.astype(kernel.precision) for u in kernel.blocks.spinors(inverted_ck)]
        yield Term(*place, PairLayout("photoexcited"), (problem.photoexcited.spinor_ck, to_opposite), -1)
        if not problem.identical:
            yield Term(*place, PairLayout("resident"), (problem.resident.spinor_ck, to_opposite), -1)
        yield Term(*place, PairLayout("both"), (problem.photoexcited.spinor_ck, to_resident), 1)

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return this rank's part of the product with a vector of coordinates, eV; collective."""
        y = self._apply_real(x)
        if self.sector.real and self.comm.allreduce(bool(x.imag.any()), MPI.LOR):
            y += 1j * self._apply_real(x.imag)
        return y

    def _apply_real(self, x: np.ndarray) -> np.ndarray:
        """The product on the coordinates' real parts if the sector is real, else the product."""
        self.sector.unpack(x, self._z)
        self.traffic.sent(*self._sent)
        total = self._kinetic * self._z
        fetching = [term.gather.start(self._z) for term in self._terms]
        returning = []
        for term, request in zip(self._terms, fetching, strict=True):
            self._wait(request)
            term.multiply()
            returning.append(term.scatter.start())
        for term, request in zip(self._terms, returning, strict=True):
            self._wait(request)
            term.scatter.add_to(total)
        return self.sector.pack(total)

    def _wait(self, request: MPI.Request | None) -> None:
        if request is not None:
            start = time.perf_counter()
            request.Wait()
            self.waited += time.perf_counter() - start

    def amplitudes(self, vector: np.ndarray, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return C(k1, k2) of a state for any allowed pairs, wherever they are; collective."""
        key, operation = self.group.canonical(k1, k2)
        pull = Pull(self.comm, key, self.owner_k[key // self.problem.mesh.size], self.sector.key)
        buffer = np.zeros(pull.width, complex)
        buffer[: pull.local] = self.sector.amplitudes(vector)
        self._wait(pull.start(buffer))
        value = buffer[pull.index]
        value = np.where(self.group.conjugates_g[operation], value.conj(), value)
        return np.where(self.group.swaps_g[operation], -value, value)

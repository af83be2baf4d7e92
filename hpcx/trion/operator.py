"""The trion's Hamiltonian without a matrix, on the symmetric sector of pair states, distributed over ranks.

Each interaction moves one carrier while the sum of the two others' momenta, or one momentum, stays fixed. Three layouts
make the fixed one a column r and the moving one a row p:

    photoexcited and opposite: p = k1,   r = k2,       spectator spinor at p + r = k3
    resident and opposite:     p = k2,   r = k1,       spectator spinor at p + r = k3
    photoexcited and resident: p = k1,   r = -k3,      spectator spinor at p + r = -k2

and all three read Y(p) = sum_b u_b(p+r) sum_p' Wc[p,p'] conj(u_b(p'+r)) X(p'). Columns are needed for one point per
orbit. Identical carriers need two of the layouts. If the resident carrier has the momentum Q, every sum of two points
is less Q.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from mpi4py import MPI

from hpcx.parallel.layout import Pull
from hpcx.parallel.memory import give_back
from hpcx.parallel.traffic import Traffic
from hpcx.trion.blocks import Block, largest
from hpcx.trion.kernels import Kernel, choose_kernel, deal, make_kernel
from hpcx.trion.layouts import PairLayout, entries_of
from hpcx.trion.places import CHUNK, Places
from hpcx.trion.problem import TrionProblem
from hpcx.trion.sector import Sector, pair_group
from hpcx.trion.symmetry import chosen, require


class Gather:
    """Amplitudes in the order of a layout's entries, from those of canonical pairs wherever they are.

    Attributes:
        pull: what comes from other ranks.
    """

    def __init__(
        self, comm: MPI.Comm, sector: Sector, owner_k: np.ndarray, layout: PairLayout, kernel: Kernel, far: int
    ) -> None:
        """Make the lists; what comes from other ranks will stand at `far` in the source."""
        group, key = sector.group, kernel.blocks.key()
        used = np.flatnonzero(key >= 0)
        canonical, operation = group.canonical(*layout.pair(group, *group.pair(key[used])))
        self.pull = Pull(comm, canonical, owner_k[canonical // group.mesh.size], sector.key)
        place, leads = np.zeros(len(key), self.pull.index.dtype), np.zeros(len(key), np.int8)
        place[used] = np.where(
            self.pull.index < self.pull.local, self.pull.index, self.pull.index + (far - self.pull.local)
        )
        del self.pull.index
        leads[used] = operation
        self._places = Places(group, place, leads)

    def take(self, source: np.ndarray, block: Block) -> np.ndarray:
        """Return the amplitudes of a block, (c, p)."""
        return self._places.take(source, block.entries).reshape(block.shape)


class Scatter:
    """A layout's results at the canonical pairs, from wherever they are.

    Attributes:
        pull: what comes from other ranks.
    """

    def __init__(
        self, comm: MPI.Comm, sector: Sector, owner_k: np.ndarray, layout: PairLayout, kernel: Kernel, sign: int
    ) -> None:
        """Make the lists; with identical carriers the first layout also yields the exchanged term,
        with the opposite sign.
        """
        group, k1, k2 = sector.group, sector.k1, sector.k2
        members = [entries_of(group, layout, k1, k2)]
        if layout.name == "photoexcited" and group.swaps_g.any():
            members.append(entries_of(group, layout, k2, k1))
        key = np.concatenate([key for key, _ in members])
        self.pull = Pull(comm, key, owner_k[key // group.mesh.size], kernel.blocks.key())
        places = np.split(self.pull.index, len(members))
        self._members = [
            Places(group, place, operation, swaps=False) for place, (_, operation) in zip(places, members, strict=True)
        ]
        self._add_or_subtract = [np.add if factor > 0 else np.subtract for factor in (sign, -sign)]
        del self.pull.index

    def add_near(self, result: np.ndarray, total: np.ndarray) -> None:
        """Add this rank's own results, whose last value is 0, to the total at its canonical pairs."""
        self._add(result, 0, total)

    def add_far(self, far: np.ndarray, total: np.ndarray) -> None:
        """Add what has come from others."""
        if self.pull.far:
            far[self.pull.far] = 0
            self._add(far[: self.pull.far + 1], self.pull.local, total)

    def _add(self, values: np.ndarray, first: int, total: np.ndarray) -> None:
        for places, add in zip(self._members, self._add_or_subtract):
            for start in range(0, len(total), CHUNK):
                part = slice(start, start + CHUNK)
                value = places.take_from(values, first, part) if self.pull.far else places.take(values, part)
                add(total[part], value, out=total[part])


class Term:
    """One of the interactions: gather, product, scatter.

    Attributes:
        far: where in the source the values stand that come from other ranks: amplitudes, then results.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        sector: Sector,
        owner_k: np.ndarray,
        kernel: Kernel,
        far: int,
        layout: PairLayout,
        sign: int,
    ) -> None:
        self.gather = Gather(comm, sector, owner_k, layout, kernel, far)
        self.scatter = Scatter(comm, sector, owner_k, layout, kernel, sign)
        self.far = slice(far, far + max(self.gather.pull.far, self.scatter.pull.far + 1))

    def multiply_by(self, kernel: Kernel, moving_ck: np.ndarray, spectator: Any, which: int) -> None:
        """Take a kernel of the blocks of the lists, the spinor of the moving carrier,
        the kernel's of the one at p + r, and which interaction.
        """
        self._kernel, self._moving, self._spectator = kernel, kernel.moving(moving_ck, which), spectator

    def multiply(self, source: np.ndarray, result: np.ndarray, work: np.ndarray) -> None:
        """Form the products of this rank's columns; `work` is for one block."""
        for block in self._kernel.blocks.blocks:
            x = self._kernel.dress(self._spectator, block, self.gather.take(source, block), work)
            y = self._kernel.multiply(self._moving, block, x)
            self._kernel.undress(self._spectator, block, y, result[block.entries].reshape(block.shape))


class TrionOperator:
    """Products with the trion's Hamiltonian on coordinates of its symmetric sector.

    Attributes:
        symmetry: whose sector this is, "none", "C2", "C3", "C3v", "C6" or "C6v".
        momentum: angular momentum of the sector.
        sector: this rank's orbits and coordinates.
        kernel: how products are formed.
        rows: length of this rank's part of a vector.
        dtype: of coordinates, float in real sectors.
        flops: floating-point operations of one product on this rank.
        waited: seconds spent waiting for other ranks so far.
        traffic: what this rank has sent in products.
    """

    def __init__(
        self, comm: MPI.Comm, problem: TrionProblem, symmetry: str, kernel: str = "auto", momentum: int = 0
    ) -> None:
        """Deal the columns over the ranks and make all lists; collective.

        "auto" is the largest symmetry that the problem has. Raises SymmetryError if it does not have the one that is
        asked for. The sector is the fully symmetric one, or of rotations alone that of an angular `momentum`.
        """
        symmetry = chosen(problem, symmetry)
        require(problem, symmetry)
        self.comm, self.problem, self.symmetry, self.momentum = comm, problem, symmetry, momentum
        self.group = pair_group(problem.mesh, symmetry, problem.identical, momentum)
        columns = self.group.columns
        owner_c, stairs = deal(problem.mesh, columns, comm.size)
        mine = np.flatnonzero(owner_c == comm.rank)
        self.owner_k = np.full(problem.mesh.size, -1)
        self.owner_k[columns] = owner_c
        self.sector = Sector(self.group, columns[mine])
        self.rows, self.dtype = self.sector.rows, self.sector.dtype
        self._mine, self._stairs = mine, stairs
        self._name = choose_kernel(kernel, problem.mesh.size, problem.components, symmetry)
        self.kernel = self._make_kernel(self._name)
        self._terms = self._make_terms()
        self._kinetic = problem.kinetic(self.sector.k1, self.sector.k2)
        self._begin()

    def in_double_precision(self) -> None:
        """Form products in double precision from now on, with the lists that are there,
        if they were in single precision; collective.
        """
        if self.kernel.precision == np.complex64:
            del self._source, self._near, self._result, self._work
            self.kernel = self._make_kernel(self._name.removesuffix("-single"))
            self._begin()

    def _make_kernel(self, kernel: str) -> Kernel:
        return make_kernel(kernel, self.problem, self.group, self._mine, self._stairs)

    def _begin(self) -> None:
        """Give the kernel to all terms, make buffers of its precision, and count from 0."""
        for term, factors in zip(self._terms, self._factors(), strict=True):
            term.multiply_by(self.kernel, *factors)
        give_back()
        self._make_buffers()
        self.flops = self.kernel.flops * len(self._terms)
        self.waited = 0.0
        self.traffic = Traffic()
        size = np.dtype(self.kernel.precision).itemsize
        fetches = [pull.sent(size) for term in self._terms for pull in (term.gather.pull, term.scatter.pull)]
        self._sent = tuple(sum(counts) for counts in zip(*fetches, strict=True))

    def _make_terms(self) -> list[Term]:
        """Return the attractions of the like carriers to the opposite one (a single one if they are identical),
        and their repulsion.
        """
        terms: list[Term] = []
        for layout in ("photoexcited", "both") if self.problem.identical else ("photoexcited", "resident", "both"):
            far = terms[-1].far.stop if terms else len(self.sector.key)
            terms.append(
                Term(
                    self.comm,
                    self.sector,
                    self.owner_k,
                    self.kernel,
                    far,
                    PairLayout(layout),
                    1 if layout == "both" else -1,
                )
            )
        return terms

    def _factors(self) -> list[tuple[np.ndarray, Any, int]]:
        """Return for each term the spinor of the moving carrier, (a, k),
        the kernel's of the one at p + r, and which interaction.
        """
        problem, kernel = self.problem, self.kernel
        to_opposite = kernel.spectator(problem.opposite.spinor_ck)
        to_resident = kernel.spectator(problem.resident.spinor_ck[:, problem.mesh.inverse_k].conj())
        like = [problem.photoexcited] if problem.identical else [problem.photoexcited, problem.resident]
        attraction, repulsion = 0, len(problem.interactions) - 1
        return [
            *((band.spinor_ck, to_opposite, attraction) for band in like),
            (problem.photoexcited.spinor_ck, to_resident, repulsion),
        ]

    def _make_buffers(self) -> None:
        """The source holds this rank's amplitudes and what comes from others;
        the result, those of one term and a last zero.
        """
        kernel, components = (
            self.kernel,
            max(len(band.spinor_ck) for band in (self.problem.resident, self.problem.opposite)),
        )
        self._source: np.ndarray = np.zeros(self._terms[-1].far.stop, kernel.precision)
        self._near = self._source[: len(self.sector.key)]
        self._result: np.ndarray = np.zeros(kernel.blocks.length + 1, kernel.precision)
        self._work: np.ndarray = np.empty(components * largest(kernel.blocks), kernel.precision)

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's part of the product with a vector of coordinates,
        eV, in complex `out` if given; collective.

        In a real sector the product is real, unless coordinates have imaginary parts on some rank.
        """
        y = self._apply_real(x, out)
        if self.sector.real and np.iscomplexobj(x) and self.comm.allreduce(bool(x.imag.any()), MPI.LOR):
            y = y + 1j * self._apply_real(x.imag)
        if out is None:
            return y
        out[:] = y
        return out

    def _apply_real(self, x: np.ndarray, room: np.ndarray | None = None) -> np.ndarray:
        """The product on the coordinates' real parts if the sector is real, else the product;
        complex `room` saves memory for amplitudes.
        """
        pairs = len(self.sector.key)
        total = np.empty(pairs, complex) if room is None or len(room) < pairs else room[:pairs]
        self.sector.unpack(x, total)
        self._near[:] = total
        total *= self._kinetic
        self.traffic.sent(*self._sent)
        fetching = [term.gather.pull.start(self._near, self._source[term.far]) for term in self._terms]
        returning = []
        for term, request in zip(self._terms, fetching, strict=True):
            self._wait(request)
            term.multiply(self._source, self._result, self._work)
            returning.append(term.scatter.pull.start(self._result, self._source[term.far]))
            term.scatter.add_near(self._result, total)
        for term, request in zip(self._terms, returning, strict=True):
            self._wait(request)
            term.scatter.add_far(self._source[term.far], total)
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
        value = pull.fetch(self.sector.amplitudes(vector))
        value = np.where(self.group.conjugates_g[operation], value.conj(), value) * self.group.turn_g[operation].conj()
        return np.where(self.group.swaps_g[operation], -value, value)

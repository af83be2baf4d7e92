"""Names of exciton states around a valley: irreducible representations, and s, p, d by angular momentum.

Both look at the envelope, the amplitude in the gauge in which <u(0)|u(k)> of electron and hole are positive, whatever
their gauge is. A rotation moves the envelope alone: what it does to the Bloch states of the centre is left out, so that
"A" is what light of the valley's own helicity makes. Bands with Berry curvature split 2p+ and 2p- in this convention
(Srivastava and Imamoglu, PRL 115, 166802 (2015)).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from mpi4py import MPI
from scipy.linalg import schur
from scipy.sparse import csr_matrix

from hpcx.exciton.observables import DARK, levels, oriented, part
from hpcx.exciton.problem import ExcitonProblem
from hpcx.parallel.rows import SpreadRows
from hpcx.physics.bands import Band
from hpcx.physics.mesh import MIRROR, ROTATION, Operation
from hpcx.physics.symmetry import keeps

#: largest |m| that is looked for, and the letters of |m|
_LETTERS = "spdfg"
_MOST = len(_LETTERS) - 1
#: share of the norm above which one angular momentum names a state, and its share of +m and -m above which it has a
#: sign
_DOMINANT, _SIGNED = 0.5, 0.9
#: reflections of a hexagonal lattice, all others follow by rotations, and of a rectangular one
_MIRRORS = {True: (MIRROR, -MIRROR), False: (np.diag([1, -1]),)}
#: relative size from which on m and -m differ on the points of a ring
_SINGULAR = 1e-9
#: (l, parity): a rotation by an angle multiplies by exp(-i l angle), a mirror by the parity, which is 0 if there is
#: none
Kind = tuple[int, int]
Functional = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Labels:
    """Labels of states, lowest first.

    Attributes:
        group: point group of unitary operations on the envelope: "C1", "Cs", "C2", "C2v", ... "C6v".
        irrep: irreducible representation of each state, e.g. "A1", "E1+", "B".
        name: e.g. "2p-"; without a number for p and d of anisotropic bands, "mixed" where no angular momentum has more
            than half of the norm.
        share: of the angular momentum m of the name, f(k) exp(i m phi), in the norm; of m and -m if the name has no
            sign.
    """

    group: str
    irrep: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    share: list[float] = field(default_factory=list)

    def first(self, count: int) -> Labels:
        """Return the labels of the lowest `count` states."""
        return Labels(self.group, self.irrep[:count], self.name[:count], self.share[:count])

    def __str__(self) -> str:
        """Return names and representations of all states."""
        return ", ".join(f"{name} ({irrep})" for name, irrep in zip(self.name, self.irrep, strict=True))


class Envelopes:
    """Envelopes of a problem's states, spread over ranks, and the operations that leave its Hamiltonian as it is.

    The rotation needs one whole envelope at a time; nothing else does.
    """

    def __init__(self, comm: MPI.Comm, problem: ExcitonProblem) -> None:
        self._comm, self._mesh = comm, problem.mesh
        self._spread = SpreadRows.blocks(comm, problem.mesh.size)
        electron, hole = (_phase(band) for band in (problem.electron, problem.hole))
        self._phase_k = (electron * hole.conj())[self._spread.own]
        bands = {
            name: replace(band, spinor_ck=band.spinor_ck * phase_k.conj())
            for (name, band), phase_k in zip(problem.bands.items(), (electron, hole), strict=True)
        }

        def image(matrix_xx: np.ndarray) -> np.ndarray | None:
            """Return the points that an operation on momenta takes to this rank's, (rows,),
            or None if the Hamiltonian does not have it.
            """
            operation = Operation(matrix_xx, False)
            if not keeps(problem.mesh, operation, bands, problem.w_ij):
                return None
            return np.argsort(problem.mesh.images(operation))[self._spread.own]

        turns = {
            order: np.linalg.matrix_power(ROTATION, 6 // order)
            for order in ((6, 3, 2) if problem.mesh.lattice.is_hexagonal else (2,))
        }
        found = ((order, image(matrix_xx)) for order, matrix_xx in turns.items())
        self.order: int
        self._turn_k: np.ndarray
        self.order, self._turn_k = next(
            ((order, from_k) for order, from_k in found if from_k is not None),
            (1, np.arange(problem.mesh.size)[self._spread.own]),
        )
        mirrors = (image(matrix_xx) for matrix_xx in _MIRRORS[problem.mesh.lattice.is_hexagonal])
        self._mirror_k = next((from_k for from_k in mirrors if from_k is not None), None)

    @property
    def group(self) -> str:
        """Name of the point group."""
        return group_name(self.order, self._mirror_k is not None)

    def settle(
        self, energy: np.ndarray, amplitude_sk: np.ndarray, width: float, functional: Functional
    ) -> tuple[np.ndarray, Labels]:
        """Return vectors (state, rows) of the same levels, each in one row of one representation, and their labels;
        see `settled`; collective.
        """
        turned, kinds = settled(self._comm, energy, amplitude_sk, width, functional, self._divided)
        labels = Labels(self.group, [representation(self.order, *kind) for kind in kinds])
        return turned, self._named(labels, turned, [turns for turns, _ in kinds])

    def _divided(self, amplitude_sk: np.ndarray) -> tuple[np.ndarray, list[Kind]]:
        """Return the vectors of a level as eigenvectors of the rotation,
        and of the mirror where it commutes, and the kind of each.
        """
        mirror_st = None if self._mirror_k is None else self._overlaps(amplitude_sk, self._mirror_k)
        unitary, kinds = rows_of(self._overlaps(amplitude_sk, self._turn_k), mirror_st, self.order)
        return unitary @ amplitude_sk, kinds

    def _overlaps(self, amplitude_sk: np.ndarray, from_k: np.ndarray) -> np.ndarray:
        """Return <F_s|g F_t> for F(k) -> F(g^-1 k), which is on `from_k`."""
        envelope_sk = amplitude_sk * self._phase_k
        overlap_ts = [envelope_sk.conj() @ self._spread.gathered(envelope_k)[from_k] for envelope_k in envelope_sk]
        return self._comm.allreduce(np.array(overlap_ts).T)

    def _named(self, labels: Labels, amplitude_sk: np.ndarray, turns: list[int]) -> Labels:
        seen: Counter[int | str] = Counter()
        for (weight_m, both_m), turn in zip(self.angular_weights(amplitude_sk), turns, strict=True):
            allowed_m = (np.arange(-_MOST, _MOST + 1) - turn) % self.order == 0
            m = int(np.argmax(np.where(allowed_m, weight_m, 0))) - _MOST
            letter, signed = _LETTERS[abs(m)], weight_m[_MOST + m] > _SIGNED * both_m[abs(m)]
            share = float(weight_m[_MOST + m] if signed else both_m[abs(m)])
            before, kind = seen[m if signed else letter], f"{letter}{'+' if m > 0 else '-'}" if signed and m else letter
            number = abs(m) + 1 + (before if signed else before // 2)
            seen[m if signed else letter] += 1
            labels.name.append(
                "mixed" if share < _DOMINANT else f"{number}{kind}" if signed or self.order > 2 else kind
            )
            labels.share.append(share)
        return labels

    def _rings(self) -> csr_matrix:
        """Return the matrix (ring, rows) that adds up this rank's points of every ring."""
        fine = 2 * np.pi / np.sqrt(self._mesh.cell_area) / self._mesh.divisions
        ring_k = np.unique(np.rint(np.linalg.norm(self._mesh.momentum_kx, axis=1) / fine), return_inverse=True)[1]
        rows = self._spread.rows
        entries = np.ones(rows), (ring_k[self._spread.own], np.arange(rows))
        return csr_matrix(entries, (int(ring_k.max()) + 1, rows))

    def angular_weights(self, amplitude_sk: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return for every state the shares of exp(i m phi) in its envelope, m = -4 to 4,
        and of those of m and -m together, m = 0 to 4; collective.

        The envelope is projected on rings as wide as the mesh is fine: on a few points m and -m are not orthogonal.
        """
        rings, momentum_kx, m_m = self._rings(), self._mesh.momentum_kx[self._spread.own], np.arange(-_MOST, _MOST + 1)

        def on_rings(value_ak: np.ndarray) -> np.ndarray:
            """Return this rank's sums over rings, (a, ring)."""
            return (rings @ value_ak.T).T

        wave_mk = np.exp(1j * m_m[:, None] * np.arctan2(*momentum_kx.T[::-1]))
        wave_mk[m_m != 0] *= momentum_kx.any(axis=1)
        both = [[_MOST - m, _MOST + m] for m in range(1, _MOST + 1)]
        gram = np.array([[on_rings(wave_k.conj() * wave_mk[pair]) for wave_k in wave_mk[pair]] for pair in both])
        norm_mr = np.maximum(self._comm.allreduce(on_rings(np.abs(wave_mk) ** 2)), 1)
        inverse_mrab = np.linalg.pinv(self._comm.allreduce(gram).transpose(0, 3, 1, 2), _SINGULAR, hermitian=True)
        found = []
        for amplitude_k in amplitude_sk:
            part_mr = self._comm.allreduce(on_rings(wave_mk.conj() * (amplitude_k * self._phase_k)))
            weight_m = (np.abs(part_mr) ** 2 / norm_mr).sum(axis=1)
            of_both = [_span(part_mr[pair], inverse) for pair, inverse in zip(both, inverse_mrab, strict=True)]
            found.append((weight_m, np.array([weight_m[_MOST], *of_both])))
        return found


def _phase(band: Band) -> np.ndarray:
    """Return the phase of <u(0)|u(k)>, (n,)."""
    overlap_k = band.spinor_ck[:, 0].conj() @ band.spinor_ck
    return np.where(overlap_k == 0, 1, overlap_k) / np.where(overlap_k == 0, 1, np.abs(overlap_k))


def _span(part_ar: np.ndarray, inverse_rab: np.ndarray) -> float:
    """Return the norm of the projection on two waves together,
    of which the products with a function are `part` on every ring.
    """
    return float(np.einsum("ar,rab,br->", part_ar.conj(), inverse_rab, part_ar).real)


def settled(
    comm: MPI.Comm,
    energy: np.ndarray,
    vectors: np.ndarray,
    width: float,
    functional: Functional,
    divided: Callable[[np.ndarray], tuple[np.ndarray, list[Kind]]],
) -> tuple[np.ndarray, list[Kind]]:
    """Return other vectors (state, rows) of the same levels, each of one kind, and their kinds; collective.

    `divided` returns vectors of a level that have kinds, and these. Those with a part of functional 0 come first in a
    level, then those of small angular momentum; vectors of one kind are turned as `hpcx.exciton.observables.oriented`
    does, which explains the other arguments.
    """
    turned, found = np.empty_like(vectors), []
    for level in levels(energy, width):
        own, kinds = divided(vectors[level])
        numbers = np.array([sorted(set(kinds), key=_order).index(kind) for kind in kinds])
        order = np.argsort(numbers, kind="stable")
        own = oriented(comm, numbers[order], own[order], 0.5, functional)
        bright_first = np.argsort(np.abs(part(comm, own, functional(0))) < DARK, kind="stable")
        turned[level] = own[bright_first]
        found += [kinds[place] for place in order[bright_first]]
    return turned, found


def rows_of(turn_st: np.ndarray, mirror_st: np.ndarray | None, order: int) -> tuple[np.ndarray, list[Kind]]:
    """Return a unitary matrix (new, old) to eigenvectors of the rotation, and of the mirror where it commutes,
    and their kinds, from <s|g t> of a rotation by 2 pi / order and of a mirror (None if there is none).
    """
    unitary, turns = by_turns(turn_st, order)
    parity = np.zeros(len(turns), int)
    for own in (turns == 0, 2 * turns == order):
        if mirror_st is not None and own.any():
            turned, odd = by_turns(unitary[own].conj() @ mirror_st @ unitary[own].T, 2)
            unitary[own], parity[own] = turned @ unitary[own], 1 - 2 * odd
    return unitary, list(zip(turns.tolist(), parity.tolist(), strict=True))


def by_turns(overlap_st: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a unitary matrix (new, old) and l for its rows, from <s|g t> of a rotation by 2 pi / order,
    whose eigenvalues are exp(-2 pi i l / order).
    """
    triangular, unitary = schur(overlap_st, output="complex")
    turns = np.rint(-np.angle(np.diagonal(triangular)) * order / (2 * np.pi)).astype(int) % order
    return unitary.T, np.where(2 * turns > order, turns - order, turns)


def group_name(order: int, has_mirror: bool) -> str:
    """Return the name of the point group of `order` rotations."""
    if not has_mirror:
        return f"C{order}"
    return "Cs" if order == 1 else f"C{order}v"


def representation(order: int, turns: int, parity: int = 0) -> str:
    """Return the name of an irreducible representation (and + or - for its row) of `order` rotations;
    parity +-1 in a mirror, 0 if there is none.
    """
    if order == 1:
        return {1: "A'", -1: "A''", 0: "A"}[parity]
    if turns == 0 or 2 * turns == order:
        return ("B" if turns else "A") + {1: "1", -1: "2", 0: ""}[parity]
    return f"E{abs(turns) if order == 6 else ''}{'+' if turns > 0 else '-'}"


def _order(kind: Kind) -> tuple[int, int, int]:
    """Sort kinds by |l|, + before -, even before odd."""
    return abs(kind[0]), -kind[0], -kind[1]

"""Irreducible representations of excitons on the whole zone, under the operations that keep their momentum.

An operation r -> g r + t takes the amplitude A(k) of an electron at k + Q and a hole at k to exp(-i gQ t) E(k) A(k)
H(k)^+ at g k, with E = <u_c'(g k + Q)|D|u_c(k + Q)> and H = <u_v'(g k)|D|u_v(k)>. D, in the atomic gauge, is found from
the model (`hpcx.physics.orbital_symmetry`); its phase drops out. What commutes with the Hamiltonian, but for
the rounding of a file, is a symmetry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hpcx.exciton.labels import Functional, Kind, group_name, representation, rows_of, settled
from hpcx.exciton.zone import ZoneOperator
from hpcx.petsc.start import keyed_noise
from hpcx.physics.lattice import integer_pairs
from hpcx.physics.orbital_symmetry import OrbitalAction, PointOperation, orbital_actions, point_operations
from hpcx.physics.tightbinding import TightBinding

#: name of the representation of states for which none is found, and their kind
UNKNOWN = "unknown"
_UNKNOWN: Kind = (0, 2)
#: difference of fractions of reciprocal vectors that is rounding
_ROUNDING = 1e-9
#: change of the Hamiltonian that counts as rounding of a file, eV, and how much wider than that levels are then
_OF_A_FILE, _WIDER = 1e-4, 4
#: by how much the relations between operations may be missed in a level of computed states
_CLOSED = 1e-2


@dataclass(frozen=True)
class PairAction:
    """An operation on this rank's rows of an amplitude.

    Attributes:
        source_k: the points that it takes to this rank's.
        electron_kdc: E with the phase of the shift, (k, new c, c).
        hole_kwv: H, (k, new v, v).
    """

    source_k: np.ndarray
    electron_kdc: np.ndarray
    hole_kwv: np.ndarray

    def __call__(self, whole_kcv: np.ndarray) -> np.ndarray:
        """Return this rank's rows (k c v,) of the image of a whole amplitude."""
        moved_kdv = self.electron_kdc @ whole_kcv[self.source_k]
        return (moved_kdv @ self.hole_kwv.conj().swapaxes(1, 2)).ravel()


def pair_action(
    operator: ZoneOperator, model: TightBinding, fraction_v: np.ndarray, action: OrbitalAction, matrix_ij: np.ndarray
) -> PairAction:
    """Return what an operation with D = `matrix_ij` does to pairs of momentum `fraction_v` (reciprocal vectors)."""
    problem, own, n = operator.problem, operator.points, operator.problem.divisions
    turn_vw, centre_ix = action.operation.fraction_vw, model.centre_ix[:, :2]
    index_kv = integer_pairs(range(n), range(n))
    source_k = np.argsort((index_kv @ turn_vw % n) @ [n, 1])[own]

    def sewn(state_kib: np.ndarray, momentum_v: np.ndarray) -> np.ndarray:
        """Return <u(g k)|D|u(k)> of states of the lattice gauge, k from `momentum_v` on, (k, new b, b)."""
        fraction_kv = index_kv[source_k] / n + momentum_v
        before_ki, after_ki = (
            np.exp(1j * f @ model.reciprocal_vx @ centre_ix.T) for f in (fraction_kv, fraction_kv @ turn_vw)
        )
        moved_kib = after_ki[:, :, None] * (matrix_ij @ (before_ki.conj()[:, :, None] * state_kib[source_k]))
        return state_kib[own].conj().swapaxes(1, 2) @ moved_kib

    phase = np.exp(-1j * fraction_v @ turn_vw @ model.reciprocal_vx @ action.shift_x)
    return PairAction(source_k, phase * sewn(problem.electron_kic, fraction_v), sewn(problem.hole_kiv, np.zeros(2)))


class ZoneSymmetry:
    """The point group of an exciton of one momentum.

    Attributes:
        order: of the rotations.
        group: name of the point group, by what its operations do to momenta in the plane.
        width: of a level, eV: what the rounding of a file splits is one level.
        broken: operations of the bands that nearly are symmetries, and the change of the Hamiltonian, eV.
    """

    def __init__(
        self,
        operator: ZoneOperator,
        model: TightBinding,
        fraction_v: np.ndarray,
        width: float,
        spin_i: np.ndarray | None = None,
    ) -> None:
        """Find the operations; collective.

        Args:
            operator: the exciton's Hamiltonian.
            model: its bands.
            fraction_v: the pair momentum in fractions of the reciprocal vectors, (2,).
            width: of a level without rounding, eV.
            spin_i: spins of the orbitals, +1 and -1, if they are known.
        """
        self._operator, self._model, self._fraction_v, self._spin_i = operator, model, fraction_v, spin_i
        self.width, self._probe = width, keyed_noise(operator.first + np.arange(operator.rows))
        self._probe /= np.sqrt(operator.comm.allreduce(np.vdot(self._probe, self._probe).real))
        self.broken: dict[str, float] = {}
        kept = [one for one in point_operations(model) if self._keeps_momentum(one)]
        self.order, self._turns = self._first(one for one in kept if not one.is_mirror)
        _, self._mirrors = self._first(one for one in kept if one.is_mirror)
        self.group = group_name(self.order, bool(self._mirrors))

    def settle(self, energy: np.ndarray, vectors: np.ndarray, functional: Functional) -> tuple[np.ndarray, list[str]]:
        """Return vectors (state, rows) of the same levels, each in one row of one representation, and these;
        see `hpcx.exciton.labels.settled`; collective.
        """
        turned, kinds = settled(self._operator.comm, energy, vectors, self.width, functional, self._divided)
        return turned, [UNKNOWN if kind == _UNKNOWN else representation(self.order, *kind) for kind in kinds]

    def _keeps_momentum(self, operation: PointOperation) -> bool:
        moved_v = self._fraction_v @ operation.fraction_vw - self._fraction_v
        return bool(np.abs(moved_v - np.rint(moved_v)).max() < _ROUNDING)

    def _first(self, operations: Iterable[PointOperation]) -> tuple[int, list[PairAction]]:
        """Return order and actions of the first operation that is a symmetry, several if phases are open;
        1 and none if there is no such one.
        """
        for operation in operations:
            for action in orbital_actions(self._model, operation, self._spin_i):
                pairs = [
                    pair_action(self._operator, self._model, self._fraction_v, action, matrix_ij)
                    for matrix_ij in action.matrices
                ]
                change = self._change(pairs[0])
                if change < max(self.width, _OF_A_FILE):
                    self.width = max(self.width, _WIDER * change)
                    return operation.order, [self._normalised(pair, operation.order) for pair in pairs]
                self.broken[str(operation)] = min(change, self.broken.get(str(operation), np.inf))
        return 1, []

    def _change(self, action: PairAction) -> float:
        """Return by how much an operation changes the Hamiltonian, on a random vector, eV."""
        whole, apply, x = self._operator.whole, self._operator.apply, self._probe
        change = action(whole(apply(x))) - apply(action(whole(x)))
        return float(np.sqrt(self._operator.comm.allreduce(np.vdot(change, change).real)))

    def _normalised(self, action: PairAction, order: int) -> PairAction:
        """Return the action with g^n = 1, if g^n is a phase: sites may return in other cells."""
        x = self._probe
        for _ in range(order):
            x = action(self._operator.whole(x))
        phase = self._operator.comm.allreduce(np.vdot(self._probe, x))
        if abs(abs(phase) - 1) > _CLOSED:
            return action
        return PairAction(action.source_k, action.electron_kdc * phase ** (-1 / order), action.hole_kwv)

    def _divided(self, vectors: np.ndarray) -> tuple[np.ndarray, list[Kind]]:
        """Return the vectors of a level as eigenvectors of the operations and their kinds, or as they are."""
        turns = [self._overlaps(vectors, action) for action in self._turns] or [np.eye(len(vectors))]
        mirrors = [self._overlaps(vectors, action) for action in self._mirrors]
        if not is_representation(turns, mirrors, self.order):
            return vectors, [_UNKNOWN] * len(vectors)
        unitary, kinds = rows_of(turns[0], mirrors[0] if mirrors else None, self.order)
        return unitary @ vectors, kinds

    def _overlaps(self, vectors: np.ndarray, action: PairAction) -> np.ndarray:
        """Return <s|g t>, one whole vector at a time."""
        overlap_ts = [vectors.conj() @ action(self._operator.whole(vector)) for vector in vectors]
        return self._operator.comm.allreduce(np.array(overlap_ts).T)


def is_representation(turns: list[np.ndarray], mirrors: list[np.ndarray], order: int) -> bool:
    """Return whether the matrices <s|g t> of a rotation by 2 pi / order and, if any, of a mirror in a level are
    unitary, multiply like the operations, and are the same for all choices of open phases, which are the lists.
    """
    one, turn = np.eye(len(turns[0])), turns[0]
    products = [turn @ turn.conj().T, np.linalg.matrix_power(turn, order)]
    for mirror in mirrors[:1]:
        products += [mirror @ mirror.conj().T, mirror @ mirror, mirror @ turn @ mirror @ turn]
    changes = [product - one for product in products] + [each - same[0] for same in (turns, mirrors) for each in same]
    return all(np.abs(change).max() < _CLOSED for change in changes)

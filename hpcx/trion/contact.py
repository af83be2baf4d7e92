"""A contact interaction between the resident and the opposite carrier,
and the strength that shifts the bound state by a given energy.

Exchange between conduction and valence band electrons is local, hence independent of momentum in reciprocal space:
(V C)(k1, k2) = J / (N^2 A) sum_k2' C(k1, k2'); Tempelaar and Berkelbach, Nat. Commun. 10, 3419 (2019), discussion of
Fig. 3b.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpi4py import MPI

from hpcx.petsc.eigen import SolverError, follow_state
from hpcx.trion.operator import TrionOperator
from hpcx.units import from_internal

#: how well the shift is met, eV
_SHIFT_TOLERANCE = 1e-7
_MAX_ITERATIONS = 30


class ContactOperator:
    """The trion's Hamiltonian with a contact interaction, on the same coordinates.

    Attributes:
        rows, flops, dtype: as of the operator.
        strength: J in eV nm^2; may be changed.
    """

    def __init__(self, operator: TrionOperator, strength: float) -> None:
        self.operator, self.strength = operator, strength
        self.rows, self.flops, self.dtype = operator.rows, operator.flops, operator.dtype
        sector, mesh = operator.sector, operator.problem.mesh
        self._area = mesh.divisions**2 * mesh.cell_area
        # a canonical pair stands for its orbit: the sum over the group counts each member order / size times
        self._share = sector.group.stabilizers(sector.key)[0] / sector.group.order

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's part of the product with the whole Hamiltonian, eV, in `out` if given; collective."""
        return np.add(self.operator.apply(x, out), self.strength * self.contact(x), out=out)

    def contact(self, x: np.ndarray) -> np.ndarray:
        """Return this rank's part of the product with V / J, 1/nm^2; collective."""
        sector = self.operator.sector
        parts = [x.real, x.imag] if sector.real and np.iscomplexobj(x) else [x]
        sum_pk = np.array([self._local_sum(part) for part in parts])
        self.operator.comm.Allreduce(MPI.IN_PLACE, sum_pk)
        packed = [sector.pack(sum_k[sector.k1]) / self._area for sum_k in sum_pk]
        return packed[0] + 1j * packed[1] if len(packed) == 2 else packed[0]

    def _local_sum(self, x: np.ndarray) -> np.ndarray:
        """Sum over k2 of the amplitudes of this rank's orbits, (n,)."""
        group, sector = self.operator.group, self.operator.sector
        values = self._share * sector.amplitudes(x)
        size = group.mesh.size
        canonical_k = np.bincount(sector.k1, values.real, size) + 1j * np.bincount(sector.k1, values.imag, size)
        sum_k = np.zeros(size, complex)
        for permutation_k, conjugate in zip(group.permutation_gk, group.conjugates_g, strict=True):
            sum_k[permutation_k] += canonical_k.conj() if conjugate else canonical_k
        return sum_k


def strength_for_shift(
    operator: TrionOperator,
    energy: float,
    vector: np.ndarray,
    shift: float,
    tolerance: float,
    keep: Callable[[], None] = lambda: None,
) -> float:
    """Return J in eV nm^2 that moves a state by `shift`; collective.

    Newton's method with the expectation value of V / J as derivative. The state is followed, whatever others do.

    Args:
        operator: Hamiltonian without contact interaction, of carriers that are not identical.
        energy: of its lowest state that light makes, eV.
        vector: this rank's part of the state.
        shift: wanted, eV.
        tolerance: of the eigensolver, eV.
        keep: called after every restart of the eigensolver.

    Raises SolverError if no strength was found.
    """
    contact = ContactOperator(operator, 0.0)
    moved = energy
    for _ in range(_MAX_ITERATIONS):
        if abs(moved - energy - shift) < _SHIFT_TOLERANCE:
            return contact.strength
        slope = operator.comm.allreduce(np.vdot(vector, contact.contact(vector)).real)
        contact.strength += (energy + shift - moved) / slope
        pairs = follow_state(operator.comm, contact, tolerance, "trion_", vector, lambda _: keep())
        moved, vector = float(pairs.values[0]), pairs.vectors[0]
    strength = from_internal(contact.strength, "eV*angstrom^2")
    wanted, found = from_internal(shift, "meV"), from_internal(moved - energy, "meV")
    raise SolverError(
        f"twod.triplet_shift = {wanted:g} meV: no contact interaction shifts the lowest triplet that far (J ="
        f" {strength:.3g} eV angstrom^2 gives {found:.3f} meV); ask for less than the binding energy"
    )

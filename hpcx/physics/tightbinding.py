"""Tight-binding models: H(k) = sum_R exp(i k R) H(R), its bands, and the states of one band near a valley.

Lattice vectors and orbital centres are in nm, energies in eV. Files hold the lattice gauge, H(k + G) = H(k). Overlaps
want the atomic gauge, exp(-i k tau_i) u_i(k), in which <k|k'> is the form factor of exp(i (k - k') r) for point-like
orbitals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpcx.physics.lattice import integer_pairs

#: largest |H(R) - H(-R)^+| that counts as rounding of a file, eV
HERMITIAN = 1e-4
#: k-points whose Hamiltonians are made together
CHUNK = 512
#: decimals of places (nm) that tell sites apart
_DECIMALS = 7


def asymmetry(cell_rv: np.ndarray, hopping_rij: np.ndarray) -> np.ndarray:
    """Return H(R) - H(-R)^+, (cells, orbitals, orbitals), where H is 0 in cells that are not given."""
    place = {tuple(cell): number for number, cell in enumerate(cell_rv.tolist())}
    opposite = [place.get(tuple(-x for x in cell)) for cell in place]
    back_rij = [np.zeros_like(hopping_rij[0]) if n is None else hopping_rij[n].conj().T for n in opposite]
    return hopping_rij - np.array(back_rij)


@dataclass(frozen=True, eq=False)
class TightBinding:
    """A two-dimensional tight-binding model; raises ValueError if it is not Hermitian.

    Attributes:
        lattice_vx: the lattice vectors in the plane, (2, 2), nm.
        cell_rv: integers of the cells R, (cells, 2).
        hopping_rij: <0 i|H|R j>, weights of the cells included, (cells, orbitals, orbitals), eV.
        centre_ix: centres of the orbitals, (orbitals, 3), nm.
        dipole_rijx: what light sees besides the centres, <0 i|x|R j> without them, with the weights of the hoppings,
            (cells, orbitals, orbitals, 2), nm; None for point-like orbitals.
    """

    lattice_vx: np.ndarray
    cell_rv: np.ndarray
    hopping_rij: np.ndarray
    centre_ix: np.ndarray
    dipole_rijx: np.ndarray | None = None

    def __post_init__(self) -> None:
        deviation = np.abs(asymmetry(self.cell_rv, self.hopping_rij)).max()
        if deviation > HERMITIAN:
            raise ValueError(f"the Hamiltonian is not Hermitian: |H(R) - H(-R)^+| reaches {deviation:.3g} eV")

    @property
    def orbitals(self) -> int:
        """Number of orbitals, spins counted."""
        return self.hopping_rij.shape[1]

    @cached_property
    def reciprocal_vx(self) -> np.ndarray:
        """Reciprocal lattice vectors b_v, (2, 2), 1/nm: a_v b_w = 2 pi delta_vw."""
        return 2 * np.pi * np.linalg.inv(self.lattice_vx).T

    @property
    def cell_area(self) -> float:
        """Area of the unit cell, nm^2."""
        return float(abs(np.linalg.det(self.lattice_vx)))

    @cached_property
    def shortest_vector(self) -> float:
        """Length of the shortest lattice vector, nm."""
        near = self.cells_within(float(np.linalg.norm(self.lattice_vx, axis=1).min()))
        return float(np.sort(np.linalg.norm(near @ self.lattice_vx, axis=1))[1])

    def cells_within(self, distance: float) -> np.ndarray:
        """Return the integers of all lattice vectors up to `distance` (nm), and of some longer ones, (cells, 2)."""
        most = np.ceil(distance * np.linalg.norm(self.reciprocal_vx, axis=1) / (2 * np.pi)).astype(int)
        return integer_pairs(*(range(-n, n + 1) for n in most))

    def mesh(self, divisions: int) -> np.ndarray:
        """Return the momenta (m b1 + n b2) / N of the whole zone, (N^2, 2), 1/nm, n running fastest."""
        return integer_pairs(range(divisions), range(divisions)) @ self.reciprocal_vx / divisions

    def hamiltonian(self, momentum_kx: np.ndarray) -> np.ndarray:
        """Return H(k) in the lattice gauge, (k, orbitals, orbitals), eV, at momenta (k, 2) in 1/nm."""
        phase_kr = np.exp(1j * momentum_kx @ (self.cell_rv @ self.lattice_vx).T)
        h_kij = (phase_kr @ self.hopping_rij.reshape(len(self.cell_rv), -1)).reshape(-1, self.orbitals, self.orbitals)
        return (h_kij + h_kij.conj().swapaxes(1, 2)) / 2

    def velocity(self, momentum_kx: np.ndarray) -> np.ndarray:
        """Return the velocity i [H, r] / hbar times hbar, (2, k, orbitals, orbitals), eV nm, in the lattice gauge.

        For point-like orbitals dH/dk of the atomic gauge: i (R + tau_j - tau_i) H_ij(R), summed with its phase; dipoles
        A(k) between orbitals add i [H, A]. Positions of Wannier90 are not quite Hermitian: their Hermitian part counts.
        """
        vector_rx = self.cell_rv @ self.lattice_vx
        phase_kr = np.exp(1j * momentum_kx @ vector_rx.T)
        h_kij = np.einsum("kr,rij->kij", phase_kr, self.hopping_rij)
        v_xkij = 1j * np.einsum("kr,rx,rij->xkij", phase_kr, vector_rx, self.hopping_rij, optimize=True)
        apart_xij = (self.centre_ix[None, :, :2] - self.centre_ix[:, None, :2]).transpose(2, 0, 1)
        v_xkij += 1j * apart_xij[:, None] * h_kij
        if self.dipole_rijx is not None:
            a_xkij = np.einsum("kr,rijx->xkij", phase_kr, self.dipole_rijx)
            v_xkij += 1j * (h_kij @ a_xkij - a_xkij @ h_kij)
        return (v_xkij + v_xkij.conj().swapaxes(2, 3)) / 2

    def bands(self, momentum_kx: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies (k, band), eV, ascending, and states (k, orbital, band) in the lattice gauge."""
        chunks = np.array_split(momentum_kx, 1 + len(momentum_kx) // CHUNK)
        parts = [np.linalg.eigh(self.hamiltonian(chunk)) for chunk in chunks if len(chunk)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def energies(self, momentum_kx: np.ndarray) -> np.ndarray:
        """Return energies (k, band), eV, ascending."""
        chunks = np.array_split(momentum_kx, 1 + len(momentum_kx) // CHUNK)
        return np.concatenate([np.linalg.eigvalsh(self.hamiltonian(chunk)) for chunk in chunks if len(chunk)])

    def atomic_gauge(self, momentum_kx: np.ndarray, state_kib: np.ndarray) -> np.ndarray:
        """Return exp(-i k tau_i) times states (k, orbital, band) at momenta (k, 2)."""
        return np.exp(-1j * momentum_kx @ self.centre_ix[:, :2].T)[:, :, None] * state_kib

    def gap(self, momentum_kx: np.ndarray, occupied: int) -> float:
        """Return the smallest energy of band `occupied` + 1 minus the largest
        of band `occupied` at momenta (k, 2), eV.
        """
        energy_kb = self.energies(momentum_kx)
        return float(energy_kb[:, occupied].min() - energy_kb[:, occupied - 1].max())


def sites(model: TightBinding) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of orbitals, each once, (site, 3), nm, and the number of every orbital's site."""
    _, first, site_of = np.unique(np.round(model.centre_ix, _DECIMALS), axis=0, return_index=True, return_inverse=True)
    return model.centre_ix[first], site_of.ravel()

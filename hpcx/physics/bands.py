"""Bands near a valley: energies from the band edge and spinors whose overlaps enter the interaction. Energies in eV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.physics.constants import HBAR2_PER_ELECTRON_MASS


@dataclass(frozen=True)
class Band:
    """One carrier's band on a mesh.

    Attributes:
        energy_k: energy of the carrier from its band edge, positive for electrons and holes alike, shape (n,), eV.
        spinor_ck: orbital components of the Bloch function, shape (components, n), normalised at every k.
    """

    energy_k: np.ndarray
    spinor_ck: np.ndarray

    def conjugate(self) -> Band:
        """Return the band with complex conjugated spinors."""
        return Band(self.energy_k, self.spinor_ck.conj())


def dirac_band(momentum_kx: np.ndarray, velocity: float, gap: float, valley: int, conduction: bool) -> Band:
    """Return a band of the massive Dirac model a t (tau kx sx + ky sy) + (g / 2) sz.

    Args:
        momentum_kx: momenta from the valley's centre, (n, 2), 1/Angstrom.
        velocity: a t in eV Angstrom.
        gap: effective gap g of this spin and valley in eV.
        valley: tau, +1 or -1.
        conduction: conduction band, else valence band (its energy is that of a hole).

    In the gauge used here (first component of c and second of v real) lattice rotations act by a constant phase on each
    component. Source: Xiao, Liu, Feng, Xu, Yao, PRL 108, 196802 (2012), Eq. 3.
    """
    off_diagonal = velocity * (valley * momentum_kx[:, 0] + 1j * momentum_kx[:, 1])
    size = np.abs(off_diagonal)
    half_angle = np.arctan2(size, gap / 2) / 2
    phase = np.where(size > 0, off_diagonal / np.where(size > 0, size, 1), 1)
    cosine, sine = np.cos(half_angle), np.sin(half_angle)
    spinor_ck = np.array([cosine, sine * phase]) if conduction else np.array([-sine * phase.conj(), cosine])
    return Band(np.hypot(gap / 2, size) - gap / 2, spinor_ck.astype(complex))


def parabolic_band(momentum_kx: np.ndarray, mass: float) -> Band:
    """Return a band of energy hbar^2 k^2 / 2 m with overlaps 1, for momenta (n, 2) in 1/Angstrom and a mass in m0."""
    energy_k = HBAR2_PER_ELECTRON_MASS / (2 * mass) * (momentum_kx**2).sum(axis=1)
    return Band(energy_k, np.ones((1, len(momentum_kx)), complex))


def optical_dipole(electron: Band, hole: Band, helicity: str = "same") -> np.ndarray:
    """Return <c k|sigma|v k>, shape (n,).

    For the helicity that the valley absorbs at its centre ("same") it is cos^2(theta / 2) in the Dirac model and 1 for parabolic
    bands; for the other one ("opposite") -sin^2(theta / 2) exp(-2 i phi) and 0.
    """
    if helicity == "same":
        return electron.spinor_ck[0].conj() * hole.spinor_ck[-1]
    if len(electron.spinor_ck) == 1:
        return np.zeros_like(electron.spinor_ck[0])
    return electron.spinor_ck[1].conj() * hole.spinor_ck[0]

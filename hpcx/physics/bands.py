"""Bands near a valley: energies from the band edge and spinors whose overlaps enter the interaction. Energies in eV.

A band model is a class with the members of `BandModel` and a line of `hpcx.materials.band_models`; exciton and trion
then solve it. Which symmetry its bands have is found on the mesh (`hpcx.physics.symmetry`), not told by the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from hpcx.physics.constants import HBAR2_PER_M0


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


class Carrier(NamedTuple):
    """A band: tau s = +1 (A) or -1 (B), valley tau, conduction or valence."""

    spin_valley: int
    valley: int
    conduction: bool


class Level(NamedTuple):
    """A band of a tight-binding model at any valley: centre in fractions of the reciprocal vectors,
    number of the band (0 is the lowest).
    """

    centre: tuple[float, float]
    number: int
    conduction: bool


class Massive(NamedTuple):
    """A parabolic band: mass in m0, name of the valley, conduction or valence."""

    mass: float
    valley: str
    conduction: bool


class Numbers(Protocol):
    """The numbers of a material that a band model can read."""

    def number(self, key: str, unit: str) -> float:
        """Return the number `key` in `unit`; raises ValueError if it is missing."""
        ...


class BandModel(Protocol):
    """Bands near the valleys of one material."""

    def band(self, momentum_kx: np.ndarray, carrier: Any) -> Band:
        """Return the band of a `Carrier`, or of another kind that the model knows,
        at momenta (n, 2) from its valley's centre, 1/nm.

        The energy of a hole is positive, too.
        """
        ...

    def dipole(self, electron: Band, hole: Band, helicity: str) -> np.ndarray:
        """Return the optical matrix element (n,) for the helicity that the valley
        absorbs at its centre ("same") or "opposite".
        """
        ...


class MaterialBands(BandModel, Protocol):
    """Bands that are made of numbers of a material."""

    @classmethod
    def of_material(cls, material: Numbers, masses: Mapping[str, float]) -> Self:
        """Return the bands of a material; `masses` (m0) are those that the input has,
        by "electron_mass" and "hole_mass".
        """
        ...


def load_bands(place: str) -> type[MaterialBands]:
    """Return the class at "module:class"."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Dirac:
    """The massive Dirac model of Xiao, Liu, Feng, Xu, Yao, PRL 108, 196802 (2012), Eq. 3.

    Attributes:
        velocity: a t, eV nm.
        mean_gap: Delta, eV.
        splitting: 2 lambda of the valence band, eV.
    """

    velocity: float
    mean_gap: float
    splitting: float

    @classmethod
    def of_material(cls, material: Numbers, masses: Mapping[str, float]) -> Self:
        """Return the bands of a material, which set their own masses."""
        velocity = material.number("carriers.hopping", "eV") * material.number("lattice.constant", "nm")
        return cls(velocity, material.number("carriers.gap", "eV"), material.number("carriers.valence_splitting", "eV"))

    def gap(self, spin_valley: int) -> float:
        """Return the effective gap g = Delta - lambda tau s for tau s = +1 (A) or -1 (B)."""
        return self.mean_gap - spin_valley * self.splitting / 2

    def band(self, momentum_kx: np.ndarray, carrier: Carrier) -> Band:
        """Return the band of a carrier."""
        return dirac_band(momentum_kx, self.velocity, self.gap(carrier.spin_valley), carrier.valley, carrier.conduction)

    def dipole(self, electron: Band, hole: Band, helicity: str) -> np.ndarray:
        """Return <c k|sigma|v k>."""
        return optical_dipole(electron, hole, helicity)


@dataclass(frozen=True)
class Parabolic:
    """Parabolic bands with overlaps 1; masses in m0."""

    electron_mass: float
    hole_mass: float

    @classmethod
    def of_material(cls, material: Numbers, masses: Mapping[str, float]) -> Self:
        """Return the bands with the masses of the input, or of the material where it has none."""
        return cls(
            *(
                masses.get(f"{name}_mass") or material.number(f"carriers.{name}_A_mass", "m0")
                for name in ("electron", "hole")
            )
        )

    def band(self, momentum_kx: np.ndarray, carrier: Carrier | Massive) -> Band:
        """Return the band of a carrier."""
        own = self.electron_mass if carrier.conduction else self.hole_mass
        return parabolic_band(momentum_kx, carrier.mass if isinstance(carrier, Massive) else own)

    def dipole(self, electron: Band, hole: Band, helicity: str) -> np.ndarray:
        """Return 1, or 0 for the opposite helicity."""
        return optical_dipole(electron, hole, helicity)


def dirac_band(momentum_kx: np.ndarray, velocity: float, gap: float, valley: int, conduction: bool) -> Band:
    """Return a band of the massive Dirac model a t (tau kx sx + ky sy) + (g / 2) sz.

    Args:
        momentum_kx: momenta from the valley's centre, (n, 2), 1/nm.
        velocity: a t in eV nm.
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
    """Return a band of energy hbar^2 k^2 / 2 m with overlaps 1, for momenta (n, 2) in 1/nm and a mass in m0."""
    energy_k = HBAR2_PER_M0 / (2 * mass) * (momentum_kx**2).sum(axis=1)
    return Band(energy_k, np.ones((1, len(momentum_kx)), complex))


def optical_dipole(electron: Band, hole: Band, helicity: str = "same") -> np.ndarray:
    """Return <c k|sigma|v k>, shape (n,).

    For the helicity that the valley absorbs at its centre ("same") it is cos^2(theta / 2) in the Dirac model and 1 for
    parabolic bands; for the other one ("opposite") -sin^2(theta / 2) exp(-2 i phi) and 0.
    """
    if helicity == "same":
        return electron.spinor_ck[0].conj() * hole.spinor_ck[-1]
    if len(electron.spinor_ck) == 1:
        return np.zeros_like(electron.spinor_ck[0])
    return electron.spinor_ck[1].conj() * hole.spinor_ck[0]

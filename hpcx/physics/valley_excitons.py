"""Excitons KK, KK' and K-Lambda of a material (eV, nm, fs, m0): bands, 1s form factors, couplings to phonons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpcx.physics.bound_states import BoundState, bound_state
from hpcx.physics.constants import ELECTRON_MASS, HBAR, SPEED_OF_LIGHT_NM_PER_FS
from hpcx.physics.interaction import Interaction
from hpcx.physics.phonons import Branch, Mode, Optical

if TYPE_CHECKING:
    from hpcx.materials.loader import Material

#: valleys in the order of every array; the second form is that of the keys of a material file
VALLEYS = ("KK", "KK'", "KL")
VALLEY_KEYS = ("KK", "KKprime", "KLambda")
ELECTRON_KEYS = ("K", "Kprime", "Lambda")
#: bands of these electrons: at K' the spin of the A exciton's electron is in the other band
ELECTRON_BANDS = ("A", "B", "Lambda")
MODES = ("TA", "LA", "TO", "LO", "A1")
ACOUSTIC, OPTICAL = ("TA", "LA"), ("TO", "LO", "A1")


@dataclass(frozen=True)
class ValleyPair:
    """Intervalley scattering between two valleys by phonons of one zone-edge momentum.

    Attributes:
        first, second: valleys; equal for scattering between equivalent ones.
        degeneracy: numbers of equivalent final valleys for scattering into `first` and into `second`.
        modes: phonons.
    """

    first: int
    second: int
    degeneracy: tuple[int, int]
    modes: tuple[Mode, ...]

    @property
    def ways(self) -> dict[tuple[int, int], int]:
        """Numbers of equivalent final valleys by (initial valley, final valley)."""
        return {(self.first, self.second): self.degeneracy[1], (self.second, self.first): self.degeneracy[0]}


@dataclass(frozen=True)
class Excitons:
    """Bands, couplings and 1s states of the three valleys (arrays over the valleys).

    Energies are in eV, masses in m0, the mass density in eV fs^2 / nm^4, potentials in eV (acoustic) and eV/nm
    (optical), the light cone in 1/nm, rates in 1/fs. `disorder_rate` is that of elastic scattering, an input of the
    run.
    """

    energy_v: np.ndarray
    electron_mass_v: np.ndarray
    hole_mass: float
    degeneracy_v: np.ndarray
    state_v: tuple[BoundState, ...]
    mass_density: float
    branches: tuple[Branch, ...]
    electron_acoustic_v: np.ndarray
    hole_acoustic: float
    optical: tuple[Optical, ...]
    valley_pairs: tuple[ValleyPair, ...]
    light_cone: float
    radiative_rate: float
    disorder_rate: float = 0.0

    @property
    def hbar2_per_density(self) -> float:
        """hbar^2 over the mass of the layer per area, eV nm^4."""
        return HBAR**2 / self.mass_density

    @property
    def mass_v(self) -> np.ndarray:
        """Masses of the excitons, eV fs^2 / nm^2: hbar k / M is in nm/fs and hbar^2 k^2 / 2M in eV."""
        return ELECTRON_MASS * (self.electron_mass_v + self.hole_mass)

    def acoustic_potential(self, valley: int, q: np.ndarray) -> np.ndarray:
        """Return the deformation potential (eV) of the longitudinal branch; electron's and hole's parts add."""
        return self.acoustic_of(valley, *self.form_factors(valley, q))

    def acoustic_of(self, valley: int, electron: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Return this potential for any state of a valley, given its form factors of electron and hole."""
        return self.electron_acoustic_v[valley] * electron + self.hole_acoustic * hole

    def optical_potential(self, valley: int, mode: Optical, q: np.ndarray) -> np.ndarray:
        """Return the deformation potential (eV/nm) of an optical phonon inside a valley at q (1/nm)."""
        return mode.potential(*self.form_factors(valley, q))

    def intervalley_overlap(self, first: int, second: int, q: np.ndarray) -> np.ndarray:
        """Return the form factor between the 1s states for an electron that changes valley.

        q (1/nm) is relative to the momentum that connects the valleys; the hole does not scatter.
        """
        recoil = 0.5 * (self._hole_share(first) + self._hole_share(second))
        return self._form_factor(first, second, recoil * q)

    def _hole_share(self, valley: int) -> float:
        return self.hole_mass / (self.electron_mass_v[valley] + self.hole_mass)

    def form_factors(self, valley: int, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the form factors of electron and hole in the 1s state of a valley at q (1/nm)."""
        hole_share = self._hole_share(valley)
        electron = self._form_factor(valley, valley, hole_share * q)
        return electron, self._form_factor(valley, valley, (1 - hole_share) * q)

    def _form_factor(self, first: int, second: int, q: np.ndarray) -> np.ndarray:
        return self.state_v[first].form_factor(self.state_v[second], q)


def excitons_of(material: Material, law: Interaction, solver: str) -> Excitons:
    """Collect the numbers of a material, with 1s states of charges that interact by `law`,
    found by a solver of `hpcx.physics.bound_states`.

    Raises MaterialError naming what is missing, and ValueError if a state is not bound.
    """
    electron_mass_v = np.array([material.number(f"carriers.electron_{band}_mass", "m0") for band in ELECTRON_BANDS])
    hole_mass = material.number("carriers.hole_A_mass", "m0")
    degeneracy_v = _per_valley(material, "excitons.degeneracy", VALLEY_KEYS, "1").astype(int)
    reduced_v = electron_mass_v * hole_mass / (electron_mass_v + hole_mass)
    return Excitons(
        energy_v=_per_valley(material, "excitons.energy", VALLEY_KEYS, "eV"),
        electron_mass_v=electron_mass_v,
        hole_mass=hole_mass,
        degeneracy_v=degeneracy_v,
        state_v=tuple(bound_state(mass, law, solver) for mass in reduced_v),
        mass_density=material.number("lattice.mass_density", "eV*fs^2/nm^4"),
        branches=_branches(material),
        electron_acoustic_v=_per_valley(material, "phonons.acoustic.electron_potential", ELECTRON_KEYS, "eV"),
        hole_acoustic=material.number("phonons.acoustic.hole_potential", "eV"),
        optical=_optical(material),
        valley_pairs=_valley_pairs(material, *degeneracy_v.tolist()),
        light_cone=_light_cone(material),
        radiative_rate=material.number("optics.radiative_broadening", "eV") / HBAR,
    )


def _per_valley(material: Material, stem: str, keys: tuple[str, ...], unit: str) -> np.ndarray:
    return np.array([material.number(f"{stem}_{key}", unit) for key in keys])


def _branches(material: Material) -> tuple[Branch, ...]:
    """Return the branches LA and TA, without TA if the potentials of LA include both."""
    factors = {"LA": 1.0, "TA": material.number("phonons.acoustic.coupling_ratio_TA", "1")}
    return tuple(
        Branch(material.number(f"phonons.acoustic.velocity_{name}", "nm/fs"), factor)
        for name, factor in factors.items()
        if factor
    )


def _optical(material: Material) -> tuple[Optical, ...]:
    """Return the separate branches if the material has them, otherwise the lumped one."""
    branches = [f"optical_{name}" for name in OPTICAL if material.has(f"phonons.optical_{name}.energy")]
    return tuple(
        Optical(
            material.number(f"phonons.{branch}.energy", "eV"),
            material.number(f"phonons.{branch}.electron_potential", "eV/nm"),
            material.number(f"phonons.{branch}.hole_potential", "eV/nm"),
        )
        for branch in branches or ["optical"]
    )


def _valley_pairs(material: Material, KK: int, KKprime: int, KLambda: int) -> tuple[ValleyPair, ...]:
    def modes(energies: str, potentials: str) -> tuple[Mode, ...]:
        """Return the modes of a zone-edge momentum from the tables `energies` and `potentials`."""
        return tuple(_mode(material, energies, potentials, name) for name in MODES)

    pairs = [
        ValleyPair(0, 1, (KK, KKprime), modes("K", "electron_K_Kprime")),
        ValleyPair(0, 2, (KK, KLambda), modes("Lambda", "electron_K_Lambda")),
        ValleyPair(1, 2, (KKprime, KLambda), modes("M", "electron_Kprime_Lambda")),
        ValleyPair(2, 2, (KLambda - 1, KLambda - 1), modes("M", "electron_Lambda_Lambda")),
    ]
    return tuple(pair for pair in pairs if min(pair.degeneracy) > 0)


def _mode(material: Material, energies: str, potentials: str, name: str) -> Mode:
    kind = "acoustic" if name in ACOUSTIC else "optical"
    energy = material.number(f"phonons.{energies}.energy_{name}", "eV")
    return Mode(energy, material.number(f"phonons.{potentials}.potential_{kind}", "eV/nm"))


def _light_cone(material: Material) -> float:
    """Return the momentum (1/nm) up to which excitons emit light, n E / (hbar c)."""
    energy = material.number("optics.exciton_A_energy", "eV")
    return material.number("optics.refractive_index", "1") * energy / (HBAR * SPEED_OF_LIGHT_NM_PER_FS)

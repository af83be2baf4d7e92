"""Phonon line widths in trion spectra: bound lines have the trion's width, continuum lines the exciton's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hpcx.exciton.absorption import Spectrum
from hpcx.exciton.carriers import conduction_order
from hpcx.exciton.dephasing import add_widths, phonon_excitons, thermal_energy
from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.physics.constants import HBAR
from hpcx.physics.phonon_widths import carrier, half_widths, trion
from hpcx.physics.spectra import lorentzian_spectrum
from hpcx.trion.config import Config, TwoDimensional


@dataclass(frozen=True)
class LineWidths:
    """Half widths (eV) of the lines of a species:
    of bound trions below the photon energy `border` from the band edges, and of the rest.
    """

    bound: float
    exciton: float
    border: float

    @property
    def coherence_time(self) -> float:
        """Coherence time (fs) of trion and exciton: a phonon takes the exciton to where it does not shine,
        so that both widths add up.
        """
        return HBAR / (self.bound + self.exciton)

    @property
    def smallest(self) -> float:
        """The smaller one, eV."""
        return min(self.bound, self.exciton)

    def of(self, spectrum: Spectrum) -> np.ndarray:
        """Return the half widths of the sticks, (stick,), eV."""
        return np.where(spectrum.stick_energy < self.border, self.bound, self.exciton)

    def spread(self, spectrum: Spectrum) -> Spectrum:
        """Return a spectrum with these widths."""
        sticks = spectrum.stick_energy, spectrum.stick_weight
        return replace(spectrum, absorption_w=lorentzian_spectrum(spectrum.photon_energy, *sticks, self.of(spectrum)))


def border(exciton_energy: float, binding_energy: float) -> float:
    """Return the photon energy (eV) below which lines are bound trions: half way between trion and exciton."""
    return exciton_energy - binding_energy / 2


def line_widths(
    result: Result, config: Config, material: Material, species: str, exciton_energy: float, binding_energy: float
) -> LineWidths:
    """Return the widths of a species, with the exciton's from the result, where the trion's are put; energies in eV.

    An unbound trion has no width of its own.
    """
    whole = float(result.value("exciton/dephasing/half_width"))
    if binding_energy <= 0:
        return LineWidths(whole, whole, exciton_energy)
    excitons = phonon_excitons(config, material)
    resident = carrier(_resident_mass(config, material), config.trion.charge < 0)
    widths = half_widths(excitons, thermal_energy(config), trion(excitons, resident, binding_energy), resident)
    found = LineWidths(add_widths(result, species, widths, config), whole, border(exciton_energy, binding_energy))
    result.add(
        f"{species}/dephasing/coherence_time",
        found.coherence_time,
        (),
        "fs",
        f"coherence time of {species} and exciton",
    )
    return found


def _resident_mass(config: Config, material: Material) -> float:
    """Return the mass (m0) of the lowest carrier of the resident's kind."""
    if config.trion.charge > 0:
        return material.number("carriers.hole_A_mass", "m0")
    band = "A" if conduction_order(config, material) == "bright" else "B"
    return material.number(f"carriers.electron_{band}_mass", "m0")


def coherent(settings: TwoDimensional, widths: Mapping[str, LineWidths]) -> TwoDimensional:
    """Return the settings with the coherence time of the singlet and the exciton, if phonons make widths."""
    return settings.model_copy(update={"dephasing_time": widths["singlet"].coherence_time}) if widths else settings

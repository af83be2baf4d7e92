"""Line widths by phonons in place of those of the input (`hpcx.physics.phonon_widths`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hpcx.exciton.config import CarriersInput
from hpcx.exciton.problem import material_interaction
from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.physics.phonon_widths import Widths, exciton, half_widths
from hpcx.physics.valley_excitons import Excitons, excitons_of
from hpcx.units import from_internal

Input = TypeVar("Input", bound=CarriersInput)


def phonon_excitons(config: CarriersInput, material: Material) -> Excitons:
    """Return the excitons of an input as phonons see them: masses and couplings of the material,
    1s states in the input's surroundings.
    """
    excitons = excitons_of(material, material_interaction(config, material), "variational")
    return excitons if config.phonons.transverse else replace(excitons, branches=excitons.branches[:1])


def with_width(config: Input, half_width: float) -> Input:
    """Return the input with another half width (eV) of the lines."""
    return config.model_copy(update={"absorption": config.absorption.model_copy(update={"broadening": half_width})})


def thermal_energy(config: CarriersInput) -> float:
    """Return kT of the lattice, eV."""
    return BOLTZMANN_EV_PER_K * config.phonons.temperature


def exciton_widths(config: CarriersInput, material: Material) -> Widths:
    """Return the half widths of the exciton of an input."""
    excitons = phonon_excitons(config, material)
    return half_widths(excitons, thermal_energy(config), exciton(excitons))


def with_expected_width(config: Input, material: Material) -> Input:
    """Return the input with the width that the exciton will have."""
    return (
        with_width(config, config.phonons.residual + sum(exciton_widths(config, material)))
        if config.phonons.enabled
        else config
    )


def with_phonons(result: Result, config: Input, material: Material) -> Input:
    """Return the input with the width of the exciton by phonons, which goes into the result;
    without phonons the input itself.
    """
    if not config.phonons.enabled:
        return config
    return with_width(config, add_widths(result, "exciton", exciton_widths(config, material), config))


def add_widths(result: Result, group: str, widths: Widths, config: CarriersInput) -> float:
    """Put half widths under `group`/dephasing; return the whole one, eV."""
    total = config.phonons.residual + sum(widths)
    text = "half width at half maximum, {} of {}".format
    parts = {
        "acoustic": "acoustic phonons",
        "optical": "optical phonons",
        "intervalley": "phonons that change the electron's valley",
    }
    for name, width in zip(parts, widths):
        result.add(f"{group}/dephasing/{name}", width, (), "eV", text(f"by {parts[name]},", group))
    result.add(f"{group}/dephasing/half_width", total, (), "eV", text("everything,", group))
    listed = " + ".join(
        f"{from_internal(width, 'meV'):.3f} {name}"
        for name, width in zip((*parts, "residual"), (*widths, config.phonons.residual))
    )
    half_width = f"{from_internal(total, 'meV'):.3f} meV"
    result.summary.append(f"{group} half width at {config.phonons.temperature:g} K: {half_width} ({listed})")
    return total

"""Absorption spectra by Lanczos recursion from the optical vector, to an asked accuracy in an asked window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from hpcx.exciton.config import Absorption
from hpcx.exciton.operator import ExcitonOperator
from hpcx.exciton.problem import ExcitonProblem
from hpcx.io.result import Result
from hpcx.parallel.recursion import Recursion
from hpcx.physics.spectra import ContinuedFraction, lorentzian_spectrum, merged, rounding_error, steps_for_time, sticks
from hpcx.units import from_internal

#: points per broadening at which the error is watched: the spectrum has no finer structure
_POINTS_PER_BROADENING = 4
#: lines closer than this are one, eV
SAME_LINE = 1e-7


@dataclass(frozen=True)
class Spectrum:
    """An absorption spectrum; energies from the band edges in eV, absorption in 1/eV.

    Attributes:
        photon_energy: of the spectrum, (w,).
        absorption_w: sum of Lorentzians of the area of each line's weight, (w,).
        stick_energy: photon energies of the lines, ascending, (stick,).
        stick_weight: their weights |<line|V|i>|^2, (stick,).
        error_estimate: bound of the spectrum's error relative to its peak in the window.
        steps: Lanczos steps.
        sum_rule: total oscillator strength required by the sum rule, <i|V^2|i>.
    """

    photon_energy: np.ndarray
    absorption_w: np.ndarray
    stick_energy: np.ndarray
    stick_weight: np.ndarray
    error_estimate: float
    steps: int
    sum_rule: float


def relative_grid(settings: Absorption) -> np.ndarray:
    """Return the photon energies of the spectrum from the 1s exciton, (w,), eV: whole multiples of the resolution."""
    low, high = (int(round(energy / settings.resolution)) for energy in settings.window)
    return settings.resolution * np.arange(low, high + 1)


def advance(
    recursion: Recursion,
    settings: Absorption,
    exciton_energy: float,
    initial_energy: float,
    keep: Callable[[], None],
    time: float = 0.0,
) -> ContinuedFraction:
    """Make steps until the error bound is below the asked accuracy, or `settings.max_steps`; collective.

    Args:
        recursion: new, or with the coefficients of earlier steps.
        settings: what is asked.
        exciton_energy: energy of the 1s exciton, eV.
        initial_energy: energy of the initial state, eV.
        keep: called after every step: the place to save and to stop.
        time: until which the lines have to give the motion of the optical vector, fs.
    """
    low, high = settings.window
    count = int(np.ceil(_POINTS_PER_BROADENING * (high - low) / settings.broadening)) + 1
    energy_w = exciton_energy + initial_energy + np.linspace(low, high, count)
    fraction = ContinuedFraction(energy_w, settings.broadening, recursion.square_norm)
    for coefficients in zip(recursion.alpha, recursion.beta, strict=True):
        fraction.append(*coefficients)
    while len(recursion.alpha) < settings.max_steps and not recursion.exhausted:
        steps = len(recursion.alpha)
        if (
            steps
            and fraction.relative_bound() <= settings.accuracy
            and steps >= steps_for_time(recursion.band_width, time)
        ):
            break
        recursion.step()
        fraction.append(recursion.alpha[-1], recursion.beta[-1])
        keep()
    return fraction


def lines(recursion: Recursion) -> tuple[np.ndarray, np.ndarray]:
    """Return the energies and weights of a recursion's lines, each once."""
    return merged(*sticks(recursion.alpha, recursion.beta, recursion.square_norm), SAME_LINE)


def make_spectrum(
    energy: np.ndarray,
    weight: np.ndarray,
    error: float,
    settings: Absorption,
    exciton_energy: float,
    steps: int,
    sum_rule: float,
) -> Spectrum:
    """Return the spectrum of lines, with the `error` that is known for it."""
    order = np.argsort(energy)
    energy, weight = energy[order], weight[order]
    photon_energy = exciton_energy + relative_grid(settings)
    absorption_w = lorentzian_spectrum(photon_energy, energy, weight, settings.broadening)
    return Spectrum(photon_energy, absorption_w, energy, weight, error, steps, sum_rule)


def exciton_spectrum(
    comm: MPI.Comm,
    problem: ExcitonProblem,
    settings: Absorption,
    exciton_energy: float,
    keep: Callable[[], None] = lambda: None,
) -> Spectrum:
    """Return the absorption of the exciton; collective. `keep` is called after every step."""
    operator = ExcitonOperator(comm, problem)
    recursion = Recursion(comm, operator.apply, problem.dipole_k[operator.own])
    fraction = advance(recursion, settings, exciton_energy, 0.0, keep)
    sum_rule = float((np.abs(problem.dipole_k) ** 2).sum())
    steps = len(recursion.alpha)
    error = fraction.relative_bound() + rounding_error(steps, recursion.band_width, settings.broadening)
    return make_spectrum(*lines(recursion), error, settings, exciton_energy, steps, sum_rule)


def add_spectrum(
    result: Result,
    group: str,
    spectrum: Spectrum,
    settings: Absorption,
    gap: float,
    weight: str = "1",
    per_energy: str = "1/eV",
) -> None:
    """Put a spectrum under `group`/absorption; `gap` is added to photon energies.
    The last two are the units of weights and spectrum.
    """
    path = f"{group}/absorption"
    # the axis is the same in all points of a sweep, so that spectra can be stacked
    relative = ("relative_energy",)
    result.add(f"{path}/relative_energy", relative_grid(settings), relative, "eV", "photon energy from the 1s exciton")
    result.add(f"{path}/photon_energy", spectrum.photon_energy + gap, relative, "eV", "photon energy")
    result.add_internal(f"{path}/absorption", spectrum.absorption_w, relative, per_energy, f"{group} absorption")
    result.add(f"{path}/stick_energy", spectrum.stick_energy + gap, ("stick",), "eV", "photon energy of a line")
    result.add_internal(
        f"{path}/stick_weight", spectrum.stick_weight, ("stick",), weight, "squared optical matrix element of a line"
    )
    result.add(f"{path}/error_estimate", spectrum.error_estimate, (), "1", "error bound relative to the peak")
    result.add(f"{path}/steps", spectrum.steps, (), "1", "Lanczos steps")
    result.add_internal(
        f"{path}/sum_rule", spectrum.sum_rule, (), weight, "total oscillator strength required by the sum rule"
    )
    total = float(spectrum.stick_weight.sum())
    missed = spectrum.error_estimate > settings.accuracy and spectrum.steps >= settings.max_steps
    reached = (
        ""
        if not missed
        else (f"; ABOVE THE REQUESTED {settings.accuracy:g}: raise absorption.max_steps = {settings.max_steps}")
    )
    result.summary.append(
        f"{group} absorption: error below {spectrum.error_estimate:.1e} of the peak after {spectrum.steps} steps, "
        f"sum of weights {from_internal(total, weight):.8g} (sum rule {total / spectrum.sum_rule - 1:+.0e}){reached}"
    )

"""Inputs that are refused: unphysical environments, too much memory, densities beyond the second-order theory."""

from __future__ import annotations

from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material
from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.registry import Refusal, refused, tried
from hpcx.units import from_internal
from hpcx.valley.blocking import most_blocked
from hpcx.valley.config import MOST_DELAYS, Config
from hpcx.valley.parameters import read_parameters
from hpcx.valley.problem import build_problem
from hpcx.valley.species import species_count
from hpcx.valley.steps import delay_count, probe_cells, step_count

#: largest number of populations times steps, and of pairs of populations that block each other: some GB
MOST_VALUES, MOST_PAIRS = 50_000_000, 200_000_000
#: largest broadening of the energies in units of k_B T; detailed balance enhances its tail by exp(broadening^2 / 2
#: (k_B T)^2)
MOST_BROADENING = 2.0


def refusals(config: Config, material: Material) -> list[Refusal]:
    """Return what is refused in an input, and why; raises MaterialError if the material lacks a number."""
    surroundings = tried(
        "environment", config.environment, lambda: read_parameters(material, load_environment(config.environment))
    )[1]
    return surroundings or _broadening(config) + (_steps(config) or _delays(config) or _blocking(config, material))


def _broadening(config: Config) -> list[Refusal]:
    """Refuse a broadening so large that detailed balance gives its tail considerable rates."""
    most = MOST_BROADENING * BOLTZMANN_EV_PER_K * config.temperature
    reason = (
        f"must be at most {MOST_BROADENING:g} k_B T = {from_internal(most, 'meV'):.3g} meV at {config.temperature:g} K;"
        " take more momentum.points with a smaller one"
    )
    too_broad = config.internal.momentum.broadening > most
    return refused("momentum.broadening", f"{config.momentum.broadening:g} meV", too_broad, reason)


def _steps(config: Config) -> list[Refusal]:
    """Refuse an end of the run with too many steps times populations."""
    steps, unknowns = step_count(config), unknown_count(config)
    reason = (
        f"{steps} steps of {unknowns} populations are more than {MOST_VALUES:.3g} values: lower it, time.refinement,"
        " momentum.points or the durations of pump and probe"
    )
    return refused("time.end", f"{config.time.end:g} ps", steps * unknowns > MOST_VALUES, reason)


def _delays(config: Config) -> list[Refusal]:
    """Refuse a spacing of delays with too many of them within the probe."""
    delays = delay_count(config) + 2 * probe_cells(config)
    reason = f"{delays} delays, those that the probe reaches included, are more than {MOST_DELAYS:.3g}: raise it"
    return refused("time.step", f"{config.time.step:g} fs", delays > MOST_DELAYS, reason)


def _blocking(config: Config, material: Material) -> list[Refusal]:
    """Refuse a density that blocks a state entirely, and a grid with too many pairs of cells."""
    if not (config.approximation.saturation and config.approximation.blocking):
        return []
    pairs = unknown_count(config) ** 2
    if pairs > MOST_PAIRS:
        reason = (
            f"{pairs:.3g} pairs of populations block each other, more than {MOST_PAIRS:.3g}: lower it, or"
            " approximation.blocking = false"
        )
        return [Refusal("momentum.points", str(config.momentum.points), reason)]
    blocked = config.internal.pump.density * most_blocked(build_problem(config, material))
    reason = f"the second-order theory holds only well below {config.pump.density / blocked:.3g} cm^-2"
    return refused("pump.density", f"{config.pump.density:.3g} cm^-2", blocked >= 1, reason)


def unknown_count(config: Config) -> int:
    """Return the number of populations."""
    return species_count(config.mechanisms.spin_flip) * config.momentum.points

"""Numerical parameters of diffusion and their errors: energy bins, largest energy, time steps, cells in space."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from hpcx.materials.loader import Material
from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.physics.valley_excitons import VALLEYS
from hpcx.refinement import Parameter, Quantity, Refinement, Values, powers
from hpcx.wigner.config import Config
from hpcx.wigner.energy_grid import in_meV, usual_bins

START: dict[str, object] = {}
#: refinements of the bins and of the largest energy over the defaults, tolerances of the steps, cells
_FINER, _HIGHER = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0), (1.0, 1.25, 1.6, 2.0, 2.5)
_TOLERANCES, _CELLS = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5), (100, 140, 200, 280, 400)
#: growth of the bins by default
_GROWTH = 1.06


def refinement(config: Config, material: Material) -> Refinement:
    """Return how a point is refined; all bins are refined by one factor, so that their ratios stay.

    Keys of the input are written, so energies are in meV here.
    """
    first, largest, top = (in_meV(energy) for energy in usual_bins(config.temperature))
    kT = in_meV(BOLTZMANN_EV_PER_K * config.temperature)

    def settings(values: Values) -> dict[str, object]:
        """Return the keys of the grids."""
        width = values["momentum.first_bin"] / first
        found: dict[str, object] = {
            **values,
            "momentum.growth": _GROWTH**width,
            "momentum.largest_bin": largest * width,
        }
        return found | ({"space.points": int(values["space.points"])} if "space.points" in values else {})

    def work(values: Values) -> float:
        """Return the square of the number of bins."""
        bins = first / values["momentum.first_bin"] * (60 + (values["momentum.energy_max"] - 60) / largest)
        return (2e4 + bins**2) * values.get("space.points", 1.0) * values.get("time.tolerance", 1.0) ** -0.25

    def lean(wanted: tuple[Quantity, ...]) -> dict[str, object]:
        """Return the settings that skip the run in time unless it is wanted."""
        found: dict[str, object] = {"uncertainty.samples": 0}
        if all(quantity.path.startswith("rates/") for quantity in wanted):
            found |= {"time.rates_only": True, "space.dimension": 0}
        return found

    return Refinement(_parameters(config, first, top, kT), _quantities(), settings, lean, work)


def _parameters(config: Config, first: float, top: float, kT: float) -> tuple[Parameter, ...]:
    bins = Parameter(
        "momentum.first_bin",
        tuple(first / finer for finer in _FINER),
        _relative("momentum.first_bin", first),
        (("1",), ("2",), ()),
        "energy and rates constant within a bin: second-order error, first order at thresholds inside bins",
        read=lambda config: config.momentum.first_bin or first,
    )
    highest = Parameter(
        "momentum.energy_max",
        tuple(top * higher for higher in _HIGHER),
        lambda values: {
            f"exp(-E/{share:g}kT)": math.exp((top - values["momentum.energy_max"]) / (share * kT)) for share in (1, 2)
        },
        (("exp(-E/1kT)",), ("exp(-E/2kT)",), ()),
        "states above are neglected: a fraction exp(-E/kT), more because of upward scattering",
        read=lambda config: config.momentum.energy_max or top,
        base=0,
    )
    steps = Parameter(
        "time.tolerance",
        _TOLERANCES,
        _relative("time.tolerance", 1.0),
        (("1",), ()),
        "error of the time steps, kept below this by the run",
        base=0,
    )
    cells = Parameter(
        "space.points", _CELLS, powers("space.points", 4, 2), (("4",), ("2",), ()), "fluxes of fourth order"
    )
    return (bins, highest, steps) + ((cells,) if config.space.dimension else ())


def _relative(key: str, unit: float) -> Callable[[Values], Mapping[str, float]]:
    """Return the first and second power of a width or a tolerance."""
    return lambda values: {"1": values[key] / unit, "2": (values[key] / unit) ** 2}


def _quantities() -> tuple[Quantity, ...]:
    late, at_rest = (-1, VALLEYS), ("time.*", "space.*")
    return (
        Quantity("rates/stationary_diffusivity", "stationary diffusivity", "cm^2/s", (VALLEYS,), ignores=at_rest),
        Quantity(
            "rates/stationary_diffusivity_common", "stationary diffusivity of all valleys", "cm^2/s", ignores=at_rest
        ),
        Quantity("rates/relaxation_time", "relaxation time", "fs", (VALLEYS,), ignores=at_rest),
        Quantity("rates/formation_rate", "formation rate", "1/ps", (VALLEYS,), ignores=at_rest),
        Quantity("observables/diffusivity", "diffusivity at the end", "cm^2/s", late),
        Quantity("observables/diffusivity_total", "diffusivity of all valleys at the end", "cm^2/s", (-1,)),
        Quantity("observables/mean_squared_displacement", "mean squared displacement at the end", "um^2", late),
        Quantity("observables/population", "population at the end", "1", late),
    )

"""How formation is refined: momenta, unbound states that are kept, and the sampling in time."""

from __future__ import annotations

import math

from hpcx.formation.config import Config
from hpcx.formation.problem import MANIFOLDS
from hpcx.formation.traces import CONTRIBUTIONS
from hpcx.materials.loader import Material
from hpcx.refinement import Parameter, Quantity, Refinement, Values, powers

START: dict[str, object] = {}
#: uniform momenta up to _UNIFORM (1/nm), where unbound states up to _ENERGY (eV) lie; they grow with the energy that is
#: kept
_UNIFORM, _ENERGY = 3.2, 1.45
_GRIDS = (
    Parameter(
        "momentum.points",
        (55, 80, 110, 150, 220, 300),
        powers("momentum.points", 2, 1),
        (("2",), ("1",), ()),
        "midpoints: second order; bleaching by unbound states of a finite box: first order",
    ),
    Parameter(
        "continuum.energy_max",
        (1.2, 1.45, 1.8, 2.2, 2.7, 3.3, 4.0),
        powers("continuum.energy_max", 1, 2),
        (("1",), ("2",), ()),
        "neglected states, polarised off resonance: first order in the inverse of their energy",
    ),
)
_TIME_STEP = Parameter(
    "solver.time_step",
    (1.0, 0.5, 0.25, 0.125),
    lambda values: {"2": values["solver.time_step"] ** 2},
    (("2",), ()),
    "trapezoids in time: second order",
)
_TOLERANCE = Parameter(
    "solver.tolerance",
    (1e-6, 1e-7, 1e-8),
    lambda values: {"1": values["solver.tolerance"]},
    (("1",), ()),
    "error of the steps, kept below this by the solver",
)


def refinement(config: Config, material: Material) -> Refinement:
    """Return how a point is refined.

    The uniform part of the momenta holds all unbound states that are kept, at the same spacing, and the time steps
    resolve their oscillations alike: with more than half a period in a step, fast states would look like slow ones.
    """
    in_time = config.solver.route == "time"
    sampling = _TOLERANCE if in_time else _TIME_STEP

    def settings(values: Values) -> dict[str, object]:
        """Return the keys of the grids."""
        faster = max(1.0, values["continuum.energy_max"] / _ENERGY)
        stretch = math.sqrt(faster)
        return {
            "momentum.points": round(values["momentum.points"] * stretch),
            "momentum.uniform_max": round(_UNIFORM * stretch, 4),
            "continuum.energy_max": values["continuum.energy_max"],
            sampling.key: values[sampling.key] / (1.0 if in_time else faster),
        }

    def work(values: Values) -> float:
        """Return nodes squared times samples."""
        nodes = 40 + values["momentum.points"] * max(1.0, math.sqrt(values["continuum.energy_max"] / _ENERGY))
        step = values[sampling.key]
        return (1e4 + nodes**2) * (step**-0.2 if in_time else 1 + 1 / step)

    lean = {"signal.bootstrap": 0, "signal.photon_energies.points": 0}
    return Refinement((*_GRIDS, sampling), _quantities(), settings, lambda wanted: lean, work)


def _quantities() -> tuple[Quantity, ...]:
    both = (tuple(MANIFOLDS), tuple(CONTRIBUTIONS))
    bound = ("continuum.*", "solver.*")  # which do not matter for bound states
    return (
        Quantity("signal/rise_time", "rise time", "fs", both),
        Quantity("signal/rise_time_plain", "rise time of one exponential", "fs", both),
        Quantity("signal/formation_time", "formation time", "fs", both),
        Quantity("signal/peak_to_plateau", "peak over plateau", "1", both),
        Quantity("signal/coherent_share", "coherent share", "1", both[:1]),
        Quantity("wannier/binding_energy", "binding energy of the 1s exciton", "meV", both[:1], ignores=bound),
        Quantity("wannier/bleaching_area", "area bleached by one 1s exciton", "nm^2", both[:1], ignores=bound),
    )

"""How valley dynamics are refined: momenta, their largest one, angles of scattering, time steps."""

from __future__ import annotations

from hpcx.materials.loader import Material
from hpcx.refinement import Parameter, Quantity, Refinement, Values, powers
from hpcx.units import from_internal
from hpcx.valley.config import Config
from hpcx.valley.fit import FAST_BOUNDS, SLOW_BOUNDS

START: dict[str, object] = {}
#: numbers of cells up to _MAX (1/angstrom); the number grows with the largest momentum at constant cell size
_POINTS, _MAX, _LARGEST = (50, 70, 100, 140, 200, 280), 0.4, (0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
_ANGLES, _REFINEMENTS = (12, 24, 48, 96), (0.5, 1.0, 2.0, 4.0)


def refinement(config: Config, material: Material) -> Refinement:
    """Return how a point is refined."""
    growth = config.momentum.growth

    def points(values: Values) -> int:
        """Return the number of cells of a size that does not depend on the largest momentum."""
        return round(values["momentum.points"] * (values["momentum.max"] / _MAX) ** (1 / growth))

    def settings(values: Values) -> dict[str, object]:
        """Return the keys of the grids."""
        return {
            "momentum.points": points(values),
            "momentum.max": values["momentum.max"],
            "momentum.angles": int(values["momentum.angles"]),
            "time.refinement": values["time.refinement"],
        }

    def work(values: Values) -> float:
        """Return cells squared, with angles and steps."""
        return 1e4 + points(values) ** 2 * (1 + values["momentum.angles"] / 50 + values["time.refinement"] / 2)

    parameters = (
        Parameter(
            "momentum.points",
            _POINTS,
            powers("momentum.points", 2, 1),
            (("2",), ("1",), ()),
            "occupation constant within a cell: second-order error; thresholds inside cells add noise",
        ),
        Parameter(
            "momentum.max",
            _LARGEST,
            powers("momentum.max", 4),
            (("4",), ()),
            "momenta above are hardly occupied; neglecting them adds noise",
        ),
        Parameter(
            "momentum.angles", _ANGLES, powers("momentum.angles", 2), (("2",), ()), "midpoints: second order", base=0
        ),
        Parameter(
            "time.refinement",
            _REFINEMENTS,
            powers("time.refinement", 2),
            (("2",), ()),
            "steps of second order or more",
            base=0,
        ),
    )
    return Refinement(parameters, _quantities(), settings, lambda wanted: {}, work)


def _quantities() -> tuple[Quantity, ...]:
    transition = (("A", "B"),)
    slow, fast = (from_internal(SLOW_BOUNDS[0], "ps"), from_internal(SLOW_BOUNDS[1], "ps")), FAST_BOUNDS
    return (
        Quantity("dichroism/slow_time", "depolarisation time", "ps", transition, between=slow),
        Quantity("dichroism/fast_time", "fast time", "fs", transition, between=fast),
        Quantity("dichroism/logarithmic_slope_time", "time of the logarithmic slope", "ps", transition),
        Quantity("dichroism/slowest_eigenvalue_time", "depolarisation time of the slowest mode", "ps"),
    )

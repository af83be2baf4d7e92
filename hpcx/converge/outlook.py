"""What a study will take, told before anything is computed:
from the costs that the models estimate and the errors that are usual.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpcx.converge.ladders import CROSS, SOLVER, Answer, Place
from hpcx.converge.output import duration, short_of_budget
from hpcx.converge.plan import first_places, forecast
from hpcx.converge.run import SHORT, Study
from hpcx.parallel.machine import measured
from hpcx.refinement import Quantity
from hpcx.sweep.planning import Planner


def look_ahead(study: Study) -> str:
    """Return in words what lies ahead; a study whose first calculations alone are beyond the budget ends here."""
    places = first_places(study.family)
    plan = study.plan(places)
    folder = Path(plan.config.output.directory) / "points"
    if all((folder / f"{point.id}.h5").is_file() for point in plan.points):
        return f"the first {len(places)} calculations are there from an earlier run"
    planner = Planner(plan.points, 1, np.inf)
    seconds = sum(planner.estimate(number, 1).work.on(measured()) for number in range(len(places)))
    study.expected = seconds / sum(study.work(place) for place in places)
    first = f"the first {len(places)} calculations, needed for any error bar, take about {duration(seconds)}"
    if seconds > study.goal.budget:
        study.end = (SHORT, f"{first}, more than the budget of {duration(study.goal.budget)}: nothing was computed")
        return ""
    return "\n".join([first, *_beyond(study, places, seconds)])


def _beyond(study: Study, places: list[Place], first: float) -> list[str]:
    """Return what comes after the first calculations, which take `first` seconds,
    if errors are as usual and the quantities are about known.
    """
    answers = [_expected(study, quantity) for quantity in study.goal.quantities]
    allowed = [study.goal.allowed(number, answer.value) for number, answer in enumerate(answers)]
    if not study.expected or not np.isfinite([answer.value for answer in answers]).all():
        return []
    budget = study.goal.budget
    whole, reach = (
        forecast(study.family, places, (), answers, allowed, study.work, most)
        for most in (np.inf, (budget - first) / study.expected)
    )
    needed = first + study.seconds(whole.work)
    if not whole.reached:
        return ["expected: the target cannot be reached by refinement"]
    units = ["%" if study.goal.relative else quantity.unit for quantity in study.goal.quantities]
    errors = [f"{error * (100 if study.goal.relative else 1):.2g} {unit}" for error, unit in zip(reach.errors, units)]
    return (
        [f"expected to the target: about {duration(needed)}"]
        if needed <= budget
        else [short_of_budget(needed, budget, errors)]
    )


def _expected(study: Study, quantity: Quantity) -> Answer:
    """Return the limit that is expected after the first calculations, its error shared equally by all that errs;
    NaN where it is unknown.
    """
    value = 1.0 if study.goal.relative else quantity.rough
    sources = [
        *(parameter.key for parameter in study.goal.parameters),
        *([CROSS] if len(study.goal.parameters) > 1 else []),
    ]
    each = quantity.usual * value / np.sqrt(len(sources))
    return Answer(value, dict.fromkeys(sources, each) | {SOLVER: 0.0})

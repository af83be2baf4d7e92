"""From a goal to limits: calculations are chosen on the first rank and computed by all,
in groups, until the errors are small enough.

What is chosen depends on the values alone, not on times or the number of ranks: a second run finds what the first has
computed, takes the same way, and resumes there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from hpcx import units
from hpcx.config.choose import Open
from hpcx.config.load import Plan
from hpcx.converge.ladders import SOLVER, Answer, Family, Place
from hpcx.converge.plan import Forecast, are_reached, chosen_moves, first_places, forecast, moves
from hpcx.converge.target import Goal
from hpcx.io.reading import reading
from hpcx.parallel.errors import agreed
from hpcx.parallel.stop import StopRequests
from hpcx.refinement import Quantity, Refinement
from hpcx.sweep.run import Report, at_work, compute_points, go_on_with
from hpcx.sweep.store import DONE, Store

#: how a study ends
REACHED, SHORT, STOPPED, FAILED = "reached", "short", "stopped", "failed"


@dataclass(frozen=True)
class Calculation:
    """One calculation that is done: its file's name, values of the quantities,
    wall time and ranks, processor time of them all.
    """

    id: str
    values: tuple[float, ...]
    seconds: float
    ranks: int
    processor: float


@dataclass
class Study:
    """What is known; on the first rank.

    Attributes:
        problem: the input.
        goal, refinement: what is to be found out, and how the model is refined.
        family: the calculations and what they mean.
        done: by place.
        failed: by place, the message.
        history: answers after each batch.
        expected: processor time per work, s, before anything was measured.
        end: how it ended, and why in words.
    """

    problem: Open
    goal: Goal
    refinement: Refinement
    family: Family
    done: dict[Place, Calculation] = field(default_factory=dict)
    failed: dict[Place, str] = field(default_factory=dict)
    history: list[list[Answer]] = field(default_factory=list)
    expected: float = 0.0
    end: tuple[str, str] = ("", "")

    @property
    def answers(self) -> list[Answer]:
        """The limits so far."""
        return self.history[-1] if self.history else []

    @property
    def spent(self) -> float:
        """Processor time of the calculations, s."""
        return sum(one.processor for one in self.done.values())

    def work(self, place: Place) -> float:
        """Return the work of a calculation."""
        return self.refinement.work(self.family.values(place))

    def seconds(self, work: float) -> float:
        """Return the processor time of some work, from what was measured or, before that, expected."""
        done = sum(self.work(place) for place in self.done)
        return work * (self.spent / done if done else self.expected)

    def allowed(self) -> list[float]:
        """Return the errors that are allowed."""
        return [self.goal.allowed(number, answer.value) for number, answer in enumerate(self.answers)]

    def ahead(self, most: float = np.inf) -> Forecast:
        """Return what lies ahead with no more than `most` seconds of processor time."""
        per_work = self.seconds(1.0)
        limit = most / per_work if per_work else np.inf
        return forecast(self.family, self.done, self.failed, self.answers, self.allowed(), self.work, limit)

    def plan(self, places: list[Place]) -> Plan:
        """Return the plan of some calculations."""
        lean = self.refinement.lean(self.goal.quantities)
        directory = f"{self.problem.start.config.output.directory}/converge"
        choices = [self.refinement.settings(self.family.values(place)) for place in places]
        return self.problem.plan(lean | {"output.directory": directory}, choices)

    def learn(self) -> None:
        """Draw conclusions from all that is done."""
        known = [
            {place: one.values[number] for place, one in self.done.items()}
            for number in range(len(self.goal.quantities))
        ]
        self.history.append(list(map(self.family.answer, known, self.goal.quantities)))


def open_study(problem: Open, goal: Goal, refinement: Refinement) -> Study:
    """Return a study of which nothing is known yet;
    parameters that are not taken to their limits stay as the input has them.
    """
    fixed = {
        parameter.key: parameter.written(problem.start.config)
        for parameter in refinement.parameters
        if parameter not in goal.parameters
    }
    return Study(problem, goal, refinement, Family(goal.parameters, fixed))


def converge(
    comm: Any,
    study: Study | None,
    requests: StopRequests,
    group_size: int | None,
    tell: Callable[[Study, list[Place]], None],
) -> None:
    """Compute until the goal is reached, the budget is spent,
    nothing can be refined or a stop is asked for; collective.

    The first rank alone has the study, and `tell`s what each batch has brought; a study that has ended before it has
    begun computes nothing. Raises AgreedError if the output directory cannot be used.
    """
    places = first_places(study.family) if study and not study.end[0] else []
    plan = comm.bcast(study.plan(places) if study and places else None)
    if plan is None:
        return
    with at_work(comm, plan, requests) as context:
        while plan is not None:
            report = compute_points(comm, context, group_size)
            with agreed(comm):
                if study:
                    _take(study, places, plan, report, context.store)
                    tell(study, places)
                    places = _next(study, report)
            plan = comm.bcast(study.plan(places) if study and places else None)
            context = context if plan is None else go_on_with(comm, context, plan)


def _take(study: Study, places: list[Place], plan: Plan, report: Report, store: Store) -> None:
    """Take over what was computed."""
    for place, point, entry in zip(places, plan.points, report.entries):
        if entry.status != DONE:
            study.failed[place] = entry.message or entry.status
            continue
        values, processor = _read(store, point.id, study.goal.quantities)
        wrong = [text for text in map(Quantity.complaint, study.goal.quantities, values) if text]
        if wrong:
            study.failed[place] = "; ".join(wrong)
            continue
        study.done[place] = Calculation(point.id, values, entry.wall_time, entry.ranks, processor)
    if not report.stopped and not _has_holes(study):
        study.learn()


def _has_holes(study: Study) -> bool:
    """Say whether one of the first calculations is missing."""
    return not set(first_places(study.family)) <= set(study.done)


def _read(store: Store, name: str, quantities: tuple[Quantity, ...]) -> tuple[tuple[float, ...], float]:
    """Return the quantities of a result, and the processor time that it has taken."""
    with reading(store.result(name)) as file:
        return tuple(value_of(file, quantity) for quantity in quantities), float(file["provenance/processor_time"][()])


def value_of(file: h5py.File, quantity: Quantity) -> float:
    """Return a quantity from a result, in its unit, what is known of its error subtracted."""
    dataset = file[quantity.path]
    value = quantity_of(dataset[()], dataset.attrs["units"], quantity)
    if not quantity.correction:
        return value
    known = file[quantity.correction]
    return value - units.convert(float(known[()]), known.attrs["units"], quantity.unit)


def quantity_of(values: np.ndarray, unit: str, quantity: Quantity) -> float:
    """Return a quantity, in its unit, from the values of its dataset in `unit`;
    the first labels count where none is chosen.
    """
    chosen = iter(quantity.chosen)
    index = tuple(
        labels if isinstance(labels, int) else labels.index(next(chosen, labels[0])) for labels in quantity.labels
    )
    value = float(values[index])
    return units.convert(value, unit, quantity.unit) if np.isfinite(value) else value


def _next(study: Study, report: Report) -> list[Place]:
    """Return what is to be computed next, nothing if this is the end."""
    if report.stopped or report.elsewhere:
        study.end = (STOPPED, report.stopped or "another run is computing in this directory")
    elif _has_holes(study):
        study.end = (FAILED, next(iter(study.failed.values())))
    elif are_reached(study.answers, study.allowed()):
        study.end = (REACHED, "")
    else:
        return _refined(study)
    return []


def _refined(study: Study) -> list[Place]:
    allowed = study.allowed()
    if any(answer.errors[SOLVER] >= most for answer, most in zip(study.answers, allowed)):
        study.end = (
            SHORT,
            "the solver's own error exceeds the target; relax the target or tighten the solver's tolerance",
        )
        return []
    best = chosen_moves(moves(study.family, study.done, study.failed), study.answers, allowed, study.work)
    step = best
    while step and study.spent + study.seconds(sum(study.work(move.place) for move in step)) > study.goal.budget:
        step = step[:-1]  # the best alone, if the budget is not enough for all
    if not step:
        short = "what is left of the budget is too little for the next calculation"
        study.end = (SHORT, short if best else "nothing can be refined any further")
    return [move.place for move in step]

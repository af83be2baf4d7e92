"""What `hpcx check` prints: the points of an input, their cost, and how a run would share them among ranks."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate

from hpcx.config.idle import idle_keys
from hpcx.config.load import Plan
from hpcx.config.sources import cautions
from hpcx.parallel.machine import REFERENCE, Machine, Work
from hpcx.parallel.run import spoken
from hpcx.registry import Estimate
from hpcx.sweep.planning import Piece, Planner, Task, ordered, schedule

#: of every rank: interpreter, MPI, PETSc, input; and of every point: its files, and its place in sweep.h5
START, FILES = Work(calls=1.0), Work(calls=0.04)
#: points from which on only some are listed, and how many
LONG, SOME = 30, 20
#: idle share from which on fewer ranks are advised, and how many more than those that would be busy all the time
_IDLE, _SPARE = 0.5, 1.2


@dataclass(frozen=True)
class Check:
    """What was found: the text to print, the number of points, and how many of them a run would refuse or fail."""

    text: str
    points: int
    refused: int


class _Report:
    """The planned run: ranks are chosen as a run chooses them, times are those of a machine."""

    def __init__(self, plan: Plan, planner: Planner, machine: Machine) -> None:
        self.plan, self.planner, self.machine = plan, planner, machine
        good = [number for number, point in enumerate(plan.points) if not point.error]
        seconds = planner.seconds(good)
        tasks = [planner.task(number, seconds) for number in good]
        self.refusals = {number: point.error for number, point in enumerate(plan.points) if point.error}
        self.refusals |= {task.number: task.refusal for task in tasks if task.refusal}
        self.tasks = ordered([task for task in tasks if not task.refusal])
        self.pieces = {piece.number: piece for piece in schedule(self.tasks, planner.ranks, self._seconds)}

    def _seconds(self, number: int, ranks: int, made: set[str]) -> float:
        """Return the time of a point on a group that has made some tables, and note those that it makes."""
        estimate = self.planner.estimate(number, ranks)
        known = sum((work for name, work in estimate.shared.items() if name in made), Work())
        made.update(estimate.shared)
        return (estimate.work - known + FILES).on(self.machine)

    def label(self, number: int) -> str:
        """Return how a point is called: its swept values, or its id."""
        point = self.plan.points[number]
        return ", ".join(f"{key} = {value}" for key, value in point.coordinates.items()) or point.id

    def point(self, number: int) -> list[str]:
        """Return the lines of a point."""
        if number in self.refusals:
            facts = [
                f"    {name}: {text}" for name, text in self.planner.estimate(number, self.planner.ranks).facts.items()
            ]
            return [f"{self.label(number)}: cannot be computed: {self.refusals[number]}", *facts]
        piece = self.pieces[number]
        return _lines(self.label(number), self.planner.estimate(number, piece.ranks), piece)

    def warnings(self) -> list[str]:
        """Return the warnings, each with the number of points that it concerns."""
        found = Counter(
            text for piece in self.pieces.values() for text in self.planner.estimate(piece.number, piece.ranks).warnings
        )
        return [f"WARNING ({count} point(s)): {text}" for text, count in found.items()]

    def groups(self) -> list[str]:
        """Return how many points run on how many ranks, and how many of them at a time."""
        level = {task.number: task.level for task in self.tasks}
        lines = []
        for chosen in sorted(set(level.values())):
            pieces = [piece for piece in self.pieces.values() if level[piece.number] == chosen]
            sizes = sorted({piece.ranks for piece in pieces})
            ranks = " or ".join(map(str, sizes)) + (" ranks" if sizes[-1] > 1 else " rank")
            lines.append(f"plan: {len(pieces)} point(s) on {ranks} each, up to {_together(pieces)} side by side")
        return lines

    def totals(self) -> list[str]:
        """Return time, core-hours, idle share and memory of the whole run."""
        if not self.pieces:
            return []
        pieces, ranks = self.pieces.values(), self.planner.ranks
        start = START.on(self.machine)
        wall = max(piece.begin + piece.seconds for piece in pieces)
        alone = in_all([self.planner.estimate(piece.number, 1) for piece in pieces]).on(self.machine)
        idle = 1 - sum(piece.ranks * piece.seconds for piece in pieces) / max(ranks * wall, 1e-30)
        memory = max(self.planner.estimate(piece.number, piece.ranks).bytes_per_rank for piece in pieces)
        fewer = math.ceil(_SPARE * (1 - idle) * ranks)
        lines = [
            (
                f"in all about {spoken(start + wall)} on {ranks} rank(s), {spoken(start)} of them to start: "
                f"{hours(ranks * (start + wall))} (on one rank: {spoken(alone)} of processor time), "
                f"idle share of the ranks {100 * max(idle, 0):.0f} %"
            ),
            f"memory: up to {memory / 1e9:.2f} GB per rank of {self.planner.memory / 1e9:.1f} GB",
        ]
        return lines + (
            [f"most ranks would be idle: {fewer} take about as long"] if idle > _IDLE and fewer < ranks else []
        )


def _together(pieces: list[Piece]) -> int:
    """Return the largest number of points that are computed at the same time."""
    changes = sorted(
        (time, step) for piece in pieces for time, step in ((piece.begin, 1), (piece.begin + piece.seconds, -1))
    )
    return max(1, *accumulate(step for _, step in changes))


def check(plan: Plan, planner: Planner, every_point: bool = False, machine: Machine = REFERENCE) -> Check:
    """Return one line per point (unknowns, ranks, memory per rank, time), warnings, and the plan with totals.

    Of a sweep of more than LONG points only the longest are listed, unless `every_point` is asked for.
    """
    report = _Report(plan, planner, machine)
    short = every_point or len(plan.points) <= LONG
    numbers = list(range(len(plan.points))) if short else _chosen(report.tasks, report.refusals)
    lines = [
        f"{plan.source}: model {plan.config.model}, {len(plan.points)} point(s), planned for {planner.ranks} rank(s)"
    ]
    lines += [line for number in numbers for line in report.point(number)]
    if not short:
        lines += [
            f"({len(numbers)} of {len(plan.points)} points are listed; --all lists every one)",
            *report.warnings(),
        ]
    lines += [f"WARNING: {sentence}" for sentence in [*idle_keys(plan.points), *cautions(plan.points), *plan.notices]]
    lines += report.groups() if plan.axes else []
    lines += [f"{len(report.refusals)} of {len(plan.points)} points cannot be computed"] if report.refusals else []
    return Check("\n".join([*lines, *report.totals()]), len(plan.points), len(report.refusals))


def _chosen(tasks: list[Task], refusals: dict[int, str]) -> list[int]:
    """Return some points that cannot be computed, and the longest of the others."""
    longest = sorted(tasks, key=lambda task: -task.seconds)[:SOME]
    return [*list(refusals)[:SOME], *(task.number for task in longest)]


def in_all(estimates: list[Estimate]) -> Work:
    """Return the work of a run of these points on one rank, one after the other, what they share counted once."""
    once = {name: work for estimate in estimates for name, work in estimate.shared.items()}
    own = Work.total(estimate.work - Work.total(estimate.shared.values()) for estimate in estimates)
    return START + FILES * len(estimates) + own + Work.total(once.values())


def _lines(label: str, estimate: Estimate, piece: Piece) -> list[str]:
    where = f"{piece.ranks} rank" + ("s" if piece.ranks > 1 else "")
    head = (
        f"{label}: {estimate.unknowns} unknowns, {estimate.bytes_per_rank / 1e9:.2f} GB per rank,"
        f" {spoken(piece.seconds)} on {where}"
    )
    facts = [f"    {name}: {text}" for name, text in estimate.facts.items()]
    return [head, *facts, *(f"    WARNING: {warning}" for warning in estimate.warnings)]


def hours(seconds: float) -> str:
    """Return processor time in core-hours."""
    return f"{seconds / 3600:.2g} core-hours" if seconds < 360000 else f"{seconds / 3600:.0f} core-hours"

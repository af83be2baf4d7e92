"""Which points run on how many ranks: what a run does and `hpcx check` prints, from estimates alone."""

from __future__ import annotations

import heapq
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from hpcx import registry
from hpcx.config.point import Point
from hpcx.parallel.machine import Work
from hpcx.registry import Estimate
from hpcx.sweep.groups import choose_level, depth, level_of_size, smallest_group

log = logging.getLogger("hpcx")


@dataclass(frozen=True)
class Task:
    """A point to be computed.

    Attributes:
        number: of the point in the plan.
        level: of the groups of ranks that suit it.
        seconds: expected wall time on one rank.
        suspect: whether an attempt has failed or was cut off before; such points come when all others are done.
        refusal: why it cannot be computed here, or "".
    """

    number: int
    level: int
    seconds: float
    suspect: bool
    refusal: str = ""


def ordered(tasks: list[Task]) -> list[Task]:
    """Return the tasks longest first."""
    return sorted(tasks, key=lambda task: (-task.seconds, task.number))


@dataclass
class Planner:
    """Chooses ranks for points.

    Attributes:
        points: of the plan.
        ranks: number of all ranks.
        memory: bytes that one rank may use.
        group_size: ranks per point if the user wants a number, else None.
        all_ranks: whether every point takes all ranks: a run without a sweep, or locks that do not reach all nodes.
    """

    points: list[Point]
    ranks: int
    memory: float
    group_size: int | None = None
    all_ranks: bool = False
    _known: dict[tuple[int, int], Estimate] = field(default_factory=dict)

    def estimate(self, number: int, ranks: int) -> Estimate:
        """Return the estimate of a point, a refusal if that fails; raises ImportError if it cannot be loaded."""
        key = number, ranks
        if key not in self._known:
            self._known[key] = _estimate(self.points[number], ranks)
        return self._known[key]

    def seconds(self, numbers: list[int]) -> float:
        """Return the time of some points on one rank, one after the other."""
        return sum(self.estimate(number, 1).seconds for number in numbers)

    def task(self, number: int, all_seconds: float, suspect: bool = False) -> Task:
        """Return the task of a point in a sweep whose points take `all_seconds` on one rank."""
        first = self.estimate(number, 1)
        level = self._level(number, all_seconds / self.ranks)
        return Task(number, level, first.seconds, suspect, self._refusal(number, level))

    def _level(self, number: int, ideal: float) -> int:
        if self.all_ranks:
            return 0
        if self.group_size:
            return level_of_size(self.group_size, self.ranks)
        return choose_level(lambda size: self.estimate(number, size), ideal, self.ranks, self.memory)

    def _refusal(self, number: int, level: int) -> str:
        if self.estimate(number, 1).bytes_per_rank > self.memory:
            needed = self.estimate(number, self.ranks).bytes_per_rank
            if needed > self.memory:
                return (
                    f"needs {needed / 1e9:.1f} GB per rank on {self.ranks} rank(s), {self.memory / 1e9:.1f} GB are free"
                    " on its node or still allowed to the job there: request more memory or more nodes"
                )
        return self.estimate(number, smallest_group(self.ranks, level)).refusal


def _estimate(point: Point, ranks: int) -> Estimate:
    if point.error:
        return Estimate(0, 0.0, Work())
    estimator = registry.estimator(point.config.model)
    try:
        return estimator(point.config, point.material, ranks)
    except ImportError:  # every point needs it
        raise
    except Exception as error:  # other points may be estimated
        log.debug("no estimate of point %s", point.id, exc_info=True)
        return Estimate(
            0, 0.0, Work(), refusal=f"what it needs cannot be estimated: {str(error) or type(error).__name__}"
        )


@dataclass(frozen=True)
class Piece:
    """A point on a group of `ranks` ranks: begin and length in s."""

    number: int
    ranks: int
    begin: float
    seconds: float


def schedule(tasks: list[Task], ranks: int, seconds: Callable[[int, int, set[str]], float]) -> list[Piece]:
    """Return when and on how many ranks the points are computed if every one takes as long as it is expected to.

    As in a run, each group takes the first point of its level that is left, and splits when there is none.

    Args:
        tasks: in the order in which they are taken.
        ranks: number of all ranks.
        seconds: expected wall time of a point on a number of ranks, on a group that has made the tables named in the
            set; it adds the names of those that the point makes.
    """
    left = [[task for task in tasks if task.level == level] for level in range(depth(ranks))]
    pieces, count = [], itertools.count()
    groups: list[tuple[float, int, int, int, set[str]]] = [(0.0, next(count), 0, ranks, set())]
    while groups:
        begin, _, level, size, made = heapq.heappop(groups)
        if left[level]:
            task = left[level].pop(0)
            piece = Piece(task.number, size, begin, seconds(task.number, size, made))
            pieces.append(piece)
            heapq.heappush(groups, (begin + piece.seconds, next(count), level, size, made))
        elif level + 1 < len(left):
            for half in filter(None, ((size + 1) // 2, size // 2)):
                heapq.heappush(groups, (begin, next(count), level + 1, half, set(made)))
    return pieces

"""Runs of the moments that can be interrupted: what they have reached is kept in the checkpoint of the point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from mpi4py import MPI

from hpcx.io.checkpoint import Saved
from hpcx.io.result import Result
from hpcx.parallel.run import Run
from hpcx.wigner.time_steps import Schedule

PREFIX = "moments"


@dataclass
class KeptMoments:
    """How far a run of the moments is.

    Attributes:
        position: steps taken.
        state: moments (3, values) after them, or None at the start.
        time, moments: output times (ps) and the moments then.
        notify: called after every step; may raise to end the run.
    """

    position: int = 0
    state: np.ndarray | None = None
    time: list[float] = field(default_factory=list)
    moments: list[np.ndarray] = field(default_factory=list)
    notify: Callable[[], None] | None = None

    def record(self, time: float, state: np.ndarray) -> None:
        """Keep the moments at an output time."""
        self.time.append(time)
        self.moments.append(state.copy())

    def reached(self, state: np.ndarray) -> None:
        """Take notice of a step."""
        self.position += 1
        self.state = state.copy()
        if self.notify is not None:
            self.notify()


@dataclass(frozen=True)
class Chosen:
    """What the runs of the moments are for: the steps, and the moments with halved steps at the output times.

    Attributes:
        schedule: steps.
        time: output times (times,), ps.
        moments: (times, 3, values).
    """

    schedule: Schedule
    time: np.ndarray
    moments: np.ndarray

    def add_to(self, state: Result) -> None:
        """Add everything to the checkpoint of a later stage of the point."""
        state.add("schedule/steps", self.schedule.steps, ("step", "start_length"), "ps")
        state.add("schedule/error", self.schedule.error)
        state.add("schedule/times", self.time, ("output",), "ps")
        state.add("schedule/moments", self.moments, ("output", "moment", "value"))

    @classmethod
    def read(cls, saved: Saved | None) -> Chosen | None:
        """Return what a checkpoint has, or None."""
        if saved is None or "schedule/steps" not in saved:
            return None
        schedule = Schedule(saved.value("schedule/steps"), saved.scalar("schedule/error"))
        return cls(schedule, saved.value("schedule/times"), saved.value("schedule/moments"))


class MomentRuns:
    """The runs of the moments of one point, one per number of refinements of the steps; one rank computes them alone.

    Args:
        run: surroundings of the point; None: nothing is kept, and no stop is noticed.
        saved: checkpoint to take up.
    """

    def __init__(self, run: Run | None = None, saved: Saved | None = None) -> None:
        self._run = run
        names = {name.split("/")[1] for name in saved.sizes if name.startswith(f"{PREFIX}/")} if saved is not None else set()
        self._kept = {int(name): _read(saved, f"{PREFIX}/{name}") for name in names}

    def of(self, refinement: int) -> KeptMoments:
        """Return what is kept of the run with steps halved `refinement` times."""
        kept = self._kept.setdefault(refinement, KeptMoments())
        kept.notify = self._keep
        return kept

    def chosen(self, schedule: Schedule) -> Chosen:
        """Return the schedule with the moments of the finest run."""
        finest = self._kept[max(self._kept)]
        return Chosen(schedule, np.array(finest.time), np.array(finest.moments))

    def _keep(self) -> None:
        """Save if it is time to. Raises Stopped if a stop is asked for."""
        if self._run is not None:
            self._run.keep(MPI.COMM_SELF, self._state)

    def _state(self) -> Result:
        state = Result()
        for number, kept in self._kept.items():
            path = f"{PREFIX}/{number}"
            state.add(f"{path}/position", kept.position)
            state.add(f"{path}/state", kept.state, ("moment", "value"))
            if kept.time:
                state.add(f"{path}/times", np.array(kept.time), ("output",), "ps")
                state.add(f"{path}/values", np.array(kept.moments), ("output", "moment", "value"))
        return state


def _read(saved: Saved, path: str) -> KeptMoments:
    kept = KeptMoments(int(saved.value(f"{path}/position")), saved.value(f"{path}/state"))
    if f"{path}/times" in saved:
        kept.time, kept.moments = list(saved.value(f"{path}/times")), list(saved.value(f"{path}/values"))
    return kept

"""Trajectories of time steppers in the checkpoint of a point that one process computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcx.io.result import Result
from hpcx.parallel.run import Run


class Trajectories:
    """The trajectories of a point, which are computed one after another, by name: finished ones, and the one at work."""

    def __init__(self, comm: Any, run: Run) -> None:
        """Look for a checkpoint; collective on `comm`. Raises AgreedError if there is one of other physics."""
        self._comm, self._run = comm, run
        saved = run.resume(comm)
        names = {path.partition("/")[0] for path in saved.sizes} if saved is not None else set()
        self._known = {name: (saved.value(f"{name}/time"), saved.value(f"{name}/state")) for name in names}

    def watch(self, name: str) -> KeptTrajectory:
        """Return what a stepper tells of the steps of trajectory `name`; see `hpcx.petsc.stepping.Watch`."""
        return KeptTrajectory(self, name)

    def earlier(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return times (steps + 1,) and states (steps + 1, size) that an earlier run has reached, or None."""
        return self._known.get(name)

    def keep(self, name: str, times: Sequence[float], states: Sequence[np.ndarray]) -> None:
        """Save if it is time to. Raises Stopped if a stop is asked for."""
        self._known[name] = (times, states)
        self._run.keep(self._comm, self._state)

    def _state(self) -> Result:
        state = Result()
        for name, (times, states) in self._known.items():
            state.add(f"{name}/time", np.array(times), ("time",))
            state.add(f"{name}/state", np.array(states), ("time", "row"))
        return state


class KeptTrajectory:
    """One of the trajectories."""

    def __init__(self, all_of_them: Trajectories, name: str) -> None:
        self._all, self._name = all_of_them, name

    def earlier(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return times (steps + 1,) and states (steps + 1, size) that an earlier run has reached, or None."""
        return self._all.earlier(self._name)

    def keep(self, times: list[float], states: list[np.ndarray]) -> None:
        """Save if it is time to. Raises Stopped if a stop is asked for."""
        self._all.keep(self._name, times, states)

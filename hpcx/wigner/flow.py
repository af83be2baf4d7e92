"""The run of the full equation: steps, results at their times, checkpoints, and what can go wrong in space."""

from __future__ import annotations

import logging

import numpy as np

from hpcx.io.result import Result
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.wigner.history import History, Recorder, intervalley_at
from hpcx.wigner.maps import Checks, Distributions, Maps
from hpcx.wigner.moment_runs import Chosen
from hpcx.wigner.observables import Gains
from hpcx.wigner.transport import Transport

log = logging.getLogger("hpcx")

#: what is kept of the gains, in the order of their definition
GAINS = ("exchanged", "born", "made")


class Flow:
    """A run of the full equation that can be stopped and continued.

    Args: the state, the steps (start, length; ps), the surroundings of the point, and what its checkpoints keep of the moments.
    """

    def __init__(self, transport: Transport, steps: np.ndarray, run: Run, chosen: Chosen | None = None) -> None:
        self.transport, self.problem = transport, transport.problem
        self.steps, self.run, self._chosen = steps, run, chosen
        times = ("outputs", "densities", "distributions")
        self._due = {name: set(np.round(getattr(self.problem, name), 9)) for name in times}
        self._recorder = Recorder(self.problem)
        self._moments: list[np.ndarray] = []
        self._gains: list[Gains] = []
        self.maps, self.distributions, self.checks = Maps(), Distributions(), Checks()
        self._position = 0

    @property
    def history(self) -> History:
        """Observables against time."""
        return self._recorder.history

    def advance(self) -> None:
        """Take the remaining steps. Collective. Raises Stopped after a checkpoint, AgreedError if the state explodes."""
        self._resume()
        while self._position < len(self.steps):
            time, step = self.steps[self._position]
            self.transport.set_intervalley(intervalley_at(self.problem, time))
            with self.run.timings.measure("steps"):
                self.transport.stepper.step(time, step)
            self._position += 1
            with self.run.timings.measure("observables"):
                self._record(time + step)
            self.run.progress("steps", self._position / len(self.steps))
            self.run.keep(self.transport.comm, self.saved)

    def saved(self) -> Result:
        """Return everything that is needed to go on from here."""
        cells, state = self.transport.cells, Result()
        state.add("state", self.transport.state, _names(self.transport.state), start=cells.start, rows=cells.points[0])
        state.add("position", self._position)
        if self._chosen is not None:
            self._chosen.add_to(state)
        lists = {"moments": self._moments, "output_time": self.history.time}
        lists |= {f"gains_{name}": [getattr(gains, name) for gains in self._gains] for name in GAINS}
        for prefix, group in self._groups():
            lists |= {prefix + name: values for name, values in vars(group).items()}
        for name, values in lists.items():
            if values:
                array = np.array(values)
                state.add(name, array, _names(array))
        return state

    def _groups(self) -> tuple[tuple[str, object], ...]:
        return (("maps_", self.maps), ("distributions_", self.distributions), ("checks_", self.checks))

    def _resume(self) -> None:
        """Go on from a checkpoint if there is one. Collective."""
        saved = self.run.checkpoint.load(self.transport.comm) if self.run.checkpoint else None
        if saved is None or "state" not in saved:
            return
        cells = self.transport.cells
        self.transport.state[...] = saved.rows("state", cells.start, cells.start + cells.rows)
        self._position = int(saved.value("position"))
        for prefix, group in self._groups():
            for name in vars(group):
                if prefix + name in saved.sizes:
                    setattr(group, name, list(saved.value(prefix + name)))
        if "moments" in saved:
            times, moments = saved.value("output_time"), saved.value("moments")
            gains = [None] * len(times)
            if "gains_made" in saved:
                gains = [Gains(*parts) for parts in zip(*(saved.value(f"gains_{name}") for name in GAINS))]
            for now, state, gained in zip(times, moments, gains):
                self._add_moments(float(now), state, gained)
        log.info("continued from %s at step %d of %d", saved.path, self._position, len(self.steps))

    def _record(self, reached: float) -> None:
        time = round(reached, 9)  # alike for different steps, so that the points of a sweep have the same times
        if time in self._due["outputs"]:
            moments = self.transport.moments()
            if not np.isfinite(moments).all():
                raise AgreedError(f"the distribution is no longer finite at {time:g} ps: lower time.tolerance or space.points")
            self._add_moments(time, moments, self.transport.gains(time))
            self.checks.record(self.transport)
        if time in self._due["densities"]:
            self.maps.record(time, self.transport)
        if time in self._due["distributions"]:
            self.distributions.record(time, self.transport)

    def _add_moments(self, time: float, moments: np.ndarray, gains: Gains | None) -> None:
        self._moments.append(moments)
        if gains is not None:
            self._gains.append(gains)
        self._recorder.record(time, moments, intervalley_at(self.problem, time - 1e-9), gains)


def _names(array: np.ndarray) -> tuple[str, ...]:
    return tuple(f"axis{axis}_{length}" for axis, length in enumerate(np.shape(array)))

"""The run of the full equation: steps, results at their times, checkpoints, and what can go wrong in space."""

from __future__ import annotations

import logging

import numpy as np

from hpcx.io.checkpoint import Saved
from hpcx.io.growing import growing
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped
from hpcx.wigner.history import History, Recorder, intervalley_at
from hpcx.wigner.moment_runs import Chosen
from hpcx.wigner.observables import Gains
from hpcx.wigner.space.observables import Checks
from hpcx.wigner.space.output import DensityMaps, PhaseSpaceMaps
from hpcx.wigner.space.transport import Transport

log = logging.getLogger("hpcx")

#: what is kept of the gains, in the order of their definition
GAINS = ("exchanged", "born", "made")


class Simulation:
    """A run of the full equation that can be stopped and continued.

    Attributes:
        checks: what the grid in space did, at the output times.
        outputs: maps, which are written as they come.

    Args: the state, the steps (start, length; ps), the surroundings of the point, and what its checkpoints keep of the moments.
    """

    def __init__(self, transport: Transport, steps: np.ndarray, run: Run, chosen: Chosen | None = None) -> None:
        self.transport, self.problem = transport, transport.problem
        self.steps, self.run, self._chosen = steps, run, chosen
        self._due = set(np.round(self.problem.outputs, 9))
        self._recorder = Recorder(self.problem)
        self._moments: list[np.ndarray] = []
        self._gains: list[Gains] = []
        self.checks = Checks()
        self._position = 0
        self._series = {"density": DensityMaps(transport), "wigner": PhaseSpaceMaps(transport)}
        times = {"density": self.problem.densities, "wigner": self.problem.distributions}
        self._times = {group: np.unique(np.round(values, 9)) for group, values in times.items() if len(values)}
        outputs = Result()
        for group, values in self._times.items():
            self._series[group].declare(outputs, values)
        path = run.checkpoint.outputs if run.checkpoint else None
        self.outputs = growing(transport.comm, path, outputs)

    @property
    def history(self) -> History:
        """Observables against time."""
        return self._recorder.history

    def advance(self) -> None:
        """Take the remaining steps. Collective. Raises Stopped after a checkpoint, AgreedError if the state explodes."""
        if not self._resume():
            self.outputs.begin()
        try:
            self._advance()
        except AgreedError:
            self.outputs.discard()
            raise
        except Stopped:
            self.outputs.close()
            raise

    def _advance(self) -> None:
        while self._position < len(self.steps):
            time, step = self.steps[self._position]
            self.transport.set_intervalley(intervalley_at(self.problem, time))
            with self.run.timings.measure("steps"):
                self.transport.stepper.step(time, step)
            self._position += 1
            self._record(time + step)
            self.run.progress("steps", self._position / len(self.steps))
            self.run.keep(self.transport.comm, self.saved)

    def saved(self) -> Result:
        """Return everything that is needed to go on from here. Collective."""
        cells, state = self.transport.cells, Result()
        whole = (*cells.points, *cells.shape[1:])
        state.add("state", self.transport.state, _names(whole), part=Part.block(whole, cells.box))
        state.add("position", self._position)
        if self._chosen is not None:
            self._chosen.add_to(state)
        lists = {"moments": self._moments, "output_time": self.history.time}
        lists |= {f"gains_{name}": [getattr(gains, name) for gains in self._gains] for name in GAINS}
        lists |= {f"checks_{name}": values for name, values in vars(self.checks).items()}
        for name, values in lists.items():
            if values:
                array = np.array(values)
                state.add(name, array, _names(array.shape))
        self.outputs.saved(state)
        return state

    def _resume(self) -> bool:
        """Go on from a checkpoint if there is one; return whether there is. Collective."""
        saved = self.run.checkpoint.load(self.transport.comm) if self.run.checkpoint else None
        if saved is None or "state" not in saved:
            return False
        if not self.outputs.resume(saved):
            if self.transport.comm.rank == 0:
                log.warning("the outputs that belong to %s are lost; the run begins anew", saved.path)
            return False
        self.transport.state[...] = saved.block("state", self.transport.cells.box)
        self._position = int(saved.value("position"))
        for name in vars(self.checks):
            if f"checks_{name}" in saved:
                setattr(self.checks, name, list(saved.value(f"checks_{name}")))
        self._take_up_moments(saved)
        log.info("continued from %s at step %d of %d", saved.path, self._position, len(self.steps))
        return True

    def _take_up_moments(self, saved: Saved) -> None:
        if "moments" not in saved:
            return
        times, moments = saved.value("output_time"), saved.value("moments")
        gains = [None] * len(times)
        if "gains_made" in saved:
            gains = [Gains(*parts) for parts in zip(*(saved.value(f"gains_{name}") for name in GAINS))]
        for now, state, gained in zip(times, moments, gains):
            self._add_moments(float(now), state, gained)

    def _record(self, reached: float) -> None:
        time = round(reached, 9)  # alike for different steps, so that the points of a sweep have the same times
        if time in self._due:
            with self.run.timings.measure("observables"):
                self._observe(time)
        for group, times in self._times.items():
            number = int(np.searchsorted(times, time))
            if number < len(times) and times[number] == time:
                with self.run.timings.measure("observables"):
                    values = self._series[group].values()
                    self._refuse_explosion(all(np.isfinite(array).all() for array in values.values()), time)
                with self.run.timings.measure("output"):
                    self.outputs.write(group, number, values)

    def _observe(self, time: float) -> None:
        moments = self.transport.moments()
        self._refuse_explosion(bool(np.isfinite(moments).all()), time)
        self._add_moments(time, moments, self.transport.gains(time))
        self.checks.record(self.transport)

    def _refuse_explosion(self, finite: bool, time: float) -> None:
        """Raise AgreedError if what was computed is not finite on some rank. Collective."""
        if not all(self.transport.comm.allgather(finite)):
            raise AgreedError(f"the distribution is no longer finite at {time:g} ps: lower time.tolerance or space.points")

    def _add_moments(self, time: float, moments: np.ndarray, gains: Gains | None) -> None:
        self._moments.append(moments)
        if gains is not None:
            self._gains.append(gains)
        self._recorder.record(time, moments, intervalley_at(self.problem, time - 1e-9), gains)


def _names(shape: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"axis{axis}_{length}" for axis, length in enumerate(shape))

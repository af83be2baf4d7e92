"""The run of the full equation: steps, results at their times, checkpoints."""

from __future__ import annotations

import logging
from functools import partial

import numpy as np

from hpcx.io.growing import growing
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.io.stages import Share, Stage, Stages, State
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped
from hpcx.wigner.history import History, history_of
from hpcx.wigner.recorder import Handler, Series, Values, record, rounded
from hpcx.wigner.space.observables import grid_checks
from hpcx.wigner.space.output import Maps, density_maps, phase_space_maps
from hpcx.wigner.space.transport import Transport
from hpcx.wigner.time_steps import in_ps

log = logging.getLogger("hpcx")


class Simulation:
    """A run of the full equation that can be stopped and resumed.

    Attributes:
        series: moments and checks of the grid at the output times.
        outputs: maps, which are written during the run.

    Args: the state, the steps (start, length; fs), the surroundings of the point, and the stage for checkpoints.
    """

    def __init__(self, transport: Transport, steps: np.ndarray, run: Run, stage: Stage | None = None) -> None:
        self.transport, self.problem = transport, transport.problem
        self.steps, self.run = steps, run
        self._stage = stage or Stages(transport.comm, run).stage("space")
        self._position = 0
        self.series = Series(rounded(self.problem.times.outputs))
        outputs, self._handlers = Result(), [self.series.handler(self._observables)]
        for maps, due in (
            (density_maps(transport), self.problem.times.densities),
            (phase_space_maps(transport), self.problem.times.distributions),
        ):
            if len(due):
                maps.declare(outputs, rounded(due))
                measure, write = partial(self._map, maps), partial(self._write, maps.group)
                self._handlers.append(Handler(rounded(due), measure, write))
        self.outputs = growing(transport.comm, run.checkpoint.outputs if run.checkpoint else None, outputs)

    @property
    def history(self) -> History:
        """Observables against time."""
        return history_of(self.problem, self.series)

    def advance(self) -> None:
        """Take the remaining steps. Collective.

        Raises Stopped after a checkpoint, AgreedError if the state is no longer finite.
        """
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
            self.transport.set_intervalley(self.problem.times.intervalley_at(time))
            with self.run.timings.measure("steps"):
                self.transport.stepper.step(time, step)
            self._position += 1
            record(self._handlers, time + step, self.transport)
            self.run.progress("steps", self._position / len(self.steps))
            self._stage.checkpoint_if_due(self._state)

    def _state(self) -> State:
        """Return what is needed to resume from here. Collective."""
        cells = self.transport.cells
        share = Share(self.transport.state, Part.block((*cells.points, *cells.shape[1:]), cells.box))
        return {"position": self._position, "state": share, **self.series.state(), **self.outputs.metadata()}

    def _resume(self) -> bool:
        """Resume from a checkpoint if there is one; return whether there is. Collective."""
        earlier = self._stage.earlier()
        if earlier is None:
            return False
        if not self.outputs.resume(earlier):
            if self.transport.comm.rank == 0:
                log.warning("the maps that belong to %s are lost; the run in space starts again", earlier.path)
            return False
        self.transport.state[...] = earlier.block("state", self.transport.cells.box)
        self._position = int(earlier.scalar("position"))
        self.series.resume(earlier)
        log.info("continued from %s at step %d of %d", earlier.path, self._position, len(self.steps))
        return True

    def _observables(self, time: float, transport: Transport) -> Values:
        with self.run.timings.measure("observables"):
            moments = transport.moments()
            self._refuse_explosion(bool(np.isfinite(moments).all()), time)
            return {"moments": moments, **vars(transport.changes(time)), **grid_checks(transport)}

    def _map(self, maps: Maps, time: float, transport: Transport) -> Values:
        with self.run.timings.measure("observables"):
            values = maps.values()
            self._refuse_explosion(all(np.isfinite(array).all() for array in values.values()), time)
            return values

    def _write(self, group: str, number: int, values: Values) -> None:
        with self.run.timings.measure("output"):
            self.outputs.write(group, number, values)

    def _refuse_explosion(self, finite: bool, time: float) -> None:
        """Raise AgreedError if the values are not finite on some rank. Collective."""
        if not all(self.transport.comm.allgather(finite)):
            raise AgreedError(
                f"the distribution is no longer finite at {in_ps(time):g} ps: lower time.tolerance or space.points"
            )

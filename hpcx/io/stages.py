"""The checkpoint of a point: named stages, each finished or in progress.

    def solve(comm, config, material, run):
        stages = Stages(comm, run)                         # once, at the start
        stage = stages.stage("relaxation")
        earlier = stage.earlier()                          # None: begin at the beginning
        if earlier is not None:
            time = earlier.scalar("time")
            psi = earlier.rows("psi", first, last)         # the rows of this rank, however many ranks wrote them
        while time < end:
            psi, time = advance(psi, time)
            stage.checkpoint_if_due(lambda: {"time": time, "psi": Share(psi, Part.rows(first, total, psi.shape))})
        stage.finish({"density": density})                 # what later stages and a restart need of it

A state is a dictionary of numbers, texts and arrays that are the same on all ranks, and of `Share`s, of which each rank
has its part. It must hold everything on which the rest of the stage depends, including the length of the next step, so
that the resumed run gives the same numbers. Stages of an earlier run that this one has not reached yet are copied from
checkpoint to checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hpcx.io.checkpoint import Checkpoint, Saved
from hpcx.io.part import Part
from hpcx.io.result import Dataset
from hpcx.parallel.errors import agreed, on_first_rank
from hpcx.parallel.run import Run

log = logging.getLogger("hpcx")


class Share(NamedTuple):
    """The part of a distributed array that this rank has; None: all ranks have all of it."""

    data: np.ndarray
    part: Part | None


#: what is kept of a stage, by name
State = Mapping[str, Any]
T = TypeVar("T")


class Stages:
    """The stages of a point.

    Attributes:
        comm: the ranks that compute the stages together.
        run: surroundings of the point.
    """

    def __init__(self, comm: Any, run: Run) -> None:
        """Look for a checkpoint; raises AgreedError if it has other physics or an earlier format; collective."""
        self.comm, self.run = comm, run
        self._finished: dict[str, State] = {}
        self._earlier: Saved | None = None if run.checkpoint is None else run.checkpoint.load(comm)
        self._waiting = set(self._earlier.finished) if self._earlier is not None else set()
        if self._earlier is not None and comm.rank == 0:
            log.info("%s: resumed from checkpoint %d", run.name, self._earlier.sequence)

    def stage(self, name: str) -> Stage:
        """Return the stage of this name."""
        return Stage(self, name)

    def checkpoint_if_due(self, name: str = "", state: Callable[[], State] | None = None) -> None:
        """Write a checkpoint if it is time to: all finished stages and `state()` of the stage in progress; collective.

        Call it after every step. Raises Stopped on all ranks, with a checkpoint, if one of them was asked to stop.
        """
        self._waiting.discard(name)
        checkpoint, known = self.run.checkpoint, self._finished or self._waiting or state is not None
        save = partial(self._save, checkpoint, name, state) if checkpoint is not None and known else None
        self.run.checkpoint_if_due(self.comm, save)

    def on_first_rank(self, work: Callable[[Stages], T]) -> T:
        """Return `work(stages)`, done by the first rank alone; all ranks then know its stages; collective."""
        from mpi4py import MPI

        alone = copy(self)
        alone.comm = MPI.COMM_SELF
        found, self._finished, self._waiting, self._earlier = on_first_rank(
            self.comm, lambda: (work(alone), alone._finished, alone._waiting, alone._earlier)
        )
        return found

    def _save(self, checkpoint: Checkpoint, name: str, state: Callable[[], State] | None) -> None:
        stages = {**self._finished, **({name: state()} if state is not None else {})}
        datasets = {f"{stage}/{key}": _dataset(value) for stage, kept in stages.items() for key, value in kept.items()}
        carried, finished = self._carried()
        path = checkpoint.save(
            self.comm, datasets | carried, {stage: stage in self._finished for stage in stages} | finished
        )
        if self._earlier is not None:
            self._earlier = replace(self._earlier, path=path)

    def _carried(self) -> tuple[dict[str, Dataset], dict[str, bool]]:
        """Return this rank's part of earlier stages that were not asked for yet, and which are finished; collective."""
        if self._earlier is None or not self._waiting:
            return {}, {}
        earlier, comm, found = self._earlier, self.comm, {}
        with agreed(comm):
            for name in earlier.datasets:
                if name.rpartition("/")[0] in self._waiting:
                    found[name] = _dataset(Share(*earlier.share(name, comm.rank, comm.size)))
        return found, {stage: earlier.finished[stage] for stage in self._waiting}


class Stage:
    """One stage of a point, for what computes it.

    Attributes:
        name: of the stage.
        comm: the ranks that compute it.
    """

    def __init__(self, stages: Stages, name: str) -> None:
        self._stages, self.name, self.comm = stages, name, stages.comm

    def earlier(self) -> Saved | None:
        """Return what an earlier run has left of the stage, or None."""
        stages = self._stages
        if stages._earlier is None or self.name not in stages._waiting:
            return None
        stages._waiting.discard(self.name)
        return stages._earlier.of(self.name)

    def checkpoint_if_due(self, state: Callable[[], State]) -> None:
        """Write a checkpoint with `state()` if it is time to; see `Stages.checkpoint_if_due`."""
        self._stages.checkpoint_if_due(self.name, state)

    def finish(self, state: State) -> None:
        """Keep this of the stage, which is done."""
        self._stages._waiting.discard(self.name)
        self._stages._finished[self.name] = state


def _dataset(value: Any) -> Dataset:
    data, part = value if isinstance(value, Share) else (value, None)
    return Dataset(np.asarray(data), (), "1", "", part)

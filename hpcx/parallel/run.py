"""What a model receives beside its input: timings, progress, checkpoints, requests to stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcx.parallel.errors import AgreedError
from hpcx.parallel.stop import Stopped, StopRequests
from hpcx.parallel.timings import Timings

if TYPE_CHECKING:
    from hpcx.io.checkpoint import Checkpoint

log = logging.getLogger("hpcx")

_CONTINUE, _SAVE, _STOP = 0, 1, 2
#: shortest time between checkpoints, s, and the largest share of the time that they may take
_LOST, _SAVING = 30.0, 0.01


def spoken(seconds: float) -> str:
    """Return a time in the unit in which people think of it, as exactly as an estimate deserves."""
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


#: share of a task from which on the time left is estimated: for eigensolvers to a factor of two (measured)
_KNOWN = 0.1


@dataclass
class Run:
    """The surroundings of one point.

    Attributes:
        directory: where side files of this point (saved states) go; None when nothing is to be written.
        name: id of the point, used in file names and log lines.
        timings: phases of this point; `with run.timings.measure("products"): ...`
        diagnostics: iterations, residuals and the like, kept in the provenance of the result.
        excess: largest error of a solution over its tolerance, of those that were noted; NaN if none was.
        shared: tables that several points of a sweep use, owned by the sweep and keyed by a hash of what they depend
            on.
        checkpoint: where the state of an unfinished point is kept; None switches checkpoints off.
        cadence: longest wall-clock seconds between two checkpoints.
        requests: reasons to stop.
        progress_interval: least seconds between two progress lines.
    """

    directory: Path | None = None
    name: str = "result"
    timings: Timings = field(default_factory=Timings)
    diagnostics: dict[str, float | int | str] = field(default_factory=dict)
    excess: float = float("nan")
    shared: dict[str, object] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    cadence: float = 600.0
    requests: StopRequests = field(default_factory=StopRequests)
    progress_interval: float = 10.0
    _begun: dict[str, tuple[float, float]] = field(default_factory=dict)  # by task: time and fraction of the first call
    _reported: float = field(default_factory=time.monotonic)
    _saved: float = field(default_factory=time.monotonic)
    _pause: float = _LOST  # least seconds from one checkpoint to the next

    def progress(self, task: str, fraction: float) -> None:
        """Log how far `task` is (0 to 1) with an estimate of its end, at most every `progress_interval` seconds.

        The estimate uses only the progress since the first call, not what came from a checkpoint. Call it on every
        rank; only rank 0 prints.
        """
        now = time.monotonic()
        begin, first = self._begun.setdefault(task, (now, fraction))
        if now - self._reported < self.progress_interval or fraction <= first:
            return
        self._reported = now
        left = (now - begin) * (1 - fraction) / (fraction - first)
        end = f", about {spoken(max(left, 0.0))} left" if fraction >= _KNOWN else ""
        log.info("%s: %s %.0f %% done%s", self.name, task, 100 * fraction, end)

    def note_error(self, error: float, tolerance: float) -> None:
        """Note the error of one of the point's solutions and its tolerance, in one measure; alike on all ranks.

        A result may be used again, whatever options its solvers had, if all of its solutions are within their
        tolerances.
        """
        self.excess = max(error / tolerance, self.excess) if self.excess == self.excess else error / tolerance

    def watch(self) -> None:
        """Call inside long work of one rank: raises Stopped if this rank has a reason to stop; not collective.

        After catching it, call `checkpoint_if_due` with the other ranks: the reason remains.
        """
        reason = self.requests.reason()
        if reason:
            raise Stopped(reason)

    def checkpoint_if_due(self, comm: Any, save: Callable[[], object] | None = None) -> None:
        """Call at every step or restart; calls `save` if a checkpoint is due or a stop was requested.

        Collective. Raises Stopped on all ranks after saving if any rank has a reason to stop. A checkpoint that cannot
        be written (a full disk) is reported with a warning, and the run continues: the previous one stays.
        """
        from mpi4py import MPI

        due = comm.rank == 0 and time.monotonic() - self._saved >= min(self.cadence, self._pause)
        action = comm.allreduce(_STOP if self.requests.reason() else _SAVE if due else _CONTINUE, op=MPI.MAX)
        if action == _CONTINUE:
            return
        begin = time.monotonic()
        trouble = self._save(comm, save) if save is not None else ""
        self._saved = time.monotonic()
        self._pause = max(_LOST, (self._saved - begin) / _SAVING)
        if action == _STOP:
            raise Stopped((self.requests.reason() or "another rank was asked to stop") + trouble)

    def _save(self, comm: Any, save: Callable[[], object]) -> str:
        """Save a checkpoint; return "", or what went wrong."""
        with self.timings.measure("checkpoints"):
            try:
                save()
            except AgreedError as error:
                if comm.rank == 0:
                    log.warning("%s: no checkpoint: %s", self.name, error)
                return f"; no checkpoint: {error}"
        return ""

"""Errors on several ranks: all ranks raise them, or the job ends."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class BadInput(ValueError):
    """A mistake of the user that shows only when the output directory is looked at."""


class AgreedError(Exception):
    """An error that every rank of a communicator raises alike, so that none is left waiting.

    Attributes:
        bad_input: whether its cause was BadInput.
    """

    def __init__(self, message: str, bad_input: bool = False) -> None:
        super().__init__(message)
        self.bad_input = bad_input


@contextmanager
def agreed(comm: Any) -> Iterator[None]:
    """Run a body that does not communicate; if it raises on any rank, raise AgreedError on all ranks of `comm`.

    The message is that of the lowest rank that failed.
    """
    error: Exception | None = None
    try:
        yield
    except Exception as caught:
        error = caught
    mine = None if error is None else (str(error) or type(error).__name__, isinstance(error, BadInput))
    first = next((found for found in comm.allgather(mine) if found is not None), None)
    try:
        if first is not None:
            raise AgreedError(*first) from error
    finally:
        error = None  # breaks the cycle of error and frame, which would keep the variables of all callers alive


def on_first_rank(comm: Any, work: Callable[[], Answer]) -> Answer:
    """Return `work()` of the first rank on all ranks, or raise its exception on all of them; collective."""
    outcome: tuple[Any, Exception | None] = (None, None)
    if comm.rank == 0:
        try:
            outcome = (work(), None)
        except Exception as error:
            outcome = (None, error)
    answer, failure = comm.bcast(outcome)
    if failure is not None:
        raise failure
    return answer


def abort_on_exception(comm: Any) -> None:
    """Make an exception that nobody catches end all ranks of `comm`, after its traceback, with status 1.

    Without this the other ranks would wait for ever in their next collective call.
    """

    def hook(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        """Print the traceback and end all ranks."""
        lines = "".join(traceback.format_exception(kind, value, trace))
        sys.stderr.write(f"hpcx: rank {comm.rank} of {comm.size} failed; ending all ranks\n{lines}")
        sys.stderr.flush()
        comm.Abort(1)

    if comm.size > 1:
        sys.excepthook = hook


#: seconds that a rank on which a piece of work failed waits for the others of its group
PATIENCE = 30.0


def settle(comm: Any, error: Exception | None, patience: float | None = None) -> str | None:
    """Agree on how a piece of work ended; every rank calls it when it has finished or failed.

    `comm` must not be used for anything else: a rank that failed comes here while others may still be waiting for it in
    a collective call elsewhere. Returns the message of the lowest failed rank, or None if all went well.

    Raises TimeoutError on a failed rank if the others have not come within `patience` seconds (PATIENCE by default).
    """
    import numpy as np
    from mpi4py import MPI

    mine, anyone = np.array([int(error is not None)]), np.zeros(1, dtype=int)
    request = comm.Iallreduce(mine, anyone, op=MPI.MAX)
    _wait(request, (PATIENCE if patience is None else patience) if error is not None else None)
    if not anyone[0]:
        return None
    message = None if error is None else str(error) or type(error).__name__
    return next(text for text in comm.allgather(message) if text is not None)


def _wait(request: Any, patience: float | None) -> None:
    """Wait for a request, sleeping in between so that ranks that share a core can work."""
    deadline = None if patience is None else time.monotonic() + patience
    while not request.Test():
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError("the other ranks did not arrive in time")
        time.sleep(1e-3)

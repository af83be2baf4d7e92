"""Errors that all ranks know of: agreed where they can be, the end of the job where they cannot."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any


class AgreedError(Exception):
    """An error that every rank of a communicator raises alike, so that none is left waiting."""


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
    message = None if error is None else str(error) or type(error).__name__
    first = next((text for text in comm.allgather(message) if text is not None), None)
    if first is not None:
        raise AgreedError(first) from error


def abort_on_exception(comm: Any) -> None:
    """Make an exception that nobody catches end all ranks of `comm`, after its traceback, with status 1.

    Without this the other ranks would wait for ever in their next collective call.
    """

    def hook(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        lines = "".join(traceback.format_exception(kind, value, trace))
        sys.stderr.write(f"hpcx: rank {comm.rank} of {comm.size} failed; ending all ranks\n{lines}")
        sys.stderr.flush()
        comm.Abort(1)

    if comm.size > 1:
        sys.excepthook = hook

"""Logging by rank: rank 0 logs everything, the others warnings only."""

from __future__ import annotations

import logging
import sys
from typing import Any


def configure(comm: Any, verbose: bool = False) -> None:
    """Send the log of hpcx to standard error: rank 0 from INFO on (DEBUG if `verbose`), others from WARNING on."""
    rank = f" [{comm.rank}/{comm.size}]" if comm.rank else ""
    level = logging.WARNING if comm.rank else logging.DEBUG if verbose else logging.INFO
    _send(logging.Formatter(f"%(asctime)s{rank} %(levelname).1s %(message)s", "%H:%M:%S"), level)


def _send(form: logging.Formatter, level: int) -> logging.Handler:
    """Send the log of hpcx to standard error alone, from a level on."""
    handler, logger = logging.StreamHandler(sys.stderr), logging.getLogger("hpcx")
    handler.setFormatter(form)
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level)
    return handler


class _Once(logging.Filter):
    """Lets each message pass once."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the message is new."""
        new = record.getMessage() not in self._seen
        self._seen.add(record.getMessage())
        return new


def configure_alone() -> None:
    """Send warnings of a command that computes nothing to standard error, each once."""
    _send(logging.Formatter("hpcx: %(message)s"), logging.WARNING).addFilter(_Once())


def speak(loudly: bool) -> None:
    """Let this rank log from INFO on (the first rank of a group), or from WARNING on."""
    logger = logging.getLogger("hpcx")
    if logger.level != logging.DEBUG:
        logger.setLevel(logging.INFO if loudly else logging.WARNING)

"""Requests to stop: signals, a file named STOP, a wall-clock deadline; noticed anywhere, agreed on by all ranks.

A signal handler only notes the signal. Solvers ask at every step or in their stopping test; the answer is the same on
all ranks of the communicator, and other groups of ranks are notified by an `Alarm`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hpcx.parallel.alarm import Alarm
from hpcx.parallel.deadline import Deadline

#: what ends a run cleanly: of batch systems (USR1, USR2, XCPU, TERM), terminals that are closed (HUP), Ctrl-C (INT),
#: Ctrl-\ (QUIT)
SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


class Stopped(Exception):
    """The run was asked to stop and has done so; what was computed is in a checkpoint. Raised alike on all ranks."""


class _Interruption(BaseException):
    """A signal in the middle of plain Python; no Exception, so that it is not handled as an error of the input."""


class StopRequests:
    """Collects reasons to stop; once there is one, it stays.

    Args:
        directory: where a file named STOP counts as a request; None for nowhere.
        deadline: when to stop; None for never.
    """

    def __init__(self, directory: Path | None = None, deadline: Deadline | None = None) -> None:
        self._reason = ""
        self._signal = 0
        self._looked = 0.0
        self._at_once = False
        self._found: dict[int, Any] = {}
        self._alarm: Alarm | None = None
        self.watch(directory, deadline)

    def watch(self, directory: Path | None, deadline: Deadline | None) -> None:
        """Watch for a file STOP in `directory` and for a deadline, counted from now, in place of what was watched."""
        self._file = None if directory is None else directory / "STOP"
        self._end = None if deadline is None else time.monotonic() + deadline.seconds
        self._why = "" if deadline is None else deadline.reason

    def install(self) -> None:
        """Note SIGNALS from now on instead of ending the process; under `nohup` SIGHUP stays ignored."""
        for number in SIGNALS:
            self._found.setdefault(number, signal.getsignal(number))
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)

    def ignore(self) -> None:
        """Ignore the signals from now on: the process ends anyway, and with its own status."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def restore(self) -> None:
        """Restore the handlers that `install` found, because the process continues with other work."""
        for number, handler in self._found.items():
            if handler is not None:  # None: not set by Python, which cannot set it again
                signal.signal(number, handler)
        self._found.clear()

    def connect(self, comm: Any) -> None:
        """Let all ranks of `comm` hear of a signal that reaches one of them; collective. End it with `disconnect`."""
        self._alarm = Alarm(comm)

    def disconnect(self) -> None:
        """End the connection; collective."""
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        if self._at_once:
            raise _Interruption

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise Stopped in the body as soon as a signal comes: for plain Python that needs no checkpoint."""
        try:
            self._at_once = True
            if self._signal:
                raise _Interruption
            yield
        except _Interruption:
            raise Stopped(self._own_reason()) from None
        finally:
            self._at_once = False

    def reason(self) -> str:
        """Return why this rank would stop, or ""."""
        if not self._reason:
            self._reason = self._own_reason()
            if self._signal and self._alarm is not None:
                self._alarm.ring()
        if not self._reason and self._alarm is not None and self._alarm.heard():
            self._reason = "signal to another rank"
        return self._reason

    def _own_reason(self) -> str:
        if self._signal:
            return f"signal {signal.Signals(self._signal).name}"
        if self._end is not None and time.monotonic() >= self._end:
            return self._why
        return f"file {self._file}" if self._file_appeared() else ""

    def _file_appeared(self) -> bool:
        """Look for the file, at most five times a second: shared file systems are slow."""
        if self._file is None or time.monotonic() - self._looked < 0.2:
            return False
        self._looked = time.monotonic()
        return os.path.exists(self._file)  # no error of a shared file system counts

"""Requests to stop: signals, a file named STOP, a wall-clock deadline; noticed anywhere, agreed on by all ranks.

A signal handler only notes the signal. The solver asks at a step or in its stopping test; the answer is the same on
all ranks of its communicator, and other groups of ranks hear of it by an alarm.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from hpcx.parallel.alarm import Alarm

#: what ends a run cleanly; SIGINT is Ctrl-C
SIGNALS = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """The run was asked to stop and has done so; what was computed is in a checkpoint. Raised alike on all ranks."""


class StopRequests:
    """Collects reasons to stop; once there is one, it stays.

    Args:
        directory: where a file named STOP counts as a request; None for nowhere.
        seconds: wall-clock time from now after which to stop; None for no limit.
    """

    def __init__(self, directory: Path | None = None, seconds: float | None = None) -> None:
        self._reason = ""
        self._signal = 0
        self._looked = 0.0
        self._alarm: Alarm | None = None
        self._previous: dict[int, Any] = {}
        self.watch(directory, seconds)

    def watch(self, directory: Path | None, seconds: float | None) -> None:
        """Watch for a file STOP in `directory` and for the end of `seconds` from now, in place of what was watched."""
        self._file = None if directory is None else directory / "STOP"
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def install(self) -> None:
        """Note SIGUSR1, SIGTERM and SIGINT from now on instead of dying of them."""
        for number in SIGNALS:
            self._previous[number] = signal.signal(number, self._note)

    def uninstall(self) -> None:
        """Put back the handlers that were there before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def ignore(self) -> None:
        """Ignore the signals from now on: the process ends anyway, and with its own status."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

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
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return "time limit"
        return f"file {self._file}" if self._file_appeared() else ""

    def _file_appeared(self) -> bool:
        """Look for the file, at most five times a second: shared file systems are slow."""
        if self._file is None or time.monotonic() - self._looked < 0.2:
            return False
        self._looked = time.monotonic()
        return self._file.exists()


def slurm_seconds_left() -> float | None:
    """Return the seconds until the end of the surrounding SLURM job, or None outside SLURM."""
    end = os.environ.get("SLURM_JOB_END_TIME", "")
    return float(end) - time.time() if end.isdigit() else None


def budget(limit: float | None) -> float | None:
    """Return after how many seconds a run should begin to stop, so that it has ended within its time.

    `limit` is the time that the user gave; the end of a surrounding SLURM job counts too. A tenth of the time, at most
    one minute, is kept for the checkpoint. None means no limit.
    """
    limits = [seconds for seconds in (limit, slurm_seconds_left()) if seconds is not None]
    return min(limits) - min(60.0, 0.1 * min(limits)) if limits else None

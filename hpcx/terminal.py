"""Standard output and standard error with any encoding, a closed pipe or a full disk."""

from __future__ import annotations

import codecs
import os
import signal
import sys
from contextlib import suppress


def prepare() -> None:
    """Write characters that the encoding of the terminal lacks as their codes, where Python would raise an error."""
    codecs.register_error("hpcx", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="hpcx")


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return bytes of file names as they were given, other characters as codes."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.backslashreplace_errors(error)


def end_with_the_reader() -> None:
    """Let `hpcx ... | head` end silently, as other programs do, when the pipe is closed."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def write(text: str) -> None:
    """Print to standard output at once; raises OSError if that cannot be written, and then nothing more goes there."""
    try:
        print(text, flush=True)
    except OSError as error:
        silence()
        raise OSError(f"cannot write to standard output: {error.strerror}") from error


def say(text: str) -> None:
    """Print to standard output; if that fails, report it and continue, so that results are still saved."""
    try:
        write(text)
    except OSError as error:
        complain(str(error))


def complain(text: str) -> None:
    """Print a message of the program on standard error."""
    with suppress(OSError):
        print(f"hpcx: {text}", file=sys.stderr, flush=True)


def silence() -> None:
    """Discard all further output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def flush() -> None:
    """Flush both streams as far as possible."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()


def is_nowhere(speaks: bool) -> bool:
    """Say whether the current directory is gone, without which neither files nor PETSc work; `speaks`: report it."""
    try:
        os.getcwd()
    except OSError as error:
        if speaks:
            complain(f"the current directory was removed, or cannot be read ({error.strerror}): change to another one")
        return True
    return False

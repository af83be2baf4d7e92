"""Reading text files whole; a device or pipe may have no end, and a huge file is no text."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

#: most bytes of an input, and of a text file that it names
MOST_BYTES = 1 << 25


def text_of(path: Path) -> str:
    """Return the text of a UTF-8 file without its byte order mark; raises OSError, or ValueError if it is none."""
    if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():  # for a directory the error of the system is clear
        raise ValueError("it is not a file")
    with open(path, "rb") as file:
        return _short(file.read(MOST_BYTES + 1)).decode("utf-8-sig")


def read_stream(path: str) -> bytes:
    """Return the bytes of a file, a pipe or standard input ("-"); raises OSError, ValueError above MOST_BYTES."""
    if path != "-":
        with open(path, "rb") as file:
            return _short(file.read(MOST_BYTES + 1))
    if sys.stdin is None:
        raise ValueError("it is closed")
    return _short(sys.stdin.buffer.read(MOST_BYTES + 1))


def _short(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES / 1e6:.0f} MB")
    return content

"""Writing small files whole or not at all, also if the disk is full or the power fails."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path


def unique() -> str:
    """Return a part of a file name that no other process uses now."""
    return f"{socket.gethostname()}.{os.getpid()}"


def replace_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file under a temporary name, then rename it; raises OSError and leaves nothing then."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, content: bytes) -> None:
    """Do the same with bytes."""
    part = path.with_name(f"{path.name}.{unique()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise

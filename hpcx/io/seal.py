"""A checksum behind the content of a result file, by which bytes that changed later are found before HDF5 looks at them.

HDF5 does not verify what it reads: a flipped bit may give a wrong number, crash the process, or cause an endless loop. HDF5 ignores
bytes behind the end of its own content and drops them when a file is changed on purpose: such a file has no seal.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

#: mark, length of the content and its CRC-32
_SEAL = struct.Struct("<8sQI")
_MARK = b"hpcxseal"
_BLOCK = 1 << 20
#: bytes of a file that is not looked through whenever it is opened: a few seconds
LARGEST = 4 << 30


def sealed(content: bytes) -> bytes:
    """Return the content of a file with its seal."""
    return content + _SEAL.pack(_MARK, len(content), zlib.crc32(content))


def seal(path: Path) -> None:
    """Put the seal behind the content of a file and see it on the disk; raises OSError."""
    with open(path, "r+b") as file:
        length = file.seek(0, os.SEEK_END)
        checksum = _checksum(file, length)
        file.seek(length)
        file.write(_SEAL.pack(_MARK, length, checksum))
        file.flush()
        os.fsync(file.fileno())


def is_broken(path: Path) -> bool:
    """Say whether the content of a sealed file has changed; a file without a seal, or a very large one, is not checked. Raises OSError."""
    with open(path, "rb") as file:
        length = file.seek(0, os.SEEK_END) - _SEAL.size
        if not 0 <= length <= LARGEST:
            return False
        file.seek(length)
        mark, promised, checksum = _SEAL.unpack(file.read(_SEAL.size))
        broken = mark == _MARK and (promised != length or _checksum(file, length) != checksum)
        if broken:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # as HDF5 does: whoever changes it now holds it, and that is no damage
        return broken


def _checksum(file: BinaryIO, length: int) -> int:
    """Return the CRC-32 of the first `length` bytes."""
    file.seek(0)
    checksum = 0
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        checksum, length = zlib.crc32(block, checksum), length - len(block)
    return checksum

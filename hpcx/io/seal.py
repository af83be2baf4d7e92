"""A checksum at the end of a result file, which shows changed bytes before HDF5 reads them.

HDF5 does not verify what it reads: a flipped bit may give a wrong number, crash the process, or cause an endless loop.
The seal lies behind the content of HDF5, which ignores it and drops it when a program changes the file.
"""

from __future__ import annotations

import fcntl
import os
import struct
from functools import cache, reduce
from io import FileIO
from pathlib import Path

try:
    from isal.isal_zlib import crc32  # the same sum, with the processor's own instructions for it: ten times as fast
except ImportError:
    from zlib import crc32

#: CRC-32 and length of a piece of a file
Piece = tuple[int, int]
#: mark, length of the content and its CRC-32
_SEAL = struct.Struct("<8sQI")
_MARK = b"hpcxseal"
_BLOCK = 1 << 20
#: largest file, in bytes, that is verified at every opening: it takes a few seconds
LARGEST = 4 << 30


def sealed(content: bytes) -> bytes:
    """Return the content of a file with its seal."""
    return content + _SEAL.pack(_MARK, len(content), crc32(content))


def part_checksum(path: Path, first: int, last: int) -> Piece:
    """Return the CRC-32 and the length of the bytes from `first` to `last` of a file. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return _checksum(file, last - first, first), last - first


def append_seal(path: Path, pieces: list[Piece]) -> None:
    """Append the seal, from the checksums of all pieces, and flush the file to the disk; raises OSError."""
    checksum, length = reduce(_joined, pieces)
    with open(path, "ab") as file:
        file.write(_SEAL.pack(_MARK, length, checksum))
        file.flush()
        os.fsync(file.fileno())


def is_broken(path: Path) -> bool:
    """Say whether a sealed file has changed; False without a seal or above LARGEST bytes. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        length = file.seek(0, os.SEEK_END) - _SEAL.size
        if not 0 <= length <= LARGEST:
            return False
        file.seek(length)
        mark, promised, checksum = _SEAL.unpack(file.read(_SEAL.size))
        broken = mark == _MARK and (promised != length or _checksum(file, length) != checksum)
        if broken:
            # HDF5 locks a file while it writes: then the file is not damaged
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return broken


def _checksum(file: FileIO, length: int, first: int = 0) -> int:
    """Return the CRC-32 of `length` bytes from the byte `first` on."""
    file.seek(first)
    checksum, block = 0, memoryview(bytearray(min(_BLOCK, length)))
    while length > 0 and (count := file.readinto(block[:length])):
        checksum, length = crc32(block[:count], checksum), length - count
    return checksum


#: the polynomial of CRC-32 without its highest power; bit 31 is the coefficient of 1, bit 0 that of x^31
_POLYNOMIAL, _ONE, _X = 0xEDB88320, 1 << 31, 1 << 30


def _joined(left: Piece, right: Piece) -> Piece:
    """Return the CRC-32 and the length of two pieces of a file one behind the other, from those of each.

    A checksum is a remainder: that of the left piece is multiplied by x^(8 length) of the right one (Adler, zlib,
    crc32_combine).
    """
    (before, length), (after, more) = left, right
    power = reduce(_product, (_power(bit) for bit in range((8 * more).bit_length()) if 8 * more >> bit & 1), _ONE)
    return _product(power, before) ^ after, length + more


@cache
def _power(bit: int) -> int:
    """Return the remainder of x^(2^bit)."""
    return _X if bit == 0 else _product(_power(bit - 1), _power(bit - 1))


def _product(left: int, right: int) -> int:
    """Return the remainder of the product of two polynomials over the field of two elements."""
    product = 0
    for bit in range(31, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (_POLYNOMIAL if right & 1 else 0)
    return product

"""A checksum of an array that does not depend on how it is distributed, by which its values are known again."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcx.io.part import Part


def checksum(comm: Any, data: np.ndarray, part: Part | None) -> int:
    """Return a checksum that does not depend on the distribution: words weighted by their global position, modulo 2^64.

    A replicated array (part None) is summed on one rank.
    """
    local = 0
    if part is not None:
        local = weighted(words_of(data), *part.pieces())
    elif comm.rank == 0:
        local = weighted(words_of(data), np.zeros(1, np.int64), data.size)
    return sum(comm.allgather(local)) % (1 << 64)


def words_of(data: np.ndarray) -> np.ndarray:
    """Return the content as 64-bit words: of numbers whole words where they fit, else bytes; of text its UTF-8."""
    if data.dtype.kind in "UO":
        return np.frombuffer("\0".join(data.reshape(-1).tolist()).encode(), np.uint8).astype(np.uint64)
    if data.dtype.itemsize % 8 == 0:
        return np.ascontiguousarray(data).reshape(-1).view(np.uint64)
    return np.ascontiguousarray(data).reshape(-1).view(np.uint8).astype(np.uint64)


def weighted(words: np.ndarray, begin: np.ndarray, length: int) -> int:
    """Sum words that lie in pieces of `length` elements, which begin at elements `begin` of the whole array."""
    if not words.size:
        return 0
    pieces = words.reshape(len(begin), -1)
    offsets = begin.astype(np.uint64) * np.uint64(pieces.shape[1] // length)
    # odd weights are invertible modulo 2^64, so any single changed word changes the sum; overflow wraps as wanted
    sums = pieces.sum(axis=1, dtype=np.uint64) * (np.uint64(2) * offsets + np.uint64(1))
    moments = pieces @ np.arange(pieces.shape[1], dtype=np.uint64)
    return int(np.sum(sums + np.uint64(2) * moments, dtype=np.uint64))

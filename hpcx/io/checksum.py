"""A checksum of an array that does not depend on how the array is distributed over ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcx.io.part import Part

#: words that are summed at a time, so that both sums find them in the cache
_BLOCK = 1 << 15


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
    weights = np.uint64(2) * begin.astype(np.uint64) * np.uint64(pieces.shape[1] // length) + np.uint64(1)
    # odd weights are invertible modulo 2^64, so any single changed word changes the sum; overflow wraps as wanted
    ramp = np.arange(0, 2 * min(_BLOCK, pieces.shape[1]), 2, dtype=np.uint64)
    return sum(
        _block(pieces[:, first : first + _BLOCK], weights + np.uint64(2 * first), ramp)
        for first in range(0, pieces.shape[1], _BLOCK)
    ) % (1 << 64)


def _block(pieces: np.ndarray, weights: np.ndarray, ramp: np.ndarray) -> int:
    """Sum words (piece, word) with the weights `weights` + `ramp`."""
    moments = pieces @ ramp[: pieces.shape[1]]
    return int(np.sum(pieces.sum(axis=1, dtype=np.uint64) * weights + moments, dtype=np.uint64))

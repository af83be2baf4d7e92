"""Groups of ranks: nested halves of the communicator, and which size suits a point.

Level 0 is all ranks; each level halves the groups of the one before. Large points run on large groups, small ones side
by side on small groups. A group without further points of its level splits at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hpcx.registry import Estimate

#: share of the ideal time of the whole sweep that one point may take: larger points get more ranks
_LARGEST_SHARE = 0.5
#: gain in time that is worth doubling the ranks of a point
_WORTHWHILE = 0.8


@dataclass(frozen=True)
class Level:
    """One level of groups: this rank's communicator, and a duplicate on which ranks agree how a point ended."""

    comm: Any
    fate: Any


def depth(ranks: int) -> int:
    """Return the number of levels: from all ranks down to single ones."""
    return 1 + (ranks - 1).bit_length()


def smallest_group(ranks: int, level: int) -> int:
    """Return the size of the smallest group of a level."""
    return max(ranks >> level, 1)


def make_levels(comm: Any) -> list[Level]:
    """Split `comm` into halves of halves down to single ranks; collective. Free them with `free_levels`."""
    levels = [Level(comm.Dup(), comm.Dup())]
    for _ in range(depth(comm.size) - 1):
        above = levels[-1].comm
        half = above.Split(int(above.rank >= (above.size + 1) // 2), above.rank)
        levels.append(Level(half, half.Dup()))
    return levels


def free_levels(levels: list[Level]) -> None:
    """Free the communicators of `make_levels`; collective."""
    for level in levels:
        level.fate.Free()
        level.comm.Free()


def choose_level(estimate: Callable[[int], Estimate], ideal: float, ranks: int, memory: float) -> int:
    """Return the deepest level on which a point neither dominates the sweep nor fails to fit into memory.

    If it dominates on any number of ranks, it gets no more than make it quicker. If it fits nowhere, it gets all ranks.

    Args:
        estimate: of the point on a number of ranks; asked for no more sizes than necessary.
        ideal: wall time in s of the whole sweep if all ranks worked all the time.
        ranks: number of all ranks.
        memory: bytes that one rank may use.
    """
    best, quickest = 0, float("inf")
    for level in reversed(range(depth(ranks))):
        expected = estimate(smallest_group(ranks, level))
        if expected.bytes_per_rank > memory or expected.refusal:
            continue
        if expected.seconds <= _LARGEST_SHARE * ideal:
            return level
        if expected.seconds < _WORTHWHILE * quickest:
            best, quickest = level, expected.seconds
    return best


def level_of_size(size: int, ranks: int) -> int:
    """Return the deepest level whose groups have at least `size` ranks."""
    return max((level for level in range(depth(ranks)) if smallest_group(ranks, level) >= size), default=0)

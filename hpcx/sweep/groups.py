"""Groups of ranks: nested halves of the communicator, and which size suits a point.

Level 0 is all ranks; each level halves the groups of the one above. A point that is large runs on a group of a high
level, small ones side by side on small groups. A group that finds no more points of its level splits without waiting
for the others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from hpcx.registry import Estimate

#: share of the ideal time of the whole sweep that one point may take: larger points get more ranks
_LARGEST_SHARE = 0.5


@dataclass(frozen=True)
class Level:
    """One level of groups: this rank's communicator, and a duplicate on which ranks agree how a point ended."""

    comm: Any
    fate: Any


def depth(ranks: int) -> int:
    """Return the number of levels: from all ranks down to single ones."""
    levels = 1
    while ranks > 1:
        ranks = (ranks + 1) // 2
        levels += 1
    return levels


def smallest_group(ranks: int, level: int) -> int:
    """Return the size of the smallest group of a level."""
    for _ in range(level):
        ranks = max(ranks // 2, 1)
    return ranks


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


def choose_level(estimate: Estimate, ideal: float, ranks: int, memory: float) -> int:
    """Return the deepest level on which a point neither dominates the sweep nor fails to fit into memory.

    Args:
        estimate: of the point on one rank.
        ideal: wall time in s of the whole sweep if all ranks worked all the time.
        ranks: number of all ranks.
        memory: bytes that one rank may use.
    """
    needed = max(estimate.seconds / max(_LARGEST_SHARE * ideal, 1e-9), estimate.bytes_per_rank / memory)
    fitting = [level for level in range(depth(ranks)) if smallest_group(ranks, level) >= min(needed, ranks)]
    return max(fitting, default=0)


def level_of_size(size: int, ranks: int) -> int:
    """Return the deepest level whose groups have at least `size` ranks."""
    return max((level for level in range(depth(ranks)) if smallest_group(ranks, level) >= size), default=0)


def memory_per_rank(comm: Any) -> float:
    """Return the bytes that are free on this node per rank on it, the least over all ranks; collective."""
    from mpi4py import MPI

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    share = _available_memory() / node.size
    node.Free()
    return comm.allreduce(share, op=MPI.MIN)


def _available_memory() -> float:
    try:
        with open("/proc/meminfo") as file:
            rows = dict(line.split(":", 1) for line in file)
        return 1024.0 * float(rows["MemAvailable"].split()[0])
    except (OSError, KeyError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

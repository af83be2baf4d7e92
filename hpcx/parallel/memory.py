"""Memory and processor time of ranks: what each may use, and what was used."""

from __future__ import annotations

import ctypes
import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Any


def memory_per_rank(comm: Any) -> float:
    """Return the bytes that are free on this node per rank on it, the least over all ranks; collective."""
    from mpi4py import MPI

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    share = free_memory() / node.size
    node.Free()
    return comm.allreduce(share, op=MPI.MIN)


def free_memory() -> float:
    """Return the free bytes of this node, or what the batch system still allows the job there."""
    return min([_available(), *_allowed()])


def peak_memory(comm: Any) -> int:
    """Return the most resident memory (bytes) that the process of any rank has held since it started; collective."""
    from mpi4py import MPI

    return comm.allreduce(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, op=MPI.MAX)


def give_back() -> None:
    """Return freed memory to the system: the C library keeps arrays below 32 MB."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def processor_time(comm: Any, begin: float) -> float:
    """Return the processor time of all ranks since `time.process_time()` was `begin` on each, s; collective."""
    return comm.allreduce(time.process_time() - begin)


def _available() -> float:
    try:
        with open("/proc/meminfo", encoding="utf-8") as file:
            rows = dict(line.split(":", 1) for line in file)
        return 1024.0 * float(rows["MemAvailable"].split()[0])
    except (OSError, KeyError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _allowed() -> list[float]:
    """Return the limits of the control groups of this process, by which batch systems confine a job."""
    try:
        text = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    rows = [line.strip().split(":", 2) for line in text.splitlines()]
    found = []
    for _, controllers, group in rows:
        if controllers == "":
            found += _limits(Path("/sys/fs/cgroup"), group, "memory.max")
        elif "memory" in controllers.split(","):
            found += _limits(Path("/sys/fs/cgroup/memory"), group, "memory.limit_in_bytes")
    return found


def _limits(mount: Path, group: str, name: str) -> list[float]:
    """Return the limits of a control group and all above it; a group may limit what those below it have."""
    folder, found = mount / group.strip("/"), []
    for place in (folder, *folder.parents):
        if place.is_relative_to(mount):
            with suppress(OSError, ValueError):  # "max" is no number
                found.append(float((place / name).read_text(encoding="utf-8")))
    return found

"""What a launcher tells each process through its environment, before and without MPI."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Launcher:
    """Who starts processes, and the variables with the rank and the number of ranks."""

    name: str
    rank: str
    size: str


_LAUNCHERS = (
    Launcher("Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    Launcher("the mpiexec of MPICH or Intel MPI", "PMI_RANK", "PMI_SIZE"),
    Launcher("the mpiexec of MPICH or Intel MPI", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
    Launcher("MVAPICH's mpirun", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    Launcher("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


def place(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Return the rank of this process and the number of ranks as its launcher tells them; (0, 1) without a launcher."""
    for launcher in _LAUNCHERS:
        words = [environment.get(name, "") for name in (launcher.rank, launcher.size)]
        if all(word.isdecimal() for word in words):
            return int(words[0]), int(words[1])
    return 0, 1


def strangers(size: int, library: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return an error if the launcher has started several processes but MPI knows only this one, else "".

    Args:
        size: number of ranks that MPI tells.
        library: name of the MPI of this process.
        environment: of the process.
    """
    for launcher in _LAUNCHERS:
        count = environment.get(launcher.size, "")
        if size == 1 and count.isdecimal() and int(count) > 1:
            return (
                f"{launcher.name} has started {count} processes ({launcher.size} = {count}), but each sees only itself:"
                f" the launcher does not belong to the MPI of this hpcx ({library}), or cannot communicate with it."
                " Start hpcx with the mpirun of that MPI, under SLURM perhaps with 'srun --mpi=pmix'. If each process"
                " is to work alone, give --alone"
            )
    return ""


def tasks_left_idle(size: int, environment: Mapping[str, str] = os.environ) -> str:
    """Return a warning if hpcx was started without a launcher in a SLURM job of several tasks, or ""."""
    tasks = environment.get("SLURM_NTASKS", "")
    launched = any(launcher.size in environment for launcher in _LAUNCHERS)
    if size > 1 or launched or not tasks.isdecimal() or int(tasks) < 2:
        return ""
    return (
        f"this SLURM job has {tasks} tasks, but hpcx runs on one rank: mpirun -n {tasks} hpcx run ... uses all of them"
    )


def complete_environment() -> None:
    """Set PATH and HOME, which Open MPI needs, where containers and cron leave them out."""
    os.environ.setdefault("PATH", os.defpath)
    if "HOME" not in os.environ and not _has_entry(os.getuid()):
        os.environ["HOME"] = "/"


def _has_entry(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True

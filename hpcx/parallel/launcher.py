"""What a launcher tells each process through its environment, before and without MPI."""

from __future__ import annotations

import os
from collections.abc import Mapping

#: variables with the rank and the number of ranks: Open MPI, MPICH and Intel MPI (Hydra), MVAPICH, srun
_VARIABLES = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


def place(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Return the rank of this process and the number of ranks as its launcher tells them; (0, 1) without a launcher."""
    for names in _VARIABLES:
        words = [environment.get(name, "") for name in names]
        if all(word.isdecimal() for word in words):
            return int(words[0]), int(words[1])
    return 0, 1

"""One SLURM for all tests of the job scripts; where it cannot be started they are skipped, with the reason."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import CannotStart, Cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Yield a running SLURM; skip if there is no way to one."""
    slurm = Cluster(Path(tempfile.mkdtemp(prefix="hpcx-slurm-")))
    slurm.environment |= {"HPCX": str(ROOT), "OMPI_MCA_odls_base_sigkill_timeout": "5"}
    try:
        slurm.start()
        yield slurm
    except CannotStart as reason:
        pytest.skip(str(reason))
    finally:
        slurm.stop()

"""Files that an input names: a changed one is other physics, also when it changes after the run has begun."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.load import load_plan
from hpcx.parallel.errors import AgreedError
from hpcx.sweep.compute import _check_contents
from hpcx.sweep.record import OtherPhysics, write_record

TEXT = (
    'model = "wigner"\nmaterial = "WS2"\ntemperature = 77\n[space]\ndimension = 1\n[landscape]\nkind = "file"\nfile ='
    ' "{}"\n'
)


@pytest.fixture
def plan(tmp_path):
    """Return a function that writes the landscape, of one energy in meV, and loads the input."""
    (tmp_path / "input.toml").write_text(TEXT.format(tmp_path / "energy.npy"))

    def load(energy: float):
        np.save(tmp_path / "energy.npy", np.full(20, energy))
        return load_plan(str(tmp_path / "input.toml"), ["sweep.temperature=[77, 300]"])

    return load


def test_a_changed_file_is_refused_by_a_directory_with_results(plan, tmp_path):
    write_record(tmp_path, plan(1.0))
    write_record(tmp_path, plan(1.0))
    with pytest.raises(OtherPhysics, match=r"content of landscape\.file"):
        write_record(tmp_path, plan(2.0))


def test_a_file_that_changes_under_way_ends_its_points(plan, tmp_path):
    point = plan(1.0).points[0]
    _check_contents(MPI.COMM_SELF, point)
    np.save(tmp_path / "energy.npy", np.full(20, 2.0))
    with pytest.raises(AgreedError, match="the file of landscape.file was changed"):
        _check_contents(MPI.COMM_SELF, point)

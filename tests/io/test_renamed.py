"""Datasets that were renamed: new files know the old names,
and files of the version before are read under the new ones.
"""

import h5py
import numpy as np
import pytest
from mpi4py import MPI

import hpcx
from hpcx.config.load import load_plan
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.stop import StopRequests
from hpcx.petsc.options import initialize
from hpcx.renamed import WORDS, old, present
from hpcx.sweep.run import run_plan


def written(path, name):
    result = Result()
    result.add("observables/time", np.arange(3.0), ("time",), "ps", "time")
    result.add(f"observables/{name}", np.arange(3.0) + 1, ("time",), "um^2", "mean of r^2")
    write_result(MPI.COMM_SELF, path, result, {})
    return path


@pytest.mark.parametrize("name", ["mean_squared_displacement_total", "width_squared_total"])
def test_a_file_of_either_version_opens_under_the_present_name(tmp_path, name):
    pytest.importorskip("xarray")
    path = written(tmp_path / "result.h5", name)
    with h5py.File(path, "r") as file:
        assert np.array_equal(file["observables/width_squared_total"], [1, 2, 3])
    with hpcx.open(path) as tree:
        assert set(tree["observables"].data_vars) == {"mean_squared_displacement_total"}
        assert tree["observables/mean_squared_displacement_total"].dims == ("time",)


def test_a_sweep_has_the_old_names_too(tmp_path):
    (tmp_path / "input.toml").write_text(
        f'model = "exciton"\nmaterial = "MoS2"\n[output]\ndirectory = "{tmp_path}/out"\n[mesh]\nk0 = 0.1\n'
    )
    initialize([])
    run_plan(MPI.COMM_SELF, load_plan(str(tmp_path / "input.toml"), ["sweep.mesh.N=[28, 30]"]), StopRequests())
    for path in (tmp_path / "out/sweep.h5", *(tmp_path / "out/points").glob("*.h5")):
        with h5py.File(path, "r") as file:
            assert np.array_equal(file["exciton/oscillator_weight"], file["exciton/oscillator_strength"])
            assert np.array_equal(file["exciton/lattice_correction"], file["exciton/finite_mesh_correction"])


def test_names_go_there_and_back():
    for former, new in WORDS.items():
        assert present(f"a/{former}_plus") == f"a/{new}_plus" and old(f"a/{new}_plus") == f"a/{former}_plus"
    assert present("a/energy") == old("a/energy") == "a/energy"


def test_a_first_row_without_the_number_of_rows_is_no_replicated_array():
    with pytest.raises(ValueError, match="belong together"):
        Result().add("psi", np.zeros(3), ("row",), start=0)

"""The valley model gives the same numbers on any number of ranks, alone and in a sweep."""

import h5py
import numpy as np
import pytest

from hpcx.config.load import load_plan
from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.run import run_plan
from hpcx.valley.config import Config
from hpcx.valley.solve import compute, solve

KEYS = {"momentum": {"points": 24}, "time": {"end": "2 ps"}, "flow": {"times": ["1 ps"]}, "modes": {"count": 3}}
INPUT = """
model = "valley"
material = "WSe2"
[momentum]
points = 24
[time]
end = "2 ps"
[flow]
times = ["1 ps"]
[modes]
count = 3
[output]
directory = "{}"
[sweep]
temperature = [77, 300]
"mechanisms.set" = ["full", "phonons"]
"""


def assert_same(one, other, names):
    for name in names:
        a, b = one(name), other(name)
        if a.dtype.kind not in "OU":
            scale = np.abs(b[np.isfinite(b)]).max(initial=1e-300)
            assert np.allclose(a, b, rtol=1e-12, atol=1e-12 * scale, equal_nan=True), name


@pytest.mark.mpi(min_size=2)
def test_one_point_is_the_same_on_all_ranks(comm, on_one_rank):
    config = Config.model_validate({"model": "valley", "material": "WSe2", **KEYS})
    together = solve(comm, config, load_for("valley", "WSe2"), Run())
    alone = on_one_rank(lambda _: compute(config, load_for("valley", "WSe2"), Run()))
    assert set(together.datasets) == set(alone.datasets)
    assert_same(together.value, alone.value, alone.datasets)
    assert all(comm.allgather(together.summary == alone.summary))


@pytest.mark.mpi
def test_an_error_reaches_all_ranks(comm):
    config = Config.model_validate({"model": "valley", "material": "WSe2", "environment": "nowhere", **KEYS})
    with pytest.raises(ValueError, match="no environment 'nowhere'"):
        solve(comm, config, load_for("valley", "WSe2"), Run())


@pytest.mark.mpi(min_size=2)
def test_a_sweep_does_not_depend_on_the_ranks(comm, mpi_tmp_path):
    path = mpi_tmp_path / "input.toml"
    if comm.rank == 0:
        path.write_text(INPUT.format(mpi_tmp_path / "results"))
    comm.Barrier()
    plan = load_plan(str(path), [])
    report = run_plan(comm, plan, StopRequests(mpi_tmp_path / "results"))
    assert comm.bcast([entry.status for entry in report.entries]) == ["done"] * 4
    for number, point in enumerate(plan.points):
        if number % comm.size == comm.rank:
            alone = compute(point.config, point.material, Run())
            with h5py.File(mpi_tmp_path / "results" / "points" / f"{point.id}.h5", "r") as file:
                assert_same(lambda name, file=file: file[name][()], alone.value, alone.datasets)
    comm.Barrier()

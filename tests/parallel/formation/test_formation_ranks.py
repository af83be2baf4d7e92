"""Both routes give the same numbers on any number of ranks, more ranks than delays included."""

from __future__ import annotations

import numpy as np
import pytest

from hpcx.config.serving import load_for
from hpcx.formation.config import Config
from hpcx.formation.solve import solve
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run

SMALL = {"momentum": {"points": 20, "tail_points": 6}, "continuum": {"energy_max": 1.0}}
#: what the time route does not need for this
WITHOUT_PAIRS = {"signal": {"bootstrap": 0}, "approximation": {"biexciton": False}}


def solve_on(comm, config: Config):
    return solve(comm, config, load_for("formation", "MoS2"), Run())


def make(route: str, **tables) -> Config:
    solver = {"route": route, "tolerance": 1e-4}
    return Config(model="formation", material="MoS2", pump={"photon_energy": 2.48}, solver=solver, **SMALL, **tables)


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize(
    ("route", "tables"),
    [
        (
            "third-order",
            {"signal": {"photon_energies": {"points": 3}, "bootstrap": 1}, "delay": {"points": 36}, "temperature": 150},
        ),
        ("time", {"delay": {"start": -20, "stop": 20, "points": 3}, **WITHOUT_PAIRS}),
    ],
)
def test_every_dataset_is_the_same_on_all_ranks_and_on_one(comm, on_one_rank, route, tables):
    config = make(route, **tables)
    here = solve_on(comm, config)
    alone = on_one_rank(lambda ranks: solve_on(ranks, config))
    assert here.datasets.keys() == alone.datasets.keys()
    assert here.summary == comm.bcast(here.summary)
    for path, dataset in alone.datasets.items():
        found, expected = here.value(path), dataset.data
        if expected.dtype.kind in "fc" and expected.size:
            scale = np.nanmax(np.abs(expected))
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * scale, err_msg=path)
        else:
            assert np.array_equal(found, expected), path


@pytest.mark.mpi
def test_an_error_on_one_delay_ends_on_all_ranks(comm, monkeypatch):
    from hpcx.formation import time_domain

    def fail(*arguments):
        raise ValueError("no step")

    monkeypatch.setattr(time_domain, "probe_change", fail)
    with pytest.raises(AgreedError, match="no step"):
        solve_on(comm, make("time", delay={"start": 0, "stop": 5, "points": 2}, **WITHOUT_PAIRS))

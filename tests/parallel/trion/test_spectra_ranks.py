"""Spectra of trions on any number of ranks, and interrupted ones."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.io.checkpoint import Checkpoint
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped
from hpcx.trion.config import Config
from hpcx.trion.solve import solve


def config_of(material="MoS2", N=48, k0=0.1, **tables):
    tables = {"absorption": {"enabled": True, "accuracy": 1e-11}, "solver": {"states": 1}} | tables
    return Config.model_validate({"model": "trion", "material": material, "mesh": {"N": N, "k0": k0}, **tables})


def run(comm, config, surroundings=None):
    return solve(comm, config, load_material(config.material), surroundings or Run())


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize(("symmetry", "temperature"), [("C6v", 0.0), ("none", 0.0), ("C6v", 40.0)])
def test_spectra_do_not_depend_on_the_ranks(comm, on_one_rank, symmetry, temperature):
    options = {"solver": {"states": 1, "symmetry": symmetry}, "trion": {"temperature": temperature}}
    config = config_of(N=40, k0=0.075, **options)
    together, alone = run(comm, config), on_one_rank(lambda ranks: run(ranks, config))
    for species in ("exciton", "singlet", "triplet"):
        path = f"{species}/absorption/absorption"
        np.testing.assert_allclose(
            together.value(path), alone.value(path), rtol=1e-9, atol=1e-10 * alone.value(path).max()
        )


@pytest.mark.mpi(min_size=2)
def test_two_dimensional_spectra_do_not_depend_on_the_ranks(comm, on_one_rank):
    settings = {
        "enabled": True,
        "triplet_shift": "7 meV",
        "points": 11,
        "trace_end": "8 fs",
        "fit_window": ["0 fs", "8 fs"],
    }
    config = config_of(
        "WSe2", 40, absorption={"accuracy": 1e-8}, twod=settings, solver={"states": 1, "tolerance": 1e-9}
    )
    together, alone = run(comm, config), on_one_rank(lambda ranks: run(ranks, config))
    assert together.value("twod/contact_exchange") == pytest.approx(alone.value("twod/contact_exchange"), rel=1e-7)
    signal, expected = together.value("twod/signal"), alone.value("twod/signal")
    assert np.abs(signal - expected).max() < 1e-6 * np.abs(expected).max()


#: two channels that exchange couples
COUPLED = {
    "trion": {"species": [], "channels": {"a": ("K:c2", "K:c1", "K:v1"), "b": ("K':c2", "K:c1", "K':v1")}},
    "exchange": {"long_range": True, "contact": 7.89},
    "material": "WSe2",
}


@pytest.mark.mpi
@pytest.mark.parametrize(
    ("tables", "spectra"),
    [({}, ("singlet", "triplet")), (COUPLED, ("exchange/a+b/a", "exchange/a+b/b"))],
    ids=["species", "exchange"],
)
@pytest.mark.parametrize("part", [0.75, 0.97])
def test_interrupted_recursions_go_on_where_they_were(comm, mpi_tmp_path, stop_after, tables, spectra, part):
    config = config_of(N=40, k0=0.075, **tables)
    asked = stop_after(10**6)
    whole = run(comm, config, Run(requests=asked))
    questions = 10**6 - asked.left

    def surroundings(number):
        return Run(
            mpi_tmp_path, checkpoint=Checkpoint(mpi_tmp_path / "point", {"N": 40}, "hash"), requests=stop_after(number)
        )

    with pytest.raises(Stopped):
        run(comm, config, surroundings(int(part * questions)))
    if comm.rank == 0:  # on one rank now
        second = surroundings(10**6)
        again = run(MPI.COMM_SELF, config, second)
        assert 10**6 - second.requests.left < (1.2 - part) * questions + 5
        for species in spectra:
            path = f"{species}/absorption/absorption"
            expected = whole.value(path)
            np.testing.assert_allclose(again.value(path), expected, rtol=1e-9, atol=1e-10 * expected.max())


@pytest.mark.mpi(min_size=2)
def test_names_of_coupled_states_do_not_depend_on_the_ranks(comm, on_one_rank):
    tables = COUPLED | {"absorption": {"enabled": False}, "solver": {"symmetry": "none", "states": 3}}
    config = config_of(N=40, k0=0.075, **tables)
    together, alone = run(comm, config), on_one_rank(lambda ranks: run(ranks, config))
    for name in ("irrep", "main_channel", "point_group"):
        assert np.array_equal(together.value(f"exchange/a+b/{name}"), alone.value(f"exchange/a+b/{name}"))
    assert together.value("exchange/a+b/irrep")[:2].tolist() == ["A", "E2-"]

"""The exciton on any number of ranks."""

import gc
import tracemalloc

import numpy as np
import pytest

from hpcx.exciton.config import Config
from hpcx.exciton.labels import Envelopes
from hpcx.exciton.problem import exciton_problem
from hpcx.exciton.solve import solve
from hpcx.materials.loader import load_material
from hpcx.parallel.layout import own_rows
from hpcx.parallel.run import Run


@pytest.mark.mpi
@pytest.mark.parametrize(
    ("N", "k0", "energy"), [(80, 0.10, -0.49822683), (120, 0.16, -0.5240), (240, 0.10, -0.51022943)]
)
def test_energy(comm, on_one_rank, N, k0, energy):
    config = Config(model="exciton", material="MoS2", mesh={"N": N, "k0": k0}, solver={"states": 3})
    result = solve(comm, config, load_material("MoS2"), Run())
    assert result.value("exciton/energy")[0] == pytest.approx(energy, abs=1e-8 if N != 120 else 5e-5)
    alone = on_one_rank(lambda ranks: solve(ranks, config, load_material("MoS2"), Run()))
    assert result.value("exciton/energy") == pytest.approx(alone.value("exciton/energy"), abs=1e-12)
    weight, expected = result.value("exciton/oscillator_strength"), alone.value("exciton/oscillator_strength")
    assert weight == pytest.approx(expected, rel=1e-6, abs=1e-6)
    own, whole = result.datasets["exciton/wavefunction"], alone.value("exciton/wavefunction")
    assert own.shape == whole.shape and abs(own.data.size - whole.size / comm.size) <= len(whole)
    amplitude = np.concatenate(comm.allgather(own.data), axis=1)[0]
    assert abs(abs(np.vdot(amplitude, whole[0])) - 1) < 1e-9


@pytest.mark.mpi
def test_carriers_of_two_valleys(comm, on_one_rank):
    pair = {"electron": "K':c1", "hole": "K:v1"}
    config = Config(model="exciton", material="WSe2", mesh={"N": 120, "k0": 0.1}, exciton=pair)
    result = solve(comm, config, load_material("WSe2"), Run())
    alone = on_one_rank(lambda ranks: solve(ranks, config, load_material("WSe2"), Run()))
    assert result.value("exciton/energy") == pytest.approx(alone.value("exciton/energy"), abs=1e-12)
    amplitude = np.concatenate(comm.allgather(result.value("exciton/wavefunction")), axis=1)
    assert amplitude == pytest.approx(alone.value("exciton/wavefunction"), abs=1e-6)


@pytest.mark.mpi
def test_degenerate_states(comm, on_one_rank):
    bands = {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}
    config = Config(model="exciton", material="MoS2", mesh={"N": 108, "k0": 0.1}, bands=bands)
    result = solve(comm, config, load_material("MoS2"), Run())
    assert 1e3 * result.value("exciton/energy") == pytest.approx([-512.68, -295.64, -295.64, -233.11], abs=0.005)
    assert result.value("exciton/degeneracy").tolist() == [1, 2, 2, 1]
    alone = on_one_rank(lambda ranks: solve(ranks, config, load_material("MoS2"), Run()))
    for name in ("label", "irrep"):
        assert np.array_equal(result.value(f"exciton/{name}"), alone.value(f"exciton/{name}"))
    share, expected = (each.value("exciton/angular_share") for each in (result, alone))
    assert share == pytest.approx(expected, abs=1e-9)
    amplitude = np.concatenate(comm.allgather(result.value("exciton/wavefunction")), axis=1)
    assert amplitude == pytest.approx(alone.value("exciton/wavefunction"), abs=1e-6)


def peak_of_settling(comm, problem, states):
    """Return the most memory (bytes) that names and phases of states take on this rank beside problem and states."""
    envelopes = Envelopes(comm, problem)
    own = own_rows(comm, problem.mesh.size)
    vectors = np.full((states, own.stop - own.start), 1 + 1j)
    gc.collect()
    tracemalloc.start()
    envelopes.settle(np.arange(states, dtype=float), vectors, 1e-6, lambda number: vectors[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.mpi
def test_memory_of_names_is_the_share_of_a_rank(comm):
    """What grows with the states is shared; one envelope is whole on every rank."""
    config = Config(model="exciton", material="MoS2", mesh={"N": 480, "k0": 0.1})
    problem = exciton_problem(config, load_material("MoS2"))
    few, many = (peak_of_settling(comm, problem, states) for states in (5, 20))
    vector = 16 * problem.mesh.size
    assert many - few < 15 * (1.02 * vector / comm.size + 3_000)  # a name and its numbers: some kB
    assert few < (5 + 35) * vector / comm.size + 4 * vector + 80_000


@pytest.mark.mpi(min_size=2)
def test_exchange_between_the_valleys_on_any_number_of_ranks(comm, on_one_rank):
    tables = {"mesh": {"N": 60, "k0": 0.14}, "exchange": {"long_range": True, "momenta": [1]}}
    config = Config(model="exciton", material="MoS2", solver={"states": 4}, **tables)
    together = solve(comm, config, load_material("MoS2"), Run())
    alone = on_one_rank(lambda ranks: solve(ranks, config, load_material("MoS2"), Run()))
    for name, tolerance in (("energy", 1e-9), ("longitudinal", 1e-5)):
        path = f"exciton/exchange/{name}"
        assert together.value(path) == pytest.approx(alone.value(path), abs=tolerance)
    irrep = together.value("exciton/exchange/irrep")
    assert np.array_equal(irrep, alone.value("exciton/exchange/irrep")) and irrep[0, :2].tolist() == ["A''", "A'"]

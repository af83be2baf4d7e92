"""The exciton on any number of ranks."""

import numpy as np
import pytest

from hpcx.exciton.config import Config
from hpcx.exciton.solve import solve
from hpcx.materials.loader import load_material
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
def test_degenerate_states(comm):
    bands = {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}
    config = Config(model="exciton", material="MoS2", mesh={"N": 108, "k0": 0.1}, bands=bands)
    result = solve(comm, config, load_material("MoS2"), Run())
    assert 1e3 * result.value("exciton/energy") == pytest.approx([-512.68, -295.64, -295.64, -233.11], abs=0.005)
    assert result.value("exciton/degeneracy").tolist() == [1, 2, 2, 1]

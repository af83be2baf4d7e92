"""The exciton on the whole zone on any number of ranks, more ranks than orbitals included."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.exciton.config import Config
from hpcx.exciton.solve import solve
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run


def config(**zone):
    return Config(
        model="exciton",
        material="WSe2",
        mesh={"N": 9, "region": "zone"},
        bands={"model": "tight-binding"},
        tight_binding={"builtin": "liu2013:WSe2"},
        zone={"conduction": 2, "valence": 2, **zone},
        absorption={"enabled": not zone},
        solver={"states": 5},
    )


def gathered(comm, data):
    return np.concatenate(comm.allgather(data.data)) if data.part is not None else data.data


@pytest.mark.mpi
@pytest.mark.parametrize("zone", [{}, {"exchange": True, "path": "G-K", "points": 3}])
def test_results_do_not_depend_on_the_ranks(comm, zone):
    material = load_material("WSe2")
    result, alone = (solve(ranks, config(**zone), material, Run()) for ranks in (comm, MPI.COMM_SELF))
    assert set(result.datasets) == set(alone.datasets)
    for path in ("exciton/energy", "exciton/binding_energy", *(["exciton/dispersion/energy"] if zone else [])):
        assert result.value(path) == pytest.approx(alone.value(path), abs=1e-11)
    amplitude = gathered(comm, result.datasets["exciton/wavefunction"])
    assert np.sum(np.abs(amplitude) ** 2, axis=(0, 1, 2)) == pytest.approx(np.ones(5), abs=1e-12)
    density = np.sum(np.abs(amplitude) ** 2, axis=(1, 2))
    expected = np.sum(np.abs(alone.value("exciton/wavefunction")) ** 2, axis=(1, 2))
    # bright and dark states come in pairs (K and K'), whose sum is unique
    pairs = [0, 1] if not zone else [0]
    if not zone:
        assert density[:, pairs].sum(axis=1) == pytest.approx(expected[:, pairs].sum(axis=1), abs=1e-8)
        spectrum, other = (each.value("exciton/plus/absorption/absorption") for each in (result, alone))
        assert spectrum == pytest.approx(other, abs=3e-3 * other.max())

"""The exciton on the whole zone on any number of ranks, more ranks than orbitals included."""

import tracemalloc

import numpy as np
import pytest
from tight_binding_files import honeycomb

from hpcx.exciton.config import Config
from hpcx.exciton.solve import solve
from hpcx.exciton.zone import ZoneOperator, zone_problem
from hpcx.exciton.zone_labels import ZoneSymmetry
from hpcx.exciton.zone_space import add_space
from hpcx.io.result import Result
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.physics.interaction import RytovaKeldysh


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


def gathered(comm, data, axis=0):
    return np.concatenate(comm.allgather(data.data), axis) if data.part is not None else data.data


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize("zone", [{}, {"exchange": True, "path": "G-K", "points": 3}])
def test_results_do_not_depend_on_the_ranks(comm, on_one_rank, zone):
    def run(ranks):
        return solve(ranks, config(**zone), load_material("WSe2"), Run())

    result, alone = run(comm), on_one_rank(run)
    assert set(result.datasets) == set(alone.datasets)
    for path in ("exciton/energy", "exciton/binding_energy", *(["exciton/dispersion/energy"] if zone else [])):
        assert result.value(path) == pytest.approx(alone.value(path), abs=1e-11)
    for path in ("exciton/point_group", "exciton/irrep", *(["exciton/dispersion/irrep"] if zone else [])):
        assert np.array_equal(result.value(path), alone.value(path))
    amplitude = gathered(comm, result.datasets["exciton/wavefunction"])
    assert np.sum(np.abs(amplitude) ** 2, axis=(0, 1, 2)) == pytest.approx(np.ones(5), abs=1e-12)
    density = np.sum(np.abs(amplitude) ** 2, axis=(1, 2))
    expected = np.sum(np.abs(alone.value("exciton/wavefunction")) ** 2, axis=(1, 2))
    if zone:
        energy_qs, told = result.value("exciton/dispersion/energy"), result.summary
        assert result.value("exciton/energy") == pytest.approx(energy_qs[-1])
        assert "at the last pair momentum" in result.datasets["exciton/pair_edge"].long_name
        lowest = ("G", "(0.1667, 0.1667)", "K")[np.argmin(energy_qs[:, 0])]
        assert any(line.startswith(f"lowest exciton at Q = {lowest}: ") for line in told), told
        assert any(line.startswith("states at Q = K: ") for line in told), told
    # bright and dark states come in pairs (K and K'), whose sum is unique
    pairs = [0, 1] if not zone else [0]
    assert result.value("exciton/space/hole") == alone.value("exciton/space/hole")
    for name in "xy":
        place = gathered(comm, result.datasets[f"exciton/space/{name}"])
        assert np.array_equal(place, alone.value(f"exciton/space/{name}"))
    if not zone:
        assert density[:, pairs].sum(axis=1) == pytest.approx(expected[:, pairs].sum(axis=1), abs=1e-8)
        space = gathered(comm, result.datasets["exciton/space/density"], axis=1)[pairs].sum(axis=0)
        assert space.max() > 1e-2
        assert space == pytest.approx(alone.value("exciton/space/density")[pairs].sum(axis=0), abs=1e-8)
        spectrum, other = (each.value("exciton/plus/absorption/absorption") for each in (result, alone))
        assert spectrum == pytest.approx(other, abs=3e-3 * other.max())


def peak_in_space(comm, model, problem, states):
    """Return the most memory (bytes) that densities in space take on this rank beside problem and states."""
    operator = ZoneOperator(comm, problem)
    vectors = np.ones((states, operator.rows), complex)
    tracemalloc.start()
    add_space(Result(), operator, model, vectors)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.mpi
def test_bands_are_in_memory_once(comm):
    """Two orbitals on two sites, one pair of bands: states, energies, interaction; velocities of this rank's points."""
    n, law = 60, RytovaKeldysh(4.0, 1.0)
    tracemalloc.start()
    operator = ZoneOperator(comm, zone_problem(comm, honeycomb(), law, n, 1))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    whole, own = 16 * 2 * 2 + 8 + 8 * 2**2, 32 + 8
    assert operator.problem.size == n**2
    assert held < 1.02 * n**2 * (whole + own / comm.size) + 20_000


def test_memory_of_densities_is_the_share_of_a_rank(comm):
    """What grows with the states is shared; one vector and one density are whole on every rank."""
    model, n = honeycomb(), 40
    problem = zone_problem(comm, model, RytovaKeldysh(4.0, 1.0), n, 1)
    few, many = (peak_in_space(comm, model, problem, states) for states in (10, 40))
    density = 8 * n**2  # bytes on one of the two sites
    assert many - few < 30 * 2 * 1.02 * density / comm.size + 20_000
    assert few < 10 * 2 * 1.02 * density / comm.size + 16 * density + 80_000


@pytest.mark.mpi
def test_memory_of_names_is_the_share_of_a_rank(comm):
    """What grows with the states is shared; one vector is whole on every rank, and images of points for a moment."""
    model, n = honeycomb(), 40
    operator = ZoneOperator(comm, zone_problem(comm, model, RytovaKeldysh(4.0, 1.0), n, 1))

    def peak(states):
        vectors = np.ones((states, operator.rows), complex) / n
        tracemalloc.start()
        symmetry = ZoneSymmetry(operator, model, np.zeros(2), 1e-6)
        _, names = symmetry.settle(np.arange(states), vectors, lambda number: vectors[0])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert symmetry.group == "C3v" and set(names) == {"unknown"}  # no eigenvectors
        return most

    few, many = peak(10), peak(40)
    vector = 16 * n**2
    assert many - few < 30 * 1.1 * vector / comm.size + 20_000
    assert few < 24 * vector / comm.size + 8 * vector

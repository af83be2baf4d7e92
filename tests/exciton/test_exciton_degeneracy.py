"""Degenerate excitons: as many as the Hamiltonian as a matrix has, and the same vectors."""

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.exciton import solve as exciton_solve
from hpcx.exciton.config import Config
from hpcx.exciton.observables import degeneracy, levels, oriented
from hpcx.exciton.problem import exciton_problem
from hpcx.exciton.solve import solve, solve_exciton
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run

PARABOLIC = {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}
#: the 2p pair of parabolic bands on both sides of the size at which the matrix gives way to products, meV
REPORTED = {100: (-512.00, -294.88, -294.88, -232.56), 108: (-512.68, -295.64, -295.64, -233.11)}


def config_of(N, bands=PARABOLIC, **tables):
    return Config(model="exciton", material="MoS2", mesh={"N": N, "k0": 0.1}, bands=bands, **tables)


@pytest.mark.parametrize("N", REPORTED)
def test_the_pair_is_counted_twice_however_the_states_are_found(N):
    result = solve(MPI.COMM_SELF, config_of(N), load_material("MoS2"), Run())
    assert 1e3 * result.value("exciton/energy") == pytest.approx(REPORTED[N], abs=0.005)
    assert result.value("exciton/degeneracy").tolist() == [1, 2, 2, 1]
    assert "1e-06 eV" in result.datasets["exciton/degeneracy"].long_name


@pytest.mark.parametrize("bands", [PARABOLIC, {}], ids=["parabolic", "dirac"])
@pytest.mark.parametrize("states", [1, 2, 3, 6, 12])
def test_states_equal_those_of_the_matrix(monkeypatch, bands, states):
    problem = exciton_problem(config_of(108, bands), load_material("MoS2"))
    by_products = solve_exciton(MPI.COMM_SELF, problem, states, 1e-8)
    monkeypatch.setattr(exciton_solve, "DENSE_LIMIT", problem.mesh.size)
    by_matrix = solve_exciton(MPI.COMM_SELF, problem, states, 1e-8)
    assert by_products.products > 0 == by_matrix.products
    assert np.abs(by_products.energy - by_matrix.energy).max() < 1e-11
    assert np.array_equal(by_products.degeneracy, by_matrix.degeneracy)
    assert np.abs(by_products.amplitude_sk - by_matrix.amplitude_sk).max() < 1e-6


def test_levels_hold_neighbours():
    energy = np.array([0.0, 1.0, 1.0 + 5e-7, 1.0 + 1e-6, 2.0])
    assert [(level.start, level.stop) for level in levels(energy, 6e-7)] == [(0, 1), (1, 4), (4, 5)]
    assert degeneracy(energy, 6e-7).tolist() == [1, 3, 3, 3, 1]
    assert degeneracy(energy, 1e-9).tolist() == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("bright", [True, False])
def test_vectors_of_a_level_do_not_depend_on_how_they_were_found(bright):
    random = np.random.default_rng(2)
    basis = np.linalg.qr(random.normal(size=(9, 9)) + 1j * random.normal(size=(9, 9)))[0].T
    functionals = random.normal(size=(4, 9)) + 1j * random.normal(size=(4, 9))
    if not bright:
        functionals[0] = basis[8]
    energy = np.array([-1.0, 0.0, 0.0, 0.0])
    turn = np.linalg.qr(random.normal(size=(3, 3)) + 1j * random.normal(size=(3, 3)))[0]
    given = basis[:4], np.concatenate([1j * basis[:1], turn @ basis[1:4]])
    first, second = (oriented(MPI.COMM_SELF, energy, vectors, 1e-8, functionals.__getitem__) for vectors in given)
    assert np.abs(first - second).max() < 1e-12
    assert np.abs(first.conj() @ first.T - np.eye(4)).max() < 1e-12
    assert np.abs(first[2:] @ functionals[0].conj()).max() < 1e-12


def states_of(bands, phases=None, states=8, **tables):
    """Return problem and states; `phases` multiplies both bands by random phases."""
    problem = exciton_problem(config_of(100, bands, **tables), load_material("MoS2"))
    if phases is not None:
        turn_bk = np.exp(2j * np.pi * np.random.default_rng(phases).random((2, problem.mesh.size)))
        electron, hole = (
            replace(band, spinor_ck=band.spinor_ck * turn)
            for band, turn in zip((problem.electron, problem.hole), turn_bk)
        )
        problem = replace(problem, electron=electron, hole=hole)
    return problem, solve_exciton(MPI.COMM_SELF, problem, states, 1e-9)


def test_states_are_named_by_rotation_and_angular_momentum():
    problem, parabolic = states_of(PARABOLIC)
    assert parabolic.labels.group == "C6v"
    assert parabolic.labels.name == ["1s", "2p+", "2p-", "2s", "3d+", "3d-", "3p+", "3p-"]
    assert parabolic.labels.irrep == ["A1", "E1+", "E1-", "A1", "E2+", "E2-", "E1+", "E1-"]
    assert min(parabolic.labels.share) > 0.97
    turn = problem.mesh.point_group("C6")[0][1]
    for amplitude_k, turns in zip(parabolic.amplitude_sk, (0, 1, -1, 0, 2, -2, 1, -1)):
        assert np.abs(amplitude_k[turn] - np.exp(1j * np.pi / 3 * turns) * amplitude_k).max() < 1e-10
    _, dirac = states_of({})
    assert dirac.labels.group == "C6"
    assert dirac.labels.name == ["1s", "2p-", "2p+", "2s", "3d-", "3d+", "3p-", "3p+"]
    assert dirac.labels.irrep == ["A", "E1-", "E1+", "A", "E2-", "E2+", "E1-", "E1+"]
    assert dirac.energy[2] - dirac.energy[1] > 0.01 and parabolic.energy[2] - parabolic.energy[1] < 1e-10
    for bands, states in ((PARABOLIC, parabolic), ({}, dirac)):
        disguised = states_of(bands, phases=1)[1]
        assert (disguised.labels.name, disguised.labels.irrep) == (states.labels.name, states.labels.irrep)
        assert np.abs(disguised.energy - states.energy).max() < 1e-11


@pytest.mark.parametrize("tolerance", [1e-3, 1e-9])
def test_states_of_a_tight_binding_valley_have_three_representations(tolerance):
    tables = {
        "bands": {"model": "tight-binding"},
        "tight_binding": {"builtin": "liu2013:WSe2", "orbital_tolerance": tolerance},
    }
    config = Config(model="exciton", material="WSe2", mesh={"N": 48, "k0": 0.1}, **tables)
    labels = solve_exciton(MPI.COMM_SELF, exciton_problem(config, load_material("WSe2")), 6, 1e-9).labels
    assert labels.group == "C3"
    assert list(zip(labels.name, labels.irrep))[:4] == [("1s", "A"), ("2p+", "E+"), ("2p-", "E-"), ("2s", "A")]
    assert set(zip(labels.name[4:], labels.irrep[4:])) == {("3d-", "E+"), ("3d+", "E-")}

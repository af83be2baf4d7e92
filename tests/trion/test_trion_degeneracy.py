"""Degenerate trions: as many as the operator's matrix has, in every sector."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.exciton.observables import degeneracy
from hpcx.exciton.solve import solve_exciton
from hpcx.io.stages import Stages
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.trion.solve import solve, solve_trion

PARABOLIC = {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}
MATERIAL = load_material("MoS2")


def config_of(species, symmetry, bands, states=1, N=40, k0=0.075):
    solver = {"symmetry": symmetry, "states": states}
    return Config(
        model="trion",
        material="MoS2",
        mesh={"N": N, "k0": k0},
        bands=bands,
        trion={"species": [species]},
        solver=solver,
    )


def problem_of(config):
    exciton = exciton_of(config, MATERIAL)
    return exciton, trion_problem(config, MATERIAL, exciton, config.trion.species[0])


def all_energies(species, symmetry, bands, N, k0):
    operator = TrionOperator(MPI.COMM_SELF, problem_of(config_of(species, symmetry, bands, 1, N, k0))[1], symmetry)
    return np.linalg.eigvalsh([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)])


def check(comm, species, symmetry, bands, counts, N=40, k0=0.075):
    dense = all_energies(species, symmetry, bands, N, k0)
    for states in counts:
        config, run = config_of(species, symmetry, bands, states, N, k0), Run()
        exciton, problem = problem_of(config)
        found = solve_trion(
            comm, config, problem, solve_exciton(comm, exciton, 1, 1e-8), species, run, Stages(comm, run)
        )
        assert found.energy == pytest.approx(dense[:states], abs=1e-11)
        assert np.array_equal(found.degeneracy, degeneracy(dense, 1e-6)[:states])
        assert found.residual.max() < 2e-8


CASES = [(species, symmetry) for species in ("singlet", "triplet") for symmetry in ("none", "C6", "C6v")]


@pytest.mark.parametrize("bands", [PARABOLIC, {}], ids=["parabolic", "dirac"])
@pytest.mark.parametrize(("species", "symmetry"), CASES)
def test_states_equal_those_of_the_matrix(species, symmetry, bands):
    check(MPI.COMM_SELF, species, symmetry, bands, (1, 2, 4, 12))


@pytest.mark.validate
@pytest.mark.parametrize("bands", [PARABOLIC, {}], ids=["parabolic", "dirac"])
@pytest.mark.parametrize(("species", "symmetry"), CASES)
def test_all_numbers_of_states_on_a_larger_mesh(species, symmetry, bands):
    check(MPI.COMM_SELF, species, symmetry, bands, range(1, 13), 48, 0.1)


def test_degeneracy_is_in_the_result():
    result = solve(MPI.COMM_SELF, config_of("triplet", "none", PARABOLIC, 3), MATERIAL, Run())
    assert result.value("triplet/degeneracy").tolist() == [1, 2, 2]
    assert "1e-06 eV" in result.datasets["triplet/degeneracy"].long_name
    sector = solve(MPI.COMM_SELF, config_of("triplet", "C6v", PARABOLIC, 3), MATERIAL, Run())
    assert "fully symmetric sector (C6v)" in sector.datasets["triplet/degeneracy"].long_name
    assert sector.value("triplet/irrep").tolist() == ["A"] * 3 and sector.value("triplet/point_group") == "C6"


@pytest.mark.parametrize("bands", [PARABOLIC, {}], ids=["parabolic", "dirac"])
def test_fully_symmetric_states_are_those_of_the_sector(bands):
    results = {
        symmetry: solve(MPI.COMM_SELF, config_of("triplet", symmetry, bands, 12), MATERIAL, Run())
        for symmetry in ("none", "C6")
    }
    irrep, energy = (results["none"].value(f"triplet/{name}") for name in ("irrep", "energy"))
    assert results["none"].value("triplet/point_group") == "C6" and {"A", "E1+", "E1-"} <= set(irrep.tolist())
    symmetric = energy[irrep == "A"]
    assert symmetric == pytest.approx(results["C6"].value("triplet/energy")[: len(symmetric)], abs=1e-11)
    if bands:
        assert energy[irrep == "E1+"] == pytest.approx(energy[irrep == "E1-"], abs=1e-11)


def test_one_state_of_a_symmetric_sector_costs_little_more_than_its_solution(monkeypatch):
    config, run = config_of("singlet", "C6v", {}, 1, 80, 0.1), Run()
    solve(MPI.COMM_SELF, config, MATERIAL, run)
    monkeypatch.setattr("hpcx.petsc.eigen.is_state_missing", lambda *_: False)
    alone = Run()
    solve(MPI.COMM_SELF, config, MATERIAL, alone)
    assert alone.diagnostics["singlet_products"] <= 62  # 60 were seen, 50 with a basis of 20 vectors in place of 8
    assert run.diagnostics["singlet_products"] <= 1.3 * alone.diagnostics["singlet_products"]

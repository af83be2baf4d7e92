"""Trions of a finite total momentum: free motion of parabolic bands, and what is refused."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.trion.config import Config
from hpcx.trion.problem import exciton_of
from hpcx.trion.refusals import refusals
from hpcx.trion.solve import solve

MOS2, N = load_material("MoS2"), 24


def config_of(momentum, k0=0.17, symmetry="auto", **tables):
    trion = {"species": ["singlet"], "momentum": [m / N for m in momentum]}
    bands, mesh = {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}, {"N": N, "k0": k0}
    tables = {
        "trion": trion,
        "screening": {"kappa": 4.5},
        "bands": bands,
        "solver": {"states": 1, "symmetry": symmetry},
    } | tables
    return Config(model="trion", material="MoS2", mesh=mesh, **tables)


def energy(momentum, k0):
    result = solve(MPI.COMM_SELF, config_of(momentum, k0), MOS2, Run())
    return float(result.value("singlet/energy_from_band_edge")[0])


def test_three_equal_masses_move_freely():
    # each carrier moves by one point of the mesh, which is exact but for the border of the disk: 2.8 and 0.4 meV of 205
    # meV
    q = np.linalg.norm(exciton_of(config_of((0, 0)), MOS2).mesh.momentum(np.array([3, 0])))
    free = HBAR2_PER_M0 * q**2 / (2 * 1.5)
    errors = [energy((3, 0), k0) - energy((0, 0), k0) - free for k0 in (0.17, 0.25)]
    assert 0 < errors[0] < 3e-3 and 0 < errors[1] < 0.2 * errors[0]
    assert energy((-3, 3), 0.17) == pytest.approx(energy((3, 0), 0.17), abs=1e-8)  # turned by 120 degrees


def test_angular_momenta_of_two_identical_electrons():
    def solved(N, k0, **solver):
        trion, bands = (
            {"species": ["triplet"], "conduction_order": "bright"},
            {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5},
        )
        config = Config(
            model="trion", material="MoS2", mesh={"N": N, "k0": k0}, bands=bands, trion=trion, solver=solver
        )
        return solve(MPI.COMM_SELF, config, MOS2, Run())

    every = solved(36, 0.1, symmetry="none", states=3)
    for momentum, name in ((1, "E1+"), (-1, "E1-")):
        found = solved(36, 0.1, symmetry="C6", states=1, angular_momentum=momentum)
        assert found.value("triplet/energy_from_band_edge")[0] == pytest.approx(
            every.value("triplet/energy_from_band_edge")[1], abs=1e-8
        )
        assert found.value("triplet/oscillator_strength")[0] == 0 and str(found.value("triplet/irrep")[0]) == name
    # the state of angular momentum 1 is bound; 0.2 meV below the exciton here, and 1.0 meV on dense meshes
    assert 1e3 * solved(84, 0.16, symmetry="C6", states=1, angular_momentum=1).value(
        "triplet/binding_energy"
    ) == pytest.approx(0.203, abs=5e-3)
    with pytest.raises(ValueError, match='needs solver.symmetry = "C6"'):
        config_of((0, 0), solver={"symmetry": "C6v", "angular_momentum": 1})


def test_what_is_refused():
    assert refusals(config_of((3, 0)), MOS2) == []
    for momentum, message in (
        ((0.5, 0), "multiples of 1/24 are"),
        ((9, 0), "outside the disk"),
        ((30, 0), "outside the disk"),
    ):
        (refusal,) = refusals(config_of(momentum), MOS2)
        assert message in refusal.message and refusal.key == "trion.momentum"
    with pytest.raises(ValueError, match='breaks solver.symmetry = "C3"'):
        config_of((3, 0), symmetry="C3")
    with pytest.raises(ValueError, match="cannot be combined with exchange, twod.enabled or trion.temperature"):
        config_of((3, 0), trion={"momentum": [0.125, 0], "temperature": 20})

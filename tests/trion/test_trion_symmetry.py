"""A symmetry is tested on bands, interaction and light of the problem,
and refused with a number if it does not hold.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.exciton.solve import solve_exciton
from hpcx.materials.loader import load_material
from hpcx.petsc.eigen import lowest_states
from hpcx.physics.bands import Band
from hpcx.physics.lattice import lattice_of
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.screening import interaction_grid
from hpcx.trion import operator as trion_operator
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import TrionProblem, exciton_of, trion_problem
from hpcx.trion.states import start_vector
from hpcx.trion.symmetry import SymmetryError, broken, chosen, foreseen, largest
from hpcx.trion.thermal import boltzmann_points

MATERIAL = load_material("MoS2")
CONFIG = Config(model="trion", material="MoS2", mesh={"N": 48, "k0": 0.1})
EXCITON = exciton_of(CONFIG, MATERIAL)
PROBLEM = trion_problem(CONFIG, MATERIAL, EXCITON, "singlet")


def warped(band, strength, fold=3, phase=0.0):
    """Return a band with strength * |k|^fold cos(fold * angle + phase) more energy (eV, k in 1/angstrom)."""
    k = PROBLEM.mesh.momentum_kx @ [0.1, 0.1j]
    return Band(band.energy_k + strength * (k**fold * np.exp(1j * phase)).real, band.spinor_ck)


def with_trigonal_warping(strength=5.0):
    """Return the trion of bands with trigonal warping, of opposite sign in opposite valleys."""
    return replace(
        PROBLEM, photoexcited=warped(PROBLEM.photoexcited, strength), resident=warped(PROBLEM.resident, -strength)
    )


def lowest(problem, symmetry):
    operator = TrionOperator(MPI.COMM_SELF, problem, symmetry)
    draw = partial(start_vector, operator, solve_exciton(MPI.COMM_SELF, EXCITON, 1, 1e-8).amplitude_sk[0])
    return 1e3 * lowest_states(MPI.COMM_SELF, operator, 1, 1e-9, "trion_", draw, 1e-6).values[0]


@pytest.mark.parametrize("material", ["MoS2", "WSe2"])
@pytest.mark.parametrize("bands", [{}, {"model": "parabolic", "electron_mass": 0.5, "hole_mass": 0.5}])
@pytest.mark.parametrize("trion", [{}, {"charge": 1}, {"transition": "B"}])
def test_models_of_the_program_have_their_symmetry(material, bands, trion):
    config = Config(model="trion", material=material, mesh={"N": 60, "k0": 0.1}, bands=bands, trion=trion)
    for species in ("singlet", "triplet"):
        problem = trion_problem(config, load_material(material), exciton_of(config, load_material(material)), species)
        assert broken(problem, "C6v") == [] and largest(problem) == "C6v"


def test_trigonal_warping_is_refused_with_its_number(monkeypatch):
    problem = with_trigonal_warping()
    size = 1e3 * np.ptp(problem.photoexcited.energy_k - PROBLEM.photoexcited.energy_k)
    change = f"rotation by 60 degrees changes the energy of the photoexcited carrier by up to {size:.3g} meV"
    for symmetry in ("C6", "C6v"):
        with pytest.raises(SymmetryError, match=rf'"{symmetry}".*{change}.*= "C3v"') as error:
            TrionOperator(MPI.COMM_SELF, problem, symmetry)
        assert error.value.bad_input
    right = lowest(problem, "C3v")
    assert lowest(problem, "none") == pytest.approx(right, abs=1e-5)
    monkeypatch.setattr(trion_operator, "require", lambda *_: None)
    assert lowest(problem, "C6v") == pytest.approx(-518.620, abs=1e-3)  # what an untested symmetry would give
    assert right == pytest.approx(-518.262, abs=1e-3)


def turned(band, phase_k):
    return Band(band.energy_k, band.spinor_ck * np.exp(1j * phase_k))


def mirror_broken(problem):
    return replace(problem, opposite=warped(problem.opposite, 5.0, 6, np.pi / 2))


def overlaps_broken(problem):
    return replace(problem, resident=turned(problem.resident, 0.01 * problem.mesh.momentum_kx[:, 0]))


def interaction_broken(problem):
    return replace(problem, w_ij=problem.w_ij * (1 + 0.1 * np.arange(len(problem.w_ij))))


def light_broken(problem):
    return replace(problem, dipole_k=problem.dipole_k * np.exp(0.1j * problem.mesh.momentum_kx[:, 1]))


CHANGES = [
    (mirror_broken, "the mirror ky -> -ky changes the energy of the opposite", "C6"),
    (overlaps_broken, "rotation by 60 degrees changes the overlaps of the resident", "none"),
    (interaction_broken, "changes the interaction by up to", "none"),
    (light_broken, "changes the optical matrix element", "none"),
]


@pytest.mark.parametrize(("make", "message", "other"), CHANGES)
def test_each_ingredient_is_tested(make, message, other):
    with pytest.raises(SymmetryError, match=rf'{message}.*Set solver.symmetry = "{other}"'):
        TrionOperator(MPI.COMM_SELF, make(PROBLEM), "C6v")
    TrionOperator(MPI.COMM_SELF, make(PROBLEM), other)


def test_constant_phases_and_bases_of_orbitals_do_not_matter():
    random = np.random.default_rng(4)
    unitary = np.linalg.qr(random.normal(size=(5, 5)) + 1j * random.normal(size=(5, 5)))[0]
    disguised = Band(PROBLEM.resident.energy_k, unitary[:, :2] @ PROBLEM.resident.spinor_ck)
    assert broken(replace(PROBLEM, resident=disguised), "C6v") == []


def test_initial_momenta_are_equivalent_by_symmetries_that_hold_alone():
    problem = with_trigonal_warping()
    points, probability = boltzmann_points(problem, 300.0)
    orbit_k = problem.mesh.point_group("C3v")[0].min(axis=0)
    weight_k = np.bincount(orbit_k, np.exp(-problem.resident.energy_k / (8.617333e-5 * 300)), problem.mesh.size)
    assert probability == pytest.approx(weight_k[points] / weight_k[points].sum(), rel=1e-6)
    assert len(boltzmann_points(PROBLEM, 300.0)[0]) < len(points)


def test_light_of_the_other_helicity_keeps_equivalent_momenta():
    config = CONFIG.model_copy(update={"absorption": CONFIG.absorption.model_copy(update={"helicity": "opposite"})})
    problem = trion_problem(config, MATERIAL, exciton_of(config, MATERIAL), "singlet")
    assert broken(problem, "C6") and largest(problem) == "C6v"


def spectrum(problem, symmetry, kernel="gemm", angular_momentum=0):
    """Return all energies of a sector."""
    operator = TrionOperator(MPI.COMM_SELF, problem, symmetry, kernel, angular_momentum)
    return np.linalg.eigvalsh(np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T)


@pytest.mark.parametrize("species", ["singlet", "triplet"])
def test_an_anisotropic_interaction_leaves_the_rotation_by_180_degrees(species):
    config = Config(model="trion", material="MoS2", mesh={"N": 28, "k0": 0.08}, screening={"r0_y": 80.0})
    problem = trion_problem(config, MATERIAL, exciton_of(config, MATERIAL), species)
    assert [largest(problem), chosen(problem, "auto"), foreseen(config, MATERIAL)] == ["C2"] * 3
    whole = spectrum(problem, "none")
    for kernel in ("gemm", "fft"):
        even, odd = (spectrum(problem, "C2", kernel, momentum) for momentum in (0, 1))
        assert np.sort(np.concatenate([even, odd])) == pytest.approx(whole, abs=1e-10)
    with pytest.raises(SymmetryError, match=r'"C3".*the interaction.*= "C2"'):
        TrionOperator(MPI.COMM_SELF, problem, "C3")


def test_so_does_a_lattice_that_is_not_hexagonal():
    mesh = lattice_mesh(28, 0.1, lattice_of(np.array([[0.33, 0.0], [0.12, 0.4]])))
    bands = [Band(mesh.momentum_kx**2 @ masses, np.ones((1, mesh.size))) for masses in ([0.1, 0.3], [0.2, 0.05])]
    w_ij = interaction_grid(mesh, RytovaKeldysh(4.0, 1.0), "cell-average")
    problem = TrionProblem(mesh, bands[0], bands[0], bands[1], False, w_ij, np.ones(mesh.size))
    assert chosen(problem, "auto") == "C2"
    assert str(broken(problem, "C3")[0]).endswith("changes the lattice, which is not hexagonal")
    even, odd = (spectrum(problem, "C2", angular_momentum=momentum) for momentum in (0, 1))
    assert np.sort(np.concatenate([even, odd])) == pytest.approx(spectrum(problem, "none"), abs=1e-10)

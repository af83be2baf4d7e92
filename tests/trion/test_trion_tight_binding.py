"""Trions of a tight-binding valley: reference numbers, symmetry, kernels,
gauge, and the Hamiltonian element by element.
"""

import tomllib
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from mpi4py import MPI
from tight_binding_files import tb_text

from hpcx.exciton.problem import exciton_problem
from hpcx.exciton.tight_binding import load_model, load_valleys
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.physics.bands import Band, Carrier
from hpcx.physics.three_band import three_band_model
from hpcx.physics.tightbinding import TightBinding
from hpcx.trion import kernels
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.trion.solve import solve
from hpcx.trion.symmetry import chosen

MATERIAL = load_material("WSe2")
LIU = {"builtin": "liu2013:WSe2"}


def config_of(model=LIU, N=48, k0=0.1, **solver):
    solver = {"states": 1, **solver}
    return Config(
        model="trion",
        material="WSe2",
        mesh={"N": N, "k0": k0},
        bands={"model": "tight-binding"},
        tight_binding=model,
        solver=solver,
    )


def problem_of(config, species="singlet"):
    return trion_problem(config, MATERIAL, exciton_of(config, MATERIAL), species)


def energies_of(config):
    result = solve(MPI.COMM_SELF, config, MATERIAL, Run())
    return [float(result.value(f"{name}/energy")[0]) for name in ("exciton", "singlet", "triplet")]


def dense(operator):
    return np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T


def test_reference_energies_of_the_three_band_model():
    # specification of bands, section 9.2: exciton, intravalley and intervalley trion, in two independent ways
    assert energies_of(config_of()) == pytest.approx([-0.4158120, -0.4528738, -0.453222960], abs=6e-8)
    assert energies_of(config_of(N=80))[2] == pytest.approx(-0.457961814, abs=1e-9)
    config = config_of()
    dark = exciton_problem(config, MATERIAL)
    dark = replace(dark, electron=load_valleys(config.tight_binding).band(dark.mesh.momentum_kx, Carrier(-1, 1, True)))
    assert np.linalg.eigvalsh(dark.dense())[0] == pytest.approx(-0.4362229, abs=6e-8)


@pytest.mark.parametrize("species", ["singlet", "triplet"])
def test_energies_are_those_of_the_hamiltonian_element_by_element(species, monkeypatch):
    """Own diagonalisation of each spin at every point, whatever its phases; no following, no compression, no tables."""
    problem = problem_of(config_of(N=24, k0=0.085), species)
    mesh, number = problem.mesh, {}
    given = tomllib.loads((resources.files("hpcx.materials") / "models" / "liu2013.toml").read_text(encoding="utf-8"))[
        "WSe2"
    ]
    centre = np.array([4 * np.pi / 3 / (0.1 * given["a"]), 0.0])
    # the upper valence band of K has spin up; the second electron has spin down at K, or up at K'
    bands = [(1, 1, 1), (-1, 1, 1) if species == "singlet" else (1, -1, 1), (1, 1, 0)]
    states = []
    for spin, valley, band in bands:
        energy, state = three_band_model(0.1 * given["a"], given, given["lambda"], spin).bands(
            valley * centre + mesh.momentum_kx
        )
        states.append((energy[:, band] - energy[0, band], state[:, :, band]))
    for k in range(mesh.size):
        number |= {(k, p): len(number) + n for n, p in enumerate(p for p in range(mesh.size) if mesh.add(k, p) >= 0)}
    h = np.zeros((len(number),) * 2, complex)
    middle = problem.w_ij.shape[0] // 2

    def w(k, p):
        return problem.w_ij[tuple(middle + mesh.index_kx[k] - mesh.index_kx[p])]

    for (k1, k2), n in number.items():
        k3 = mesh.add(k1, k2)
        h[n, n] = states[0][0][k1] + states[1][0][k2] - states[2][0][k3]
        for (p1, p2), m in number.items():
            p3 = mesh.add(p1, p2)
            one, two, hole = (
                np.vdot(state[k], state[p]) for (_, state), k, p in zip(states, (k1, k2, k3), (p1, p2, p3), strict=True)
            )
            h[n, m] -= (w(k1, p1) * one * hole.conj() if k2 == p2 else 0) + (
                w(k2, p2) * two * hole.conj() if k1 == p1 else 0
            )
            h[n, m] += w(k1, p1) * one * two if k3 == p3 else 0
    whole = np.linalg.eigvalsh(h)
    assert (
        np.abs(np.linalg.eigvalsh(dense(TrionOperator(MPI.COMM_SELF, problem, "none", "gemm"))) - whole).max() < 1e-12
    )
    for pairs_from, kernel in ((np.inf, "gemm"), (0, "gemm"), (0, "fft")):
        monkeypatch.setattr(kernels, "_PAIRS_FROM", pairs_from)
        sector = np.linalg.eigvalsh(dense(TrionOperator(MPI.COMM_SELF, problem, "C3v", kernel)))
        assert np.abs(sector[:, None] - whole[None]).min(axis=1).max() < 1e-12


def test_no_symmetry_and_all_that_the_valley_has_give_the_same_energies_with_both_kernels():
    expected = energies_of(config_of(N=40, symmetry="none", kernel="gemm"))
    assert chosen(problem_of(config_of()), "auto") == "C3v"
    for symmetry, kernel in (("C3", "fft"), ("C3v", "gemm"), ("C3v", "fft"), ("auto", "auto")):
        assert energies_of(config_of(N=40, symmetry=symmetry, kernel=kernel)) == pytest.approx(expected, abs=1e-8)


def disguised(digits=None):
    """Return the three-band model in random orbitals of each spin, as a file with so many digits;
    orbitals of spin up and down alternate.
    """
    model, generator = load_model(config_of().tight_binding), np.random.default_rng(3)
    turn = np.zeros((6, 6), complex)
    for spin in (0, 3):
        turn[spin : spin + 3, spin : spin + 3] = np.linalg.qr(
            generator.normal(size=(3, 3)) + 1j * generator.normal(size=(3, 3))
        )[0]
    turn = turn[:, [0, 3, 1, 4, 2, 5]]
    hopping = turn.conj().T @ model.hopping_rij @ turn
    return TightBinding(
        model.lattice_vx, model.cell_rv, hopping if digits is None else np.round(hopping, digits), model.centre_ix
    )


def test_other_orbitals_and_a_file_of_few_digits(tmp_path):
    path, expected = tmp_path / "mine_tb.dat", energies_of(config_of())
    mine = {"file": str(path), "occupied": 2, "spin": "interlaced"}
    path.write_text(tb_text(disguised()))
    assert energies_of(config_of(mine)) == pytest.approx(expected, abs=1e-9)
    path.write_text(tb_text(disguised(digits=4)))
    rough = energies_of(config_of(mine, symmetry="none"))
    assert rough == pytest.approx(expected, abs=1e-3) and rough != pytest.approx(expected, abs=1e-7)
    assert energies_of(config_of(mine, symmetry="C3v")) == pytest.approx(rough, abs=1e-8)
    assert energies_of(config_of(mine | {"symmetry_tolerance": 0.0}, symmetry="none")) != pytest.approx(rough, abs=1e-8)


def test_phases_and_numbers_of_components_do_not_matter():
    problem, generator = problem_of(config_of(N=24, k0=0.085)), np.random.default_rng(4)

    def turned(band, components):
        isometry = np.linalg.qr(generator.normal(size=(components, 3)) + 1j * generator.normal(size=(components, 3)))[0]
        return Band(band.energy_k, isometry @ band.spinor_ck * np.exp(2j * np.pi * generator.random(problem.mesh.size)))

    hidden = replace(
        problem,
        photoexcited=turned(problem.photoexcited, 4),
        resident=turned(problem.resident, 3),
        opposite=turned(problem.opposite, 5),
    )
    operators = [
        TrionOperator(MPI.COMM_SELF, *choice)
        for choice in ((problem, "none", "gemm"), (hidden, "none", "gemm"), (hidden, "none", "fft"))
    ]
    spectra = [np.linalg.eigvalsh(dense(operator)) for operator in operators]
    assert np.abs(spectra[1] - spectra[0]).max() < 1e-12 and np.abs(spectra[2] - spectra[0]).max() < 1e-12

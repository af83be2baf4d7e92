"""Exact properties of the products: Hermitian, symmetric, the same for all kernels."""

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.materials.loader import load_material
from hpcx.physics.bands import Band
from hpcx.trion import kernels
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, moving_problem, trion_problem

SPECIES = [("MoS2", "singlet"), ("MoS2", "triplet"), ("WSe2", "singlet"), ("WSe2", "triplet")]


def problem_of(material, species, N=40, k0=0.1, w0="cell-average"):
    config = Config(model="trion", material=material, mesh={"N": N, "k0": k0}, screening={"w0": w0})
    data = load_material(material)
    return trion_problem(config, data, exciton_of(config, data), species)


def operator_of(problem, symmetry="none", kernel="gemm"):
    return TrionOperator(MPI.COMM_SELF, problem, symmetry, kernel)


def random_vector(operator, seed=0):
    return np.random.default_rng(seed).normal(size=(operator.rows, 2)) @ [1, 1j]


@pytest.mark.parametrize(("material", "species"), SPECIES)
@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
@pytest.mark.parametrize("kernel", ["gemm", "fft"])
def test_products_are_hermitian_and_linear(material, species, symmetry, kernel):
    operator = operator_of(problem_of(material, species), symmetry, kernel)
    x, y = random_vector(operator, 1), random_vector(operator, 2)
    hx, hy = operator.apply(x), operator.apply(y)
    scale = np.linalg.norm(hx) * np.linalg.norm(y)
    assert abs(np.vdot(y, hx) - np.vdot(hy, x)) < 1e-12 * scale
    assert np.abs(operator.apply(x + 1j * y) - hx - 1j * hy).max() < 1e-12 * np.abs(hx).max()


@pytest.mark.parametrize(("material", "species"), SPECIES)
@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
@pytest.mark.parametrize(("N", "k0"), [(40, 0.1), (56, 0.11)])
def test_kernels_agree(material, species, symmetry, N, k0, monkeypatch):
    monkeypatch.setattr(kernels, "_PAIRS_FROM", 0)
    problem = problem_of(material, species, N, k0)
    gemm, fft, *single = (
        operator_of(problem, symmetry, kernel) for kernel in ("gemm", "fft", "gemm-single", "fft-single")
    )
    x = random_vector(gemm)
    expected = gemm.apply(x)
    assert np.abs(fft.apply(x) - expected).max() < 1e-13 * np.abs(expected).max()
    for operator in single:
        assert 1e-9 < np.abs(operator.apply(x) - expected).max() / np.abs(expected).max() < 1e-5
        operator.in_double_precision()
        assert np.abs(operator.apply(x) - expected).max() < 1e-13 * np.abs(expected).max()


@pytest.mark.parametrize("species", ["singlet", "triplet"])
@pytest.mark.parametrize("point", [1, 20, 60])
def test_kernels_agree_for_a_charge_that_moves(species, point):
    problem = moving_problem(problem_of("MoS2", species, 48), point)
    gemm, fft = (operator_of(problem, "none", kernel) for kernel in ("gemm", "fft"))
    x = random_vector(gemm)
    expected = gemm.apply(x)
    assert np.abs(fft.apply(x) - expected).max() < 1e-13 * np.abs(expected).max()


def on_all_pairs(operator, x):
    """Return amplitudes over keys of all pairs."""
    table = np.zeros(operator.problem.mesh.size**2, complex)
    k1, k2 = operator.group.pairs_of_columns(np.arange(operator.problem.mesh.size))
    table[operator.group.key(k1, k2)] = operator.amplitudes(x, k1, k2)
    return table


@pytest.mark.parametrize(("material", "species"), SPECIES)
@pytest.mark.parametrize("kernel", ["gemm", "fft"])
def test_hamiltonian_commutes_with_every_operation(material, species, kernel):
    operator = operator_of(problem_of(material, species), kernel=kernel)
    group, sector = operator.group, operator.sector
    x = random_vector(operator)
    before, after = on_all_pairs(operator, x), on_all_pairs(operator, operator.apply(x))
    for move, conjugates in zip(*operator.problem.mesh.point_group("C6v"), strict=True):
        key = group.key(move[sector.k1], move[sector.k2])
        turned = [values[key].conj() if conjugates else values[key] for values in (before, after)]
        product = operator.apply(sector.pack(turned[0]))
        assert np.abs(product - sector.pack(turned[1])).max() < 1e-12


def test_hamiltonian_commutes_with_the_exchange_of_equal_carriers():
    operator = operator_of(replace(problem_of("MoS2", "triplet"), identical=False))
    group, sector = operator.group, operator.sector
    x = random_vector(operator)
    before, after = on_all_pairs(operator, x), on_all_pairs(operator, operator.apply(x))
    exchanged = group.key(sector.k2, sector.k1)
    assert np.abs(operator.apply(sector.pack(before[exchanged])) - sector.pack(after[exchanged])).max() < 1e-12


@pytest.mark.parametrize(("material", "species"), SPECIES)
@pytest.mark.parametrize("symmetry", ["C6", "C6v"])
def test_sector_products_are_products_of_symmetric_states(material, species, symmetry):
    problem = problem_of(material, species)
    whole, reduced = operator_of(problem), operator_of(problem, symmetry)
    x = random_vector(reduced)
    x = x.real + 0j if reduced.sector.real else x
    state, product = on_all_pairs(reduced, x), on_all_pairs(reduced, reduced.apply(x))
    expected = whole.apply(whole.sector.pack(state[whole.sector.key]))
    assert np.abs(whole.sector.pack(product[whole.sector.key]) - expected).max() < 1e-12


@pytest.mark.parametrize(("species", "expected"), [("singlet", 17.70621753), ("triplet", 16.70621753)])
@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
def test_sum_rule(species, expected, symmetry):
    problem = problem_of("MoS2", species, 40, 0.075)
    operator = operator_of(problem, symmetry)
    created = operator.sector.pack(problem.created(operator.sector.k1, operator.sector.k2).astype(complex))
    matrix = np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T
    weight = np.abs(np.linalg.eigh(matrix)[1].conj().T @ created) ** 2
    assert weight.sum() == pytest.approx(expected, abs=1e-8)
    assert np.vdot(created, created).real == pytest.approx(expected, abs=1e-8)


def test_choice_of_w0_shifts_every_energy_alike():
    spectra, w0 = [], []
    for choice in ("zero", "cell-average", "qmin"):
        problem = problem_of("WS2", "singlet", 40, 0.075, choice)
        operator = operator_of(problem)
        spectra.append(
            np.linalg.eigvalsh(np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T)
        )
        w0.append(problem.w_ij[(problem.w_ij.shape[0] // 2,) * 2])
    for spectrum, shift in zip(spectra, w0, strict=True):
        assert np.abs(spectrum + shift - spectra[0]).max() < 1e-12


@pytest.mark.parametrize("kernel", ["gemm", "fft"])
def test_without_interaction_the_spectrum_is_the_free_continuum(kernel):
    problem = problem_of("MoS2", "singlet", 40, 0.075)
    operator = operator_of(replace(problem, w_ij=0 * problem.w_ij), kernel=kernel)
    x = random_vector(operator)
    kinetic = problem.kinetic(operator.sector.k1, operator.sector.k2)
    assert np.array_equal(operator.apply(x), operator.sector.pack(kinetic * operator.sector.amplitudes(x)))
    created = problem.created(operator.sector.k1, operator.sector.k2)
    lit = created != 0
    assert np.array_equal(operator.sector.k2[lit], np.zeros(problem.mesh.size))
    assert np.allclose(created[lit], problem.dipole_k[operator.sector.k1[lit]])


@pytest.mark.parametrize("kernel", ["gemm", "fft"])
def test_bands_without_spinors(kernel):
    problem = problem_of("MoS2", "singlet", 40, 0.075)
    flat, dressed = np.ones((1, problem.mesh.size), complex), np.zeros((2, problem.mesh.size), complex)
    dressed[0] = 1
    scalar, vector = (
        replace(
            problem,
            **{
                name: Band(getattr(problem, name).energy_k, spinor) for name in ("photoexcited", "resident", "opposite")
            },
        )
        for spinor in (flat, dressed)
    )
    one, two = operator_of(scalar, "C6v", kernel), operator_of(vector, "C6v", "gemm")
    x = random_vector(one)
    assert np.abs(one.apply(x) - two.apply(x)).max() < 1e-13

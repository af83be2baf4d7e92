"""Absorption spectra of trions: against full diagonalisation, sum rules, symmetry, temperature, interruptions."""

import numpy as np
import pytest
from pydantic import ValidationError
from trion_spectra import COMM, config_of, exact_sticks, matrix_of, prepare, spectrum_of, true_error

from hpcx.exciton.absorption import relative_grid
from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.physics.spectra import lorentzian_spectrum
from hpcx.trion.contact import ContactOperator, strength_for_shift
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import moving_problem
from hpcx.trion.solve import solve
from hpcx.trion.thermal import boltzmann_points


def random_cases():
    rng = np.random.default_rng(2019)
    materials, species = ["MoS2", "MoSe2", "WS2", "WSe2"], ["singlet", "triplet"]
    names = [(str(rng.choice(materials)), str(rng.choice(species))) for _ in range(20)]
    sizes, broadenings, accuracies = (
        rng.integers(24, 49, 20),
        rng.uniform(1e-3, 8e-3, 20),
        10 ** rng.uniform(-5, -1, 20),
    )
    return [
        (*name, int(N), float(b), float(a)) for name, N, b, a in zip(names, sizes, broadenings, accuracies, strict=True)
    ]


def test_error_estimate_is_honest():
    honest = 0
    for material, species, N, broadening, accuracy in random_cases():
        config = config_of(material, N, absorption={"enabled": True, "broadening": broadening, "accuracy": accuracy})
        spectrum, error = true_error(config, species)
        assert spectrum.error_estimate <= accuracy + 1e-11
        honest += error <= 2 * spectrum.error_estimate
    assert honest >= 19


def test_spectrum_of_the_default_accuracy_equals_full_diagonalisation_to_a_thousandth():
    assert true_error(config_of(), "singlet")[1] < 1e-3
    assert true_error(config_of(solver={"symmetry": "none", "states": 1}), "singlet")[1] < 1e-3


@pytest.mark.parametrize(("species", "expected"), [("singlet", 17.70621753), ("triplet", 16.70621753)])
def test_sum_rule(species, expected):
    spectrum = spectrum_of(config_of(k0=0.075), species)
    assert spectrum.sum_rule == pytest.approx(expected, abs=1e-8)
    assert spectrum.stick_weight.sum() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("material", ["MoS2", "WSe2"])
def test_other_helicity_without_symmetry(material):
    light = {"enabled": True, "helicity": "opposite", "accuracy": 1e-6}
    config = config_of(material, 40, 0.075, absorption=light, solver={"symmetry": "none", "states": 1})
    spectrum, error = true_error(config, "singlet")
    assert error < 1e-6
    operator, _ = prepare(config, "singlet")
    k = operator.problem.mesh.momentum_kx
    data = load_material(material)
    gap = data.number("carriers.gap", "eV") - data.number("carriers.valence_splitting", "eV") / 2
    velocity = data.number("carriers.hopping", "eV") * data.number("lattice.constant", "nm")
    theta_k = np.arctan2(velocity * np.hypot(*k.T), gap / 2)
    assert spectrum.sum_rule == pytest.approx((np.sin(theta_k / 2) ** 4).sum(), rel=1e-10)


@pytest.mark.parametrize("symmetry", ["C6", "C6v"])
def test_other_helicity_is_refused_with_symmetry(symmetry):
    with pytest.raises(ValidationError, match='set solver.symmetry = "none"'):
        config_of(absorption={"helicity": "opposite"}, solver={"symmetry": symmetry})


def test_other_helicity_is_refused_without_overlaps():
    with pytest.raises(ValidationError, match="no transitions"):
        config_of(absorption={"helicity": "opposite"}, solver={"symmetry": "none"}, bands={"model": "parabolic"})


def test_symmetries_give_one_spectrum():
    settings = {"enabled": True, "accuracy": 1e-10}
    spectra = [
        spectrum_of(config_of("WS2", 40, 0.075, absorption=settings, solver={"symmetry": name, "states": 1}), "triplet")
        for name in ("none", "C6", "C6v")
    ]
    for spectrum in spectra[1:]:
        np.testing.assert_allclose(spectrum.absorption_w, spectra[0].absorption_w, rtol=1e-7)


def oracle_matrix(problem):
    """Return the Hamiltonian of a charge that was at Q, over pairs with k1,
    k2, k1 + k2 - Q on the mesh, and the pairs.
    """
    index = problem.mesh.index_kx
    number = {tuple(k): n for n, k in enumerate(index)}
    pairs = [(a, b) for a in range(len(index)) for b in range(len(index))]
    third = {pair: number.get(tuple(index[pair[0]] + index[pair[1]] - index[problem.initial])) for pair in pairs}
    k1, k2, k3 = np.array([(*pair, c) for pair, c in third.items() if c is not None]).T
    middle = problem.w_ij.shape[0] // 2
    w = lambda k: problem.w_ij[tuple((index[k][:, None] - index[k][None]).transpose(2, 0, 1) + middle)]
    overlap = lambda band, k: band.spinor_ck[:, k].conj().T @ band.spinor_ck[:, k]
    first, second, hole = (
        overlap(problem.photoexcited, k1),
        overlap(problem.resident, k2),
        overlap(problem.opposite, k3).conj(),
    )
    matrix = np.diag(
        problem.photoexcited.energy_k[k1] + problem.resident.energy_k[k2] + problem.opposite.energy_k[k3]
    ).astype(complex)
    matrix -= (k2[:, None] == k2) * w(k1) * first * hole
    matrix -= (k1[:, None] == k1) * w(k2) * second * hole
    return matrix + (k3[:, None] == k3) * w(k1) * first * second, k1, k2


@pytest.mark.parametrize("point", [1, 5, 18])
@pytest.mark.parametrize("kernel", ["gemm", "fft"])
def test_charge_off_the_minimum_has_the_right_hamiltonian(point, kernel):
    operator, _ = prepare(config_of("WSe2", 40, 0.075), "singlet")
    problem = moving_problem(operator.problem, point)
    matrix, k1, k2 = oracle_matrix(problem)
    moving = TrionOperator(COMM, problem, "none", kernel)
    energy, weight = exact_sticks(moving)
    expected, vectors = np.linalg.eigh(matrix)
    created = problem.dipole_k[k1] * (k2 == point)
    np.testing.assert_allclose(energy, expected, atol=1e-13)
    grid = np.linspace(expected[0], expected[-1], 200)
    expected_weight = np.abs(vectors.conj().T @ created) ** 2
    np.testing.assert_allclose(
        lorentzian_spectrum(grid, energy, weight, 0.004),
        lorentzian_spectrum(grid, expected, expected_weight, 0.004),
        rtol=1e-9,
    )


def test_low_temperature_is_zero_temperature():
    zero = spectrum_of(config_of(k0=0.075), "singlet")
    cold = spectrum_of(config_of(k0=0.075, trion={"temperature": "5 K"}), "singlet")
    np.testing.assert_array_equal(cold.absorption_w, zero.absorption_w)


def test_thermal_average_is_the_sum_over_all_points_of_the_mesh():
    config = config_of(
        "MoS2", 40, 0.075, trion={"temperature": "150 K"}, absorption={"enabled": True, "accuracy": 1e-6}
    )
    spectrum = spectrum_of(config, "singlet")
    operator, exciton_energy = prepare(config, "singlet")
    energy_k = operator.problem.resident.energy_k
    factor_k = np.exp(-energy_k / (8.617333262e-5 * 150))
    photon_energy, total_w = exciton_energy + relative_grid(config.absorption), 0
    for point in np.flatnonzero(factor_k > 1e-7 * factor_k.sum()):
        sticks = exact_sticks(TrionOperator(COMM, moving_problem(operator.problem, int(point)), "none"))
        total_w = total_w + factor_k[point] / factor_k.sum() * lorentzian_spectrum(
            photon_energy + energy_k[point], *sticks, 4e-3
        )
    assert np.abs(spectrum.absorption_w - total_w).max() < 5e-5 * total_w.max()
    assert len(boltzmann_points(operator.problem, 150.0)[0]) > 2


@pytest.mark.parametrize("temperature", [0.0, 100.0])
def test_positive_trion_of_equal_masses_is_the_negative_one(temperature):
    settings = {"enabled": True, "accuracy": 1e-10}
    negative, positive = (
        spectrum_of(
            config_of("MoS2", 40, 0.075, absorption=settings, trion={"charge": e, "temperature": temperature}),
            "singlet",
        )
        for e in (-1, 1)
    )
    np.testing.assert_allclose(positive.absorption_w, negative.absorption_w, rtol=1e-7)


def contact_matrix(operator, k1, k2):
    """Return V / J over pairs: 1 / (N^2 A) between pairs of the same k1."""
    mesh = operator.problem.mesh
    return (k1[:, None] == k1) / (mesh.divisions**2 * mesh.cell_area)


@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
def test_contact_interaction(symmetry):
    operator, _ = prepare(config_of("WSe2", 40, 0.075, solver={"symmetry": symmetry, "states": 1}), "triplet")
    matrix, k1, k2 = oracle_matrix(operator.problem)
    expected = np.linalg.eigvalsh(matrix + 8.0 * contact_matrix(operator, k1, k2))
    contact = matrix_of(ContactOperator(operator, 8.0))
    np.testing.assert_allclose(contact, contact.conj().T, atol=1e-14)
    energy = np.linalg.eigvalsh(contact.real if operator.sector.real else contact)
    assert energy[0] == pytest.approx(expected[0], abs=1e-12)
    assert all(np.abs(expected - value).min() < 1e-11 for value in energy)


def test_contact_strength_gives_the_asked_shift():
    operator, _ = prepare(config_of("WSe2", 60), "triplet")
    before, vectors = np.linalg.eigh(matrix_of(operator).real)
    strength = strength_for_shift(operator, before[0], vectors[:, 0].astype(complex), 7e-3, 1e-9)
    after = np.linalg.eigvalsh(matrix_of(ContactOperator(operator, strength)).real)
    assert after[0] - before[0] == pytest.approx(7e-3, abs=2e-7)


def test_maps_show_the_states_under_the_peaks():
    options = {"absorption": {"enabled": True, "maps": ["-26 meV"]}, "trion": {"species": ["singlet"]}}
    result = solve(COMM, config_of("MoS2", 60, **options), load_material("MoS2"), Run())
    shown, state = result.value("singlet/absorption/map")[0], result.value("singlet/wavefunction")[0]
    np.testing.assert_allclose(shown, state, atol=2e-3 * np.abs(state).max())

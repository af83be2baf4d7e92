"""Matrix elements: bleaching cross-sections, the 1s Hartree-Fock shift by two ways,
the biexciton, pulses, the substrate.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid

from hpcx import units
from hpcx.formation.config import Pump
from hpcx.formation.gaussians import GaussianSum, Transfer, Vectors, exchange_overlap, fit_gaussians, transfer_overlap
from hpcx.formation.linear import susceptibility
from hpcx.formation.matrix_elements import hartree_fock_1s, plane_wave_bleaching, printed_bleaching
from hpcx.formation.optics import JONES, Pulse, peak_amplitude
from hpcx.formation.third_order import polarization_factors
from hpcx.formation.two_exciton import PairMedium, solve_two_excitons
from hpcx.physics.constants import HBAR, HBAR2_PER_M0, HBAR_C_EV_NM, SPEED_OF_LIGHT_NM_PER_FS
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_radial import RadialGrid, solve_wannier

#: energies above the gap, eV, and published cross-sections of unbound states, nm
ABOVE_GAP = (0.02, 0.06, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
PRINTED = (3.58, 2.79, 2.23, 1.38, 0.93, 0.50, 0.25, 0.125)
PLANE_WAVE = (4.04, 3.14, 2.50, 1.53, 1.02, 0.535, 0.262, 0.131)


@pytest.fixture(scope="module")
def states():
    return solve_wannier(
        RadialGrid.uniform_with_tail(110, 3.2, 40, 30.0), 0.46 * 0.54, RytovaKeldysh(4.14, 2.121)
    ).up_to(1.45)


@pytest.fixture(scope="module")
def pairs(states):
    medium = PairMedium(0.46, 0.54, RytovaKeldysh(4.14, 2.121))
    return {equal: solve_two_excitons(states, medium, equal) for equal in (True, False)}


def test_bleaching_cross_sections(states):
    printed_s, plane_s = printed_bleaching(states)[0], plane_wave_bleaching(states)[0]
    unbound = states.energy_l > 0
    assert printed_s[:5] == pytest.approx((2.83, 3.57, 3.85, 4.05, 4.19), rel=0.01)
    assert np.interp(ABOVE_GAP, states.energy_l, printed_s) == pytest.approx(PRINTED, rel=0.01)
    assert np.interp(ABOVE_GAP, states.energy_l[unbound], plane_s[unbound]) == pytest.approx(PLANE_WAVE, rel=0.01)


def test_exchange_of_two_1s_excitons_by_two_ways(states, pairs):
    assert hartree_fock_1s(states) == pytest.approx(0.802, abs=0.001)
    assert pairs[True].exchange_energy == pytest.approx(0.797, abs=0.001)
    assert pairs[True].exchange_energy == pytest.approx(hartree_fock_1s(states), rel=0.01)


def test_biexciton_is_bound_by_9_mev_and_nothing_is_dropped(pairs):
    assert 1e3 * pairs[True].binding.energy_n[0] == pytest.approx(-9.0, abs=0.1)
    assert pairs[True].antibinding.smallest_overlap == pytest.approx(0.022, abs=5e-4)
    assert pairs[True].antibinding.dropped == 0


def test_unequal_masses_change_the_biexciton_little(pairs):
    assert pairs[False].binding.energy_n[0] == pytest.approx(pairs[True].binding.energy_n[0], rel=0.02)
    assert pairs[False].binding.energy_n[0] != pairs[True].binding.energy_n[0]


def test_a_single_gaussian_makes_one_combination_forbidden(states, monkeypatch):
    from hpcx.formation import two_exciton

    exponent = 0.6
    one = GaussianSum(np.array([np.sqrt(8 * np.pi * exponent)]), np.array([exponent]))
    monkeypatch.setattr(two_exciton, "fit_gaussians", lambda states: one)
    solved = solve_two_excitons(states, PairMedium(0.46, 0.54, RytovaKeldysh(4.14, 2.121)), equal_masses=True)
    assert solved.antibinding.smallest_overlap == pytest.approx(0.0, abs=1e-6)
    assert solved.antibinding.dropped == 1


def test_peak_field_of_the_pump():
    pump = Pump(photon_energy=2.4, fluence=5.0, duration=20.0)
    assert peak_amplitude(pump.internal.fluence, 20.0) / np.sqrt(2) == pytest.approx(0.0149, abs=5e-5)


def test_fluence_is_the_energy_of_the_field():
    """The mean of epsilon_0 c E^2 over periods of the light, in SI units of another program."""
    unit, peak = units.registry(), peak_amplitude(Pump(photon_energy=2.4, fluence=5.0).internal.fluence, 20.0)
    time_t = np.linspace(-60.0, 60.0, 60001)
    field_t = 2 * peak * np.exp(-2 * np.log(2) * (time_t / 20) ** 2) * np.cos(2.4 / HBAR * time_t)
    square = trapezoid(field_t**2, time_t) * unit("V^2/nm^2*fs")
    fluence = (unit("vacuum_permittivity * speed_of_light") * square).to("uJ/cm^2").magnitude
    assert fluence == pytest.approx(5.0, rel=5e-8)  # e^2 / (4 pi epsilon_0) is rounded by 4e-8


def test_spectrum_is_the_transform_of_the_envelope():
    pulse = Pulse(2.0, 20.0, 0.5)
    time_t = np.linspace(-100, 100, 4001)
    energy = 2.03
    turn_t = np.exp(1j * (energy - 2.0) / 0.6582119569 * time_t)
    transform = np.sum(pulse.envelope(time_t) * turn_t).real * (time_t[1] - time_t[0])
    assert pulse.spectrum(energy) == pytest.approx(transform, rel=1e-9)


@pytest.mark.parametrize(
    ("energy", "reflection", "rounding"),
    [(1.88, -0.01 - 0.41j, 0.01), (2.03, 0.24 - 0.21j, 0.01), (2.29, 0.16 + 0.35j, 0.01), (2.75, -0.62 + 0.15j, 0.01)],
)
def test_reflection_of_the_oxide_covered_crystal(make_problem, make_config, energy, reflection, rounding):
    problem = make_problem(make_config(2.48, {"substrate": True, "biexciton": False}))
    assert abs(problem.radiation.reflection(energy) - reflection) < rounding


@pytest.mark.parametrize("energy", [2.24, 2.75, 3.2])
def test_reflection_by_resonances_in_the_spectra_of_the_pulses(make_problem, make_config, energy):
    radiation = make_problem(make_config(2.48, {"substrate": True, "biexciton": False})).radiation
    pulses = Pulse(energy, 20.0, 0.01), Pulse(1.955, 15.0, 1e-5)
    surface = radiation.surface(pulses)
    for pulse in pulses:
        energy_w = pulse.photon_energy + np.linspace(-1, 1, 41) * pulse.half_width(0.1)
        found_w = surface.direct + (surface.residue_p / (energy_w[:, None] - surface.pole_p)).sum(axis=1)
        assert np.abs(found_w - 1 - radiation.reflection(energy_w)).max() < 2e-3
    assert 0 < surface.misfit < 4e-4


def test_resonances_of_the_oxide_decay_by_its_two_reflections_per_round_trip(make_problem, make_config):
    stack = make_problem(make_config(2.48, {"substrate": True, "biexciton": False})).radiation.stack
    pole_p = stack.resonances(2.2, 4)
    index, crystal = stack.oxide_index, np.interp(2.2, stack.energy_e, stack.crystal_e)
    per_trip = abs((1 - index) / (1 + index) * (index - crystal) / (index + crystal))
    round_trip = 2 * index * stack.oxide_thickness / SPEED_OF_LIGHT_NM_PER_FS
    assert np.exp(pole_p.imag * round_trip / HBAR) == pytest.approx(per_trip)
    assert np.diff(np.sort(pole_p.real)) == pytest.approx(2 * np.pi * HBAR / round_trip)
    assert np.abs(pole_p.real - 2.2).min() < np.pi * HBAR / round_trip


def test_no_resonances_without_dispersion(make_problem, make_config):
    pulses = Pulse(2.48, 20.0, 0.01), Pulse(1.955, 15.0, 1e-5)
    for approximation, direct in (({}, 1.0), ({"substrate": True, "radiation": "frozen"}, None)):
        radiation = make_problem(make_config(2.48, {**approximation, "biexciton": False})).radiation
        surface = radiation.surface(pulses)
        assert surface.pole_p.size == surface.residue_p.size == 0
        assert surface.direct == (1 + radiation.reflection(1.955) if direct is None else direct)


def test_a_background_is_a_thin_layer_on_the_stack(make_problem, make_config):
    """The Fresnel reflection of a layer of permittivity 1 + L / d, whose thickness d goes to zero."""
    energy_w, thickness = np.linspace(1.7, 2.9, 7), 1e-4
    for stack in (False, True):
        bare, layer = (
            make_problem(make_config(2.48, {"substrate": stack, "background": length, "biexciton": False})).radiation
            for length in ("0 nm", "8 nm")
        )
        index = np.sqrt(1 + 8 / thickness)
        front = (1 - index) / (1 + index)
        below_w = bare.reflection(energy_w)  # of what lies below an infinitely thin gap of vacuum
        inside_w = (-front + below_w) / (1 - front * below_w)
        trip_w = np.exp(2j * index * energy_w * thickness / HBAR_C_EV_NM)
        expected_w = (front + inside_w * trip_w) / (1 + front * inside_w * trip_w)
        assert np.abs(layer.reflection(energy_w) - expected_w).max() < 1e-4
        assert (
            np.abs(layer.reflection(energy_w) - below_w).min()
            > 80 * np.abs(layer.reflection(energy_w) - expected_w).max()
        )


def test_scattered_energies_average_the_susceptibility(make_problem, make_config):
    one, scattered = (
        make_problem(make_config(2.48, {"biexciton": False}, dephasing={"inhomogeneous": width}))
        for width in ("0 meV", "20 meV")
    )
    energy_w = np.array([1.8, 1.88, 1.95, 2.03, 2.3])
    shift, step = np.linspace(-0.2, 0.2, 801, retstep=True)
    density = np.exp(-0.5 * (shift / 0.02) ** 2) * step / (0.02 * np.sqrt(2 * np.pi))
    expected_w = susceptibility(one, energy_w[:, None] - shift) @ density
    assert susceptibility(scattered, energy_w) == pytest.approx(expected_w, rel=1e-9)


def test_polarization_vectors_and_factors():
    for one in JONES.values():
        assert np.linalg.norm(one) == pytest.approx(1.0)
    assert np.vdot(JONES["x"], JONES["y"]) == pytest.approx(0.0)
    assert polarization_factors("x", "x") == pytest.approx((0.5, 0.5, 0.5))
    assert polarization_factors("x", "y") == pytest.approx((0.5, -0.5, 0.5))
    assert polarization_factors("sigma+", "sigma+") == pytest.approx((1.0, 0.0, 0.0))
    assert polarization_factors("sigma+", "sigma-") == pytest.approx((0.0, 0.0, 1.0))


def test_four_fold_overlap_against_a_sum_over_momenta(states):
    gaussians = fit_gaussians(states)
    a, b = np.array([0.7, -0.3]), np.array([-0.2, 0.9])
    step = 0.05
    axis = np.arange(-8, 8, step)
    k = np.stack(np.meshgrid(axis, axis), axis=-1)

    def phi(q: np.ndarray) -> np.ndarray:
        square = np.sum(q**2, axis=-1)
        return np.exp(-square[..., None] * gaussians.exponent_g) @ gaussians.amplitude_g

    def total(a: np.ndarray, b: np.ndarray, weight: np.ndarray | float = 1.0) -> float:
        product = phi(k - a / 2) * phi(k + a / 2) * phi(k - b / 2) * phi(k + b / 2)
        return float(np.sum(weight * product) * (step / (2 * np.pi)) ** 2)

    unit = 0.5 * HBAR2_PER_M0 / states.reduced_mass
    kinetic = sum(0.5 * unit * np.sum((k + shift) ** 2, axis=-1) for shift in (a / 2, -a / 2, b / 2, -b / 2)) + 0.3
    vectors = Vectors(a @ a, b @ b, a @ b)
    overlap, weighted = exchange_overlap(gaussians, vectors, states.reduced_mass, 0.3)
    assert float(overlap) == pytest.approx(total(a, b), rel=1e-9)
    assert float(weighted) == pytest.approx(total(a, b, kinetic), rel=1e-9)

    angle = 2 * np.pi * (np.arange(24) + 0.5) / 24
    for sign in (1, -1):
        mean = np.mean([total(a - q, b - sign * q) for q in 0.8 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)])
        found = transfer_overlap(gaussians, vectors, Transfer(np.array([0.8]), np.array([1.0])), sign)
        assert float(found) == pytest.approx(mean, rel=1e-8)


@pytest.mark.parametrize("imbalance", [0.0, 0.08, 0.4])
def test_kinetic_energy_is_the_same_before_and_after_the_exchange(imbalance):
    """E_Q + T(k1) + T(k2) = E_Q' + T(k1') + T(k2') pointwise, which makes the exchange kernel symmetric."""
    random = np.random.default_rng(0)
    electron, hole = 0.5 * (1 - imbalance), 0.5 * (1 + imbalance)
    mu = electron * hole
    after, before, k = random.standard_normal((3, 2))
    a, b = after - imbalance * before, before - imbalance * after
    relative = [0.5 / mu * sum((k + s * v / 2) @ (k + s * v / 2) for s in (1, -1)) for v in (a, b)]
    # the pair momenta k -+ a/2 belong to the excitons with momenta +-Q, k -+ b/2 to those with +-Q'
    assert before @ before + relative[0] == pytest.approx(after @ after + relative[1])

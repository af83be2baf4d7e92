"""What the temperature does: laws of the widths, detailed balance of the cascade,
thermal momenta of formed excitons, limits.
"""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI
from scipy.constants import physical_constants
from test_formation_cascade import arrival

from hpcx.formation.cascade import generator
from hpcx.formation.config import Config
from hpcx.formation.problem import relaxation_rates
from hpcx.formation.refusals import refusals
from hpcx.formation.solve import solve
from hpcx.formation.thermal import Phonons, half_widths, thermal_bleaching
from hpcx.formation.third_order import solve_adjoint
from hpcx.formation.two_exciton import PairMedium
from hpcx.parallel.run import Run
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.phonons import occupation
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_radial import RadialGrid, WannierStates

KELVIN = physical_constants["Boltzmann constant in eV/K"][0]


@pytest.fixture(scope="module")
def manifold(make_config, make_problem):
    """Return a function of the temperature and the nodes: the A manifold."""
    return lambda temperature, points=55: make_problem(
        make_config(2.5, temperature=temperature, momentum={"points": points})
    ).manifolds[0]


def widths(material, temperature, **parameters) -> np.ndarray:
    """Return the half widths (meV) of 1s and of unbound states, with numbers of the material replaced."""
    names = {
        "acoustic": "optics.dephasing_acoustic",
        "optical": "optics.dephasing_optical",
        "optical_energy": "phonons.optical.energy",
    }
    changed = material.with_parameters({names[name]: value for name, value in parameters.items()})
    found = half_widths(
        Config(
            model="formation",
            material="MoS2",
            pump={"photon_energy": 2.5},
            temperature=None if temperature is None else float(temperature),
        ),
        changed,
    )
    return 1e3 * np.array([found.s1, found.continuum])


def test_without_temperature_and_where_they_were_measured_widths_are_those_of_the_paper(material):
    assert widths(material, None) == pytest.approx([30, 50], rel=1e-15)
    assert widths(material, 300) == pytest.approx([30, 50], rel=1e-15)


def test_signals_without_temperature_are_what_they_were_before_there_was_one(make_config, third_order):
    found = third_order(
        make_config(2.48, {"grating": True}, momentum={"points": 55}), np.array([0.0, 20.0, 100.0])
    ).change_rcd[:, 0]
    before_rd = [
        [2.794041931453e-4, 1.139877440215e-3, 1.063749129037e-3],
        [2.768273498598e-4, 9.489904472171e-4, 8.833990859108e-4],
    ]
    assert found == pytest.approx(np.array(before_rd), rel=1e-8)


def test_acoustic_phonons_widen_linearly_and_alike(material):
    temperature = np.array([0, 7, 80, 300, 600])
    found = np.array([widths(material, kelvin, optical=0) for kelvin in temperature])
    assert found - found[0] == pytest.approx(np.outer(0.035 * temperature, [1, 1]), rel=1e-12)


def test_optical_phonons_widen_as_bose_says_twice_where_they_are_emitted_too(material):
    temperature = np.array([0.1, 77, 300, 600])
    found = np.array([widths(material, kelvin, acoustic=0) for kelvin in temperature]) - widths(material, 0, acoustic=0)
    bose = 1 / np.expm1(0.048 / (KELVIN * temperature[1:]))
    assert found[0] == pytest.approx(0, abs=1e-12)
    assert found[1:] == pytest.approx(np.outer(9 * bose, [1, 2]), rel=1e-9)


def test_width_of_mos2_is_that_of_the_publication_from_5_to_300_kelvin(material):
    """Selig et al., Proc. SPIE 10102 (2017): 2 meV at 5 K and 14 meV at 300 K;
    the optical part is fitted to the difference.
    """
    assert widths(material, 300)[0] - widths(material, 5)[0] == pytest.approx(12, abs=0.05)


def test_slope_of_the_acoustic_part_is_the_golden_rule_with_the_potentials_of_the_material(material):
    """Quasi-elastic scattering of an exciton at rest:
    hbar times the rate is M kT D^2 / (hbar^2 rho c^2), half of it the width.
    """
    number = material.number
    potential = number("phonons.acoustic.electron_potential_K", "eV") + number("phonons.acoustic.hole_potential", "eV")
    stiffness = number("lattice.mass_density", "eV*fs^2/nm^4") * number("phonons.acoustic.velocity_LA", "nm/fs") ** 2
    mass = number("carriers.electron_A_mass", "m0") + number("carriers.hole_A_mass", "m0")
    slope = 0.5 * mass * potential**2 / (HBAR2_PER_M0 * stiffness) * KELVIN
    assert Phonons.of(material).acoustic == pytest.approx(slope, rel=0.15)


def test_occupation_has_its_limits():
    assert occupation(np.array([0.01, 1.0]), 0.0) == pytest.approx([0, 0], abs=0)
    assert occupation(1.0, KELVIN * 1e-6) == 0
    assert occupation(1e-6, KELVIN * 300) * 1e-6 / (KELVIN * 300) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("kind", ["quantum", "printed"])
@pytest.mark.parametrize("temperature", [20, 300])
def test_cascade_ends_in_boltzmanns_distribution_over_the_intervals_and_loses_no_particle(
    make_config, temperature, kind
):
    energy_l = np.array([0.0, 0.03, 0.06, 0.07, 0.11, 0.13, 0.18, 0.2])
    matrix_ml = generator(relaxation_rates(make_config(2.5, {"cascade": kind}, temperature=temperature), energy_l), 0.0)
    thermal_l = np.gradient(energy_l) * np.exp(-energy_l / (KELVIN * temperature))
    assert np.abs(matrix_ml.sum(axis=0)).max() < 1e-14 * np.abs(matrix_ml).max()
    flux_ml = matrix_ml * thermal_l
    assert flux_ml == pytest.approx(flux_ml.T, rel=1e-7, abs=1e-300)


def test_a_cold_cascade_is_that_without_temperature(manifold):
    assert np.array_equal(manifold(0).generator_ml, manifold(None).generator_ml)
    assert manifold(1).generator_ml == pytest.approx(manifold(None).generator_ml, abs=1e-12)


@pytest.mark.parametrize("temperature", [100, 300, 900])
def test_steps_of_one_quantum_are_a_walk_down_n_plus_1_and_up_n(make_config, temperature):
    """First passage of such a walk over N steps: mean N / k and variance N (2 n + 1) / k^2,
    k being the rate at zero temperature.
    """
    energy_l = 0.048 * np.arange(400)
    rate_ml = relaxation_rates(make_config(2.5, {"cascade": "printed"}, temperature=temperature), energy_l)
    mean_e, spread_e = arrival(generator(rate_ml, 0.0))
    steps, rate = np.arange(1, 31), 0.02 / 0.048
    assert mean_e[:30] == pytest.approx(steps / rate, rel=1e-8)
    assert spread_e[:30] ** 2 == pytest.approx(
        steps * (2 * occupation(0.048, KELVIN * temperature) + 1) / rate**2, rel=1e-8
    )


def test_a_warm_cascade_takes_as_long_but_spreads_more_on_any_grid(manifold):
    times = {}
    for kelvin, points in ((None, 55), (300, 55), (300, 110)):
        m = manifold(kelvin, points)
        times[kelvin, points] = [
            float(np.interp(m.gap + 0.52, m.energy_l[1:], time_e)) for time_e in arrival(m.generator_ml)
        ]
    assert times[300, 55] == pytest.approx(times[300, 110], rel=5e-3)
    assert times[300, 55][0] == pytest.approx(times[None, 55][0], rel=0.03)
    assert 1.08 < times[300, 55][1] / times[None, 55][1] < 1.13


def test_the_adjoint_of_a_warm_cascade_solves_its_equation(manifold):
    matrix_ml, detuning_w = manifold(300).generator_ml, np.array([-0.3, 0.0, 0.02, 1.5])
    reading_l = np.random.default_rng(1).normal(size=len(matrix_ml)) * (1 + 0.5j)
    found_lw = solve_adjoint(matrix_ml, reading_l, detuning_w)
    unit_ml = np.eye(len(matrix_ml))
    for w, detuning in enumerate(detuning_w):
        assert found_lw[:, w] @ (-1j * detuning * unit_ml - matrix_ml) == pytest.approx(reading_l, rel=1e-9)


def test_excitons_at_rest_bleach_as_without_temperature(manifold):
    cold, given = manifold(0), manifold(None)
    assert cold.bleaching_fs == pytest.approx(given.bleaching_fs, rel=1e-12)
    assert manifold(0.01).bleaching_fs[:, 0] == pytest.approx(given.bleaching_fs[:, 0], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("temperature", [30.0, 300.0])
def test_bleaching_by_thermal_excitons_of_a_gaussian_state(temperature):
    """phi = c exp(-a k^2): shifted by q it blocks exp(-2 a q^2 / 3) of what it blocks at rest;
    the thermal mean is 1 / (1 + b).
    """
    exponent, medium = 0.8, PairMedium(0.4, 0.6, RytovaKeldysh(4.0, 2.0))
    grid = RadialGrid.uniform_with_tail(400, 4.0, 20, 20.0)
    phi_lk = np.sqrt(8 * np.pi * exponent) * np.exp(-exponent * grid.k_k[None] ** 2)
    states = WannierStates(grid, 0.24, np.array([-0.3]), phi_lk, np.zeros((grid.k_k.size,) * 2))
    square = 2 * medium.total_mass * KELVIN * temperature / HBAR2_PER_M0
    ratio = np.mean([1 / (1 + 2 * exponent / 3 * share**2 * square) for share in (0.4, 0.6)])
    found, rest = (thermal_bleaching(states, medium, kelvin)[0] for kelvin in (temperature, 0.0))
    assert rest == pytest.approx(np.sqrt(8 * np.pi * exponent) * 2 / 3, rel=1e-4)
    assert found / rest == pytest.approx(ratio, rel=1e-4)


def test_unbound_excitons_that_are_under_way_bleach_as_before(manifold):
    assert np.array_equal(manifold(300).bleaching_fs[:, 1:], manifold(None).bleaching_fs[:, 1:])


def test_warm_excitons_rise_faster_and_bleach_less(make_config, material, shared):
    found = {}
    for kelvin in (5, 300):
        config = make_config(2.58, temperature=kelvin, momentum={"points": 55})
        result = solve(MPI.COMM_SELF, config, material, Run(shared=shared))
        found[kelvin] = [result.value(f"signal/{name}")[0][0] for name in ("rise_time", "formation_time")]
        found[kelvin] += [result.value("wannier/bleaching_area")[0], result.value("wannier/half_width")[0, 0]]
    rise, formation, area, width = np.array(found[300]) / found[5]
    assert rise < 0.9 and formation < 0.9
    assert 0.88 < area < 0.95
    assert width == pytest.approx(30 / 18, rel=1e-2)


@pytest.mark.parametrize(
    ("key", "width", "least"), [("1s", 12, "12.18"), ("bound", 13, "13.84"), ("continuum", 5, "13.84")]
)
def test_widths_below_what_phonons_make_are_refused_with_the_least(make_config, material, key, width, least):
    [refusal] = refusals(make_config(2.5, temperature=77, dephasing={key: width}), material)
    assert refusal.key == f"dephasing.{key}" and f"at least {least} meV" in refusal.message
    assert not refusals(make_config(2.5, dephasing={key: width}), material)

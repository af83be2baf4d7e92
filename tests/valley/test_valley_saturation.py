"""Terms of second order in the density: what they conserve, where they lead, and their low-density limit."""

import re

import numpy as np
import pytest
from scipy.optimize import brentq

from hpcx.config.serving import load_for
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_gaussian import ground_state
from hpcx.units import to_internal
from hpcx.valley.blocking import blocking_matrix
from hpcx.valley.rates import build_rates
from hpcx.valley.refusals import refusals
from hpcx.valley.saturation import FinalStates, Saturated, final_states

SMALL = {"momentum": {"points": 16, "angles": 12}, "time": {"end": "2 ps"}, "flow": {"times": ["1 ps"]}}
NONE = {"radiative": 0.0}


@pytest.fixture(scope="module")
def crowded(setup):
    """Return problem, the saturated scattering without exchange, and a population far from equilibrium."""
    config, problem = setup(**SMALL, mechanisms={"set": "full - exchange"}, approximation={"saturation": True})
    random = np.random.default_rng(1)
    population = 8e-3 * random.dirichlet(np.ones(problem.size))
    return problem, Saturated(build_rates(problem, config, {}).total(), final_states(problem, config)), population


def test_overlap_against_quadrature():
    first, second = (ground_state(mass, RytovaKeldysh(4.5, 2.45)) for mass in (0.16, 0.23))
    axis = np.linspace(-12, 12, 481)
    kx, ky = np.meshgrid(axis, axis, indexing="ij")
    cell = (axis[1] - axis[0]) ** 2 / (2 * np.pi) ** 2
    for shift in (0.0, 0.7):
        product = first.in_momentum(np.hypot(kx, ky)) ** 2 * second.in_momentum(np.hypot(kx - shift, ky)) ** 2
        assert first.squared_overlap(second, np.array([shift]))[0] == pytest.approx(product.sum() * cell, rel=1e-4)


def test_blocking_is_symmetric_for_equal_species_and_positive(crowded):
    problem = crowded[0]
    blocking = blocking_matrix(problem)
    own = blocking[problem.cells_of(0), problem.cells_of(0)]
    assert np.abs(own - own.T).max() < 1e-12 * own.max() and blocking.min() >= 0
    other = [i for i, s in enumerate(problem.species) if s.hole.spin == -1][0]
    assert np.all(blocking[problem.cells_of(0), problem.cells_of(other)] == 0)
    assert own[0, 0] == pytest.approx(
        2 * problem.species[0].state.squared_overlap(problem.species[0].state, np.zeros(1))[0], rel=0.02
    )


def test_scattering_conserves_particles_and_spin(crowded):
    problem, saturated, population = crowded
    change = saturated.scattering(population)
    spin = np.repeat([s.spin for s in problem.species], problem.grid.cells)
    assert abs(change.sum()) < 1e-13 * np.abs(change).sum()
    assert abs(spin @ change) < 1e-13 * np.abs(change).sum()
    assert (
        np.abs(saturated.jacobian(population).sum(axis=0)).max()
        < 1e-12 * np.abs(saturated.jacobian(population).data).max()
    )


def test_jacobian_is_the_derivative(crowded):
    problem, saturated, population = crowded
    bosons = Saturated(saturated.rate_fi, FinalStates(saturated.states.stimulation, None))
    direction = np.random.default_rng(2).random(problem.size) * population
    step = 1e-4
    numeric = (bosons.scattering(population + step * direction) - bosons.scattering(population - step * direction)) / (
        2 * step
    )
    assert bosons.jacobian(population) @ direction == pytest.approx(numeric, rel=1e-6, abs=1e-9 * np.abs(numeric).max())


def test_low_density_limit_is_linear(crowded):
    problem, saturated, population = crowded
    linear = saturated.rate_fi @ population - population * np.asarray(saturated.rate_fi.sum(axis=0)).ravel()
    for factor, bound in ((1e-4, 1e-1), (1e-8, 1e-5)):
        change = saturated.scattering(factor * population) / factor
        assert np.abs(change - linear).max() < bound * np.abs(linear).max()


def test_bose_distribution_is_stationary(setup):
    config, problem = setup(
        **SMALL, mechanisms={"set": "phonons"}, approximation={"saturation": True, "blocking": False}
    )
    saturated = Saturated(build_rates(problem, config, {}).total(), final_states(problem, config))

    def bose(potential):
        return problem.weights() / np.expm1(
            (problem.energies() - problem.energies().min() - potential) / problem.thermal_energy
        )

    potential = brentq(lambda mu: bose(mu).sum() - 8e-3, -1.0, -1e-9)
    population = bose(potential)
    assert (population / problem.weights()).max() > 0.1
    change = saturated.scattering(population)
    assert np.abs(change).max() < 1e-12 * (saturated.rate_fi @ population).max()


def test_saturated_run_conserves_particles(calculate):
    result = calculate(**SMALL, dephasing=NONE, approximation={"saturation": True})
    number, late = result.value("checks/particle_number"), result.value("checks/time") > 500
    assert np.abs(number[:, late] / number[:, -1:] - 1).max() < 1e-9
    population = result.value("population/population")
    assert np.abs(population[1][[6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]] - population[0]).max() < 1e-9 * population.max()


def test_fluence_matters_only_with_saturation(calculate):
    def trace(density, saturation):
        keys = {**SMALL, "pump": {"density": density}, "approximation": {"saturation": saturation}}
        return calculate(**keys).value("dichroism/circular_dichroism")

    linear = trace("8e11 cm^-2", False)
    assert np.abs(trace("8e6 cm^-2", True) - linear).max() < 1e-4
    assert np.abs(trace("8e11 cm^-2", True) - linear).max() > 1e-3


def test_too_dense_is_refused_and_the_limit_is_that_of_the_blocking(configure, setup):
    dense = {"pump": {"density": "2e14 cm^-2"}, "approximation": {"saturation": True, "stimulation": False}}
    [refusal] = refusals(configure(**SMALL, **dense), load_for("valley", "WSe2"))
    assert refusal.key == "pump.density"
    limit = float(re.search(r"below (\S+) cm", refusal.message)[1])
    assert to_internal(limit, "cm^-2") * blocking_matrix(setup(**SMALL)[1]).max() == pytest.approx(1, rel=5e-3)


def test_saturation_and_two_dimensions_exclude_each_other(configure):
    with pytest.raises(ValueError, match="momentum.dimension"):
        configure(approximation={"saturation": True}, momentum={"dimension": 2})

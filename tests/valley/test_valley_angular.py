"""The angular coherences of the exchange against a density matrix on a polar grid."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from hpcx.physics.constants import HBAR
from hpcx.valley.angular import coherence_count, extended_generator
from hpcx.valley.blocks import out_rate
from hpcx.valley.mechanisms import exchange, phonon_intravalley
from hpcx.valley.problem import Grid
from hpcx.valley.rates import build_rates
from hpcx.valley.transfer_kernel import coherence_width

POINTS = 8
ANGLES = 8
KEYS = {
    "momentum": {"points": 8, "max": "0.1 1/angstrom", "dimension": 2},
    "mechanisms": {"set": "phonon_intravalley + exchange"},
}


@pytest.fixture(scope="module")
def polar(setup):
    """Return config and problem whose angular averages are sums over the polar grid's own angles."""
    config, problem = setup(**KEYS)
    angles = 2 * np.pi * np.arange(ANGLES) / ANGLES
    return config, replace(problem, grid=Grid(problem.grid.edges, angles))


def polar_generator(config, problem):
    """Return d/dt of (N_a, N_b, Re C, Im C) on the polar grid for the first exchange pair, and the pair."""
    pair = exchange.pairs(problem)[0]
    out = out_rate(build_rates(problem, config, {}).phonons())
    theta = problem.grid.angles
    rate = np.zeros((POINTS, ANGLES, POINTS, ANGLES))
    for turn in range(ANGLES):
        one = replace(problem, grid=Grid(problem.grid.edges, theta[turn : turn + 1]))
        kernel = phonon_intravalley.rate_with_cell(one, config, pair.first, 0) / ANGLES
        for start in range(ANGLES):
            rate[:, (start + turn) % ANGLES, :, start] += kernel
    size = POINTS * ANGLES
    rate = rate.reshape(size, size)
    scatter = rate - np.diag(rate.sum(axis=0))
    pure = coherence_width(problem, config, pair, out) / HBAR - out[problem.cells_of(pair.first)]
    element = np.repeat(pair.element_i, ANGLES) * np.exp(-2j * np.tile(theta, POINTS)) / HBAR
    real, imaginary = np.diag(element.real), np.diag(element.imag)
    none, decay = np.zeros((size, size)), scatter - np.diag(np.repeat(pure, ANGLES))
    # dN_a = 2 Im(J C*), dC = -i J (N_b - N_a) with J in 1/fs
    gain = 2 * np.hstack([imaginary, -real])
    rows = [
        np.hstack([scatter, none, gain]),
        np.hstack([none, scatter, -gain]),
        np.hstack([-imaginary, imaginary, decay, none]),
        np.hstack([real, -real, none, decay]),
    ]
    return np.vstack(rows), pair


def test_reduction_to_two_harmonics_is_exact(polar):
    config, problem = polar
    full, pair = polar_generator(config, problem)
    reduced = extended_generator(problem, config, build_rates(problem, config, {})).toarray()
    start = np.exp(-np.arange(POINTS) / 3.0)
    spread = np.concatenate([np.repeat(start, ANGLES) / ANGLES, np.zeros(3 * POINTS * ANGLES)])
    state = np.zeros(len(reduced))
    state[problem.cells_of(pair.first)] = start
    for time in (20.0, 300.0):
        on_grid = (expm(full * time) @ spread).reshape(4, POINTS, ANGLES)
        in_harmonics = expm(reduced * time) @ state
        for species, row in ((pair.first, 0), (pair.second, 1)):
            assert on_grid[row].sum(axis=1) == pytest.approx(
                in_harmonics[problem.cells_of(species)], rel=1e-9, abs=1e-12
            )
            assert np.ptp(on_grid[row], axis=1).max() < 1e-12
    coherence = on_grid[2] + 1j * on_grid[3]
    assert np.abs(coherence).max() > 1e-3
    turned = (coherence * np.exp(2j * problem.grid.angles)).sum(axis=1)
    first = problem.size + [p.first for p in exchange.pairs(problem)].index(pair.first) * POINTS
    assert turned == pytest.approx(1j * in_harmonics[first : first + POINTS], rel=1e-9, abs=1e-12)


def test_strong_dephasing_gives_back_the_rate(setup):
    """With fast pure dephasing and no in-scattering c adapts at once,
    and the mode is that of the isotropic reduction.
    """

    def slowest(dimension):
        momentum = {"points": 20, "max": "0.1 1/angstrom", "dimension": dimension, "coherence_in_scattering": False}
        config, problem = setup(momentum=momentum, mechanisms=KEYS["mechanisms"], dephasing={"pure": "500 meV"})
        rates = build_rates(problem, config, {})
        g = extended_generator(problem, config, rates) if coherence_count(problem, config) else rates.generator()
        decay = np.sort(-np.linalg.eigvals(g.toarray()).real)
        return decay[decay > 1e-9][0]

    assert slowest(2) == pytest.approx(slowest(1), rel=1e-2)


def test_two_dimensions_conserve_particles_and_keep_the_picture(calculate):
    keys = {
        "momentum": {"points": 30},
        "time": {"end": "4 ps"},
        "flow": {"times": ["1 ps"]},
        "dephasing": {"radiative": 0.0},
    }
    flat = calculate(**keys)
    round_ = calculate(**{**keys, "momentum": {"points": 30, "dimension": 2}})
    number = round_.value("checks/particle_number")
    late = round_.value("checks/time") > 500
    assert np.abs(number[:, late] / number[:, -1:] - 1).max() < 1e-10
    population = round_.value("population/population")
    assert (
        np.abs(population[1][[6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]] - population[0]).max() < 1e-12 * population.max()
    )
    difference = round_.value("dichroism/circular_dichroism") - flat.value("dichroism/circular_dichroism")
    assert 1e-4 < np.abs(difference).max() < 0.3


def test_only_exchange_has_coherences(setup):
    assert coherence_count(setup(**KEYS)[1], setup(**KEYS)[0]) == 16
    config, problem = setup(momentum=KEYS["momentum"], mechanisms={"set": "phonons"})
    assert coherence_count(problem, config) == 0

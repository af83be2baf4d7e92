"""Relaxation down the ladder: conservation, speed, independence of the grid, and the published delays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from hpcx.formation.cascade import Propagator, chain_rates, generator, quantum_rates
from hpcx.formation.matrix_elements import plane_wave_bleaching, printed_bleaching
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_radial import RadialGrid, solve_wannier

SPEED, QUANTUM, WIDTH, DECAY = 0.02, 0.048, 0.012, 1 / 658.2
#: start of the electron-hole pair above the gap, eV
START = 0.52


def residence(generator_ml: np.ndarray) -> np.ndarray:
    """Return the mean time R_le (fs) spent in state l > 1s after a start in state e > 1s; index 0 is the 2s state."""
    return -np.linalg.inv(generator_ml[1:, 1:])


def arrival(generator_ml: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (fs) of the time of arrival in the 1s state from every higher state."""
    time_le = residence(generator_ml)
    mean_e = time_le.sum(axis=0)
    second_e = 2 * (time_le @ time_le).sum(axis=0)
    return mean_e, np.sqrt(second_e - mean_e**2)


@st.composite
def ladders(draw):
    spacings = draw(st.lists(st.floats(1e-3, 0.2), min_size=1, max_size=60))
    return np.concatenate([[0.0], np.cumsum(spacings)])


@given(ladders())
def test_every_state_loses_energy_at_the_given_speed_and_no_particle_is_lost(energy_l):
    for rate_ml in (chain_rates(energy_l, SPEED), quantum_rates(energy_l, SPEED, QUANTUM, WIDTH)):
        loss_l = np.sum(rate_ml * (energy_l[None, :] - energy_l[:, None]), axis=0)
        assert loss_l[1:] == pytest.approx(np.full(energy_l.size - 1, SPEED), rel=1e-12)
        sums_l = generator(rate_ml, DECAY).sum(axis=0)
        assert sums_l[0] == pytest.approx(-DECAY)
        assert np.abs(sums_l[1:]).max() <= 1e-13 * rate_ml.max() * energy_l.size
        assert rate_ml.min() >= 0


@given(ladders())
def test_mean_arrival_is_the_energy_over_the_speed(energy_l):
    for rate_ml in (chain_rates(energy_l, SPEED), quantum_rates(energy_l, SPEED, QUANTUM, WIDTH)):
        assert arrival(generator(rate_ml, DECAY))[0] == pytest.approx(energy_l[1:] / SPEED, rel=1e-9)


def test_quanta_become_the_chain_when_the_spacing_is_the_quantum():
    energy_l = QUANTUM * np.arange(30)
    narrow = quantum_rates(energy_l, SPEED, QUANTUM, 1e-3)
    assert narrow == pytest.approx(chain_rates(energy_l, SPEED), abs=1e-12)


def delay_and_rate(nodes: int, quanta: bool, plane_waves: bool) -> tuple[float, float, float]:
    """Return the bleaching delay, the spread of the arrival (fs) and the largest rate (1/fs) on a grid."""
    states = solve_wannier(
        RadialGrid.uniform_with_tail(nodes, 3.2, 40, 30.0), 0.46 * 0.54, RytovaKeldysh(4.14, 2.121)
    ).up_to(1.45)
    energy_l = states.energy_l
    rate_ml = quantum_rates(energy_l, SPEED, QUANTUM, WIDTH) if quanta else chain_rates(energy_l, SPEED)
    bleaching_s = (plane_wave_bleaching if plane_waves else printed_bleaching)(states)[0]
    matrix_ml = generator(rate_ml, DECAY)
    delay_e = (1 - bleaching_s[1:] / bleaching_s[0]) @ residence(matrix_ml)
    values = (delay_e, arrival(matrix_ml)[1])
    return *(float(np.interp(START, energy_l[1:], value)) for value in values), float(rate_ml.sum(axis=0).max())


@pytest.mark.parametrize(
    ("nodes", "chain", "quanta", "plane"),
    [
        (55, (9.02, 13.2, 5.8), (10.13, 14.65), (7.73, 14.65, 0.55)),
        (110, (7.70, 12.5, 21), (9.07, 14.60), (7.62, 14.60, 0.56)),
        (220, (6.93, 12.2, 101), (8.43, 14.59), (7.58, 14.59, 0.55)),
        (320, (6.67, 12.1, 210), (8.21, 14.59), (7.57, 14.59, 0.55)),
    ],
)
def test_delay_against_grid_is_as_published(nodes, chain, quanta, plane):
    delay, spread, rate = delay_and_rate(nodes, False, False)
    assert (delay, spread) == pytest.approx(chain[:2], rel=5e-3)
    assert rate == pytest.approx(chain[2], abs=0.5)
    assert delay_and_rate(nodes, True, False)[:2] == pytest.approx(quanta, rel=2e-3)
    assert delay_and_rate(nodes, True, True) == pytest.approx(plane, rel=0.02)
    assert delay_and_rate(nodes, True, True)[0] == pytest.approx(plane[0], abs=0.006)


def test_populations_step_exactly_through_a_linear_source():
    matrix_ml = generator(chain_rates(np.array([0.0, 0.1, 0.15]), SPEED), DECAY)
    time_t = np.linspace(0, 8, 9)
    source_lt = np.outer([0.0, 1.0, 2.0], time_t)
    coarse = Propagator.of(matrix_ml, 1.0).populations(source_lt, 0, 9)[:, -1]
    fine_t = np.linspace(0, 8, 801)
    fine = Propagator.of(matrix_ml, 0.01).populations(np.outer([0.0, 1.0, 2.0], fine_t), 0, 801)[:, -1]
    assert coarse == pytest.approx(fine, rel=1e-12)


def test_populations_of_a_source_that_begins_late_and_ends_early():
    matrix_ml = generator(chain_rates(np.array([0.0, 0.1, 0.15]), SPEED), DECAY)
    propagator = Propagator.of(matrix_ml, 0.5)
    whole_lt = np.zeros((3, 40))
    whole_lt[:, 12:20] = np.random.default_rng(5).random((3, 8))
    whole_lt[:, [12, 19]] = 0.0
    expected = propagator.populations(whole_lt, 0, 40)
    assert propagator.populations(whole_lt[:, 12:20], 12, 40) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("rates", [chain_rates, lambda energy_l, speed: quantum_rates(energy_l, speed, 0.048, 0.012)])
def test_propagator_is_the_exponential(rates):
    """Against the exponential of one augmented matrix, for slow quanta and for the stiff chain of a fine continuum."""
    energy_l = np.sort(np.random.default_rng(2).random(40)) * 1.8
    matrix_ml = generator(rates(energy_l, SPEED), DECAY)
    block = np.zeros((120, 120))
    block[:40, :40] = 0.5 * matrix_ml
    block[:40, 40:80] = block[40:80, 80:] = np.eye(40)
    expected = np.hsplit(expm(block)[:40], 3)
    found = Propagator.of(matrix_ml, 0.5)
    for ours, theirs in zip((found.exact_ml, found.first_ml, found.second_ml), expected):
        assert ours == pytest.approx(theirs, abs=1e-12)
        assert ours.min() > -1e-15

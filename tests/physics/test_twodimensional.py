"""Two-dimensional signals from sticks, and the fit of their beats."""

import numpy as np
import pytest

from hpcx.physics.constants import HBAR
from hpcx.physics.twodimensional import AllPathways, StimulatedEmission, fit_beat, laser_spectrum

SIGMA, DEPHASING = 0.004, 250.0


def sticks():
    rng = np.random.default_rng(3)
    return np.sort(rng.uniform(1.95, 2.1, 40)), rng.uniform(0, 5, 40)


def double_sum(energy, weight, time, w1, w3, conjugate):
    """Eq. 3 of the paper as it stands, term by term."""
    shape = lambda x: 1 / (1j * x - SIGMA)
    total = 0
    for a in range(len(energy)):
        for b in range(len(energy)):
            decay = 0 if a == b else 1 / DEPHASING
            first = shape(energy[a] - w1)
            first = np.conj(first) if conjugate else first
            phase = np.exp(-(1j * (energy[a] - energy[b]) / HBAR + decay) * time)
            total += weight[a] * weight[b] * phase * first * shape(energy[b] - w3)
    return -((2 * np.pi / HBAR) ** 2) * total


@pytest.mark.parametrize(
    ("pathway", "kinds"), [("non-rephasing", [True]), ("rephasing", [False]), ("sum", [True, False])]
)
@pytest.mark.parametrize("time", [0.0, 90.0, 400.0])
def test_factorised_signal_equals_the_double_sum(pathway, kinds, time):
    energy, weight = sticks()
    emission = StimulatedEmission(energy, weight, SIGMA, DEPHASING, pathway)
    w1, w3 = np.array([1.97, 2.0]), np.array([1.96, 2.0, 2.05])
    signal = emission.signal(time, w1, w3)
    expected = np.array([[sum(double_sum(energy, weight, time, x, y, kind) for kind in kinds) for y in w3] for x in w1])
    assert np.abs(signal - expected).max() < 1e-13 * np.abs(expected).max()


def test_bleaching_equals_emission_at_time_zero_and_stays():
    energy, weight = sticks()
    emission, both = (
        StimulatedEmission(energy, weight, SIGMA, DEPHASING, "sum", bleaching) for bleaching in (False, True)
    )
    axis = np.linspace(1.97, 2.05, 7)
    start = emission.signal(0.0, axis, axis)
    for time in (0.0, 130.0, 5000.0):
        bleaching = both.signal(time, axis, axis) - emission.signal(time, axis, axis)
        np.testing.assert_allclose(bleaching, start, rtol=1e-12, atol=1e-13 * np.abs(start).max())


@pytest.mark.parametrize("bound", [0, 1, 2])
def test_absorption_by_excited_states_is_the_sum_over_two_pairs(bound):
    """All paths through states with up to two quanta of three modes, the first `bound` of which exclude each other."""
    energy, dipole, shift, time = np.array([1.97, 2.0, 2.013]), np.array([0.7, 1.3, 0.9]), 0.006, 140.0
    w1, w3 = np.linspace(1.96, 2.02, 5), np.linspace(1.955, 2.03, 6)
    shape = lambda x: 1 / (1j * x - SIGMA)
    pairs = [(a, b) for a in range(3) for b in range(a, 3) if not (a < bound and b < bound)]

    def up(a, pair):  # <pair|V|a>
        other = pair[1] if a == pair[0] else pair[0]
        return 0.0 if a not in pair else dipole[other] * (np.sqrt(2) if pair[0] == pair[1] else 1)

    expected = np.zeros((5, 6), complex)
    for a in range(3):
        for b in range(3):
            phase = np.exp(-1j * (energy[a] - energy[b]) * time / HBAR - (a != b) * time / DEPHASING)
            emission_and_bleaching = (dipole[a] * dipole[b]) ** 2 * (phase + 1) * shape(energy[b] - w3)
            absorption = sum(
                dipole[a]
                * up(a, pair)
                * up(b, pair)
                * dipole[b]
                * phase
                * shape(sum(energy[list(pair)]) + shift - energy[a] - w3)
                for pair in pairs
            )
            expected += np.outer(shape(energy[a] - w1).conj(), emission_and_bleaching - absorption)
    expected *= -((2 * np.pi / HBAR) ** 2)
    made = [
        StimulatedEmission(energy[:n], dipole[:n] ** 2, SIGMA, DEPHASING, "non-rephasing", True) for n in (3, bound)
    ]
    signal = AllPathways(*made, shift).signal(time, w1, w3)
    np.testing.assert_allclose(signal, expected, rtol=1e-11, atol=1e-12 * np.abs(expected).max())


def test_two_levels_absorb_no_more_and_oscillators_give_nothing():
    energy, weight = sticks()
    axis = np.linspace(1.97, 2.05, 7)
    lines = StimulatedEmission(energy, weight, SIGMA, DEPHASING, "sum", True)
    none = StimulatedEmission(energy[:0], weight[:0], SIGMA, DEPHASING, "sum", True)
    for time in (0.0, 130.0):
        full = lines.signal(time, axis, axis)
        assert np.abs(AllPathways(lines, none, 0.0).signal(time, axis, axis)).max() < 1e-14 * np.abs(full).max()
        np.testing.assert_allclose(AllPathways(lines, lines, 0.01).signal(time, axis, axis), full, rtol=1e-12)


def test_both_pathways_together_are_absorptive_at_time_zero():
    energy, weight = np.array([2.0]), np.array([1.0])
    axis = np.linspace(1.98, 2.02, 41)
    together = StimulatedEmission(energy, weight, SIGMA, DEPHASING, "sum").signal(0.0, axis, axis)
    lorentzian = SIGMA / ((axis - 2.0) ** 2 + SIGMA**2)
    expected = -2 * (2 * np.pi / HBAR) ** 2 * np.outer(lorentzian, lorentzian)
    np.testing.assert_allclose(together.real, expected, rtol=1e-12)


def test_laser_has_height_one_and_the_asked_width():
    np.testing.assert_allclose(laser_spectrum(np.array([2.0, 2.017]), 2.0, 0.017), [1, np.exp(-0.5)])


def test_fit_finds_the_beat_that_was_put_in():
    time = np.arange(20.0, 401.0, 4.0)
    trace = 0.3 + 0.2 * np.exp(-time / 250) + 0.6 * np.exp(-time / 180) * np.cos(2 * np.pi * time / 150 + 0.7)
    beat = fit_beat(time, trace, 250.0, 160.0)
    assert beat.period == pytest.approx(150, rel=1e-6)
    assert beat.envelope == pytest.approx(180, rel=1e-6)
    noisy = fit_beat(time, trace + np.random.default_rng(0).normal(0, 0.02, len(time)), 250.0, 160.0)
    assert abs(noisy.period - 150) < 4 * noisy.period_error < 20
    assert abs(noisy.envelope - 180) < 4 * noisy.envelope_error < 200

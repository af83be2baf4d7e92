"""Interactions in a thin layer: momentum and real space belong together, and the limits are Coulomb's."""

import numpy as np
import pytest
from scipy.integrate import quad

from hpcx.physics.rytova_keldysh import Logarithmic, RytovaKeldysh

LENGTH, KAPPA = 4.1, 1.7
LAWS = pytest.mark.parametrize(
    "law", [RytovaKeldysh(LENGTH, KAPPA), Logarithmic(LENGTH, KAPPA)], ids=["electrostatics", "logarithm"]
)


@pytest.mark.parametrize("z", [0.03, 0.5, 3.0, 12.0, 29.0, 31.0, 80.0])
def test_real_space_is_the_transform_of_momentum_space(z):
    # V(r) = int dx J0(x) / (kappa r + r0 x), and 1 / (z + x) = int ds exp(-(z + x) s), int dx J0(x) exp(-x s) = 1 /
    # sqrt(1 + s^2)
    kernel, _ = quad(lambda s: np.exp(-z * s) / np.sqrt(1 + s**2), 0, 700 / z, epsrel=1e-12, epsabs=0, limit=500)
    assert RytovaKeldysh(LENGTH, KAPPA).in_space(z * LENGTH / KAPPA) == pytest.approx(kernel / LENGTH, rel=2e-9)


@LAWS
@pytest.mark.parametrize("width", [0.3, 2.0, 9.0])
def test_both_spaces_give_the_same_energy_of_a_gaussian_charge(law, width):
    # int d2r V(r) exp(-r^2 / 2 w^2) = int d2q / (2 pi)^2 V(q) 2 pi w^2 exp(-q^2 w^2 / 2)
    space, _ = quad(
        lambda r: 2 * np.pi * r * law.in_space(r) * np.exp(-0.5 * (r / width) ** 2),
        0,
        12 * width,
        epsrel=1e-11,
        limit=400,
    )
    momentum, _ = quad(
        lambda q: width**2 * q * law.in_momentum(q) * np.exp(-0.5 * (q * width) ** 2),
        0,
        12 / width,
        epsrel=1e-11,
        limit=400,
    )
    assert momentum == pytest.approx(space, rel=1e-8)


@LAWS
def test_far_away_it_is_the_coulomb_interaction_in_the_surroundings(law):
    assert law.in_space(1e5) == pytest.approx(1 / (KAPPA * 1e5), rel=2e-5)
    assert law.in_momentum(1e-7) == pytest.approx(2 * np.pi / (KAPPA * 1e-7), rel=1e-5)


@LAWS
def test_close_by_it_is_a_logarithm(law):
    slope = law.in_space(1e-7) - law.in_space(2e-7)
    assert slope == pytest.approx(np.log(2) / LENGTH, rel=1e-5)
    assert law.in_momentum(1e5) == pytest.approx(2 * np.pi / (LENGTH * 1e10), rel=1e-4)


@LAWS
@pytest.mark.parametrize("radius", [0.01, 2.5, 40.0])
def test_integral_over_a_disk(law, radius):
    whole, _ = quad(lambda q: q * law.in_momentum(q), 0, radius, epsrel=1e-12, limit=200)
    assert law.over_disk(radius) == pytest.approx(whole, rel=1e-9)


def test_the_approximation_is_up_to_six_per_cent_too_weak_between():
    r = np.geomspace(1e-3, 1e3, 400)
    ratio = Logarithmic(LENGTH, KAPPA).in_space(r) / RytovaKeldysh(LENGTH, KAPPA).in_space(r)
    assert 0.94 < ratio.min() < 0.95 and ratio.max() < 1.0 + 1e-3


@pytest.mark.parametrize("kind", [RytovaKeldysh, Logarithmic])
def test_without_polarisability_it_is_coulombs(kind):
    q, r = np.geomspace(1e-3, 10, 9), np.geomspace(0.1, 1e3, 9)
    for length, tolerance in ((0.0, 1e-14), (1e-12, 1e-10)):
        law = kind(length, KAPPA)
        assert law.in_momentum(q) == pytest.approx(2 * np.pi / (KAPPA * q), rel=tolerance)
        assert law.over_disk(q) == pytest.approx(2 * np.pi * q / KAPPA, rel=tolerance)
        assert law.in_space(r) == pytest.approx(1 / (KAPPA * r), rel=tolerance)


def test_series_of_small_arguments_join_the_functions():
    law, sides = Logarithmic(1.0, 1.0), 1e-5 * np.array([1 - 1e-9, 1 + 1e-9])
    momentum, disk = law.in_momentum(sides) * sides, law.over_disk(sides) / sides
    assert momentum[0] == pytest.approx(momentum[1], rel=1e-9)
    assert disk[0] == pytest.approx(disk[1], rel=1e-9)

"""The interaction in a thin layer: momentum and real space belong together, and the limits are Coulomb's."""

import numpy as np
import pytest
from scipy.integrate import quad

from hpcx.physics import thin_layer

LENGTH, KAPPA = 4.1, 1.7


@pytest.mark.parametrize("z", [0.03, 0.5, 3.0, 12.0, 29.0, 31.0, 80.0])
def test_real_space_is_the_transform_of_momentum_space(z):
    # W(r) = int dq / (2 pi) q W(q) J0(q r) = int dx J0(x) / (kappa r + r0 x); the wanted kernel int_0^inf exp(-z s) / sqrt(1 + s^2) ds
    # follows from 1 / (z + x) = int_0^inf exp(-(z + x) s) ds and the transform of J0
    r = z * LENGTH / KAPPA
    kernel, _ = quad(lambda s: np.exp(-z * s) / np.sqrt(1 + s**2), 0, 700 / z, epsrel=1e-12, epsabs=0, limit=500)
    assert thin_layer.in_space(r, LENGTH, KAPPA) == pytest.approx(kernel / LENGTH, rel=2e-9)


def test_far_away_it_is_the_coulomb_interaction_in_the_surroundings():
    assert thin_layer.in_space(1e5, LENGTH, KAPPA) == pytest.approx(1 / (KAPPA * 1e5), rel=1e-8)
    assert thin_layer.in_momentum(1e-9, LENGTH, KAPPA) == pytest.approx(2 * np.pi / (KAPPA * 1e-9), rel=1e-8)


def test_integral_over_a_disk():
    whole, _ = quad(lambda q: q * thin_layer.in_momentum(q, LENGTH, KAPPA), 0, 2.5, epsrel=1e-12)
    assert thin_layer.over_disk(2.5, LENGTH, KAPPA) == pytest.approx(whole, rel=1e-11)

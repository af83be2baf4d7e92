"""The Gaussian 1s states against published limits and against brute-force quadrature."""

import numpy as np
import pytest

from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_gaussian import GaussianBasis, ground_state

KAPPA, LENGTH = 2.45, 4.5
LAW = RytovaKeldysh(LENGTH, KAPPA)


@pytest.mark.parametrize(
    ("reduced_mass", "kappa", "length", "energy"),
    [
        (0.16, 1.0, 4.5, 0.463),
        (0.36 * 0.29 / 0.65, KAPPA, LENGTH, 0.253),
        (0.54 * 0.40 / 0.94, KAPPA, LENGTH, 0.291),
        (0.36 * 0.40 / 0.76, KAPPA, LENGTH, 0.270),
    ],
)
def test_binding_energies(reduced_mass, kappa, length, energy):
    assert ground_state(reduced_mass, RytovaKeldysh(length, kappa)).binding_energy == pytest.approx(energy, abs=6e-4)


@pytest.mark.parametrize(("masses", "density"), [((0.36, 0.29), 0.197), ((0.54, 0.40), 0.299), ((0.36, 0.40), 0.239)])
def test_contact_densities(masses, density):
    state = ground_state(masses[0] * masses[1] / sum(masses), LAW)
    assert state.contact**2 == pytest.approx(density, rel=5e-3)


def test_thin_layer_limit_is_the_two_dimensional_hydrogen():
    rydberg = 4 * 0.16 * 13.605693 / KAPPA**2
    energy, radius = ground_state(0.16, RytovaKeldysh(0.002, KAPPA)).binding_energy, KAPPA * 0.0529177 / 0.32
    # the layer repels by a contact, to first order in its length; the state gives way
    first_order = 1.4399645 * 2 * np.pi * 0.002 / KAPPA**2 * 2 / (np.pi * radius**2)
    assert rydberg - first_order < energy < rydberg - 0.9 * first_order


@pytest.mark.parametrize(("mass", "kappa"), [(0.25, 1.0), (0.25, 4.5), (0.1, 10.0)])
def test_without_a_layer_it_is_the_two_dimensional_hydrogen(mass, kappa):
    state, radius = ground_state(mass, RytovaKeldysh(0.0, kappa)), kappa * 0.0529177 / (2 * mass)
    assert state.binding_energy == pytest.approx(4 * mass * 13.605693 / kappa**2, rel=3e-5)
    assert state.contact**2 == pytest.approx(2 / (np.pi * radius**2), rel=2e-2)


def test_form_factor_against_quadrature():
    first, second = ground_state(0.16, LAW), ground_state(0.23, LAW)
    from scipy.special import j0

    r, weight = GaussianBasis(points=2000).quadrature()
    wave = [np.exp(-np.outer(r**2, s.exponents)) @ s.coefficients for s in (first, second)]
    for q in (0.0, 0.5, 3.0):
        assert first.form_factor(second, np.array([q]))[0] == pytest.approx(
            np.sum(weight * wave[0] * wave[1] * j0(q * r)), abs=1e-9
        )
    assert first.form_factor(first, np.zeros(1))[0] == pytest.approx(1.0, abs=1e-12)


def test_blocked_overlap_against_quadrature():
    probe, occupant = ground_state(0.16, LAW), ground_state(0.23, LAW)
    axis = np.linspace(-15, 15, 601)
    kx, ky = np.meshgrid(axis, axis, indexing="ij")
    cell = (axis[1] - axis[0]) ** 2 / (2 * np.pi) ** 2
    for shift in (0.0, 1.0):
        occupied = occupant.in_momentum(np.hypot(kx - shift, ky)) ** 2
        numeric = np.sum(probe.in_momentum(np.hypot(kx, ky)) * occupied) * cell / probe.contact
        assert probe.blocked_overlap(occupant, np.array([shift]))[0] == pytest.approx(numeric, rel=1e-4)


def test_unbound_state_is_an_error():
    with pytest.raises(ValueError, match="no bound state"):
        ground_state(1e-6, RytovaKeldysh(1e6, 1.0))

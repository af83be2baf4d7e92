"""Radial Wannier states: the two-dimensional hydrogen atom, and MoS2 on SiO2 against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_radial import RadialGrid, convergence, solve_wannier

MU = 0.46 * 0.54
LAW = RytovaKeldysh(4.14, 2.121)


@pytest.fixture(scope="module")
def states():
    return solve_wannier(RadialGrid.uniform_with_tail(110, 3.2, 40, 30.0), MU, LAW)


@pytest.mark.parametrize("kappa", [1.0, 4.0])
def test_hydrogen_in_two_dimensions_when_the_grid_reaches_100_inverse_bohr_radii(kappa):
    bohr = HBAR2_PER_M0 * kappa / (MU * COULOMB)
    grid = RadialGrid.uniform_with_tail(220, 3.2, 120, 600.0)
    assert grid.k_k[-1] > 100 / bohr
    rydberg = COULOMB**2 * MU / (2 * HBAR2_PER_M0 * kappa**2)
    exact = -rydberg / (np.arange(2) + 0.5) ** 2
    assert solve_wannier(grid, MU, RytovaKeldysh(0.0, kappa)).energy_l[:2] == pytest.approx(exact, rel=1e-3)


def test_hydrogen_on_a_short_grid_misses_the_published_amount():
    grid = RadialGrid.uniform_with_tail(110, 3.2, 40, 30.0)
    for kappa, error in ((4.0, (-0.76e-2, -0.40e-2)), (1.0, (-7.0e-2, -0.44e-2))):
        rydberg = COULOMB**2 * MU / (2 * HBAR2_PER_M0 * kappa**2)
        ratio = solve_wannier(grid, MU, RytovaKeldysh(0.0, kappa)).energy_l[:2] / (-4 * rydberg) * np.array([1, 9]) - 1
        assert ratio == pytest.approx(error, abs=6e-5)


@pytest.mark.parametrize("kappa", [1.0, 2.121, 4.5])
def test_the_default_grid_goes_on_where_the_layer_does_not_screen(kappa):
    """Without a layer the pair is the hydrogen atom, e_n = -Ry / (n - 1/2)^2: as accurate as with one."""
    law = RytovaKeldysh(0.0, kappa)
    grid = RadialGrid.reaching_the_cusp(110, 3.2, 40, 30.0, MU, law)
    rydberg = COULOMB**2 * MU / (2 * HBAR2_PER_M0 * kappa**2)
    assert solve_wannier(grid, MU, law).energy_l[0] == pytest.approx(-4 * rydberg, rel=3e-4)


def test_the_default_grid_stays_where_the_layer_screens():
    long, short = (
        RadialGrid.reaching_the_cusp(110, 3.2, 40, 30.0, MU, LAW),
        RadialGrid.uniform_with_tail(110, 3.2, 40, 30.0),
    )
    assert np.array_equal(long.k_k, short.k_k) and np.array_equal(long.weight_k, short.weight_k)


def test_levels_of_mos2_on_sio2(states):
    assert 1e3 * states.energy_l[0] == pytest.approx(-350.0, abs=0.3)
    assert 1e3 * (states.energy_l[1] - states.energy_l[0]) == pytest.approx(228.0, abs=0.3)
    assert states.bound == 13
    assert states.up_to(1.45).energy_l.size == 107


def test_states_are_orthonormal(states):
    overlap_ll = (states.phi_lk * states.grid.weight_k) @ states.phi_lk.T
    assert overlap_ll == pytest.approx(np.eye(states.energy_l.size), abs=1e-12)


def test_bound_levels_change_by_less_than_a_third_of_a_mev_on_twice_the_nodes(states):
    change_l = convergence(states, LAW, 5)
    assert 1e3 * change_l[0] < 0.1
    assert 1e3 * change_l.max() < 0.35


def test_form_factor_is_one_at_zero_and_that_of_the_hydrogen_atom_elsewhere():
    kappa = 4.0
    bohr = HBAR2_PER_M0 * kappa / (MU * COULOMB)
    hydrogen = solve_wannier(RadialGrid.uniform_with_tail(220, 3.2, 120, 600.0), MU, RytovaKeldysh(0.0, kappa))
    momentum_q = np.array([1e-6, 0.3, 1.0, 2.0])
    exact_q = (1 + (momentum_q * bohr / 4) ** 2) ** -1.5
    assert hydrogen.state().form_factor(hydrogen.state(), momentum_q) == pytest.approx(exact_q, abs=2e-3)

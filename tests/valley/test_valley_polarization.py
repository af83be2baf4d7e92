"""Polarisations in closed form against a Runge-Kutta integration, and their conservation law."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hpcx.valley.blocks import out_rate
from hpcx.valley.polarization import build_polarization, driven_mode, integrate_formation
from hpcx.valley.rates import build_rates


@pytest.fixture(scope="module")
def polarization(setup):
    config, problem = setup(dephasing={"radiative": 0.0}, mechanisms={"exchange_short_range": "10 meV"})
    return build_polarization(problem, config, out_rate(build_rates(problem, config, {}).phonons()))


def matrix_of(polarization):
    """Return the matrix of dP/dt = matrix P."""
    vector = polarization.vector_jm
    return vector @ np.diag(polarization.eigenvalue_m) @ np.linalg.inv(vector)


def test_against_runge_kutta(polarization):
    matrix, drive = matrix_of(polarization), polarization.vector_jm @ polarization.drive_mh
    times = [-100.0, 0.0, 50.0, 300.0]
    for helicity in (0, 1):

        def slope(t, p, helicity=helicity):
            return matrix @ p + drive[:, helicity] * np.exp(-0.5 * (t / polarization.sigma) ** 2)

        exact = solve_ivp(slope, (-400, 300), np.zeros(4, complex), rtol=1e-10, atol=1e-12, t_eval=times).y.T
        mine = polarization.amplitude_tjh(np.array(times))[:, :, helicity]
        assert np.abs(mine - exact).max() < 1e-8 * np.abs(exact).max()


def test_driven_mode_stays_finite_far_from_the_pulse():
    value = driven_mode(np.array([[-1e4], [0.0], [1e4]]), np.array([[-1e-3 - 0.6j, -0.5 + 0.0j]]), 40.0)
    assert np.all(np.isfinite(value)) and abs(value[0]).max() == 0.0
    assert abs(value[1, 1]) == pytest.approx(2.0, rel=0.02)


def test_particles_are_conserved_after_the_pulse(polarization):
    formation = integrate_formation(polarization, 3000.0)
    out_j = -2 * np.diag(matrix_of(polarization)).real
    total = formation.density_tjh.sum(axis=1) + np.einsum("j,tjh->th", out_j, formation.integral_tjh)
    late = formation.time > 500.0
    assert np.abs(total[late] / total[-1] - 1).max() < 1e-12


def test_interpolated_integral(polarization):
    formation = integrate_formation(polarization, 400.0)
    coarse = formation.integral_jh(123.4567)
    t = np.linspace(polarization.start(), 123.4567, 40001)
    fine = np.trapezoid if hasattr(np, "trapezoid") else np.trapz
    assert coarse == pytest.approx(fine(polarization.density_tjh(t), t, axis=0), rel=1e-7)


def test_helicities_are_mirror_images(polarization):
    density = polarization.density_tjh(np.linspace(-100, 500, 50))
    assert np.abs(density[:, [2, 3, 0, 1], 1] - density[:, :, 0]).max() < 1e-12 * density.max()

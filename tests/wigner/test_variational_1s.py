"""The variational 1s exciton."""

import numpy as np
import pytest
from scipy.special import j0

from hpcx.config.serving import load_for
from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_variational import Hydrogenic, variational_1s
from hpcx.wigner.parameters import read_excitons


def test_two_dimensional_hydrogen():
    """Without screening length the trial state is exact: half the Bohr radius, four Rydberg."""
    mass = 0.18
    radius = HBAR2_PER_M0 / (2 * mass * COULOMB)
    state = variational_1s(mass, RytovaKeldysh(0.0, 1.0))
    assert state.radius == pytest.approx(radius, rel=1e-11)
    assert state.binding_energy == pytest.approx(HBAR2_PER_M0 / (2 * mass * radius**2), rel=1e-9)


def test_tungsten_disulfide():
    excitons = read_excitons(load_for("wigner", "WS2"))
    assert [state.binding_energy for state in excitons.state_v] == pytest.approx([0.1499, 0.1627, 0.1846], abs=1e-4)
    assert [state.radius for state in excitons.state_v] == pytest.approx([1.74, 1.57, 1.34], abs=0.005)


def test_form_factor_and_overlap_are_those_of_the_state():
    r, step = np.linspace(0, 60, 60001, retstep=True)
    first, second = (np.exp(-r / radius) * np.sqrt(2 / np.pi) / radius for radius in (1.3, 1.7))
    one, two = Hydrogenic(1.3, 1.0), Hydrogenic(1.7, 1.0)
    assert one.form_factor(two, 0.0) == pytest.approx(2 * np.pi * step * np.sum(r * first * second), rel=1e-6)
    assert one.form_factor(one, 0.9) == pytest.approx(2 * np.pi * step * np.sum(r * first**2 * j0(0.9 * r)), rel=1e-6)
    assert two.form_factor(two, 0.0) == 1.0
    assert one.form_factor(two, 0.9) == pytest.approx(
        2 * np.pi * step * np.sum(r * first * second * j0(0.9 * r)), rel=1e-6
    )


def test_no_bound_state_is_an_error():
    with pytest.raises(ValueError, match="no bound 1s state"):
        variational_1s(1e-10, RytovaKeldysh(4.0, 4.5))

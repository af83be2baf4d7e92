"""Excitons of layers that do not screen, in the models that have a screening length of their own:
two-dimensional hydrogen.
"""

import pytest

from hpcx.config.serving import load_for
from hpcx.formation.config import Config as Formation
from hpcx.formation.problem import kept_states, medium_of
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.wannier_variational import variational_1s
from hpcx.valley.config import Config as Valley
from hpcx.valley.problem import build_problem
from hpcx.wigner.parameters import read_excitons


def binding(mass, kappa):
    """Return 4 Ry mu / kappa^2 in eV."""
    return 4 * 13.605693 * mass / kappa**2


@pytest.mark.parametrize(("mass", "kappa"), [(0.25, 1.0), (0.25, 4.5)])
def test_variational_state_is_exact(mass, kappa):
    assert variational_1s(mass, RytovaKeldysh(0.0, kappa)).binding_energy == pytest.approx(
        binding(mass, kappa), rel=1e-6
    )


def test_states_on_a_radial_grid():
    config = Formation.model_validate({"model": "formation", "material": "MoS2", "pump": {"photon_energy": 2.3}})
    medium = medium_of(config, load_for("formation", "MoS2", {"interaction.r0": 0.0}), "A")
    mass = medium.electron_mass * medium.hole_mass / (medium.electron_mass + medium.hole_mass)
    assert -kept_states(config, medium).energy_l[0] == pytest.approx(
        binding(mass, medium.interaction.permittivity), rel=0.05
    )


def test_valley_and_wigner_make_their_excitons():
    config = Valley.model_validate({"model": "valley", "material": "WSe2", "momentum": {"points": 10}})
    assert build_problem(config, load_for("valley", "WSe2", {"interaction.r0": 0.0})).size > 0
    material = load_for("wigner", "WS2", {"interaction.r0": 0.0})
    kappa = material.number("interaction.kappa", "1")
    excitons = read_excitons(material)
    mass_v = excitons.electron_mass_v * excitons.hole_mass / (excitons.electron_mass_v + excitons.hole_mass)
    assert [state.binding_energy for state in excitons.state_v] == pytest.approx(binding(mass_v, kappa), rel=1e-5)

"""Species, energies and the grid."""

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from hpcx.config.serving import load_for
from hpcx.materials.environment import load_environment
from hpcx.materials.loader import MaterialError
from hpcx.physics.bound_states import bound_state
from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.valley.parameters import read_parameters


def by_label(problem):
    return {species.label: species for species in problem.species}


def test_twelve_or_twenty_four_species(setup):
    assert len(setup()[1].species) == 12
    everything = setup(mechanisms={"spin_flip": True})[1].species
    assert len({(s.hole, s.electron) for s in everything}) == 24
    assert all(s.hole.spin == s.electron.spin for s in everything[:12])


@pytest.mark.parametrize(
    ("label", "shift"),
    [
        ("K up - K up", 0),
        ("K up - K' up", -55),
        ("K up - L up", -20),
        ("K' up - K up", 449),
        ("K' up - K' up", 390),
        ("K' up - L up", 421),
    ],
)
def test_energies_of_wse2(setup, label, shift):
    species = by_label(setup()[1])
    assert 1e3 * (species[label].edge - 1.7) == pytest.approx(shift, abs=0.6)
    mirrored = {"up": "down", "K'": "K", "K": "K'", "L": "L'"}
    image = " - ".join(" ".join(mirrored[word] for word in part.split()) for part in label.split(" - "))
    assert species[image].edge == species[label].edge


def radial_ground(reduced_mass, law, angular, step=0.005, cells=8000):
    """Return the lowest energy (meV) of an angular momentum by cells of a uniform radial grid."""
    r, border = step * (np.arange(cells) + 0.5), step * np.arange(1, cells)
    kinetic = HBAR2_PER_M0 / (2 * reduced_mass * step**2)
    diagonal = kinetic * (2 + (angular * step / r) ** 2) - COULOMB * law.in_space(r)
    beside = -kinetic * border / np.sqrt(r[1:] * r[:-1])
    return 1e3 * eigh_tridiagonal(diagonal, beside, select="i", select_range=(0, 0))[0][0]


def test_distance_of_1s_and_2p_of_the_dark_exciton(setup):
    """161 meV of the page of the model: an independent radial solver, whose 1s is that of the model."""
    problem = setup()[1]
    dark = by_label(problem)["K up - K' up"]
    reduced_mass = dark.hole_mass * dark.electron_mass / (dark.hole_mass + dark.electron_mass)
    law = problem.parameters.interaction
    levels = [radial_ground(reduced_mass, law, angular) for angular in (0, 1)]
    assert levels[0] == pytest.approx(-1e3 * bound_state(reduced_mass, law).binding_energy, abs=0.1)
    assert levels[1] - levels[0] == pytest.approx(161, abs=0.5)


def test_mirror_is_an_involution_without_fixed_points(setup):
    mirror = setup(mechanisms={"spin_flip": True})[1].mirror
    assert [mirror[image] for image in mirror] == list(range(24))
    assert all(image != index for index, image in enumerate(mirror))


def test_bright_species_and_order_of_bands(setup):
    for material, sign in (("WSe2", 1), ("WS2", 1), ("MoSe2", -1), ("MoS2", -1)):
        problem = setup(material)[1]
        species = by_label(problem)
        assert sign * problem.parameters.conduction_shift < 0
        assert [label for label, s in species.items() if s.bright] == [
            "K up - K up",
            "K' up - K' up",
            "K' down - K' down",
            "K down - K down",
        ]


def test_cells_fill_the_disk(setup):
    grid = setup()[1].grid
    assert grid.states.sum() == pytest.approx(4.0**2 / (4 * np.pi), rel=1e-14)
    assert np.all(np.diff(grid.edges) > 0) and grid.transfer_ijt.max() <= 8.0


def test_material_without_the_numbers_is_named():
    with pytest.raises(MaterialError, match="carriers.conduction_splitting"):
        read_parameters(load_environment("SiO2"), load_environment("SiO2"))


def test_parameters_of_the_input_reach_the_problem():
    material = load_for("valley", "WSe2", {"carriers.Lambda_energy": "35 meV"})
    parameters = read_parameters(material, load_environment("SiO2"))
    assert parameters.lambda_shift == pytest.approx(-0.003)

"""A layer whose polarisability differs along x and y: quadrature, its means, its limits, and what is refused."""

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import quad
from tight_binding_files import honeycomb, tb_text

from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.exciton.problem import exciton_problem
from hpcx.exciton.zone import site_interaction
from hpcx.parallel.run import Run
from hpcx.physics.anisotropic import AnisotropicLayer, at_places
from hpcx.physics.constants import COULOMB
from hpcx.physics.lattice import lattice_of
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.screening import coulomb_at_zero
from hpcx.physics.symmetry import deviations
from hpcx.physics.tightbinding import TightBinding
from hpcx.registry import solver

LAW = AnisotropicLayer((1.0, 4.0), 1.5)


def along(angle):
    """Return the layer that is seen along a direction."""
    return RytovaKeldysh(np.cos(angle) ** 2 * LAW.lengths[0] + np.sin(angle) ** 2 * LAW.lengths[1], 1.5)


def directions(count):
    angle = 2 * np.pi * (np.arange(count) + 0.5) / count
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_equal_lengths_are_those_of_an_isotropic_layer():
    layer, known, r = AnisotropicLayer((3.0, 3.0), 2.0), RytovaKeldysh(3.0, 2.0), np.geomspace(1e-3, 3e3, 30)
    for name in ("in_momentum", "over_disk", "in_space", "dielectric_function"):
        assert getattr(layer, name)(r) == pytest.approx(getattr(known, name)(r), rel=1e-12)
    assert layer.at_places(r[:, None] * directions(1)) == pytest.approx(known.in_space(r), rel=1e-9)


@pytest.mark.parametrize("place", [(0.8, 0.0), (0.0, 30.0), (2.0, -1.5)])
def test_in_space_by_brute_force(place):
    # W exp(i q r) / (2 pi)^2 over the plane of q: along every direction an infinite integral with a cosine
    def ray(angle):
        phase = abs(place[0] * np.cos(angle) + place[1] * np.sin(angle))
        return quad(lambda q: 1 / along(angle).dielectric_function(q), 0, np.inf, weight="cos", wvar=phase)[0]

    normal = np.arctan2(place[1], place[0]) + np.pi / 2
    u, weight = np.polynomial.legendre.leggauss(24)
    # angles normal + s^4 with a logarithm at s = 0, on both sides of it
    s, end = (u + 1) / 2, (np.pi / 2) ** 0.25
    total = sum(
        weight @ [4 * (end * x) ** 3 * end / 2 * ray(normal + sign * (end * x) ** 4) for x in s] for sign in (1, -1)
    )
    assert LAW.at_places(np.array([place]))[0] == pytest.approx(total / np.pi, rel=1e-6)


def test_means_over_directions():
    turn = directions(64)
    assert LAW.at_momenta(0.7 * turn).mean() == pytest.approx(LAW.in_momentum(0.7), rel=1e-12)
    assert LAW.at_places(0.7 * turn).mean() == pytest.approx(LAW.in_space(0.7), rel=1e-8)
    integral = quad(lambda q: q * LAW.in_momentum(q), 0, 5.0, epsabs=0, epsrel=1e-12)[0]
    assert LAW.over_disk(5.0) == pytest.approx(integral, rel=1e-10)


@pytest.mark.parametrize("vectors", [[[0.33, 0], [0, 0.45]], [[0.33, 0], [0.1, 0.4]]])
def test_mean_over_the_cell_of_any_lattice(vectors):
    mesh = lattice_mesh(12, 0.2, lattice_of(np.array(vectors)))
    near = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]) @ mesh.lattice.reciprocal_vx

    def sector(angle):
        cosine = near @ [np.cos(angle), np.sin(angle)]
        border = (np.sum(near**2, axis=1) / 2 / np.where(cosine > 1e-9, cosine, 1e-9)).min() / 12
        return along(angle).over_disk(border)

    corner = np.arctan2(*mesh.lattice.corners.T[::-1])
    integral = quad(sector, -np.pi, np.pi, points=sorted(corner), limit=200, epsabs=0, epsrel=1e-10)[0]
    cell = (2 * np.pi) ** 2 / (12**2 * mesh.cell_area)
    assert coulomb_at_zero("cell-average", mesh, LAW) == pytest.approx(COULOMB * integral / cell, rel=1e-9)
    smallest = min(mesh.lattice.reciprocal_vx, key=np.linalg.norm) / 12
    assert coulomb_at_zero("qmin", mesh, LAW) == pytest.approx(COULOMB * LAW.at_momenta(smallest), rel=1e-12)


def test_charges_above_each_other_and_on_one_site_see_the_mean():
    place, distance = np.array([[0.0, 0.0], [0.3, 0.4]]), np.array([0.6, 1.0])
    assert at_places(LAW, place, distance) == pytest.approx(
        [LAW.in_space(0.6), LAW.at_places(np.array([[0.6, 0.8]]))[0]], rel=1e-12
    )


def layer_file(folder, vectors):
    """Write the honeycomb's model on other lattice vectors; return the table of an input."""
    flat = honeycomb()
    place = flat.centre_ix.copy()
    place[:, :2] = place[:, :2] @ np.linalg.inv(flat.lattice_vx) @ vectors
    (folder / "mine_tb.dat").write_text(tb_text(TightBinding(vectors, flat.cell_rv, flat.hopping_rij, place)))
    return f'tight_binding = {{ file = "{folder}/mine_tb.dat", occupied = 1 }}\n'


def energies(folder, vectors, lengths):
    """Return zone excitons for r0 along x and y, angstrom."""
    (folder / "layer.toml").write_text(
        f'name = "layer"\n[interaction]\nr0 = {{ value = {lengths[0]}, unit = "angstrom", source = "made up" }}\n'
    )
    (folder / "input.toml").write_text(
        f'model = "exciton"\nmaterial = "{folder}/layer.toml"\nmesh = {{ N = 10, region = "zone" }}\n'
        f'bands.model = "tight-binding"\nscreening.r0_y = {lengths[1]}\n' + layer_file(folder, vectors)
    )
    point = load_plan(str(folder / "input.toml"), []).points[0]
    return solver("exciton")(MPI.COMM_SELF, point.config, point.material, Run()).value("exciton/energy")


def test_the_zone_knows_the_directions(tmp_path):
    vectors = np.array([[0.33, 0.0], [0.0, 0.45]])
    first = energies(tmp_path, vectors, (10, 30))
    assert energies(tmp_path, vectors[:, ::-1], (30, 10)) == pytest.approx(first, abs=1e-9)
    assert np.abs(energies(tmp_path, vectors, (30, 10)) - first).max() > 0.01
    model = honeycomb()
    table = site_interaction(model, LAW, 6, 0.7, False)
    near = COULOMB * LAW.at_places(model.lattice_vx)
    assert table[0, 0, 1, 0] == pytest.approx(near[0], rel=1e-12) and table[0, 0, 0, 1] == pytest.approx(
        near[1], rel=1e-12
    )


INPUT = 'model = "exciton"\nmaterial = "MoS2"\nmesh = { N = 30, k0 = 0.1 }\nscreening.r0_y = "60 angstrom"\n'


def test_the_symmetry_of_a_hexagon_is_lost_and_inputs_without_it_keep_their_hash(tmp_path):
    (tmp_path / "input.toml").write_text(INPUT)
    point = load_plan(str(tmp_path / "input.toml"), []).points[0]
    problem = exciton_problem(point.config, point.material)
    found = deviations(problem.mesh, "C3", problem.bands, problem.w_ij, problem.dipole_k)
    assert [one.quantity for one in found if one.exceeds(1e-9)] == ["the interaction"]
    assert "r0_y" not in type(point.config.screening)().model_dump()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["environment=hBN-static"], r"\(screening.r0_y\) needs surroundings of one permittivity"),
        (["screening.interaction=logarithmic"], "screening.r0_y acts in the interaction"),
        (["phonons.enabled=true"], "screening.r0_y acts .* not with phonons.enabled"),
    ],
)
def test_what_is_refused(tmp_path, settings, message):
    (tmp_path / "input.toml").write_text(INPUT)
    with pytest.raises(InputError, match=message):
        load_plan(str(tmp_path / "input.toml"), settings)

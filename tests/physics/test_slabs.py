"""Electrostatics of slabs and sheets against closed forms, and tables against the laws that they were made from."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import eigh

from hpcx.config.load import load_plan
from hpcx.exciton.problem import exciton_problem
from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material, Number
from hpcx.physics.interaction import interaction_of
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.slabs import VACUUM, Slab, SlabLayer, admittance
from hpcx.physics.tabulated import TabulatedLayer
from hpcx.physics.wannier_gaussian import ground_state
from hpcx.physics.wannier_radial import RadialGrid, solve_wannier

ROOT = Path(__file__).resolve().parents[2]
HBN = (6.93, 3.76)
BILAYER = SlabLayer(4.0, (Slab(*HBN),), (Slab(thickness=0.65, sheet=3.5), Slab(3.9, 3.9, 20.0), VACUUM), passed=1)
ENCAPSULATED = SlabLayer(4.5, (Slab(*HBN, 1.0), VACUUM), (Slab(*HBN, 1.0), VACUUM))
SUPPORTED = SlabLayer(4.5, (Slab(*HBN, 10.0), VACUUM), (Slab(*HBN, 20.0), Slab(3.9, 3.9)))
GRID = np.array([0.0, 0.04, 0.2, 0.5, 3.0, 10.0])
SLABS = pytest.mark.parametrize("law", [ENCAPSULATED, SUPPORTED, BILAYER], ids=["encapsulated", "supported", "bilayer"])


@pytest.mark.parametrize(
    ("law", "expected"),
    [(ENCAPSULATED, (47.72625065, 1.09056234, 0.07245175)), (SUPPORTED, (18.74732750, 1.04116927, 0.07245173))],
)
def test_reference_numbers(law, expected):
    # 10 W / (2 pi e^2), in nm, at 0.1, 1 and 5 / nm: specification of bands, section 9.4
    assert 10 * law.in_momentum(np.array([0.1, 1.0, 5.0])) / (2 * np.pi) == pytest.approx(expected, abs=6e-9)


def test_half_spaces_make_a_thin_layer():
    law = SlabLayer(45.0, (Slab(*HBN),), (Slab(3.9, 3.9),))
    thin = RytovaKeldysh(45.0, (np.sqrt(6.93 * 3.76) + 3.9) / 2)
    for name, x in (("in_momentum", 0.03), ("over_disk", 0.2), ("in_space", 12.0)):
        assert getattr(law, name)(x) == pytest.approx(getattr(thin, name)(x), rel=1e-14)


def test_a_slab_of_no_thickness_is_not_there_and_a_cut_slab_is_whole():
    q = np.geomspace(1e-3, 2, 20)
    assert admittance((Slab(*HBN, 1e-12), VACUUM), q) == pytest.approx(np.ones(20), abs=1e-10)
    cut = admittance((Slab(*HBN, 7.0), Slab(*HBN, 5.0), VACUUM), q)
    assert cut == pytest.approx(admittance((Slab(*HBN, 12.0), VACUUM), q), rel=1e-13)


def test_image_charges_of_a_substrate_behind_a_gap():
    # a charge at height d over a half space: eps_eff = 1 / (1 + (1 - e) / (1 + e) exp(-2 q d)), here without a sheet's
    # own r0
    q, gap, substrate = np.geomspace(0.01, 2, 15), 3.0, 3.9
    law = SlabLayer(0.0, (VACUUM,), (Slab(thickness=gap), Slab(substrate, substrate)))
    image = 1 + (1 - substrate) / (1 + substrate) * np.exp(-2 * q * gap)
    assert 1 / law.dielectric_function(q) == pytest.approx(image, rel=1e-13)


@SLABS
@pytest.mark.parametrize("radius", [0.005, 0.03, 0.5, 20.0])
def test_integral_over_a_disk(law, radius):
    whole, _ = quad(lambda q: 2 * np.pi / law.dielectric_function(q), 0, radius, epsrel=1e-13, limit=400)
    assert law.over_disk(radius) == pytest.approx(whole, rel=1e-11)
    assert law.over_disk(np.full((2, 3), radius)) == pytest.approx(np.full((2, 3), whole), rel=1e-11)


@pytest.mark.parametrize(
    "law", [ENCAPSULATED, SUPPORTED, BILAYER, TabulatedLayer(tuple(GRID), tuple(2 + 9 * GRID / (10 + GRID)))]
)
@pytest.mark.parametrize("width", [0.2, 3.0])
def test_both_spaces_give_the_same_energy_of_a_gaussian_charge(law, width):
    node, weight = np.polynomial.legendre.leggauss(200)
    distance = width * np.exp(7 * node - 5)
    charge = 2 * np.pi * distance * np.exp(-0.5 * (distance / width) ** 2)
    space = (7 * weight * distance) @ (charge * law.in_space(distance))
    momentum, _ = quad(
        lambda q: 2 * np.pi * width**2 * np.exp(-0.5 * (q * width) ** 2) / law.dielectric_function(q),
        0,
        12 / width,
        epsrel=1e-11,
        limit=400,
    )
    assert space == pytest.approx(momentum, rel=1e-5)


@SLABS
def test_far_away_the_outermost_half_spaces_are_seen(law):
    assert law.in_space(2e4) * 2e4 == pytest.approx(1 / law.dielectric_function(0.0), rel=1e-3)


def number(value, unit="nm"):
    return Number(value, unit, "test")


def sheets(*tables, **slabs):
    """Return an environment of sheets (r0, height, carriers, permittivities of the gap below)."""
    numbers, texts = {}, {}
    for i, (length, height, carriers, *gap) in enumerate(tables, 1):
        numbers |= {f"sheet.{i}.r0": number(length), f"sheet.{i}.height": number(height)}
        numbers |= {
            f"sheet.{i}.gap_{name}": number(value, "1") for name, value in zip(("parallel", "perpendicular"), gap)
        }
        texts |= {f"sheet.{i}.carriers": carriers} if carriers else {}
    for i, (side, slab) in enumerate(slabs.items(), 1):
        numbers |= {
            f"slab.{i}.parallel": number(slab.parallel, "1"),
            f"slab.{i}.perpendicular": number(slab.perpendicular, "1"),
        }
        numbers |= {f"slab.{i}.thickness": number(slab.thickness)} if np.isfinite(slab.thickness) else {}
        texts[f"slab.{i}.side"] = side
    return Material("sheets", "test", numbers, texts)


def law_of(*tables, **slabs):
    return interaction_of(0.0, sheets(*tables, **slabs))


def test_two_sheets_against_their_closed_form():
    q, first, second, distance = np.array([0.01, 0.1, 0.5]), 40.0, 35.0, 6.0
    pair, same = (
        law_of((first, distance, "electron" if apart else "both"), (second, 0.0, "hole" if apart else ""))
        for apart in (True, False)
    )
    w_ij = {(0, 1): pair.in_momentum(q) / (2 * np.pi), (0, 0): same.in_momentum(q) / (2 * np.pi)}
    assert w_ij[0, 1] == pytest.approx((53.33264959, 0.30017131, 0.00025688), abs=6e-9)
    assert w_ij[0, 0] == pytest.approx((58.87187196, 1.88468375, 0.09522744), abs=6e-9)
    fall = np.exp(-q * distance)  # screened by the charges that the two sheets induce: phi = (1 + P)^-1 phi_bare
    determinant = (1 + first * q) * (1 + second * q) - first * second * q**2 * fall**2
    assert w_ij[0, 1] == pytest.approx(fall / q / determinant, rel=1e-12)
    assert w_ij[0, 0] == pytest.approx((1 + second * q * (1 - fall**2)) / q / determinant, rel=1e-12)
    assert law_of((second, 0.0, "electron"), (first, distance, "hole")).in_momentum(q) == pytest.approx(
        pair.in_momentum(q), rel=1e-12
    )


def node_matrix(lengths, gaps, above, below, q):
    """Return W_ij of sheets between slabs:
    4 pi / q times the inverse of the matrix of admittances between potentials and charges.
    """
    matrix = np.diag([2 * length * q for length in lengths])
    matrix[0, 0] += admittance(above, q)
    matrix[-1, -1] += admittance(below, q)
    for i, gap in enumerate(gaps):
        x = gap.phase(q)
        matrix[i : i + 2, i : i + 2] += gap.response * (np.eye(2) / np.tanh(x) - (1 - np.eye(2)) / np.sinh(x))
    return 4 * np.pi / q * np.linalg.inv(matrix)


@pytest.mark.parametrize("q", [0.03, 0.4, 5.0])
@pytest.mark.parametrize("pair", [(0, 0), (1, 1), (2, 2), (0, 1), (2, 1), (2, 0)])
def test_three_sheets_between_slabs_against_the_matrix_of_nodes(q, pair):
    lengths, heights, gap = (4.0, 2.5, 3.0), (2.0, 1.3, 0.0), (3.0, 2.0)
    slabs = {"above": Slab(*HBN, 5.0), "below": Slab(3.9, 3.9)}
    carriers = ["both" if pair == (i, i) else dict(zip(pair, ("electron", "hole"))).get(i, "") for i in range(3)]
    law = law_of(*zip(lengths, heights, carriers, (1.0, gap[0], 1.0), (1.0, gap[1], 1.0)), **slabs)
    gaps = (Slab(thickness=heights[0] - heights[1]), Slab(*gap, heights[1] - heights[2]))
    expected = node_matrix(lengths, gaps, (slabs["above"], VACUUM), (slabs["below"],), q)[pair]
    assert law.in_momentum(q) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["in_momentum", "over_disk", "in_space", "dielectric_function"])
def test_limits_of_sheets(name):
    q, slab = np.array([0.3, 1.0, 3.0]) * (4 if name == "in_space" else 1), {"both": Slab(*HBN)}
    value = lambda *tables: getattr(law_of(*tables, **slab), name)(q)
    thin = lambda length: getattr(RytovaKeldysh(length, Slab(*HBN).response), name)(q)
    assert value((4.0, 0.3, "both")) == pytest.approx(thin(4.0), rel=1e-13)
    assert value((4.0, 0.3, "electron"), (2.5, 0.3, "hole")) == pytest.approx(thin(6.5), rel=1e-13)
    # the correction is of first order in the distance: half of it at half of that
    closer, close = (
        value((4.0, d, "electron"), (2.5, 0.0, "hole")) / thin(6.5) - 1
        for d in ((1e-3, 2e-3) if name == "in_space" else (1e-4, 2e-4))
    )
    assert np.all(np.abs(close) < 1e-2) and closer == pytest.approx(close / 2, rel=0.15)


@pytest.mark.parametrize(("environment", "binding"), [("MoSe2-WSe2", 192.417), ("MoSe2-WSe2-hBN", 65.442)])
def test_interlayer_exciton_of_the_example(environment, binding):
    """Limits of `hpcx converge` on meshes in momentum space, both +- 0.05 meV, and Gaussians in real space."""
    masses = tomllib.loads((ROOT / "inputs" / "exciton_interlayer.toml").read_text())["bands"]
    mass = masses["electron_mass"] * masses["hole_mass"] / (masses["electron_mass"] + masses["hole_mass"])
    assert 1e3 * ground_state(mass, interaction_of(0.0, load_environment(environment))).binding_energy == pytest.approx(
        binding, abs=0.02
    )


def test_mesh_of_the_example_is_near_its_limit():
    point, _ = load_plan(str(ROOT / "inputs" / "exciton_interlayer.toml"), ["mesh.N=90"]).points
    problem = exciton_problem(point.config, point.material)
    energy = eigh(problem.dense(), eigvals_only=True, subset_by_index=[0, 0])[0]
    assert -1e3 * (energy + problem.finite_mesh_correction) == pytest.approx(192.4, abs=1.0)


def test_sheets_far_apart_do_not_see_each_other():
    for r in (0.5, 3.0):
        alone, far = RytovaKeldysh(4.0, 1.0), law_of((4.0, 1e6, "both"), (3.5, 0.0, ""))
        assert far.in_space(r) == pytest.approx(alone.in_space(r), rel=1e-5)
        assert far.in_momentum(0.3) == pytest.approx(alone.in_momentum(0.3), rel=1e-12)
    pair = law_of((4.0, 1e6, "electron"), (3.5, 0.0, "hole"))
    assert pair.in_momentum(0.3) < 1e-200 and pair.in_space(1.0) == pytest.approx(
        1e-6, rel=1e-3
    )  # Coulomb's at this distance


@pytest.mark.parametrize("x", [0.002, 0.1, 3.0, 100.0])
def test_a_table_of_a_thin_layer_is_that_layer(x):
    table, thin = TabulatedLayer(tuple(GRID), tuple(1.7 + 4.1 * GRID)), RytovaKeldysh(4.1, 1.7)
    for name in ("in_momentum", "over_disk", "in_space"):
        assert getattr(table, name)(x) == pytest.approx(getattr(thin, name)(x), rel=1e-12)


def test_a_table_of_a_slab_converges():
    def error(points):
        q = np.append(0, np.geomspace(1e-4, 20, points))
        table = TabulatedLayer(tuple(q), tuple(SUPPORTED.dielectric_function(q)))
        return abs(table.over_disk(5.0) / SUPPORTED.over_disk(5.0) - 1)

    assert error(40) < 2e-3 and error(160) < 0.05 * error(40)


@pytest.mark.parametrize(
    ("q", "epsilon", "message"),
    [
        ((0.0, 0.2, 0.1), (1, 2, 3), "row 3"),
        ((-0.1, 0.2), (1, 2), "row 1"),
        ((0.0, 0.1, 0.2), (1, 0, 3), "row 2"),
        ((0.0, 0.1), (1, float("nan")), "finite"),
        ((0.1,), (1,), "at least two"),
        ((0.0, 0.1, 0.2), (1, 5, 4), "must rise"),
        ((0.1, 0.2), (1, 3), "positive at q = 0"),
    ],
)
def test_tables_that_make_no_sense(q, epsilon, message):
    with pytest.raises(ValueError, match=message):
        TabulatedLayer(q, epsilon)


@pytest.mark.parametrize(
    ("environment", "binding", "second"),
    [
        ("vacuum", 492.528, 224.034),
        ("SiO2-static", 275.648, 87.154),
        ("hBN-static", 141.898, 30.773),
        ("hBN-optical", 188.468, 47.486),
        ("hBN-static:3.3 angstrom", 375.396, 179.239),
        ("hBN-static:6.6 angstrom", 317.258, 153.166),
        ("hBN-static:10 angstrom", 281.537, 135.050),
        ("hBN-static:30 angstrom", 205.362, 87.273),
        ("hBN-static:100 angstrom", 163.670, 52.116),
        ("hBN-static:300 angstrom", 149.463, 38.319),
    ],
)
def test_binding_energies_between_slabs(environment, binding, second):
    """1s and 2s of mass 0.2 m0 in a sheet of r0 = 4.5 nm, meV, by Gaussians in real space and on a grid of momenta.

    The specification of bands, section 9.4, has 224.037, 87.155, 317.257, 281.536 and 163.669 in place of ours: its
    solver is good to 1e-3, and these two agree to 2e-4 in the limit of large bases and dense grids.
    """
    law = interaction_of(4.5, load_environment(environment))
    assert 1e3 * ground_state(0.2, law).binding_energy == pytest.approx(binding, abs=6e-4)
    coarse, fine = (
        -1e3 * solve_wannier(RadialGrid.uniform_with_tail(160 * n, 1.6, 60 * n, 60.0), 0.2, law).energy_l[:2]
        for n in (1, 2)
    )
    # the midpoint rule's error falls with the square of the step; 3e-3 are left of 3e-2
    assert fine + (fine - coarse) / 3 == pytest.approx((binding, second), abs=3e-3)


def test_substrates_bind_more_weakly_the_more_they_screen():
    optical, crystal, static, both = (
        ground_state(0.2, interaction_of(4.5, load_environment(name))).binding_energy
        for name in ("SiO2-optical", "sapphire-optical", "SiO2-static", "sapphire-static")
    )
    assert optical > crystal > static > both
    assert ground_state(0.2, interaction_of(4.5, load_environment("SiO2"))).binding_energy == pytest.approx(static)

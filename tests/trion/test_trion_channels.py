"""Channels of trions: the same energies as singlet and triplet, valleys that are found,
and the Hamiltonian element by element.
"""

import numpy as np
import pytest
from mpi4py import MPI
from pydantic import ValidationError
from tight_binding_files import tb_text, with_side_valleys
from trion_oracle import Oracle

from hpcx.exciton.tight_binding import load_model, occupied_bands, valley_centre
from hpcx.materials.loader import load_material
from hpcx.materials.sets import load_numbers
from hpcx.parallel.run import Run
from hpcx.physics.screening import interaction_grid
from hpcx.physics.slabs import VACUUM, Slab, SlabLayer
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.trion.refinement import refinement
from hpcx.trion.refusals import refusals
from hpcx.trion.solve import solve

COMM = MPI.COMM_SELF


def config_of(channels, material="WSe2", species=(), N=40, k0=0.075, **tables):
    return Config(
        model="trion",
        material=material,
        mesh={"N": N, "k0": k0},
        trion={"species": list(species), "channels": channels},
        **tables,
    )


def spectrum(config, material, name, symmetry="none", kernel="gemm"):
    """Return all eigenvalues of the operator's matrix, made by its products."""
    operator = TrionOperator(
        COMM, trion_problem(config, material, exciton_of(config, material), name), symmetry, kernel
    )
    return np.linalg.eigvalsh(np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T)


def problems(config, material, *names):
    exciton = exciton_of(config, material)
    return [trion_problem(config, material, exciton, name) for name in names]


@pytest.mark.parametrize(
    ("material", "species", "words"),
    [
        ("WSe2", "singlet", ("K:c2", "K:c1", "K:v1")),
        ("WSe2", "triplet", ("K:c2", "K':c1", "K:v1")),
        ("WSe2", "triplet", ("K:c+", "K':c+", "K:v+")),
        ("MoS2", "singlet", ("K:c1", "K':c1", "K:v1")),
        ("MoS2", "triplet", ("K:c+", "K:c+", "K:v+")),
    ],
)
def test_singlet_and_triplet_are_channels(material, species, words):
    data = load_material(material)
    known, same = problems(config_of({"same": words}, material, [species]), data, species, "same")
    for carrier in ("photoexcited", "resident", "opposite"):
        one, other = getattr(known, carrier), getattr(same, carrier)
        assert np.array_equal(one.energy_k, other.energy_k) and np.array_equal(one.spinor_ck, other.spinor_ck)
    assert known.identical == same.identical and np.array_equal(known.dipole_k, same.dipole_k)


@pytest.mark.parametrize(
    ("words", "three", "charge"),
    [
        (
            ("K:c1", "K':c1", "K:v1"),
            ((1, -1, "c"), (-1, 1, "c"), (1, 1, "v")),
            -1,
        ),  # dark: both electrons in the lower bands
        (("K':c2", "K:c+", "K:v2"), ((-1, -1, "c"), (1, 1, "c"), (1, -1, "v")), -1),
        (("K:v1", "K':v1", "K:c-"), ((1, 1, "v"), (-1, -1, "v"), (1, -1, "c")), 1),
        (("K:v1", "K:v2", "K':c2"), ((1, 1, "v"), (1, -1, "v"), (-1, -1, "c")), 1),
    ],
)
def test_every_energy_of_channels_of_dirac_bands(words, three, charge):
    data = load_material("WSe2")
    expected = Oracle("WSe2", 40, 0.075, three, charge).energies()
    config = config_of({"mine": words})
    assert np.abs(spectrum(config, data, "mine") - expected).max() < 1e-12
    assert np.abs(spectrum(config, data, "mine", kernel="fft") - expected).max() < 1e-12


@pytest.fixture(scope="module")
def side_valleys(tmp_path_factory):
    """The file of a model whose lowest conduction bands are at Q."""
    path = tmp_path_factory.mktemp("model") / "mine_tb.dat"
    path.write_text(tb_text(with_side_valleys()))
    return {
        "bands": {"model": "tight-binding"},
        "tight_binding": {"file": str(path), "occupied": 1, "orbital_tolerance": 0.0},
    }


def test_valley_between_g_and_k_is_found(side_valleys):
    files = config_of({"x": ("K:c1", "Q:c1", "K:v1")}, **side_valleys).tight_binding
    model = load_model(files)
    centre = np.array(valley_centre("Q", model, occupied_bands(files), "here"))
    momentum_kx = (
        centre + 1e-4 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1]])
    ) @ model.reciprocal_vx
    energy_k = model.energies(momentum_kx)[:, 1]
    assert energy_k.argmin() == 0 and abs(energy_k[1] - energy_k[2]) < 1e-10 and abs(energy_k[3] - energy_k[4]) < 1e-10
    assert centre[0] == pytest.approx(centre[1], abs=1e-7) and 0.05 < centre[0] < 0.3
    assert valley_centre("Q'", model, 1, "here") == pytest.approx(tuple(-centre))
    for word, same in (
        ("(0.3333,0.333)", "K"),
        ("(-0.33333,-0.3333)", "K'"),
        ("(0.5,-1)", "M"),
        ("(-0.1,0.2)", "(0.9,0.2)"),
    ):
        assert valley_centre(word, model, 1, "here") == valley_centre(same, model, 1, "here")
    with pytest.raises(ValueError, match="no valley Q between G and K"):
        valley_centre(
            "Q",
            load_model(
                config_of({"x": ("K:c1", "K:c1", "K:v1")}, tight_binding={"builtin": "liu2013:WSe2"}).tight_binding
            ),
            2,
            "here",
        )


#: electrons in one sheet, holes in another one of another r0
SHEETS = "".join(
    f'[[sheet]]\ncarriers = "{carriers}"\n'
    + "".join(f'{key} = {{ value = {value}, unit = "nm", source = "test" }}\n' for key, value in numbers.items())
    for carriers, numbers in (("hole", {"r0": 3.0, "height": 1.0}), ("electron", {"r0": 5.0, "height": 0.4}))
)


@pytest.mark.parametrize(
    ("words", "apart"),
    [
        (("K:c1", "Q:c1", "K:v1"), False),
        (("K:c1", "Q:c1", "K:v1"), True),
        (("Q:c1", "Q':c1", "K':v1"), False),
        (("K:v1", "K':v1", "Q:c1"), True),
        (("(0.1,0.2):c1", "G:c1", "K:v1"), False),
    ],
)
def test_energies_between_valleys_element_by_element(side_valleys, words, apart, tmp_path):
    """Own diagonalisation at every point by the number of the band, whatever its phases."""
    (tmp_path / "sheets.toml").write_text(SHEETS)
    around = {"environment": str(tmp_path / "sheets.toml")} if apart else {}
    data, config = load_material("WSe2"), config_of({"mine": words}, N=24, k0=0.085, **side_valleys, **around)
    (problem,), model = problems(config, data, "mine"), with_side_valleys()
    if apart:  # the like charges' sheet, seen by itself, and the other one a gap away
        like, other = (5.0, 3.0) if words[2].split(":")[1][0] == "v" else (3.0, 5.0)
        own = SlabLayer(like, (VACUUM,), (Slab(thickness=0.6, sheet=other), VACUUM))
        assert np.allclose(
            problem.interactions[1], interaction_grid(problem.mesh, own, "cell-average"), rtol=1e-10, atol=0
        )
        assert (problem.interactions[1] > problem.interactions[0]).all()
    mesh, states = problem.mesh, []
    for word in words:
        valley, band = word.split(":")
        momentum_kx = (
            np.array(valley_centre(valley, load_model(config.tight_binding), 1, "here")) @ model.reciprocal_vx
            + mesh.momentum_kx
        )
        energy_kb, state_kib = model.bands(momentum_kx)
        number, sign = (1, 1) if band[0] == "c" else (0, -1)
        states.append(
            (
                sign * (energy_kb[:, number] - energy_kb[0, number]),
                model.atomic_gauge(momentum_kx, state_kib)[:, :, number],
            )
        )
    pairs = [(k, p) for p in range(mesh.size) for k in range(mesh.size) if mesh.add(k, p) >= 0]
    middle, hole_last = problem.w_ij.shape[0] // 2, words[2].split(":")[1][0] == "v"

    def w(k, p, number=0):
        return problem.interactions[number][tuple(middle + mesh.index_kx[k] - mesh.index_kx[p])]

    h = np.zeros((len(pairs),) * 2, complex)
    for n, (k1, k2) in enumerate(pairs):
        k3 = mesh.add(k1, k2)
        h[n, n] = states[0][0][k1] + states[1][0][k2] + states[2][0][k3]
        for m, (p1, p2) in enumerate(pairs):
            p3 = mesh.add(p1, p2)
            one, two, three = (
                np.vdot(state[k], state[p]) for (_, state), k, p in zip(states, (k1, k2, k3), (p1, p2, p3), strict=True)
            )
            one, two, three = (one, two, three.conj()) if hole_last else (one.conj(), two.conj(), three)
            h[n, m] -= (w(k1, p1) * one * three if k2 == p2 else 0) + (w(k2, p2) * two * three if k1 == p1 else 0)
            h[n, m] += w(k1, p1, -1) * one * two if k3 == p3 else 0
    expected = np.linalg.eigvalsh(h)
    for kernel in ("gemm", "fft"):
        assert np.abs(spectrum(config, data, "mine", kernel=kernel) - expected).max() < 1e-12


def test_three_valleys_with_their_own_masses():
    # specification of bands, section 9.3: WSe2 in hBN, parabolic bands; excitons 135.192, 146.256, 154.589
    given = {
        "carriers.electron_A_mass": 0.29,
        "carriers.electron_B_mass": 0.40,
        "carriers.electron_Lambda_mass": 0.53,
        "carriers.hole_A_mass": 0.36,
    }
    material = load_numbers("WSe2", "trion", None, "none").with_parameters(
        given | {"interaction.r0": "4.5 nm", "lattice.constant": "3.31 angstrom"}
    )
    channels = {
        "bright": ("K:c2", "K:c1", "K:v1"),
        "dark": ("K:c1", "K':c1", "K:v1"),
        "side": ("K:c1", "Lambda:c1", "K:v1"),
    }
    config = config_of(
        channels, N=72, k0=0.1, screening={"kappa": 4.5}, bands={"model": "parabolic"}, solver={"states": 1}
    )
    result = solve(COMM, config, material, Run())
    energy = [1e3 * float(result.value(f"{name}/energy")[0]) for name in channels]
    assert energy == pytest.approx([-153.457, -158.088, -162.983], abs=6e-4)
    pairs = [1e3 * result.value(f"{name}/pair_energy") for name in channels]
    assert np.ravel(pairs) == pytest.approx([-135.192, -146.256, -146.256, -146.256, -146.256, -154.589], abs=6e-4)
    assert [float(result.value(f"{name}/band_edge")) for name in channels] == pytest.approx([0.038, 0.0, 0.048])


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ({"x": ("K:c1", "K:v1", "K:v2")}, "two electrons and a hole"),
        ({"x": ("K:c1", "K:c", "K:v2")}, "'K:c' is not a carrier"),
        ({"singlet": ("K:c1", "K:c2", "K:v2")}, "is not a valid channel name"),
        ({}, "nothing to solve"),
    ],
)
def test_what_is_no_channel(channels, message):
    with pytest.raises(ValidationError, match=message):
        config_of(channels)


def test_carriers_that_are_not_there(side_valleys):
    data, words = load_material("WSe2"), ("K:c1", "K:c3", "K:v1")
    for tables, message in (({}, "two conduction"), (side_valleys, "no such band")):
        (refusal,) = refusals(config_of({"x": words}, **tables), data)
        assert refusal.key == "trion.channels.x" and message in refusal.message
    (refusal,) = refusals(config_of({"x": ("K:c+", "Q:c1", "K:v1")}), data)
    assert "dirac bands have no such carrier" in refusal.message or "Q:c1" in refusal.message
    (refusal,) = refusals(config_of({"x": ("K:c+", "Q:c1", "K:v1")}, **side_valleys), data)
    assert "the model has no spin" in refusal.message


def test_limits_of_channels_leave_out_the_others():
    words = {"dark": ("K:c1", "K':c1", "K:v1"), "intra": ("K:c2", "K:c1", "K:v1")}
    exchange = {"exchange": {"long_range": True}}
    for species, first in ((), "dark"), (("triplet",), "singlet"):
        found = refinement(config_of(words, "WSe2", species, **exchange), load_material("WSe2"))
        assert found.quantities[0].path == f"{first}/binding_energy"
        assert {f"{name}/binding_energy" for name in (*words, "singlet", "triplet", "exciton")} == {
            quantity.path for quantity in found.quantities
        }
        for wanted in ("dark", "triplet", "exciton"):
            lean = found.lean(tuple(q for q in found.quantities if q.path.startswith(wanted)))
            assert lean["trion.channels"] == ({"dark": words["dark"]} if wanted == "dark" else {})
            assert lean["trion.species"] == {"dark": [], "exciton": ["singlet"]}.get(wanted, [wanted])
            assert not lean["exchange.long_range"]

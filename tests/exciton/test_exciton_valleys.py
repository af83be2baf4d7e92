"""Excitons of named carriers in any valleys: what is known of trions and of the A exciton, the Hamiltonian element by
element, error bars, and what is refused.
"""

import json

import numpy as np
import pytest
from mpi4py import MPI
from tight_binding_files import tb_text, with_side_valleys

from hpcx.config.choose import load_open
from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.converge.command import begin, search
from hpcx.exciton.problem import exciton_problem, material_interaction
from hpcx.exciton.refinement import reduced_mass, refinement
from hpcx.exciton.tight_binding import load_model, valley_centre
from hpcx.parallel.run import Run
from hpcx.parallel.stop import StopRequests
from hpcx.physics.bound_states import bound_state
from hpcx.registry import solver

COMM = MPI.COMM_SELF
LIU = 'bands.model = "tight-binding"\ntight_binding.builtin = "liu2013:WSe2"\n'
PARABOLIC = 'bands.model = "parabolic"\nparameter_set = "none"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the file of a model whose lowest conduction bands are at Q."""
    path = tmp_path_factory.mktemp("valleys")
    (path / "mine_tb.dat").write_text(tb_text(with_side_valleys()))
    return path


def side_valleys(folder):
    return (
        'bands.model = "tight-binding"\n'
        f'tight_binding = {{ file = "{folder}/mine_tb.dat", occupied = 1, orbital_tolerance = 0.0 }}\n'
    )


def text_of(bands, N=48, k0=0.1, model="exciton"):
    return f'model = "{model}"\nmaterial = "WSe2"\nmesh = {{ N = {N}, k0 = {k0} }}\n{bands}'


def point_of(folder, text, *settings):
    (folder / "input.toml").write_text(text)
    return load_plan(str(folder / "input.toml"), list(settings)).points[0]


def solved(folder, text, *settings):
    point = point_of(folder, text, *settings)
    return solver(point.config.model)(COMM, point.config, point.material, Run())


@pytest.mark.parametrize(
    ("bands", "electron", "hole"),
    [
        ("", "K:c+", "K:v+"),
        ("", "K:c2", "K:v1"),  # the upper conduction band of WSe2 has the spin of the upper valence band
        (PARABOLIC + "bands.electron_mass = 0.7\n", "K:c2", "K:v1"),
        (LIU, "K:c-", "K:v-"),
    ],
)
def test_the_a_exciton_by_its_words(folder, bands, electron, hole):
    more = ["absorption.enabled=true", "gap=2"]
    known = solved(folder, text_of(bands, 60), *more).datasets
    same = solved(folder, text_of(bands, 60), *more, f"exciton.electron={electron}", f"exciton.hole={hole}").datasets
    half = solved(folder, text_of(bands, 60), f"exciton.hole={hole}").datasets
    assert set(same) - set(known) == {"exciton/band_edge"}
    for name, tolerance in (("energy", 1e-12), ("optical_energy", 1e-12), ("oscillator_strength", 1e-9)):
        assert same[f"exciton/{name}"].data == pytest.approx(known[f"exciton/{name}"].data, abs=tolerance)
    name = "exciton/absorption/absorption"
    assert same[name].data == pytest.approx(known[name].data, rel=1e-9)
    name = "exciton/energy_from_band_edge"
    assert half[name].data == pytest.approx(known[name].data, abs=1e-12)


@pytest.mark.parametrize(
    ("bands", "words", "mesh"),
    [
        ("", ("K:c1", "K':c1", "K:v1"), (72, 0.15)),  # products, not a matrix
        (PARABOLIC, ("Lambda:c1", "K':c+", "K:v1"), (24, 0.12)),
        (None, ("Q:c1", "(0.1,0.2):c1", "G:v1"), (24, 0.12)),
    ],
)
def test_pairs_are_those_of_a_trions_channel(folder, bands, words, mesh):
    bands = side_valleys(folder) if bands is None else bands
    channels = f"trion = {{ species = [], channels = {{ mine = {json.dumps(words)} }} }}\n"
    trion = solved(folder, text_of(bands, *mesh, "trion") + channels, "solver.states=1")
    for electron, expected in zip(words[:2], trion.value("mine/pair_energy"), strict=True):
        found = solved(folder, text_of(bands, *mesh), f"exciton.electron={electron}", f"exciton.hole={words[2]}")
        assert found.value("exciton/energy")[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("electron", "hole"), [("Q:c1", "K:v1"), ("K':c1", "K:v1"), ("Q':c1", "G:v1"), ("(0.1,0.2):c1", "K':v1")]
)
def test_energies_between_valleys_element_by_element(folder, electron, hole):
    """Own diagonalisation at every point by the number of the band, whatever its phases."""
    point = point_of(folder, text_of(side_valleys(folder), 30), f"exciton.electron={electron}", f"exciton.hole={hole}")
    problem, model = exciton_problem(point.config, point.material), with_side_valleys()
    mesh, energy, states = problem.mesh, 0.0, []
    for word, number, sign in ((electron, 1, 1), (hole, 0, -1)):
        centre_v = valley_centre(word.split(":")[0], load_model(point.config.tight_binding), 1, "here")
        momentum_kx = np.array(centre_v) @ model.reciprocal_vx + mesh.momentum_kx
        energy_kb, state_kib = model.bands(momentum_kx)
        energy = energy + sign * (energy_kb[:, number] - energy_kb[0, number])
        states.append(model.atomic_gauge(momentum_kx, state_kib)[:, :, number])
    c_kk, v_kk = (state_ki.conj() @ state_ki.T for state_ki in states)
    middle = problem.w_ij.shape[0] // 2
    apart = middle + mesh.index_kx[:, None] - mesh.index_kx
    expected = np.linalg.eigvalsh(np.diag(energy) - problem.w_ij[tuple(np.moveaxis(apart, -1, 0))] * c_kk * v_kk.conj())
    result = solver("exciton")(COMM, point.config, point.material, Run())
    assert result.value("exciton/energy") == pytest.approx(expected[:4], abs=1e-10)
    assert not result.value("exciton/oscillator_strength").any()
    assert np.linalg.norm(result.value("exciton/wavefunction"), axis=1) == pytest.approx(np.ones(4), abs=1e-12)


def test_pairs_on_one_scale(folder):
    # WSe2: the upper conduction band of K is 38 meV, Lambda 48 meV above the lower ones of K and K'
    for electron, edge in (("K:c2", 0.038), ("K:c1", 0.0), ("K':c1", 0.0), ("Lambda:c1", 0.048)):
        result = solved(folder, text_of(PARABOLIC), "gap=2", f"exciton.electron={electron}")
        bound = result.value("exciton/energy_from_band_edge")
        assert float(result.value("exciton/band_edge")) == pytest.approx(edge)
        assert result.value("exciton/energy") == pytest.approx(2 + edge - 0.038 + bound)
        photon = result.value("exciton/optical_energy")
        assert np.isnan(photon).all() if electron != "K:c2" else photon == pytest.approx(2 + bound)


def test_a_gap_needs_the_offset_of_the_pair(folder):
    numbers = {"electron_A_mass": "0.5", "electron_Lambda_mass": "0.6", "hole_A_mass": "0.5"}
    lines = "".join(
        f'{key} = {{ value = {value}, unit = "m0", source = "made up" }}\n' for key, value in numbers.items()
    )
    (folder / "mine.toml").write_text(
        f'name = "XY2"\nformula = "XY2"\n[carriers]\norder = "bright"\n{lines}[lattice]\n'
        'constant = { value = 3.4, unit = "angstrom", source = "made up" }\n'
        '[interaction]\nr0 = { value = 5.0, unit = "nm", source = "made up" }\n'
    )
    pair = [f"material={folder / 'mine.toml'}", "exciton.electron=Lambda:c1"]
    assert np.isnan(solved(folder, text_of(PARABOLIC), *pair).value("exciton/band_edge"))
    with pytest.raises(InputError, match="gap = '2 eV': is that of the A exciton, and nobody says how far"):
        point_of(folder, text_of(PARABOLIC), *pair, "gap=2")
    with pytest.raises(InputError, match=r"has no number 'carriers\.electron_B_mass'"):
        point_of(folder, text_of(PARABOLIC), pair[0], "exciton.electron=K:c2")


def test_error_bars_hold(folder):
    """Parabolic bands against the radial equation, a tight-binding model against a mesh that is finer than all."""
    lam = text_of(PARABOLIC + 'environment = "hBN"\nexciton = { electron = "Lambda:c1", hole = "K:v1" }\n')
    across = text_of(LIU + 'environment = "hBN"\nexciton = { electron = "K\':c1", hole = "K:v1" }\n')
    point = point_of(folder, lam)
    assert reduced_mass(point.config, point.material) == pytest.approx(0.53 * 0.36 / 0.89, rel=0.02)
    law = material_interaction(point.config, point.material)
    exact = 1e3 * bound_state(reduced_mass(point.config, point.material), law, "gaussian").binding_energy
    fine = solved(folder, across, "mesh.N=84", "mesh.k0=0.27")
    fine = 1e3 * float(fine.value("exciton/binding_energy") - fine.value("exciton/finite_mesh_correction"))
    for place, text, expected in ((folder / "parabolic", lam, exact), (folder / "across", across, fine)):
        study = begin(load_open("input.toml", [f"output.directory={place}"], text), "1 meV", None, None)
        search(COMM, study, str(place), StopRequests(), None, lambda text: None)
        (answer,) = study.answers
        assert abs(answer.value - expected) < answer.error < 1


def test_a_centre_that_is_no_minimum_is_told(folder):
    point = point_of(folder, text_of(LIU), "exciton.hole=M:v1")
    assert "hole: a point of the disk is" in refinement(point.config, point.material).choices
    assert not refinement(point_of(folder, text_of(LIU)).config, point.material).choices


@pytest.mark.parametrize(
    ("bands", "settings", "message"),
    [
        (
            PARABOLIC,
            ["exciton.electron=Lamda:c1"],
            r"'Lamda:c1': parabolic bands have no such carrier.*c of Lambda and Lambda'.*Q.*did you mean 'Lambda:c1'",
        ),
        (PARABOLIC, ["exciton.electron=k':c1"], r"did you mean 'K':c1'\?"),
        ("", ["exciton.electron=Kp:c+"], r"did you mean 'K':c\+'\?"),
        ("", ["exciton.electron=Lambda:c1"], "dirac bands have no such carrier; they have c and v at K and K'"),
        (LIU, ["exciton.electron=Lamda:c1"], "'Lamda' is not a point of this zone; known are .* M, Q, Q'"),
        (LIU, ["exciton.electron=Q:c1"], "there is no valley Q between G and K"),
        (LIU, ["exciton.hole=K:v3"], "the model has no such band"),
        ("", ["exciton.electron=K:v1"], "'K:v1' is not an electron: expected .*, Lambda:c1$"),
        ("", ["exciton.hole=K"], "'K' is not a hole: expected"),
        ("", ["exciton.electron=K':c1", "absorption.enabled=true"], r"absorption\.enabled.*two valleys.*needs phonons"),
        ("", ["exciton.electron=K:c1", "absorption.enabled=true"], r"absorption\.enabled.*opposite spin"),
        ("", ["exciton.electron=K':c1", "exchange.long_range=true"], "exchange is that of the A excitons"),
        ("", ["exciton.electron=K':c1", "exchange.contact=3"], "exchange is that of the A excitons"),
        ("", ["exciton.electron=K':c1", "phonons.enabled=true"], "widths of the A exciton only"),
        (
            "",
            ["exciton.electron=K':c1", "exchange.contact=3", "phonons.enabled=true"],
            "^2 errors in .*\n.*exchange is that of the A excitons.*\n.*widths of the A exciton only",
        ),
        (
            PARABOLIC,
            ["exciton.electron=Gama:c1", "environment=hBN-optical", "screening.r0_y=20", "exciton.hole=K:v9"],
            r"(?s)^3 errors.*screening.r0_y.*electron = 'Gama:c1'.*hole = 'K:v9'",
        ),
        (LIU, ["exciton.electron=K':c1", "mesh.region=zone"], "pairs of all valleys"),
        (LIU, ["exciton.hole=(0.3,0.02):v1", "mesh.k0=0.3"], "mesh.k0"),
    ],
)
def test_what_is_refused(folder, bands, settings, message):
    with pytest.raises(InputError, match=message):
        point_of(folder, text_of(bands), *settings)

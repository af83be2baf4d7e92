"""Excitons on disks of a tight-binding model: light, valleys, lattices of any shape, and what is refused."""

import numpy as np
import pytest
from mpi4py import MPI
from tight_binding_files import honeycomb, rectangular, tb_text

from hpcx.config.errors import InputError
from hpcx.config.load import load_plan
from hpcx.exciton.problem import carrier_mesh, exciton_problem
from hpcx.exciton.tight_binding import load_model, load_valleys
from hpcx.parallel.run import Run
from hpcx.physics.bands import Level
from hpcx.physics.constants import COULOMB
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.tightbinding import TightBinding
from hpcx.physics.valley_bands import TightBindingValleys
from hpcx.registry import solver

INPUT = (
    'model = "exciton"\nmaterial = "WSe2"\nmesh = {{ N = {}, k0 = {} }}\nbands.model ='
    ' "tight-binding"\n[tight_binding]\n{}\n'.format
)
LIU = 'builtin = "liu2013:WSe2"'


def point_of(tmp_path, text, *settings):
    (tmp_path / "input.toml").write_text(text)
    return load_plan(str(tmp_path / "input.toml"), list(settings)).points[0]


def file_of(tmp_path, model, more=""):
    (tmp_path / "mine_tb.dat").write_text(tb_text(model))
    return f'file = "{tmp_path}/mine_tb.dat"\noccupied = 1\n{more}'


def test_one_state_of_a_degenerate_level_is_refused(tmp_path):
    # at the zone's centre both spins of the valence band have one energy, and a model whose spin is not known cannot
    # tell them apart
    model = load_model(point_of(tmp_path, INPUT(90, 0.05, LIU)).config.tight_binding)
    level = Level((0.0, 0.0), 1, False)
    assert TightBindingValleys(model, 2, np.zeros(2), np.repeat([1.0, -1.0], 3)).spin(np.zeros(2))[:2] == pytest.approx(
        [1, -1]
    )
    with pytest.raises(ValueError, match=r"bands 1, 2 are degenerate at the valley's centre.*say tight_binding\.spin"):
        TightBindingValleys(model, 2, np.zeros(2)).energy(level)
    twice = TightBinding(
        model.lattice_vx, model.cell_rv, np.kron(np.eye(2), model.hopping_rij), np.tile(model.centre_ix, (2, 1))
    )
    (tmp_path / "twice_tb.dat").write_text(tb_text(twice))
    source = f'file = "{tmp_path}/twice_tb.dat"\noccupied = 4'
    with pytest.raises(InputError, match="are degenerate at the valley's centre: a single one"):
        point_of(tmp_path, INPUT(90, 0.05, source))


def test_light_acts_as_in_the_massive_dirac_model_near_the_valley(tmp_path):
    point = point_of(tmp_path, INPUT(90, 0.05, LIU))
    problems = {
        helicity: exciton_problem(
            point_of(tmp_path, INPUT(90, 0.05, LIU), f"absorption.helicity={helicity}").config, point.material
        )
        for helicity in ("same", "opposite")
    }
    same, opposite = (problems[helicity].dipole_k for helicity in ("same", "opposite"))
    assert same[0] == pytest.approx(1.0) and np.abs(same).max() < 1.0 + 1e-12
    assert abs(opposite[0]) < 1e-12 and 0 < np.abs(opposite).max() < 0.05
    move, _ = problems["same"].mesh.point_group("C3v")
    assert np.abs(same[move[1]] - same).max() < 1e-12 and np.abs(same[move[3]] - same.conj()).max() < 1e-12


@pytest.mark.parametrize("angle", [60, 120])
def test_turning_the_lattice_and_its_basis_change_nothing(tmp_path, angle):
    model, energies = honeycomb(), []
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    basis = np.eye(2, dtype=int) if angle == 120 else np.array([[1, 0], [1, 1]])
    centres = model.centre_ix @ np.block([[turn, np.zeros((2, 1))], [np.zeros((1, 2)), np.ones((1, 1))]])
    cells = np.rint(model.cell_rv @ np.linalg.inv(basis)).astype(int)
    turned = TightBinding(basis @ model.lattice_vx @ turn, cells, model.hopping_rij, centres)
    for case in (model, turned):
        point = point_of(tmp_path, INPUT(36, 0.15, file_of(tmp_path, case)))
        result = solver("exciton")(MPI.COMM_SELF, point.config, point.material, Run())
        energies.append(result.value("exciton/energy"))
        assert exciton_problem(point.config, point.material).electron.rotation_k is not None
    assert energies[1] == pytest.approx(energies[0], abs=1e-9)


def test_wavefunctions_are_eigenvectors_on_the_points_that_stand_beside_them(tmp_path):
    point = point_of(tmp_path, INPUT(60, 0.15, LIU))
    result = solver("exciton")(MPI.COMM_SELF, point.config, point.material, Run())
    problem, amplitude_sk = exciton_problem(point.config, point.material), result.value("exciton/wavefunction")
    assert np.abs(amplitude_sk.conj() @ amplitude_sk.T - np.eye(4)).max() < 1e-10
    assert (
        np.abs(amplitude_sk @ problem.dense().T - result.value("exciton/energy")[:, None] * amplitude_sk).max() < 1e-10
    )
    assert np.allclose(
        10 * np.stack([result.value("exciton/kx"), result.value("exciton/ky")], axis=1),
        problem.mesh.momentum_kx,
        atol=1e-13,
    )


@pytest.mark.parametrize(("w0", "length_y"), [("cell-average", None), ("cell-average", 1.5), ("disk", None)])
def test_a_rectangular_lattice_by_brute_force(tmp_path, w0, length_y):
    """Own mesh, own bands, own mean of W over the rectangle around q = 0, with one r0 and with two;
    the lattice has none of the symmetries of a hexagon.
    """
    n, k0, length_x = 28, 0.2, 2 * np.pi * 0.718
    more = [] if length_y is None else [f"screening.r0_y={10 * length_y}"]
    text = INPUT(n, k0, file_of(tmp_path, rectangular(), 'valley = "G"'))
    point = point_of(tmp_path, text, f"screening.w0={w0}", *more)
    length = lambda x, y: (length_x * x**2 + (length_y or length_x) * y**2) / np.maximum(x**2 + y**2, 1e-30)
    energy = solver("exciton")(MPI.COMM_SELF, point.config, point.material, Run()).value("exciton/energy")
    model, steps = rectangular(), 2 * np.pi / np.array([0.33, 0.45]) / n
    k = np.stack(np.mgrid[-n : n + 1, -n : n + 1], axis=-1).reshape(-1, 2) * steps
    k = k[np.linalg.norm(k, axis=1) <= k0 * 2 * np.pi / 0.33 * (1 + 1e-12)]
    band, state = model.bands(k)
    q = np.linalg.norm(k[:, None] - k[None], axis=-1)
    w = 2 * np.pi * COULOMB / (np.where(q > 0, q, 1) * (1 + length(*(k[:, None] - k[None]).T) * q))
    if w0 == "disk":
        radius = np.sqrt(steps.prod() / np.pi)
        w[q == 0] = 2 * np.pi / steps.prod() * 2 * np.pi * COULOMB * np.log(1 + length_x * radius) / length_x
    else:
        node, weight = np.polynomial.legendre.leggauss(400)
        total = 0.0
        for near, far, swapped in ((*steps / 2, False), (*steps[::-1] / 2, True)):
            angle = np.arctan2(far, near) * (node + 1) / 2
            across = length(*((np.sin(angle), np.cos(angle)) if swapped else (np.cos(angle), np.sin(angle))))
            total += (
                4
                * np.arctan2(far, near)
                / 2
                * weight
                @ (2 * np.pi * COULOMB * np.log(1 + across * near / np.cos(angle)) / across)
            )
        w[q == 0] = total / steps.prod()
    overlap = (state[:, :, 1].conj() @ state[:, :, 1].T) * (state[:, :, 0].conj() @ state[:, :, 0].T).conj()
    h = np.diag(band[:, 1] - band[:, 0] - 2.0) - w * overlap / (n**2 * 0.33 * 0.45)
    assert energy == pytest.approx(np.linalg.eigvalsh(h)[:4], abs=1e-10)
    assert carrier_mesh(point.config, point.material).size == len(k)


@pytest.mark.parametrize(
    "lattice_vx",
    [[[0.437, 0.0], [0.0, 0.331]], [[0.4, 0.0], [0.0, 0.4]], [[0.3, 0.0], [0.11, 0.52]], [[0.3, 0.0], [0.15, 0.2598]]],
)
def test_a_disk_has_no_point_twice(tmp_path, lattice_vx):
    """The largest disk has no two points that differ by a reciprocal vector; a little larger ones do and are refused:
    half the shortest reciprocal vector is b / (2 a) = 0.379 (2 pi / b) for the rectangle.
    """
    text = INPUT(40, 0.1, file_of(tmp_path, rectangular(lattice_vx=lattice_vx), 'valley = "G"'))
    valleys = load_valleys(point_of(tmp_path, text).config.tight_binding)
    largest, twice = valleys.largest_cutoff, []
    larger = 1.0001 * largest if abs(largest - 0.5) > 1e-3 else 0.5  # no input has more than 0.5
    for cutoff in (largest, larger):
        index_kx = lattice_mesh(40, cutoff, valleys.lattice).index_kx
        twice.append(len(index_kx) - len(np.unique(index_kx % 40, axis=0)))
    assert twice[0] == 0 and twice[1] > 0
    if largest < 0.5:
        with pytest.raises(InputError, match=f"must be at most {np.floor(1e4 * largest) / 1e4:g}.*its image in the ne"):
            point_of(tmp_path, text, f"mesh.k0={larger}")
        point_of(tmp_path, text, f"mesh.k0={np.floor(1e4 * largest) / 1e4}")


@pytest.mark.parametrize(
    ("more", "settings", "message"),
    [
        (
            "",
            ["tight_binding.valley=X"],
            r"tight_binding\.valley.*'X' is not a point of this zone; known are G, Gamma, K, K', M",
        ),
        ("", ["tight_binding.occupied=2"], "the model has only 2 bands, so none is left above"),
        ('spin = "blocks"', ["mesh.k0=0.1"], r"tight_binding\.spin.*no band has the spin of a carrier"),
        ("", ["mesh.k0=0.35"], r"mesh\.k0 = '0\.35': must be at most 0\.33.*time-reversed partner overlap"),
    ],
)
def test_what_is_refused(tmp_path, more, settings, message):
    with pytest.raises(InputError, match=message):
        point_of(tmp_path, INPUT(36, 0.1, file_of(tmp_path, honeycomb(), more)), *settings)

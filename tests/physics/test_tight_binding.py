"""Tight-binding models: symmetry, gauge and velocity; the three-band model; bands followed around a valley."""

import tomllib
from importlib import resources

import numpy as np
import pytest
from tight_binding_files import honeycomb, tb_text

from hpcx.io.wannier import read_tb
from hpcx.physics.bands import Carrier
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.lattice import hexagonal, lattice_of
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.three_band import three_band_model
from hpcx.physics.tightbinding import TightBinding
from hpcx.physics.valley_bands import TightBindingValleys, told
from hpcx.physics.valley_states import ValleyError, ValleyStates, compress, follow_band, symmetrise, symmetry_residual

LIU = tomllib.loads((resources.files("hpcx.materials") / "models" / "liu2013.toml").read_text(encoding="utf-8"))


def liu(material, spin):
    given = LIU[material]
    return three_band_model(0.1 * given["a"], given, given["lambda"], spin)


def valley_k(material):
    return np.array([4 * np.pi / 3 / (0.1 * LIU[material]["a"]), 0.0])


@pytest.mark.parametrize(
    ("material", "gaps"),
    [("MoS2", (1.5898, 1.7358)), ("WS2", (1.5948, 2.0168)), ("MoSe2", (1.3454, 1.5274)), ("WSe2", (1.3120, 1.7680))],
)
def test_gaps_of_the_three_band_model_at_k(material, gaps):
    # specification of bands, section 9.5
    for spin, gap in zip((1, -1), gaps, strict=True):
        assert liu(material, spin).gap(valley_k(material)[None], 1) == pytest.approx(gap, abs=6e-5)


@pytest.mark.parametrize(("material", "electron", "hole"), [("MoS2", 0.4744, 0.7061), ("WSe2", 0.4107, 0.6183)])
def test_masses_of_the_three_band_model_at_k(material, electron, hole):
    step = 1e-2 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    energy_kb = liu(material, -1).energies(valley_k(material) + step)
    curvature_b = (energy_kb[1:].sum(axis=0) - 4 * energy_kb[0]) / (2 * 1e-4)
    assert HBAR2_PER_M0 / curvature_b[1] == pytest.approx(electron, abs=6e-5)
    assert -HBAR2_PER_M0 / curvature_b[0] == pytest.approx(hole, abs=6e-5)


def test_time_reversal_exchanges_spins_and_valleys():
    momenta = np.random.default_rng(1).normal(size=(9, 2))
    up, down = liu("WSe2", 1), liu("WSe2", -1)
    assert np.allclose(up.hamiltonian(momenta), down.hamiltonian(-momenta).conj(), atol=1e-12)


def test_lattice_gauge_is_periodic_and_velocity_is_the_slope_of_the_atomic_gauge():
    model = honeycomb(hopping=-2.3 + 0.2j)
    k = 10 * np.random.default_rng(2).normal(size=(6, 2))
    assert np.allclose(model.hamiltonian(k + model.reciprocal_vx.sum(axis=0)), model.hamiltonian(k), atol=1e-12)

    def atomic(k):
        phase = np.exp(1j * k @ model.centre_ix[:, :2].T)
        return phase.conj()[:, :, None] * model.hamiltonian(k) * phase[:, None, :]

    step = 1e-5
    phase = np.exp(1j * k @ model.centre_ix[:, :2].T)
    for axis, v_kij in enumerate(model.velocity(k)):
        slope = (atomic(k + step * np.eye(2)[axis]) - atomic(k - step * np.eye(2)[axis])) / (2 * step)
        assert np.allclose(phase.conj()[:, :, None] * v_kij * phase[:, None, :], slope, atol=1e-8)


def test_velocities_with_dipoles_between_orbitals_are_those_of_any_other_orbitals(tmp_path):
    # other orbitals of the same cell, on both sites: their positions are a matrix
    model = honeycomb(hopping=-2.3 + 0.2j)
    mix = np.linalg.qr(np.random.default_rng(5).normal(size=(2, 2, 2)) @ [1, 1j])[0]
    position_ijx = np.einsum("ai,ax,aj->ijx", mix.conj(), model.centre_ix, mix)
    centre_ix = np.einsum("iix->ix", position_ijx).real
    dipole_rijx = np.zeros((len(model.cell_rv), 2, 2, 2), complex)
    dipole_rijx[0] = position_ijx[..., :2] * (1 - np.eye(2))[..., None]
    other = TightBinding(
        model.lattice_vx, model.cell_rv, mix.conj().T @ model.hopping_rij @ mix, centre_ix, dipole_rijx
    )
    k = 10 * np.random.default_rng(2).normal(size=(6, 2))
    expected = mix.conj().T @ model.velocity(k) @ mix
    assert np.abs(other.velocity(k) - expected).max() < 1e-12
    (tmp_path / "other_tb.dat").write_text(tb_text(other, degeneracy=2))
    assert np.abs(read_tb(tmp_path / "other_tb.dat").velocity(k) - expected).max() < 1e-12


def test_a_model_that_is_not_hermitian_is_refused():
    model = honeycomb()
    with pytest.raises(ValueError, match="not Hermitian"):
        TightBinding(model.lattice_vx, model.cell_rv, model.hopping_rij + 1e-3j * np.eye(2), model.centre_ix)


def disk(material="WSe2", spin=1, band=1, cutoff=0.1, divisions=48):
    mesh = lattice_mesh(divisions, cutoff, hexagonal(0.1 * LIU[material]["a"]))
    return mesh, follow_band(liu(material, spin), valley_k(material) + mesh.momentum_kx, band)


def c3v(mesh):
    images, _ = mesh.point_group("C6v")
    return images[2], images[6]


def test_overlaps_have_the_threefold_symmetry_of_the_valley_and_no_sixfold_one():
    for band in (0, 1):
        mesh, states = disk(band=band)
        rotation, mirror = c3v(mesh)
        assert symmetry_residual(states, rotation, mirror) < 1e-12
        assert symmetry_residual(states, mesh.point_group("C6")[0][1], None) > 0.05


def overlaps(states):
    return states.state_ik.conj().T @ states.state_ik


def test_phases_of_the_diagonalisation_and_the_choice_of_orbitals_do_not_matter():
    mesh, states = disk()
    generator = np.random.default_rng(5)
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)) + 1j * generator.normal(size=(3, 3)))
    model = liu("WSe2", 1)
    disguised = TightBinding(model.lattice_vx, model.cell_rv, turn.conj().T @ model.hopping_rij @ turn, model.centre_ix)
    again = follow_band(disguised, valley_k("WSe2") + mesh.momentum_kx, 1)
    assert np.allclose(overlaps(again), overlaps(states), atol=1e-12)
    assert np.allclose(again.energy_k, states.energy_k, atol=1e-12)


def test_compression_leaves_out_what_it_says_and_is_wrong_in_second_order():
    _, states = disk("MoS2", -1, 1, 0.15)
    embedded = ValleyStates(states.energy_k, np.concatenate([states.state_ik, np.zeros((9, len(states.energy_k)))]))
    for tolerance in (1e-2, 1e-3, 1e-9):
        few = compress(embedded, tolerance)
        assert few.left_out < tolerance and len(few.state_ik) == 3
        assert np.abs(overlaps(few) - overlaps(states)).max() < 4 * tolerance + 1e-12
        assert np.allclose(np.linalg.norm(few.state_ik, axis=0), 1)


def test_states_of_a_file_with_few_digits_become_symmetric():
    mesh, states = disk()
    rotation, mirror = c3v(mesh)
    noise = np.random.default_rng(7).normal(size=(2, *states.state_ik.shape)) * 2e-4
    rough = states.state_ik + noise[0] + 1j * noise[1]
    rough = ValleyStates(states.energy_k + noise[0, 0], rough / np.linalg.norm(rough, axis=0))
    assert symmetry_residual(rough, rotation, mirror) > 1e-4
    smooth = symmetrise(compress(rough, 1e-9), rotation, mirror)
    assert symmetry_residual(smooth, rotation, mirror) < 1e-13
    assert np.abs(overlaps(smooth) - overlaps(states)).max() < 2e-3
    assert np.allclose(smooth.state_ik[:, mirror], smooth.state_ik.conj(), atol=1e-12)


def test_bands_around_the_centre_of_a_rectangular_zone_become_symmetric_under_half_a_turn():
    # different masses along x and y, and an odd coupling along x: inversion changes the sign of one orbital
    cell_rv, h_rij = np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]), np.zeros((5, 2, 2), complex)
    h_rij[:, 0, 0], h_rij[:, 1, 1] = [3.3, -0.9, -0.9, -0.25, -0.25], [-3.3, 0.9, 0.9, 0.25, 0.25]
    h_rij[1] += [[0, 0.35], [-0.35, 0]]
    h_rij[2] -= [[0, 0.35], [-0.35, 0]]
    noise = np.random.default_rng(3).normal(size=(2, 2)) * 1e-5
    h_rij[3] += noise
    h_rij[4] += noise.T
    model = TightBinding(np.array([[0.33, 0.0], [0.0, 0.45]]), cell_rv, h_rij, np.zeros((2, 3)))
    mesh = lattice_mesh(28, 0.2, lattice_of(model.lattice_vx))
    turned, _ = mesh.point_group("C2")
    for carrier in (Carrier(1, 1, True), Carrier(1, 1, False)):
        rough = TightBindingValleys(model, 1, np.zeros(2), symmetry_tolerance=0.0).band(mesh.momentum_kx, carrier)
        smooth = TightBindingValleys(model, 1, np.zeros(2)).band(mesh.momentum_kx, carrier)
        assert np.array_equal(smooth.rotation_k, turned[1]) and 1e-7 < smooth.residual < 1e-3
        assert np.abs(smooth.energy_k[turned[1]] - smooth.energy_k).max() < 1e-13
        assert np.abs(np.abs(smooth.spinor_ck[:, turned[1]]) - np.abs(smooth.spinor_ck)).max() < 1e-13
        assert np.abs(smooth.energy_k - rough.energy_k).max() < 1e-4
    assert told({"electron": smooth})["symmetry of the valley"].startswith("C2; the file's bands deviate")


def test_crossing_bands_are_followed_by_character_and_too_large_disks_are_refused():
    # two bands that cross without mixing: energies 0.1 cos and its negative on separate orbitals
    cells, hopping = np.array([(0, 0), (1, 0), (-1, 0)]), np.zeros((3, 2, 2), complex)
    hopping[1:] = np.diag([0.05, -0.05])
    model = TightBinding(2.0 * np.eye(2), cells, hopping, np.zeros((2, 3)))
    k = np.stack([np.linspace(0, np.pi / 2, 30), np.zeros(30)], axis=1)
    states = follow_band(model, k, 1)
    assert np.allclose(states.energy_k, 0.1 * np.cos(2 * k[:, 0]), atol=1e-12)
    mesh = lattice_mesh(30, 0.5, hexagonal(0.1 * LIU["WSe2"]["a"]))
    with pytest.raises(ValleyError, match=r"band 2 changes its character .* smaller mesh\.k0"):
        follow_band(liu("WSe2", 1), valley_k("WSe2") + mesh.momentum_kx, 1)

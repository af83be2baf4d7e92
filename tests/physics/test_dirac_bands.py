"""Massive Dirac bands: they diagonalise the Hamiltonian, and their gauge is covariant."""

import numpy as np
import pytest

from hpcx.physics.bands import dirac_band, optical_dipole
from hpcx.physics.lattice import hexagonal
from hpcx.physics.mesh import lattice_mesh

VELOCITY, GAP = 1.10 * 0.3193, 1.585


@pytest.fixture(scope="module")
def mesh():
    return lattice_mesh(80, 0.1, hexagonal(0.3193))


def hamiltonian(momentum, valley):
    f = VELOCITY * (valley * momentum[0] + 1j * momentum[1])
    return np.array([[GAP / 2, f.conjugate()], [f, -GAP / 2]])


@pytest.mark.parametrize("valley", [1, -1])
def test_spinors_are_eigenvectors(mesh, valley):
    electron, hole = (dirac_band(mesh.momentum_kx, VELOCITY, GAP, valley, conduction) for conduction in (True, False))
    for k in range(mesh.size):
        matrix = hamiltonian(mesh.momentum_kx[k], valley)
        c, v = electron.spinor_ck[:, k], hole.spinor_ck[:, k]
        assert np.allclose(matrix @ c, (electron.energy_k[k] + GAP / 2) * c, atol=1e-13)
        assert np.allclose(matrix @ v, (-hole.energy_k[k] - GAP / 2) * v, atol=1e-13)
        assert np.linalg.norm(c) == pytest.approx(1) and abs(np.vdot(c, v)) < 1e-14
    assert electron.energy_k[0] == 0


@pytest.mark.parametrize("valley", [1, -1])
@pytest.mark.parametrize("conduction", [True, False])
def test_overlaps_are_invariant_under_rotations_and_conjugated_by_mirrors(mesh, valley, conduction):
    spinor_ck = dirac_band(mesh.momentum_kx, VELOCITY, GAP, valley, conduction).spinor_ck
    overlap = spinor_ck.conj().T @ spinor_ck
    for move, conjugates in zip(*mesh.point_group("C6v"), strict=True):
        image = overlap[np.ix_(move, move)]
        assert np.abs((image.conj() if conjugates else image) - overlap).max() < 1e-13


def test_opposite_valley_is_the_complex_conjugate(mesh):
    here, there = (dirac_band(mesh.momentum_kx, VELOCITY, GAP, valley, True).spinor_ck for valley in (1, -1))
    rotated = np.array([[1], [-1]]) * here.conj()
    assert np.allclose(there, rotated, atol=1e-14)


def test_dipole_is_the_cosine_of_the_half_angle_squared(mesh):
    electron, hole = (dirac_band(mesh.momentum_kx, VELOCITY, GAP, 1, conduction) for conduction in (True, False))
    angle = np.arctan2(2 * VELOCITY * np.linalg.norm(mesh.momentum_kx, axis=1), GAP)
    assert np.allclose(optical_dipole(electron, hole), np.cos(angle / 2) ** 2, atol=1e-14)

"""The truncated mesh and its point group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcx.physics.lattice import hexagonal, lattice_of
from hpcx.physics.mesh import count_points, lattice_mesh

meshes = st.builds(lattice_mesh, st.integers(20, 90), st.floats(0.05, 0.16), st.just(hexagonal(3.193)))


@pytest.mark.parametrize(
    ("radius", "count"), [(3, 19), (4, 43), (6, 97), (8, 169), (10, 271), (12, 385), (14, 535), (18, 877), (19.2, 1003)]
)
def test_number_of_points_depends_on_the_radius_alone(radius, count):
    assert lattice_mesh(100, radius / 100, hexagonal(3.0)).size == count
    assert lattice_mesh(160, radius / 160, hexagonal(3.3)).size == count


@given(meshes)
def test_points_fill_the_disk_and_are_sorted(mesh):
    length = np.linalg.norm(mesh.momentum_kx, axis=1)
    assert length.max() <= mesh.cutoff * 2 * np.pi / mesh.lattice.constant * (1 + 1e-9)
    assert np.all(np.diff(length) > -1e-12)
    assert mesh.size == pytest.approx(np.pi * np.sqrt(3) / 2 * (mesh.cutoff * mesh.divisions) ** 2, rel=1.0, abs=12)
    assert np.array_equal(mesh.lookup(*mesh.index_kx.T), np.arange(mesh.size))


@given(meshes)
def test_sums_of_points(mesh):
    k, q = np.indices((mesh.size, mesh.size)).reshape(2, -1)[:, ::7]
    total = mesh.add(k, q)
    inside = total >= 0
    momentum = mesh.momentum_kx[k] + mesh.momentum_kx[q]
    assert np.allclose(mesh.momentum_kx[total[inside]], momentum[inside], atol=1e-12)
    assert np.all(np.linalg.norm(momentum[~inside], axis=1) > np.linalg.norm(mesh.momentum_kx, axis=1).max())
    assert np.all(mesh.add(np.arange(mesh.size), mesh.inverse_k) == 0)


@given(meshes)
def test_operations_rotate_and_reflect_momenta(mesh):
    permutation_gk, conjugates_g = mesh.point_group("C6v")
    assert conjugates_g.tolist() == [False] * 6 + [True] * 6
    for g, move in enumerate(permutation_gk):
        angle = np.pi / 3 * (g % 6)
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        if g >= 6:
            matrix = np.diag([1, -1]) @ matrix
        assert np.allclose(mesh.momentum_kx[move], mesh.momentum_kx @ matrix.T, atol=1e-12)
    assert np.array_equal(mesh.point_group("C6")[0], permutation_gk[:6])


@given(meshes, st.sampled_from([("C6", 60), ("C6v", 30)]))
def test_smallest_point_of_an_orbit_lies_in_the_wedge(mesh, symmetry):
    name, wedge = symmetry
    first = np.unique(mesh.point_group(name)[0].min(axis=0))
    angle = np.degrees(np.arctan2(*mesh.momentum_kx[first].T[::-1]))
    assert angle.min() > -1e-9
    assert angle.max() < (wedge - 1e-9 if name == "C6" else wedge + 1e-9)


@pytest.mark.parametrize("cutoff", [0.03, 0.1, 0.125, 1 / 3, 0.5])
def test_points_are_counted_without_making_them(cutoff):
    sizes = range(1, 120, 7)
    for lattice in (hexagonal(3.19), lattice_of(np.array([[3.31, 0.0], [0.4, 4.37]]))):
        assert [count_points(size, cutoff, lattice) for size in sizes] == [
            lattice_mesh(size, cutoff, lattice).size for size in sizes
        ]

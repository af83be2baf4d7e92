"""Convolutions by transforms against direct sums, for disks and lenses of points in lattices of any kind."""

import numpy as np
import pytest

from hpcx.exciton.convolution import BoxConvolution
from hpcx.physics.lattice import hexagonal, lattice_of
from hpcx.physics.mesh import lattice_mesh

LATTICES = {
    "hexagonal": hexagonal(0.3),
    "rectangular": lattice_of(np.array([[0.33, 0.0], [0.0, 0.44]])),
    "oblique": lattice_of(np.array([[0.3, 0.0], [0.11, 0.52]])),
}


def convolved(convolution, index_px, x_p):
    """Return the convolution of values on points."""
    corner, extent = index_px.min(axis=0), np.ptp(index_px, axis=0) + 1
    place = tuple((index_px - corner).T)
    work = np.full(convolution.padded(index_px), np.nan, complex)
    work[: extent[0], : extent[1]] = 0
    work[place] = x_p
    return convolution.apply(work, tuple(extent.tolist()))[place]


@pytest.mark.parametrize("name", LATTICES)
def test_transforms_give_direct_sums_on_lenses(name):
    mesh, rng = lattice_mesh(60, 0.1, LATTICES[name]), np.random.default_rng(0)
    middle = 2 * mesh.reach
    w_ij = rng.normal(size=(2 * middle + 1,) * 2)
    w_ij += w_ij[::-1, ::-1]
    convolution = BoxConvolution(mesh, w_ij)
    edge = mesh.index_kx[-12::4]
    for move in np.concatenate([[[0, 0], [3, 1], [-2, 5]], edge, 17 * edge // 10, 2 * edge]):
        far = np.clip(mesh.index_kx + move, -middle, middle)
        index_px = mesh.index_kx[mesh.lookup(*far.T) >= 0]
        x_p = rng.normal(size=(len(index_px), 2)) @ [1, 1j]
        between = index_px[:, None] - index_px + middle
        expected = w_ij[between[..., 0], between[..., 1]] @ x_p
        found = convolved(convolution, index_px, x_p)
        assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


def test_lengths_are_found_where_rounding_decides():
    """On a rectangle the shortest lengths and those that always fit are the same but for rounding."""
    lattice = lattice_of(np.array([[0.437, 0.0], [0.0, 0.331]]))
    for divisions in range(20, 90):
        mesh = lattice_mesh(divisions, 0.183, lattice)
        lengths = BoxConvolution(mesh, np.zeros((4 * mesh.reach + 1,) * 2)).padded(mesh.index_kx)
        assert np.all(np.array(lengths) > 2 * np.ptp(mesh.index_kx, axis=0))


def test_transforms_on_a_hexagonal_disk_are_shorter_than_twice_its_box():
    mesh = lattice_mesh(300, 0.1, LATTICES["hexagonal"])
    convolution = BoxConvolution(mesh, np.zeros((4 * mesh.reach + 1,) * 2))
    box = 2 * np.ptp(mesh.index_kx, axis=0) + 1
    assert np.prod(convolution.padded(mesh.index_kx)) < 0.8 * np.prod(box)

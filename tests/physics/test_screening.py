"""The screened interaction and what stands for its value at q = 0."""

import numpy as np
import pytest
from scipy.integrate import dblquad

from hpcx.physics.constants import COULOMB
from hpcx.physics.lattice import hexagonal
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.rytova_keldysh import Logarithmic, RytovaKeldysh
from hpcx.physics.screening import coulomb_at_zero, interaction_between, interaction_grid

LENGTH = 2 * np.pi * 0.660


@pytest.fixture(scope="module")
def mesh():
    return lattice_mesh(60, 0.1, hexagonal(0.3193))


@pytest.mark.parametrize(
    ("choice", "value"), [("cell-average", 66.302686), ("disk", 66.369944), ("qmin", 9.294460), ("zero", 0)]
)
def test_reference_values_at_zero(mesh, choice, value):
    assert coulomb_at_zero(choice, mesh, RytovaKeldysh(LENGTH, 1.0)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("law", [RytovaKeldysh(LENGTH, 1.0), RytovaKeldysh(LENGTH, 4.5), Logarithmic(LENGTH, 1.3)])
def test_cell_average_by_brute_force(mesh, law):
    smallest = 4 * np.pi / np.sqrt(3) / (0.3193 * 60)

    def strip(y, x):
        return x * COULOMB * law.in_momentum(x * np.hypot(1, y))

    # one twelfth of the hexagon in coordinates (x, y x), in which the pole is gone
    integral, _ = dblquad(strip, 0, smallest / 2, 0, np.tan(np.pi / 6), epsabs=0, epsrel=1e-10)
    cell = (2 * np.pi) ** 2 / (60**2 * mesh.cell_area)
    assert coulomb_at_zero("cell-average", mesh, law) == pytest.approx(12 * integral / cell, rel=1e-8)


def test_unknown_choice_is_refused(mesh):
    with pytest.raises(ValueError, match="expected cell-average"):
        coulomb_at_zero("hex", mesh, RytovaKeldysh(LENGTH, 1.0))


def test_table_and_matrix_agree_with_the_formula(mesh):
    w_ij = interaction_grid(mesh, RytovaKeldysh(LENGTH, 1.0), "qmin")
    matrix = interaction_between(w_ij, mesh.index_kx, mesh.index_kx)
    assert np.array_equal(matrix, matrix.T)
    q = np.linalg.norm(mesh.momentum_kx[:, None] - mesh.momentum_kx[None], axis=-1)
    q[q < 1e-12] = 4 * np.pi / np.sqrt(3) / (0.3193 * 60)
    assert np.allclose(
        matrix, COULOMB * RytovaKeldysh(LENGTH, 1.0).in_momentum(q) / (60**2 * mesh.cell_area), rtol=1e-12
    )

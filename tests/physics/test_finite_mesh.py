"""The finite-mesh correction on lattices that are not hexagonal: excitons of parabolic bands, isotropic or not."""

import numpy as np
import pytest
from scipy.linalg import eigh

from hpcx.physics.anisotropic import AnisotropicLayer
from hpcx.physics.bound_states import bound_state
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.lattice import lattice_of
from hpcx.physics.mesh import lattice_mesh
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.screening import finite_mesh_correction, image_field, interaction_between, interaction_grid

LATTICES = {"rectangular": [[0.33, 0.0], [0.0, 0.45]], "oblique": [[0.33, 0.0], [0.12, 0.4]]}
LAW = RytovaKeldysh(4.5, 4.5)


def energies(lattice, masses, law, w0="cell-average", divisions=48):
    """Return binding energy and finite-mesh correction for reduced masses along x and y, meV, and c, meV/nm^2."""
    mesh = lattice_mesh(divisions, 0.35, lattice_of(np.array(LATTICES[lattice])))
    kinetic_k = mesh.momentum_kx**2 @ (HBAR2_PER_M0 / 2 / np.array(masses))
    w_kk = interaction_between(interaction_grid(mesh, law, w0), mesh.index_kx, mesh.index_kx)
    energy = eigh(np.diag(kinetic_k) - w_kk, eigvals_only=True, subset_by_index=[0, 0])[0]
    field = image_field(divisions, mesh.lattice, law)
    return 1e3 * np.array([-energy, finite_mesh_correction(mesh, law, w0), field])


@pytest.mark.parametrize("lattice", LATTICES)
def test_the_corrected_energy_is_that_of_the_radial_equation(lattice):
    state, q = bound_state(0.2, LAW, "tabulated"), 0.02
    spread = 4 * (1 - float(state.form_factor(state, np.array(q)))) / q**2  # <r^2>, nm^2
    energy, correction, field = energies(lattice, (0.2, 0.2), LAW)
    assert correction < -5  # the test is of its 2 %: 0.1 meV, of which the cut-off makes 0.07
    assert energy - correction - field * spread == pytest.approx(1e3 * state.binding_energy, abs=0.1)
    other, larger, _ = energies(lattice, (0.2, 0.2), LAW, "zero")
    assert larger < -50 and other - larger == pytest.approx(energy - correction, abs=1e-8)


def test_anisotropic_excitons_do_not_depend_on_the_lattice_of_the_mesh():
    exciton = (0.15, 0.5), AnisotropicLayer((2.5, 4.5), 4.5), "cell-average"
    rectangular, oblique = (np.array([energies(lattice, *exciton, n) for n in (40, 48)]) for lattice in LATTICES)
    assert np.abs(rectangular - oblique)[:, :2].min() > 0.5
    limits = []
    for energy_n, correction_n, field_n in (rectangular.T, oblique.T):
        corrected_n = energy_n - correction_n
        limits.append(corrected_n[1] - field_n[1] * np.diff(corrected_n)[0] / np.diff(field_n)[0])
    assert limits[1] == pytest.approx(limits[0], abs=0.02)

"""Representations of excitons on the whole zone: selection rules, a rotation of the pair in real space, and what they
must not depend on.
"""

from functools import partial

import ducc0.fft
import numpy as np
import pytest
from mpi4py import MPI
from tight_binding_files import honeycomb, spinful

from hpcx.exciton.observables import levels
from hpcx.exciton.tight_binding import load_model
from hpcx.exciton.tight_binding_config import TightBindingFiles
from hpcx.exciton.zone import ZoneOperator, zone_problem
from hpcx.exciton.zone_labels import ZoneSymmetry
from hpcx.exciton.zone_solve import _functional, circular
from hpcx.exciton.zone_space import from_hole
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.tightbinding import TightBinding

LAW, WIDTH = RytovaKeldysh(1.0, 1.0), 1e-6
UP_DOWN = np.array([1, -1, 1, -1])
THREE_BANDS = {"builtin": "liu2013:WSe2"}


class Named:
    """All states of a small problem, diagonalised as a matrix, with their names."""

    def __init__(self, model, n, bands=(1, 1), fraction=(0.0, 0.0), spin=None, exchange=None):
        fraction = np.array(fraction)
        occupied = bands[0]
        q_x = fraction @ model.reciprocal_vx
        self.problem = zone_problem(MPI.COMM_SELF, model, LAW, n, occupied, bands, q_x, exchange=exchange)
        operator = ZoneOperator(MPI.COMM_SELF, self.problem)
        self.energy, vector_ks = np.linalg.eigh(np.array([operator.apply(row) for row in np.eye(operator.rows)]).T)
        self.symmetry = ZoneSymmetry(operator, model, fraction, WIDTH, spin)
        self.group = self.symmetry.group
        vectors = np.ascontiguousarray(vector_ks.T)
        self.vectors, self.irrep = self.symmetry.settle(self.energy, vectors, partial(_functional, operator))

    def sets(self, count=8):
        """Return the representations of the lowest levels."""
        return [sorted(self.irrep[level]) for level in levels(self.energy, WIDTH)][:count]

    def weight(self, sign):
        return np.abs(self.vectors.conj() @ circular(self.problem.velocity_xkcv, sign)) ** 2


def s_and_p(lattice):
    """Return an s and two p orbitals on every point of a lattice, hopping along its shortest vectors."""
    lattice_vx = np.array(lattice)
    cells = np.stack(np.mgrid[-1:2, -1:2], axis=-1).reshape(-1, 2)
    length = np.linalg.norm(cells @ lattice_vx, axis=1)
    near = (length > 0) & (length < length[length > 0].min() * 1.01)
    h_rij = np.zeros((len(cells), 3, 3), complex)
    h_rij[length == 0] = np.diag([-4.0, 3.0, 3.0])
    for cell in np.flatnonzero(near):
        unit = cells[cell] @ lattice_vx / length[cell]
        h_rij[cell, 0, 0], h_rij[cell, 1:, 1:] = -0.2, 0.5 * np.outer(unit, unit) - 0.1 * np.eye(2)
        h_rij[cell, 0, 1:], h_rij[cell, 1:, 0] = 0.3 * unit, -0.3 * unit
    return TightBinding(lattice_vx, cells[near | (length == 0)], h_rij[near | (length == 0)], np.zeros((3, 3)))


def layered(staggered):
    """Return three s orbitals: one in the plane, and two of another layer above and below, on one line or opposite."""
    lattice_vx = np.array(HEXAGONAL)
    cells = np.stack(np.mgrid[-2:3, -2:3], axis=-1).reshape(-1, 2)
    aside = (2 * lattice_vx[0] + lattice_vx[1]) / 3
    centre_ix = np.array([[0, 0, 0], [*aside, 0.15], [*(-aside if staggered else aside), -0.15]])
    vector_rx = np.column_stack([cells @ lattice_vx, np.zeros(len(cells))])
    distance_rij = np.linalg.norm(vector_rx[:, None, None] + centre_ix[None] - centre_ix[:, None], axis=3)
    strength_ij = np.array([[-0.25, 0.9, 0.9], [0.9, -0.1, -0.1], [0.9, -0.1, -0.1]])
    h_rij = np.where(distance_rij < 0.31, strength_ij * np.exp((0.2 - distance_rij) / 0.1), 0).astype(complex)
    h_rij[(cells == 0).all(axis=1), [0, 1, 2], [0, 1, 2]] = [4.0, -1.0, -1.0]
    return TightBinding(lattice_vx, cells, h_rij, centre_ix)


SQUARE, HEXAGONAL = [[0.3, 0.0], [0.0, 0.3]], [[0.3, 0.0], [-0.15, 0.15 * 3**0.5]]


@pytest.mark.parametrize(
    ("model", "n", "bands", "group", "row"),
    [
        (honeycomb(), 9, (1, 1), "C3v", "E"),
        (s_and_p(SQUARE), 5, (1, 2), "C4v", "E"),
        (s_and_p(HEXAGONAL), 5, (1, 2), "C6v", "E1"),
        (layered(False), 6, (2, 1), "C3v", "E"),  # D3h
        (layered(True), 6, (2, 1), "C6v", "E1"),  # D3d: the inversion turns momenta by 180 degrees
    ],
)
def test_circular_light_makes_states_of_one_row(model, n, bands, group, row):
    named = Named(model, n, bands)
    assert named.group == group and not named.symmetry.broken
    for sign, letter in ((1, "+"), (-1, "-")):
        bright = named.weight(sign) > 1e-9 * named.weight(sign).sum()
        assert bright.sum() >= 3 and {named.irrep[state] for state in np.flatnonzero(bright)} == {row + letter}
    parts = dict(zip(*np.unique(named.irrep, return_counts=True), strict=True))
    assert parts[row + "+"] == parts[row + "-"] and {len(level) for level in named.sets(len(named.energy))} <= {1, 2}


def test_the_pair_turned_in_real_space():
    # s orbitals on both sites: the operation moves psi_ij(r), r from hole to electron, and does nothing else
    named, n = Named(model := honeycomb(), 6), 6
    problem, centre = named.problem, model.centre_ix
    psi_sijr = np.einsum("sk,ki,kj->sijk", named.vectors, problem.electron_kic[..., 0], problem.hole_kiv[..., 0].conj())
    psi_sijr = ducc0.fft.c2c(psi_sijr.reshape(-1, 2, 2, n, n), axes=(3, 4), forward=False, inorm=1)
    psi_sijr = psi_sijr.reshape(-1, 2, 2, n * n)
    place_jrix = np.array([from_hole(model, n, centre, hole) for hole in centre])
    supercell = n * model.lattice_vx
    angle = 2 * np.pi / 3
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    eigenvalue = {"A1": (1, 1), "A2": (1, -1), "E+": (np.exp(-1j * angle), 0), "E-": (np.exp(1j * angle), 0)}
    for number, matrix_xx in enumerate((rotation, np.diag([-1.0, 1.0]))):
        moved = np.empty_like(psi_sijr)
        for j, i in np.ndindex(2, 2):
            apart = (place_jrix[j, :, i] @ matrix_xx.T)[:, None] - place_jrix[j, :, i]
            apart -= np.rint(apart @ np.linalg.inv(supercell)) @ supercell
            target = np.linalg.norm(apart, axis=2).argmin(axis=1)
            assert np.linalg.norm(apart, axis=2).min(axis=1).max() < 1e-9
            moved[:, i, j, target] = psi_sijr[:, i, j]
        character = np.einsum("sijr,sijr->s", psi_sijr.conj(), moved)
        assert character == pytest.approx([eigenvalue[name][number] for name in named.irrep], abs=1e-6)


def test_excitons_of_a_monolayer_with_spin_are_those_of_the_literature():
    # D3h: bright excitons are E', those that need a flip of the spin A1'' and A2''
    # (Robert et al., PRB 96, 155423 (2017)); the reflection at the plane leaves momenta as they are
    model, spin = load_model(TightBindingFiles(**THREE_BANDS)), np.repeat([1, -1], 3)
    assert Named(model, 3, (2, 2), spin=spin).sets(3) == [["A1", "A2"], ["E+", "E-"], ["E+", "E-"]]
    assert Named(model, 3, (2, 2)).sets(3) == [["unknown", "unknown"], ["E+", "E-"], ["E+", "E-"]]
    # a singlet and three triplets of E without coupling: E (A1 + A2 + E)
    named = Named(spinful(honeycomb()), 3, (2, 2), spin=UP_DOWN)
    assert named.sets(1) == [["A1", "A2", "E+", "E+", "E+", "E-", "E-", "E-"]]


def changed(model, generator):
    """Return the model in other lattice vectors, with its origin, home cells and orbitals of every site changed."""
    change = np.array([[1, 2], [0, -1]])
    inverse = np.round(np.linalg.inv(change)).astype(int)
    orbitals = np.zeros((model.orbitals,) * 2, complex)
    _, site_of = np.unique(np.round(model.centre_ix, 6), axis=0, return_inverse=True)
    for site in np.unique(site_of):
        own = np.flatnonzero(site_of.ravel() == site)
        random = generator.normal(size=(2, len(own), len(own)))
        orbitals[np.ix_(own, own)] = np.linalg.qr(random[0] + 1j * random[1])[0]
    h_rij = orbitals.conj().T @ model.hopping_rij @ orbitals
    shift = np.array([0.123, -0.456, 0.7])
    return TightBinding(change @ model.lattice_vx, model.cell_rv @ inverse, h_rij, model.centre_ix + shift)


@pytest.mark.parametrize("fraction", [(0.0, 0.0), (1 / 3, 1 / 3), (0.5, 0.0), (0.2, 0.0)])
@pytest.mark.parametrize(("model", "bands"), [(honeycomb(), (1, 1)), (s_and_p(HEXAGONAL), (1, 2))])
def test_names_do_not_depend_on_how_the_model_is_written(model, bands, fraction):
    other = changed(model, np.random.default_rng(5))
    q_x = np.array(fraction) @ model.reciprocal_vx
    one = Named(model, 4, bands, fraction, exchange=LAW)
    two = Named(other, 4, bands, q_x @ np.linalg.inv(other.reciprocal_vx), exchange=LAW)
    assert one.group == two.group != "C1"
    assert two.energy == pytest.approx(one.energy, abs=1e-10)
    count = len(one.sets(20))
    assert two.sets(count) == one.sets(count) and "unknown" not in one.irrep


def stretched(change):
    """Return a honeycomb with one of three bonds stronger by `change`, eV."""
    model = honeycomb()
    h_rij = model.hopping_rij.copy()
    h_rij[0] += change * np.array([[0, 1], [1, 0]])
    return TightBinding(model.lattice_vx, model.cell_rv, h_rij, model.centre_ix)


def test_an_almost_symmetric_model_says_so():
    named, rounded, exact = (Named(stretched(change), 6) for change in (2e-3, 5e-5, 0))
    assert named.group == "Cs"  # the mirror along the stronger bond
    assert list(named.symmetry.broken)[0] == "the rotation by 120 degrees"
    assert 1e-4 < named.symmetry.broken["the rotation by 120 degrees"] < 1e-2
    # rounding of a file splits E into two states, which still are one level
    assert rounded.energy[1] - rounded.energy[0] > 2 * WIDTH
    assert rounded.symmetry.width > rounded.energy[1] - rounded.energy[0]
    assert rounded.group == "C3v" and rounded.irrep[:6] == exact.irrep[:6]

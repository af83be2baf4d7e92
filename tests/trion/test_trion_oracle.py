"""All species of all materials against the Hamiltonian written element by element."""

import numpy as np
import pytest
from mpi4py import MPI
from trion_oracle import Oracle

from hpcx.materials.loader import load_material
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem

UP, DOWN = 1, -1
BRIGHT, DARK = ("MoS2", "MoSe2"), ("WS2", "WSe2")


def second(material, species):
    """Return valley and spin of the second electron: the lowest band with the other spin, or with the same."""
    if material in BRIGHT:
        return (-1, DOWN) if species == "singlet" else (1, UP)
    return (1, DOWN) if species == "singlet" else (-1, UP)


def carriers(material, species, charge, transition):
    """Return the three carriers: the photo-excited ones at K, spin up for A and down for B."""
    spin = UP if transition == "A" else DOWN
    if charge < 0:
        return (1, spin, "c"), (*second(material, species), "c"), (1, spin, "v")
    # the top of the valence band: K up and K' down
    return (1, spin, "v"), ((-1, DOWN, "v") if species == "singlet" else (1, UP, "v")), (1, spin, "c")


def spectrum(material, species, symmetry="none", charge=-1, transition="A", N=40, k0=0.075, kernel="gemm"):
    """Return all eigenvalues of the operator's matrix, made by its products."""
    trion = {"species": [species], "charge": charge, "transition": transition}
    config = Config(model="trion", material=material, mesh={"N": N, "k0": k0}, trion=trion)
    data = load_material(material)
    operator = TrionOperator(
        MPI.COMM_SELF, trion_problem(config, data, exciton_of(config, data), species), symmetry, kernel
    )
    matrix = np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T
    assert np.abs(matrix - matrix.conj().T).max() < 1e-12
    return np.linalg.eigvalsh(matrix)


def contained(few, many):
    """Return the largest distance of a value in `few` from the nearest in `many`."""
    return np.abs(few[:, None] - many[None]).min(axis=1).max()


CASES = [(m, s, -1, "A") for m in BRIGHT + DARK for s in ("singlet", "triplet")]
CASES += [("MoS2", s, 1, "A") for s in ("singlet", "triplet")] + [("WSe2", s, 1, "A") for s in ("singlet", "triplet")]
CASES += [(m, s, -1, "B") for m in ("MoS2", "WSe2") for s in ("singlet", "triplet")] + [("WS2", "singlet", 1, "B")]


@pytest.mark.parametrize(("material", "species", "charge", "transition"), CASES)
def test_every_energy(material, species, charge, transition):
    expected = Oracle(material, 40, 0.075, carriers(material, species, charge, transition), charge).energies()
    whole = spectrum(material, species, "none", charge, transition)
    assert np.abs(whole - expected).max() < 1e-12
    for symmetry in ("C6", "C6v"):
        assert contained(spectrum(material, species, symmetry, charge, transition), expected) < 1e-12
    assert np.abs(spectrum(material, species, "none", charge, transition, kernel="fft") - expected).max() < 1e-12


def test_intervalley_positive_trion_equals_the_negative_one():
    negative, positive = (spectrum("MoS2", "singlet", charge=charge) for charge in (-1, 1))
    assert np.abs(negative - positive).max() < 1e-12


@pytest.mark.parametrize(("material", "species"), [("MoS2", "singlet"), ("MoS2", "triplet"), ("WSe2", "singlet")])
def test_sectors_have_the_same_energies(material, species):
    rotations, mirrors = (spectrum(material, species, symmetry) for symmetry in ("C6", "C6v"))
    assert np.abs(rotations - mirrors).max() < 1e-12


def test_larger_mesh():
    expected = Oracle("WS2", 40, 0.1, carriers("WS2", "triplet", -1, "A")).energies()
    assert np.abs(spectrum("WS2", "triplet", N=40, k0=0.1) - expected).max() < 1e-12

"""A magnetic field across the layer, and the Kerr rotation."""

import numpy as np
import pytest

from hpcx.physics.constants import BOHR_MAGNETON
from hpcx.valley.blocks import generator
from hpcx.valley.rates import build_rates

SMALL = {"momentum": {"points": 24, "angles": 12}, "time": {"end": "3 ps"}}


def labelled(problem):
    return {species.label: species for species in problem.species}


def test_excitons_have_the_g_factors_of_their_bands(setup):
    free, split = (
        labelled(setup(magnetic={"field": field}, mechanisms={"spin_flip": True}, **SMALL)[1]) for field in (0, 10)
    )
    shift = {name: split[name].edge - free[name].edge for name in free}
    unit = BOHR_MAGNETON * 10
    splitting = lambda name, image: (shift[name] - shift[image]) / unit
    assert splitting("K up - K up", "K' down - K' down") == pytest.approx(2 * (3.84 - 5.81))  # -3.9
    assert splitting("K up - K down", "K' down - K' up") == pytest.approx(2 * (0.86 - 5.81))  # -9.9
    assert splitting("K up - K' up", "K' down - K down") == pytest.approx(2 * (-0.86 - 5.81))  # -13.3


def test_without_a_field_nothing_changes(setup):
    (config, problem), (other, again) = setup(**SMALL), setup(magnetic={"field": 0, "hole_A": 1.0}, **SMALL)
    rates = [build_rates(one, given, {}).matrices for one, given in ((problem, config), (again, other))]
    assert problem.symmetric and all((rates[0][name] != rates[1][name]).nnz == 0 for name in rates[0])


def test_in_a_field_the_split_valleys_come_to_equilibrium(setup):
    """Phonons and exchange keep the Boltzmann distribution of the split energies,
    and nothing is its own mirror image.
    """
    config, problem = setup(magnetic={"field": 20}, mechanisms={"set": "phonons + exchange"}, **SMALL)
    energy = problem.energies()
    thermal = problem.weights() * np.exp(-(energy - energy.min()) / problem.thermal_energy)
    for name, matrix in build_rates(problem, config, {}).matrices.items():
        g = generator(matrix)
        assert np.abs(g @ thermal).max() < 1e-13 * (np.abs(g) @ thermal).max(), name
    assert not problem.symmetric


def test_a_turned_field_exchanges_the_helicities(calculate):
    results = [
        calculate(magnetic={"field": field}, mechanisms={"set": "phonons + exchange"}, **SMALL) for field in (15, -15)
    ]
    population = [result.value("population/population") for result in results]
    population = [
        found / found.sum(axis=1)[:, None, -1:] for found in population
    ]  # the density is set for sigma+ alone
    labels = [str(name) for name in results[0].value("population/species")]
    image = [labels.index(_mirrored(name)) for name in labels]
    assert population[0][0] == pytest.approx(population[1][1][image], rel=1e-6, abs=1e-9 * population[0].max())
    assert np.all(results[0].value("modes/parity") == 0)
    assert results[0].value("dichroism/slowest_eigenvalue_time") > 0


def _mirrored(label: str) -> str:
    """Return the name of the mirror image: K and K', L and L', up and down are exchanged."""
    words = [word.split() for word in label.split(" - ")]
    other = {"K": "K'", "K'": "K", "L": "L'", "L'": "L", "up": "down", "down": "up"}
    return " - ".join(" ".join(other[word] for word in pair) for pair in words)


def test_kerr_rotation_is_the_difference_of_two_susceptibilities(setup, calculate):
    """Lines of A and B, bleached for each helicity by its own share,
    met by photons below and above A and between both.
    """
    width, lines = 0.025, [labelled(setup(**SMALL)[1])[name] for name in ("K up - K up", "K down - K down")]
    strength = [line.state.contact**2 / lines[0].state.contact ** 2 for line in lines]
    rotations = []
    for photon in (lines[0].edge - 0.05, lines[0].edge + 0.05, lines[1].edge - 0.05):
        result = calculate(probe={"kerr_energy": photon}, mechanisms={"set": "phonons + exchange"}, **SMALL)
        bleached = result.value("dichroism/differential_transmission") / result.value("dichroism/scale")
        susceptibility = [s / (line.edge - photon - 1j * width) for s, line in zip(strength, lines)]
        expected = width * np.einsum("hit,i->ht", 1 - bleached, susceptibility).real
        rotations.append(result.value("dichroism/kerr_rotation"))
        assert rotations[-1] == pytest.approx(expected[0] - expected[1], abs=1e-9 * np.abs(rotations[-1]).max())
    assert np.all(
        (rotations[0] * rotations[1])[result.value("dichroism/time") > 1000] < 0
    )  # opposite on both sides of A

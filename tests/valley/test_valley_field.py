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
    free, split = (labelled(setup(magnetic={"field": field}, mechanisms={"spin_flip": True}, **SMALL)[1]) for field in (0, 10))
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
    """Phonons and exchange keep the Boltzmann distribution of the split energies, and nothing is its own mirror image."""
    config, problem = setup(magnetic={"field": 20}, mechanisms={"set": "phonons + exchange"}, **SMALL)
    energy = problem.energies()
    thermal = problem.weights() * np.exp(-(energy - energy.min()) / problem.thermal_energy)
    for name, matrix in build_rates(problem, config, {}).matrices.items():
        g = generator(matrix)
        assert np.abs(g @ thermal).max() < 1e-13 * (np.abs(g) @ thermal).max(), name
    assert not problem.symmetric


def test_a_turned_field_exchanges_the_helicities(calculate):
    results = [calculate(magnetic={"field": field}, mechanisms={"set": "phonons + exchange"}, **SMALL) for field in (15, -15)]
    population = [result.value("population/population") for result in results]
    population = [found / found.sum(axis=1)[:, None, -1:] for found in population]  # the density is set for sigma+ alone
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


def test_kerr_rotation_changes_its_sign_at_the_line_and_follows_the_dichroism_of_a(calculate):
    far, width = 0.05, 0.025
    traces = {}
    for side in (-1, 1):
        result = calculate(probe={"kerr_energy": 1.7 + side * far}, mechanisms={"set": "phonons + exchange"}, **SMALL)
        traces[side] = result.value("dichroism/kerr_rotation")
        time, dichroism = result.value("dichroism/time"), result.value("dichroism/circular_dichroism")
    late = time > 1000
    x = far / width
    assert traces[1][late] == pytest.approx(x / (1 + x**2) * dichroism[0][late], abs=0.06 * dichroism[0].max())
    assert np.all(traces[1][late] * traces[-1][late] < 0)
    assert np.abs(traces[1] + traces[-1]).max() < 0.2 * np.abs(traces[1]).max()  # what is left is the tail of B

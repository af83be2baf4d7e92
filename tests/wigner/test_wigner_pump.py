"""Pumps above the resonance: where excitons are born, at which rate, and how they cool and spread."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.physics.constants import HBAR
from hpcx.physics.phonons import occupation
from hpcx.wigner.config import Config
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.problem import make_edges, make_problem
from hpcx.wigner.refusals import refusals
from hpcx.wigner.solve import solve
from hpcx.wigner.source import formation_rates

RESONANCE = 2.05
BINS = {"energy_max": 260, "first_bin": 1.0, "growth": 1.2, "largest_bin": 6.0}


def config(photon_energy=None, temperature=77.0, **tables):
    tables = {"momentum": BINS, "time": {"end": 6.0, "outputs": [(0.1, 6)]}} | tables
    return Config(
        model="wigner", material="WS2", temperature=temperature, pulse={"photon_energy": photon_energy}, **tables
    )


def problem(*arguments, **tables):
    return make_problem(MPI.COMM_SELF, config(*arguments, **tables), load_for("wigner", "WS2"), Run())


def test_resonance_is_the_default():
    default, named = problem().source, problem(RESONANCE).source
    assert np.array_equal(default.rate_i, named.rate_i) and default.scale == named.scale and named.detuning == 0.0


def test_excitons_are_born_where_light_and_phonon_leave_them():
    """Into KK' each intervalley phonon gives a line of the pump's spectral width at detuning + 51.5 meV - phonon."""
    hot = problem(RESONANCE + 0.1)
    grid, excitons = hot.grid, hot.excitons
    rate = hot.source.rate_i.reshape(3, grid.bins)
    energy = 0.5 * (grid.edges[1:] + grid.edges[:-1])
    pair = next(pair for pair in excitons.valley_pairs if (pair.first, pair.second) == (0, 1))
    phonons = np.array([mode.energy for mode in pair.modes])
    distance = 0.1 + excitons.energy_v[0] - excitons.energy_v[1]
    mean = rate[1] @ energy / rate[1].sum()
    assert distance - phonons.max() < mean < distance - phonons.min()
    spectral = HBAR / (np.sqrt(2) * hot.source.width)
    # only a phonon that is absorbed, and had at least this energy, gets an exciton so far
    assert rate[1][energy > distance + 3 * spectral].sum() < occupation(3 * spectral, grid.kT) * rate[1].sum()
    inside_kk = rate[0] @ energy / rate[0].sum()
    assert 0.1 - excitons.optical[0].energy - spectral < inside_kk < 0.1 + spectral


def test_acoustic_rate_of_a_warm_lattice():
    """Emission and absorption together, quasi-elastic:
    M kT D^2 / (hbar^3 rho c^2) whatever the excess, wigner.md 1.2.
    """
    warm = problem(
        temperature=1000.0, momentum={"energy_max": 1300, "first_bin": 5.0, "growth": 1.2, "largest_bin": 60.0}
    )
    excitons = read_excitons(load_for("wigner", "WS2"))
    excess, mass = 0.06, excitons.mass_v[0]
    bare = type(excitons)(**{**vars(excitons), "optical": (), "valley_pairs": ()})
    found = formation_rates(bare, warm.grid, excess).sum()
    expected = 0.0
    for branch in excitons.branches:
        potential = branch.coupling * excitons.acoustic_potential(0, np.sqrt(2 * mass * excess) / HBAR)
        expected += mass * warm.grid.kT * potential**2 / (HBAR**3 * excitons.mass_density * branch.velocity**2)
    assert found == pytest.approx(expected, rel=2e-3)


def test_hot_excitons_spread_faster_and_cool_to_the_lattice():
    cold, hot = (
        solve(MPI.COMM_SELF, config(energy), load_for("wigner", "WS2"), Run()) for energy in (None, RESONANCE + 0.1)
    )
    at = int(np.argmin(np.abs(hot.value("observables/time") - 0.4)))
    temperature = hot.value("observables/effective_temperature")[:, 0]
    assert temperature[at] > 6 * 77 and cold.value("observables/effective_temperature")[at, 0] < 77
    assert temperature[-1] == pytest.approx(77.0, rel=0.05)
    assert hot.value("observables/diffusivity_total")[at] > 10 * cold.value("observables/diffusivity_total")[at]
    assert np.abs(hot.value("checks/particle_number")[4:]).max() < 1e-10  # when the pulse is over


@pytest.mark.parametrize(
    "photon_energy, words",
    [(2.0, "must be at resonance"), (2.08, "at least 62.0 meV above"), (2.3, "momentum.energy_max")],
)
def test_pumps_for_which_the_model_does_not_hold_are_refused(photon_energy, words):
    [refusal] = refusals(config(photon_energy), load_for("wigner", "WS2"))
    assert refusal.key == "pulse.photon_energy" and words in refusal.message
    assert refusals(config(2.15), load_for("wigner", "WS2")) == [] and make_edges(config())[-1] >= 0.26


def test_a_landscape_and_a_detuned_pump_exclude_each_other():
    with pytest.raises(ValueError, match="landscape.kind"):
        config(2.15, space={"dimension": 1}, landscape={"kind": "well"})

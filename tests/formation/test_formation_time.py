"""The route in time: particle balance, and agreement with the third-order route at vanishing fluence, term by term."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from hpcx.formation.operator import Terms
from hpcx.formation.time_domain import PHASES, make_experiment, probe_change, pump_trajectory
from hpcx.formation.traces import CONTRIBUTIONS
from hpcx.petsc.explicit_ode import OdeStatistics
from hpcx.physics.constants import HBAR

SMALL = {"momentum": {"points": 40, "tail_points": 16}, "continuum": {"energy_max": 1.2}}
#: for comparisons to 3e-4: a hundred times smaller tolerances change the differences of the routes by at most 5e-5
QUICK = {**SMALL, "solver": {"tolerance": 1e-5}}
#: with populations driven by pump and probe together, which the equations in time contain by themselves
GRATING = {"grating": True}


def run_time(problem, config, delay: float) -> np.ndarray:
    experiment = make_experiment(config, problem, np.array([m.energy_l[0] for m in problem.manifolds]))
    statistics = OdeStatistics()
    [trajectory] = pump_trajectory(experiment, [delay - experiment.lead], Terms(), statistics)
    return probe_change(experiment, delay, trajectory, Terms(), statistics)


@pytest.fixture(scope="module")
def compare(make_config, make_problem, third_order):
    """Return a function giving (time route, third order) at A and B for one delay."""

    def both(approximation, delay=12.0, **tables):
        config = make_config(2.35, {**GRATING, **approximation}, **tables)
        return run_time(make_problem(config), config, delay), third_order(config, np.array([delay])).change_rcd[:, 0, 0]

    return both


@pytest.mark.parametrize(
    ("approximation", "pump", "probe"),
    [
        ({}, "x", "x"),
        ({"hartree_fock": "all"}, "x", "x"),
        ({"hartree_fock": "all", "two_exciton_states": 2}, "x", "x"),
        ({"hartree_fock": "all", "two_exciton_states": 2}, "sigma+", "sigma-"),
        ({"hartree_fock": "none", "biexciton": False, "bleaching": "printed"}, "x", "x"),
        ({"radiation": "frozen", "substrate": True}, "x", "x"),
        ({"substrate": True}, "sigma+", "x"),
        ({}, "x", "y"),
        ({}, "sigma+", "sigma+"),
        ({}, "sigma+", "sigma-"),
        ({}, "sigma-", "x"),
    ],
)
def test_routes_agree_at_low_fluence(compare, approximation, pump, probe):
    found, expected = compare(
        approximation, pump={"polarization": pump, "fluence": 0.05}, probe={"polarization": probe}, **QUICK
    )
    assert np.abs(found - expected).max() < 3e-4 * np.abs(expected).max()


def test_routes_agree_at_a_temperature(compare):
    """Phonons that are absorbed fill the matrix of the cascade above and below its diagonal,
    also where the third order sums its memory.
    """
    found, expected = compare({}, temperature=300, pump={"fluence": 0.05}, **QUICK)
    assert np.abs(found - expected).max() < 3e-4 * np.abs(expected).max()


def test_contributions_are_cut_alike_in_both_routes(make_config, make_problem, third_order):
    """What populations do, those that pump and probe make together among it, is the incoherent contribution."""
    config = make_config(2.35, {**GRATING, "biexciton": False}, pump={"fluence": 0.05}, **SMALL)
    experiment = make_experiment(config, make_problem(config), np.array([1.88, 2.03]))
    terms, statistics = Terms(coherent=False), OdeStatistics()
    [trajectory] = pump_trajectory(experiment, [12.0 - experiment.lead], terms, statistics)
    found = probe_change(experiment, 12.0, trajectory, terms, statistics)
    expected = third_order(config, np.array([12.0])).change_rcd[:, CONTRIBUTIONS.index("incoherent"), 0]
    assert found == pytest.approx(expected, rel=3e-4)


@pytest.mark.validate
def test_difference_is_linear_in_fluence_and_extrapolates_to_zero(compare):
    """Probe 15 fs after a pump at 2.35 eV, full Hartree-Fock, no biexcitons, radiation as at 1.955 eV."""
    approximation = {
        "common_masses": True, "biexciton": False, "hartree_fock": "all", "radiation": "frozen",
    }  # fmt: skip
    fluences = np.array([1.25, 5.0])
    difference_fr = []
    for fluence in fluences:
        found, expected = compare(approximation, delay=15.0, pump={"fluence": fluence})
        difference_fr.append(found / expected - 1)
    difference_fr = np.array(difference_fr)
    slope_r = (difference_fr[1] - difference_fr[0]) / (fluences[1] - fluences[0])
    assert np.abs(difference_fr[1]).max() < 5e-3
    assert np.abs(difference_fr[0] - slope_r * fluences[0]).max() < 2e-3
    assert difference_fr[1] == pytest.approx(4 * difference_fr[0], rel=0.1)


@pytest.mark.validate
def test_routes_agree_on_a_dispersive_substrate(compare):
    """The stack's reflection at every frequency on one side, its resonances in time on the other."""
    difference_fr = []
    for fluence in (1.25, 5.0):
        found, expected = compare({"substrate": True}, delay=15.0, pump={"fluence": fluence}, **SMALL)
        difference_fr.append(found / expected - 1)
    assert np.abs(difference_fr).max() < 2e-3
    assert np.abs(difference_fr[0] - (difference_fr[1] - difference_fr[0]) / 3).max() < 2e-4
    frozen = compare({"substrate": True, "radiation": "frozen"}, delay=15.0, pump={"fluence": 5.0}, **SMALL)[0]
    assert np.abs(frozen / found - 1).min() > 0.1  # the dispersion matters


@pytest.mark.parametrize("polarizations", [("x", "x"), ("x", "sigma-")])
def test_particle_balance(make_config, make_problem, polarizations):
    config = make_config(
        2.35, pump={"polarization": polarizations[0]}, probe={"polarization": polarizations[1]}, **SMALL
    )
    problem = make_problem(config)
    experiment = make_experiment(config, problem, np.array([1.88]))
    equations = experiment.equations(5.0, PHASES, True, Terms())
    random = np.random.default_rng(1)
    shape = (equations.blocks.rows, PHASES.size)
    state = 0.01 * (random.standard_normal(shape) + 1j * random.standard_normal(shape))
    decay = 1e-3 * config.cascade.decay / HBAR
    for rows in equations.blocks.population.values():
        state[rows] = np.abs(state[rows])
    change = equations.derivative(3.0, state)
    for key, rows in equations.blocks.population.items():
        m = problem.manifolds[key[1]]
        source_c = (2 * m.damping_l / HBAR) @ np.abs(state[equations.blocks.polarization[key]]) ** 2
        loss_c = decay * state[rows.start].real
        largest = np.abs(m.generator_ml @ state[rows].real).max()
        assert np.abs(change[rows].sum(axis=0) - (source_c - loss_c)).max() < 1e-10 * max(largest, source_c.max())


def test_delays_share_the_trajectory_of_the_pump(make_config, make_problem):
    config = make_config(2.35, **SMALL)
    experiment = make_experiment(config, make_problem(config), np.array([1.88]))
    statistics = OdeStatistics()
    early, start, late = pump_trajectory(experiment, [-200.0, experiment.pump_start, 30.0], Terms(), statistics)
    assert not early.any() and not start.any()
    [alone] = pump_trajectory(experiment, [30.0], Terms(), statistics)
    assert late == pytest.approx(alone, abs=1e-6 * np.abs(alone).max())


def test_a_stopped_run_goes_on_from_its_checkpoint(make_config, material, tmp_path, monkeypatch):
    from mpi4py import MPI

    from hpcx.formation import time_domain
    from hpcx.formation.solve import solve
    from hpcx.io.checkpoint import Checkpoint
    from hpcx.parallel.run import Run
    from hpcx.parallel.stop import Stopped, StopRequests

    tables = {"delay": {"start": 0, "stop": 20, "points": 3}, "solver": {"route": "time", "tolerance": 1e-4}}
    config = make_config(2.35, {"biexciton": False}, **tables, **SMALL)
    whole = solve(MPI.COMM_SELF, config, material, Run()).value("signal/reflectivity_change")
    genuine, evaluations, requests = time_domain.probe_change, [], StopRequests()
    requests.install()

    def stop_in_the_second(experiment, delay, trajectory, terms, statistics):
        if delay == 10.0:
            signal.raise_signal(signal.SIGUSR1)
        try:
            return genuine(experiment, delay, trajectory, terms, statistics)
        finally:
            evaluations.append(statistics.evaluations)

    monkeypatch.setattr(time_domain, "probe_change", stop_in_the_second)
    stopping = Run(checkpoint=Checkpoint(tmp_path / "point"), requests=requests)
    with pytest.raises(Stopped):
        solve(MPI.COMM_SELF, config, material, stopping)
    first, both = evaluations
    assert both - first < 0.5 * first  # the second delay was cut off, not finished
    delays = []
    monkeypatch.setattr(time_domain, "probe_change", lambda *args: delays.append(args[1]) or genuine(*args))
    resumed = Run(checkpoint=Checkpoint(tmp_path / "point"))
    again = solve(MPI.COMM_SELF, config, material, resumed).value("signal/reflectivity_change")
    assert delays[:2] == [10.0, 20.0]  # the first delay of the first contribution was in the checkpoint
    assert len(delays) == 8
    assert np.array_equal(again, whole)


@pytest.mark.parametrize("route", ["third-order", "time"])
def test_a_stop_is_obeyed_before_the_first_delay(make_config, material, tmp_path, route):
    from mpi4py import MPI

    from hpcx.formation.solve import solve
    from hpcx.io.checkpoint import Checkpoint
    from hpcx.parallel.run import Run
    from hpcx.parallel.stop import Stopped, StopRequests

    (tmp_path / "STOP").touch()
    run = Run(checkpoint=Checkpoint(tmp_path / "point"), requests=StopRequests(tmp_path))
    with pytest.raises(Stopped):
        solve(MPI.COMM_SELF, make_config(2.35, solver={"route": route}, **SMALL), material, run)
    assert not {"pump", "probe", "fits"} & run.timings.seconds.keys()


@pytest.mark.validate
def test_deviation_from_third_order_against_fluence_is_as_published(compare):
    """At A -0.95 and -2.4 % at 20 and 50 uJ/cm^2; B follows once its offset at zero fluence is taken away."""
    approximation = {
        "common_masses": True, "biexciton": False, "hartree_fock": "all", "radiation": "frozen",
    }  # fmt: skip
    for fluence, published in ((20, (-0.95, -1.41 + 0.12)), (50, (-2.4, -3.2 + 0.12))):
        found, expected = compare(approximation, delay=15.0, pump={"fluence": fluence})
        assert 100 * (found / expected - 1) == pytest.approx(published, abs=0.1)

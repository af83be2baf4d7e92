"""Moments of the Wigner function: conservation, agreement of two integrators, numbers of the published scenario."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from direct_stepper import DirectMoments
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.io.checkpoint import Checkpoint
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped
from hpcx.wigner.config import Config
from hpcx.wigner.history import History
from hpcx.wigner.moments import Moments
from hpcx.wigner.observables import stationary_diffusivities
from hpcx.wigner.problem import Problem, make_problem
from hpcx.wigner.simulation import run_moments, schedule_and_moments
from hpcx.wigner.solve import solve
from hpcx.wigner.time_steps import ToleranceError, choose_steps, levels_for, make_steps, output_times
from hpcx.wigner.uncertainty import OUTCOMES, outcomes

#: steps (fs) until times
FINE = [(2.0, 2e3), (10.0, 12e3), (40.0, 40e3), (200.0, np.inf)]
CM2_PER_S = 0.1


def problem(temperature: float, **tables) -> Problem:
    config = Config(model="wigner", material="WS2", temperature=temperature, **tables)
    return make_problem(MPI.COMM_SELF, config, load_for("wigner", "WS2"), Run())


@cache
def default_history(temperature: float) -> History:
    case = problem(temperature, time={"outputs": [(0.05, 12.0), (0.1, 90.0), (1.0, 150.0)]})
    return schedule_and_moments(case, 1e-3)[1]


@cache
def short_history(temperature: float, outputs: tuple[tuple[float, float], ...]) -> History:
    """Return a single run with the coarsest steps, whose errors are below 1e-3,
    and results at few times: a sixth of the work.
    """
    case = problem(temperature, time={"outputs": list(outputs)})
    return run_moments(case, make_steps(levels_for(100.0, 200.0, 0), case.times.stops))


def series(history: History, name: str, valley: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return times (ps) and values."""
    return history.time / 1e3, history.observables[name][:, valley]


def at(history: History, name: str, time: float, valley: int = 0) -> float:
    times, values = series(history, name, valley)
    return float(values[np.argmin(np.abs(times - time))])


def test_room_temperature_has_one_diffusivity():
    history = short_history(300, ((0.05, 3.0), (3.0, 150.0)))
    assert history.observables["diffusivity"][-1] / CM2_PER_S == pytest.approx([0.971] * 3, rel=2e-3)
    for valley, latest in enumerate((1.26, 0.68, 0.62)):
        time, diffusivity = series(history, "diffusivity", valley)
        outside = time[np.abs(diffusivity / CM2_PER_S / 0.971 - 1) > 0.02]
        assert outside[-1] == pytest.approx(latest, abs=0.2)


@pytest.mark.validate
def test_liquid_nitrogen_has_three_phases():
    history = default_history(77)
    for valley, (height, when) in enumerate(((7.24, 2.9), (2.96, 1.1), (3.37, 1.4))):
        time, diffusivity = series(history, "diffusivity", valley)
        early = np.where((time > 0.5) & (time < 7), diffusivity, -np.inf)
        assert np.max(early) / CM2_PER_S == pytest.approx(height, rel=0.02)
        assert time[np.argmax(early)] == pytest.approx(when, abs=0.2)
    assert at(history, "diffusivity", 7.0) / CM2_PER_S == pytest.approx(1.677, rel=2e-3)  # on its way to 1.661
    for valley in range(3):
        time, diffusivity = series(history, "diffusivity", valley)
        assert np.all(np.abs(diffusivity[time > 7 - 1e-9] / CM2_PER_S / 1.677 - 1) < 0.02)
    width = history.observables["mean_squared_displacement"][-1] / 1e6
    assert width[0] - width[1] == pytest.approx(1.3e-3, abs=1e-4)
    assert width[2] - width[1] == pytest.approx(3e-4, abs=1e-4)


@pytest.mark.validate
def test_negative_diffusion_at_twenty_kelvin():
    history = default_history(20)
    time, diffusivity = series(history, "diffusivity")
    diffusivity = np.where(time > 1, diffusivity, 0) / CM2_PER_S
    peak = diffusivity.max()
    assert peak == pytest.approx(308, rel=0.02)
    assert time[diffusivity.argmax()] == pytest.approx(7.25, abs=0.2)
    assert time[diffusivity > 0.1 * peak][0] == pytest.approx(5.7, abs=0.2)
    assert time[diffusivity > 0.5 * peak][0] == pytest.approx(6.5, abs=0.2)
    negative = time[diffusivity < 0]
    assert negative[[0, -1]] == pytest.approx([34.3, 80.8], abs=0.2)
    assert diffusivity.min() == pytest.approx(-48.1, rel=0.02)
    assert time[diffusivity.argmin()] == pytest.approx(48, abs=0.2)
    for when, part in ((20, 41.1), (50, -48.3), (120, 0.7)):
        assert at(history, "diffusivity_intervalley", when) / CM2_PER_S == pytest.approx(part, rel=0.02, abs=0.02)


@pytest.mark.parametrize(
    "temperature, fractions",
    [(300, (0.0402, 0.337, 0.623)), (77, (3.17e-4, 0.850, 0.150)), (20, (9.22e-14, 1.0, 2.13e-5))],
)
def test_final_populations(temperature, fractions):
    # light takes what it takes from KK: compare within the slow loss
    population = short_history(temperature, ((10.0, 150.0),)).observables["population"][-1]
    assert population / population.sum() == pytest.approx(fractions, rel=0.03)


@pytest.mark.parametrize("temperature", [300, pytest.param(20, marks=pytest.mark.validate)])
def test_petsc_agrees_with_the_direct_scheme(temperature, monkeypatch):
    case = problem(temperature, time={"end": 12.0, "outputs": [(0.5, 12.0)]})
    steps = make_steps(FINE, case.times.stops)
    petsc = run_moments(case, make_steps([(10.0, 1e3), (25.0, np.inf)], case.times.stops))
    monkeypatch.setattr("hpcx.wigner.simulation.Moments", DirectMoments)
    direct = run_moments(case, steps)
    for name, tolerance in (("population", 4e-4), ("mean_squared_displacement", 2e-4)):
        assert petsc.observables[name][1:] == pytest.approx(direct.observables[name][1:], rel=tolerance)


def test_every_exciton_is_accounted_for():
    for radiative in (True, False):
        case = problem(77, time={"end": 20.0, "outputs": [(1.0, 20.0)]}, mechanisms={"radiative": radiative})
        history = run_moments(case, make_steps([(4.0, 1e3), (50.0, np.inf)], case.times.stops))
        number = history.observables["particle_number"]
        assert np.max(np.abs(number[4:] - number[4])) < 1e-13  # rounding of 300 steps; the polarisation is gone by 5 ps
        assert abs(number[-1]) < 2e-8
        assert (history.observables["emitted"][-1] > 1e-4) == radiative


def test_scheme_is_of_fourth_order():
    case = problem(300, time={"end": 2.0, "outputs": [(2.0, 2.0)]})
    widths = [
        run_moments(case, make_steps([(step, np.inf)], case.times.stops)).observables["mean_squared_displacement"][-1]
        for step in (40.0, 20.0, 10.0, 2.5)
    ]
    errors = [float(np.max(np.abs(width - widths[-1]))) for width in widths[:-1]]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 3.3) and np.all(orders < 5)


def test_products_and_explicit_calls_per_step():
    """One product per implicit stage, one for the first; the explicit part is really used."""
    case = problem(300)
    stepper = Moments(case).stepper
    for step in range(5):
        stepper.step(20.0 * step, 20.0)
    assert stepper.implicit.products == 5 * 6
    assert stepper.explicit_calls == 5 * 6
    stepper.destroy()


def test_switched_off_intervalley_scattering_leaves_each_valley_its_own_diffusivity():
    outputs = {"end": 11.0, "outputs": [(1.0, 10.0), (0.05, 11.0)]}
    case = problem(300, time=outputs, mechanisms={"intervalley_off_at": 10.0})
    history = run_moments(case, make_steps(levels_for(100.0, 200.0, 0), case.times.stops))
    own = stationary_diffusivities(case.rates)
    assert own / CM2_PER_S == pytest.approx([6.06, 4.16, 1.96], rel=5e-3)
    assert history.observables["diffusivity"][-1] == pytest.approx(own, rel=0.02)
    assert np.all(history.observables["diffusivity_intervalley"][-1] == 0)


def test_intervalley_parts_balance():
    """sum_v n_v D_inter,v = -(1/4) sum_v w_v^2 (d_t n_v)_inter."""
    found = {name: values[1:] for name, values in short_history(77, ((10.0, 150.0),)).observables.items()}
    left = np.sum(found["population"] * found["diffusivity_intervalley"], axis=1)
    right = -0.25 * np.sum(found["mean_squared_displacement"] * found["population_rate_intervalley"], axis=1)
    size = np.sum(found["population"] * np.abs(found["diffusivity_intervalley"]), axis=1)
    assert np.all(np.abs(left - right) <= 1e-10 * size)


def test_diffusivity_does_not_depend_on_the_spot():
    steps = [(10.0, 1e3), (50.0, np.inf)]
    histories = []
    for spot in (0.2, 2.0):
        case = problem(
            77, time={"end": 5.0, "outputs": [(1.0, 5.0)]}, pulse={"spot": spot}, mechanisms={"radiative": False}
        )
        histories.append(run_moments(case, make_steps(steps, case.times.stops)))
    first, second = (history.observables["diffusivity"][1:] for history in histories)
    assert first == pytest.approx(second, rel=1e-8)


def test_free_flight_without_scattering_is_ballistic():
    """d_t (n D_free) = (1/2) <u^2> n: the diffusivity grows linearly in time."""
    outputs = {"end": 0.3, "outputs": [(0.01, 0.3)]}
    case = problem(300, time=outputs, mechanisms={"intervalley": False, "radiative": False})
    rates = replace(case.rates, intravalley_mij=1e-12 * case.rates.intravalley_mij)
    history = run_moments(replace(case, rates=rates), make_steps([(2.0, np.inf)], case.times.stops))
    slope = np.gradient(
        history.observables["population"] * history.observables["diffusivity_free"], history.time, axis=0
    )
    speed_squared = case.grid.sum_v(case.grid.velocity_i**2 * case.source.rate_i) / case.source.rate_i.sum()
    born = np.array([case.source.born(time) for time in history.time])[:, None]
    assert slope[22:-1] == pytest.approx(0.5 * born[22:-1] * speed_squared, rel=5e-3)


def test_steps_hit_every_stop():
    stops = output_times([(300.0, 1e3), (700.0, 5e3)], 4e3)
    assert stops == pytest.approx([300, 600, 900, 1700, 2400, 3100, 3800, 4000])
    steps = make_steps([(50.0, 400.0), (250.0, np.inf)], stops)
    ends = steps.sum(axis=1)
    assert np.allclose(steps[1:, 0], ends[:-1])
    assert all(np.min(np.abs(ends - stop)) < 1e-9 for stop in stops)
    assert np.all(steps[steps[:, 0] < 400 - 1e-6, 1] <= 50 + 1e-9)


def test_unreachable_tolerance_is_said():
    with pytest.raises(ToleranceError, match="time.tolerance"):
        choose_steps(
            lambda k: [(1e3 / 2**k, np.inf)], np.array([1e3]), lambda k, steps: len(steps), lambda a, b: 1.0, 1e-3
        )


def test_solve_gives_the_agreed_datasets():
    config = Config(model="wigner", material="WS2", temperature=77.0, time={"end": 1.0})
    result = solve(MPI.COMM_SELF, config, load_for("wigner", "WS2"), Run())
    names = (
        "time valley population mean_squared_displacement diffusivity diffusivity_intervalley diffusivity_free"
        " diffusivity_radiative"
    )
    names += (
        " diffusivity_source population_total mean_squared_displacement_total diffusivity_total"
        " mean_squared_displacement_photoluminescence"
    )
    for name in names.split():
        assert f"observables/{name}" in result.datasets
    for name in ("relaxation_time", "stationary_diffusivity", "stationary_diffusivity_common", "out_rate"):
        assert f"rates/{name}" in result.datasets
    assert "checks/particle_number" in result.datasets
    parts = sum(
        result.value(f"observables/diffusivity_{part}") for part in ("intervalley", "free", "radiative", "source")
    )
    assert parts == pytest.approx(result.value("observables/diffusivity"), rel=1e-12)


@pytest.mark.parametrize(
    "material, energies, masses",
    [("WS2", (0, -51.5, -30.5), (0.63, 0.72, 1.0)), ("WSe2", (0, -46, -34), (0.65, 0.75, 0.89))],
)
def test_populations_become_those_of_equilibrium(material, energies, masses):
    """Masses times degeneracies times Boltzmann factors of the energies; radiative decay off."""
    bins, times = (
        {"first_bin": 1.0, "growth": 1.2, "largest_bin": 12.0},
        {"end": 40.0, "outputs": [(10.0, 40.0)], "tolerance": 1e-2},
    )
    off = {"radiative": False}
    config = Config(model="wigner", material=material, temperature=300.0, momentum=bins, time=times, mechanisms=off)
    result = solve(MPI.COMM_SELF, config, load_for("wigner", material), Run())
    weight = np.array(masses) * (1, 1, 3) * np.exp(-np.array(energies) / (0.08617333 * 300))
    # K-Lambda's bins end at 284 meV above its minimum: what is cut off is exp(-11)
    assert result.value("observables/population")[-1] == pytest.approx(weight / weight.sum(), rel=1e-3)
    assert result.value("observables/diffusivity")[-1] == pytest.approx(
        [float(result.value("rates/stationary_diffusivity_common"))] * 3, rel=1e-3
    )


@pytest.mark.parametrize("tables", [{}, {"uncertainty": {"samples": 4}}], ids=["moments", "uncertainty study"])
def test_interrupted_runs_go_on(tables, tmp_path, stop_after):
    """A run that is stopped again and again ends with the numbers of a run in one piece, to the last bit."""
    bins = {"first_bin": 1.0, "growth": 1.4, "largest_bin": 10.0}
    times = {"end": 6.0, "outputs": [(0.5, 6.0)], "tolerance": 1e-2}
    config = Config(model="wigner", material="WS2", temperature=77.0, momentum=bins, time=times, **tables)
    material, stops = load_for("wigner", "WS2"), 0
    whole = solve(MPI.COMM_SELF, config, material, Run())
    while True:
        try:
            run = Run(checkpoint=Checkpoint(tmp_path / "point"), requests=stop_after(1 if tables else 89))
            pieces = solve(MPI.COMM_SELF, config, material, run)
            break
        except Stopped:
            stops += 1
    assert stops >= 2
    for name, dataset in whole.datasets.items():
        assert np.array_equal(dataset.data, pieces.value(name), equal_nan=dataset.data.dtype.kind == "f"), name


def test_bright_excitons_start_cold_and_dark_ones_hot():
    """Phonons that an exciton at rest can absorb leave it colder than the lattice;
    those that lead to KK' leave it hot.
    """
    bins, times = (
        {"first_bin": 0.3, "growth": 1.2, "largest_bin": 3.0},
        {"end": 100.0, "outputs": [(0.1, 1.0), (1.0, 100.0)]},
    )
    config = Config(model="wigner", material="WS2", temperature=20.0, momentum=bins, time=times)
    result = solve(MPI.COMM_SELF, config, load_for("wigner", "WS2"), Run())
    temperature = result.value("observables/effective_temperature")
    assert temperature[2, 0] < 0.1 * 20 and temperature[2, 1] > 5 * 20  # 0.3 ps
    assert temperature[-1, 1:] == pytest.approx([20, 20], rel=0.02)
    width, spectra = result.value("energy/bin_width"), result.value("energy/distribution")
    population = result.value("observables/population")[
        np.isin(result.value("observables/time"), result.value("energy/time"))
    ]
    assert spectra @ width == pytest.approx(population, rel=1e-12)
    assert result.value("energy/equilibrium") @ width == pytest.approx(np.ones(3), rel=1e-12)


def test_outcomes_of_a_run_that_ends_early_are_undefined():
    time = np.array([0.5, 1.0])
    assert np.isnan(outcomes(time, np.ones(2))).sum() == len(OUTCOMES)
    assert outcomes(np.append(time, 2.0), np.array([1.0, 1.0, -3.0]))[-1] == -3

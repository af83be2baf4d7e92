"""Signals, fits and modes on small grids."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg
from scipy.integrate import quad

from hpcx.parallel.run import Run
from hpcx.valley.bleaching import bleaching_in
from hpcx.valley.fit import convolved_exponential, fit_biexponential, sign_change_time, slope_time
from hpcx.valley.modes import find_modes, parity_projector
from hpcx.valley.observables import compute_traces
from hpcx.valley.output import lifetimes, summary
from hpcx.valley.rates import build_rates
from hpcx.valley.simulate import simulate

SMALL = {"momentum": {"points": 30}, "time": {"end": "4 ps"}, "flow": {"times": ["1 ps"]}}


@pytest.mark.parametrize(("decay", "sigma"), [(50.0, 42.0), (3.0, 42.0), (4000.0, 42.0), (np.inf, 42.0)])
def test_convolved_exponential_against_quadrature(decay, sigma):
    for time in (-150.0, 0.0, 60.0, 400.0):

        def integrand(s, time=time):
            return np.exp(-s / decay) * np.exp(-0.5 * ((time - s) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))

        numeric = (
            quad(integrand, 0, time + 8 * sigma, points=[max(time, 0)], epsabs=1e-13, limit=200)[0]
            if time > -300
            else 0
        )
        assert convolved_exponential(np.array([time]), decay, sigma)[0] == pytest.approx(numeric, abs=1e-10)


@pytest.mark.parametrize(("fast", "slow"), [(90.0, 5000.0), (259.0, 1800.0), (500.0, 9000.0)])
def test_fit_recovers_what_was_put_in(fast, slow):
    time, sigma = np.arange(-250.0, 10000.0, 5.0), 100 / np.sqrt(8 * np.log(2))
    shifted = time - 12.0
    trace = 0.5 * convolved_exponential(shifted, fast, sigma) + 0.4 * convolved_exponential(shifted, slow, sigma)
    fit = fit_biexponential(time, 3.0 * (trace + 0.1 * convolved_exponential(shifted, np.inf, sigma)), 100.0)
    assert fit.fast_time == pytest.approx(fast, rel=1e-3)
    assert fit.slow_time == pytest.approx(slow, rel=1e-3)
    assert fit.delay == pytest.approx(12.0, abs=0.05)


def test_slope_of_decays_rises_and_sign_changes():
    time = np.arange(0.0, 10000.0, 5.0)
    assert slope_time(time, np.exp(-time / 3000), 1500, 8000) == pytest.approx(3000, rel=1e-5)
    assert slope_time(time, -np.exp(-time / 3000), 1500, 8000) == pytest.approx(3000, rel=1e-5)
    assert np.isnan(slope_time(time, 1 - np.exp(-time / 3000), 1500, 8000))
    assert np.isnan(slope_time(time, np.cos(time / 3000), 1500, 8000))
    assert np.isnan(slope_time(time, np.exp(-time / 6e5), 1500, 8000))


def test_sign_change():
    time = np.arange(0.0, 1000.0, 5.0)
    assert sign_change_time(time, np.exp(-time / 100) - 0.1, 1e-4) == pytest.approx(100 * np.log(10), abs=0.1)
    assert sign_change_time(time, 0.1 - np.exp(-time / 100), 1e-4) == pytest.approx(100 * np.log(10), abs=0.1)
    assert np.isnan(sign_change_time(time, np.exp(-time / 100) - 1e-4, 1e-3))


def test_mirror_image_of_the_other_helicity(calculate):
    result = calculate(**SMALL)
    labels = [str(label) for label in result.value("population/species")]
    population = result.value("population/population")
    image = labels[6:] + labels[:6]
    assert (
        np.abs(population[1][[labels.index(label) for label in image]] - population[0]).max() < 1e-12 * population.max()
    )


@pytest.mark.parametrize("mechanisms", ["full", "phonons", "full - dexter_dark"])
def test_particles_and_spin(calculate, mechanisms):
    result = calculate(**SMALL, mechanisms={"set": mechanisms}, dephasing={"radiative": 0.0})
    time, number, spin = (result.value(f"checks/{name}") for name in ("time", "particle_number", "spin"))
    for since, tolerance in ((2500.0, 1e-10), (500.0, 1e-10)):
        late = time > since
        assert np.abs(number[:, late] / number[:, -1:] - 1).max() < tolerance
    assert number[0, np.abs(time - 4000).argmin()] == pytest.approx(8e11, rel=1e-9)
    formed = result.value("population/population")
    up = np.array([1.0 if " up -" in label else -1.0 for label in result.value("population/species")])
    assert spin == pytest.approx(np.einsum("s,hst->ht", up, formed), rel=1e-12, abs=1e-9 * np.abs(spin).max())
    assert result.value("checks/minimum") > -1e-12


def test_spin_only_decays_by_exchange(calculate):
    def drift(mechanisms):
        result = calculate(**SMALL, mechanisms={"set": mechanisms}, dephasing={"radiative": 0.0})
        time, spin = result.value("checks/time"), result.value("checks/spin")[0]
        coherent = result.value("population/coherent")[0]
        return np.abs(spin[time > 2500] / spin[-1] - 1).max(), coherent[time > 2500].max()

    assert drift("full - exchange")[0] < 1e-6
    assert drift("full")[0] > 1e-2


def test_probe_and_pump_make_the_trace(calculate):
    result = calculate(**SMALL)
    time, dichroism = result.value("dichroism/time"), result.value("dichroism/circular_dichroism")
    assert time[0] == -250 and time[-1] == pytest.approx(3995)
    assert dichroism[0].max() == pytest.approx(1.0) and dichroism[1].min() < -0.1
    assert np.abs(dichroism[:, 0]).max() < 1e-4
    transmission = result.value("dichroism/differential_transmission")
    difference = transmission[0] - transmission[1]
    assert difference / difference[0].max() == pytest.approx(dichroism, abs=1e-12)


def test_traces_do_not_depend_on_the_steps(calculate):
    coarse = calculate(**SMALL).value("dichroism/circular_dichroism")
    fine = calculate(**{**SMALL, "time": {"end": "4 ps", "refinement": 4}}).value("dichroism/circular_dichroism")
    assert np.abs(coarse - fine).max() < 2e-5


def test_modes_are_chosen_by_parity_and_weight(calculate):
    result = calculate(temperature=300)
    parity, weight, decay = (result.value(f"modes/{name}") for name in ("parity", "weight", "decay_time"))
    assert np.abs(weight[:, parity > 0]).max() < 1e-10
    chosen = result.value("dichroism/slowest_eigenvalue_time")
    assert decay[np.argmax(np.abs(weight[0]))] == chosen
    assert np.any((decay > chosen) & np.isfinite(decay))
    assert any("slower but not in the signal" in line for line in result.summary)


def test_flow_balances_the_change_of_populations(calculate):
    result = calculate(**{**SMALL, "time": {"end": "4 ps", "refinement": 4}})
    rate = result.value("flow/rate")[0].sum(axis=0)
    time, population = result.value("population/time"), result.value("population/population")[0]
    step = np.abs(time - 1000).argmin()
    measured = (population[:, step + 1] - population[:, step - 1]) / (time[step + 1] - time[step - 1]) * 1e3
    net = (rate.sum(axis=1) - rate.sum(axis=0)) * population[:, step].sum()
    formed = population.sum(axis=0)
    growth = (formed[step + 1] - formed[step - 1]) / (time[step + 1] - time[step - 1]) * 1e3
    assert np.abs(net - measured).max() < 0.02 * np.abs(measured).max() + abs(growth)


def test_idle_mechanisms_are_named(calculate):
    alone = calculate(**SMALL, mechanisms={"set": "exchange"})
    assert any("exchange is switched on but cannot act: no phonon" in line for line in alone.summary)
    assert np.all(alone.value("population/population") == 0)
    dark = calculate(**SMALL, mechanisms={"set": "phonon_intravalley + dexter_dark"})
    assert any("dexter_dark is switched on but cannot act: no population reaches" in line for line in dark.summary)
    zero = calculate(**SMALL, mechanisms={"set": "full"}, dexter={"constant": 0.0})
    assert sum("dexter_" in line and "cannot act" in line for line in zero.summary) == 3
    assert not any("cannot act" in line for line in calculate(**SMALL).summary)


def test_a_mode_without_the_signal_gives_no_depolarisation_time(calculate):
    """Without intervalley phonons exchange empties A within 0.2 ps through many modes;
    the slowest ones are not in the signal.
    """
    result = calculate(mechanisms={"set": "phonon_intravalley + exchange"}, momentum={"points": 30})
    odd = result.value("modes/parity") < 0
    assert (result.value("modes/decay_time")[odd] > 1).any() and np.abs(
        result.value("modes/weight")[0, odd]
    ).max() < 0.1
    assert np.isnan(result.value("dichroism/slowest_eigenvalue_time"))
    assert any("no depolarisation time" in line for line in result.summary)


@pytest.mark.parametrize("mechanisms", ["phonon_intravalley + exchange", "phonons + exchange", "full"])
def test_conserved_quantities_are_all_found(setup, mechanisms):
    """Several quantities of equal parity are conserved without intervalley phonons;
    together they carry what dense vectors carry.
    """
    config, problem = setup(mechanisms={"set": mechanisms}, momentum={"points": 20})
    generator = build_rates(problem, config, {}).generator()
    state = np.random.default_rng(2).random((problem.size, 2))
    modes = find_modes(problem, generator, 10, bleaching_in(problem), state)
    for sign in (1.0, -1.0):
        half = parity_projector(problem, sign)
        value, left, right = linalg.eig((half @ generator @ half.T).toarray(), left=True)
        zero = np.abs(value) < 1e-12
        found = np.isinf(modes.decay_time) & (modes.parity == sign)
        assert found.sum() == zero.sum()
        project = right[:, zero] @ np.linalg.solve(left[:, zero].conj().T @ right[:, zero], left[:, zero].conj().T)
        difference = state[:, 0] - state[:, 1]
        carried = bleaching_in(problem) @ half.T @ (project @ (half @ difference)).real
        assert modes.weight_im[:, found].sum(axis=1) == pytest.approx(
            carried / (bleaching_in(problem) @ difference), abs=1e-6
        )


def test_a_pump_at_b_turns_the_dichroism_of_a_and_divides_by_its_magnitude(setup):
    """A is then negative at all times: its largest value is the rounding before the pump."""
    config, problem = setup(pump={"photon_energy": 2.08}, temperature=300, **SMALL)
    simulation = simulate(problem, config, Run())
    traces = compute_traces(problem, config, simulation.polarization, simulation.dynamics, simulation.scale)
    assert traces.dichroism_it[0].max() < 1e-6
    assert traces.dichroism_it[0].min() == pytest.approx(-1, rel=1e-12)


def test_no_dichroism_is_undefined_and_said(setup):
    """Populations that are equal after both helicities:
    neither traces nor shares of modes divide by the rounding of nothing.
    """
    config, problem = setup(momentum={"points": 10, "angles": 8}, time={"end": "1 ps"}, modes={"count": 2})
    simulation = simulate(problem, config, Run())
    both = simulation.dynamics.population_tnh.mean(axis=2, keepdims=True).repeat(2, axis=2)
    slopes = simulation.dynamics.slope_tnh.mean(axis=2, keepdims=True).repeat(2, axis=2)
    dynamics = replace(simulation.dynamics, population_tnh=both, slope_tnh=slopes)
    dark = replace(simulation.polarization, drive_mh=0.0 * simulation.polarization.drive_mh)
    traces = compute_traces(problem, config, dark, dynamics, simulation.scale)
    modes = find_modes(problem, simulation.generator, 2, bleaching_in(problem), both[-1])
    assert np.isnan(traces.dichroism_it).all() and np.isnan(modes.weight_im).all() and modes.depolarization() is None
    times = lifetimes(config, traces)
    assert np.isnan(times["fast_time"]).all() and np.isnan(times["logarithmic_slope_time"]).all()
    assert any("no dichroism" in line for line in summary(config, traces, times, modes))

"""The datasets of a result, and the summary printed at the end of a run."""

from __future__ import annotations

import numpy as np

from hpcx.io.result import Result
from hpcx.units import from_internal
from hpcx.valley.bleaching import TRANSITIONS
from hpcx.valley.blocks import reduce_to_species
from hpcx.valley.config import Config
from hpcx.valley.fit import fit_biexponential, sign_change_time, slope_time
from hpcx.valley.modes import Modes
from hpcx.valley.observables import Traces
from hpcx.valley.polarization import HELICITIES
from hpcx.valley.problem import Problem
from hpcx.valley.rates import COULOMB, FLIPS, PHONONS
from hpcx.valley.simulate import Simulation

#: window of the logarithmic slope, fs
SLOPE_WINDOW = (1500.0, 8000.0)
#: a trace smaller than this share of the A signal's maximum is neither fitted nor given a slope
SMALLEST_SIGNAL = 1e-4


_TIME = "time after the maximum of the pump"
_DICHROISM, _NO_DICHROISM = "circular dichroism over the largest magnitude of A", "NaN: A shows no dichroism"
_SCALE = "largest magnitude of the difference of the A transmission of both helicities, by which it is divided"
_KERR = (
    "Kerr rotation at probe.kerr_energy, of lines of equal dipole moments, over the largest magnitude of the dichroism"
    " of A"
)
_DEPOLARIZATION = "decay time of the odd mode that carries most of A"
_NO_DEPOLARIZATION = "NaN: none carries most of A; infinite: that mode is conserved"
_NO_WEIGHT = "NaN: the transition shows no dichroism then"
_SMALL = "NaN: the signal is too small"
_FLAT = "does not fall monotonically from 1.5 ps to the end of the window, or falls too little"
#: quantities derived from the dichroism: dataset -> (unit in which it is written, meaning, meaning of NaN)
_LIFETIMES = {
    "fast_time": ("fs", "fast time of the biexponential fit", _SMALL),
    "slow_time": ("ps", "slow time of the biexponential fit", _SMALL),
    "fit_residual": ("1", "root mean square residual of the fit", _SMALL),
    "logarithmic_slope_time": ("ps", "time of the slope, 1.5 to 8 ps", f"{_SMALL}, or {_FLAT}"),
    "sign_change_time": ("ps", "delay at which the signal changes sign", "NaN: it does not change sign"),
}


def lifetimes(config: Config, traces: Traces) -> dict[str, np.ndarray]:
    """Return the quantities of `_LIFETIMES` for both transitions (transition,), in fs; NaN where there is none."""
    # width of the cross-correlation of the pulses
    response = float(np.hypot(config.internal.pump.duration, config.internal.probe.duration))
    rows = [_lifetimes(traces.time, trace, response) for trace in traces.dichroism_it]
    return dict(zip(_LIFETIMES, np.array(rows).T))


def _lifetimes(time: np.ndarray, trace: np.ndarray, response: float) -> list[float]:
    if np.isnan(trace).any():
        return [np.nan] * len(_LIFETIMES)
    fitted, slope, last = [np.nan] * 3, np.nan, min(SLOPE_WINDOW[1], float(time[-1]))
    if np.abs(trace).max() >= SMALLEST_SIGNAL:
        fit = fit_biexponential(time, trace, response)
        fitted = [fit.fast_time, fit.slow_time, fit.residual]
    if abs(np.interp(last, time, trace)) >= SMALLEST_SIGNAL:
        slope = slope_time(time, trace, SLOPE_WINDOW[0], last)
    return [*fitted, slope, sign_change_time(time, trace, SMALLEST_SIGNAL)]


def add_traces(result: Result, traces: Traces, times: dict[str, np.ndarray], modes: Modes) -> None:
    """Add the group `dichroism`."""
    signal, chosen = ("transition", "time"), modes.depolarization()
    depolarization_time = np.nan if chosen is None else modes.decay_time[chosen]
    helicities = ("pump_helicity", *signal)
    add = result.group("dichroism")
    add("time", traces.time, ("time",), "fs", "delay of the probe")
    add("transition", np.array(TRANSITIONS), ("transition",), "1", "probed transition")
    add("circular_dichroism", traces.dichroism_it, signal, "1", _DICHROISM, missing=_NO_DICHROISM)
    add("scale", traces.dichroism_scale, (), "1", _SCALE)
    add("differential_transmission", traces.transmission_hit, helicities, "1", "differential transmission")
    for name, (unit, label, missing) in _LIFETIMES.items():
        add(name, times[name], ("transition",), unit, label, missing=missing)
    add("slowest_eigenvalue_time", depolarization_time, (), "ps", _DEPOLARIZATION, missing=_NO_DEPOLARIZATION)
    if traces.kerr_t is not None:
        add("kerr_rotation", traces.kerr_t, ("time",), "1", _KERR, missing=_NO_DICHROISM)
    result.add("pump_helicity", np.array(HELICITIES), ("pump_helicity",), "1", "helicity of the pump")


def add_populations(result: Result, problem: Problem, simulation: Simulation) -> None:
    """Add the group `population`: species against time for both helicities, and the coherent density."""
    dynamics, scale = simulation.dynamics, simulation.scale
    shape = (len(dynamics.time), len(problem.species), problem.grid.cells, len(HELICITIES))
    population_hxt = dynamics.population_tnh.reshape(shape).sum(axis=2).transpose(2, 1, 0)
    coherent_ht = simulation.polarization.density_tjh(dynamics.time).sum(axis=1).T
    dims = ("pump_helicity", "species", "time")
    add = result.group("population")
    add("time", dynamics.time, ("time",), "fs", _TIME)
    add("species", _labels(problem), ("species",), "1", "exciton: hole, then electron")
    add("energy", np.array([s.edge for s in problem.species]), ("species",), "eV", "energy at zero momentum")
    add("population", scale * population_hxt, dims, "1/cm^2", "density of excitons")
    add("coherent", scale * coherent_ht, ("pump_helicity", "time"), "1/cm^2", "coherent density |P|^2")


def _labels(problem: Problem) -> np.ndarray:
    return np.array([species.label for species in problem.species])


def add_flow(result: Result, problem: Problem, config: Config, simulation: Simulation) -> None:
    """Add the group `flow`: excitons per time and exciton that each mechanism transfers between species, sigma+ pump.

    Mechanisms that are switched off are written as zeros, so that all points of a sweep have one shape.
    """
    times, names, labels = np.array(config.flow_times), [*PHONONS, *FLIPS, *COULOMB], _labels(problem)
    rate = np.zeros((len(times), len(names), len(labels), len(labels)))
    for row, population in enumerate(simulation.dynamics.at(times)[:, :, 0]):
        for name, rate_fi in simulation.rates.matrices.items():
            moved = reduce_to_species(problem, rate_fi, population)
            rate[row, names.index(name)] = moved / max(population.sum(), np.finfo(float).tiny)
    dims = ("time", "mechanism", "species", "species_from")
    add = result.group("flow")
    add("time", times, ("time",), "fs", _TIME)
    add("mechanism", np.array(names), ("mechanism",), "1", "mechanism")
    add("species", labels, ("species",), "1", "final exciton")
    add("species_from", labels, ("species_from",), "1", "initial exciton")
    add("rate", rate, dims, "1/ps", "excitons moved per time and exciton, sigma+ pump")


def add_modes(result: Result, modes: Modes) -> None:
    """Add the group `modes`."""
    add = result.group("modes")
    add("transition", np.array(TRANSITIONS), ("transition",), "1", "probed transition")
    add("decay_time", modes.decay_time, ("mode",), "ps", "decay time", missing="infinite: the mode is conserved")
    add("frequency", modes.frequency, ("mode",), "1/ps", "imaginary part of the eigenvalue")
    add("parity", modes.parity, ("mode",), "1", "parity under time reversal, 0 in a magnetic field")
    add("weight", modes.weight_im, ("transition", "mode"), "1", "share of the dichroism at 1.5 ps", missing=_NO_WEIGHT)
    add("population", modes.population_mx, ("mode", "species"), "1", "net population by species")


def add_checks(result: Result, problem: Problem, simulation: Simulation) -> None:
    """Add the group `checks`: particles, spin, the smallest population, and the share of B holes."""
    time, population_tnh = simulation.dynamics.time, simulation.scale * simulation.dynamics.population_tnh
    spin_n = np.repeat([species.spin for species in problem.species], problem.grid.cells)
    upper_n = np.repeat([float(species.hole.kind == "B") for species in problem.species], problem.grid.cells)
    spin_ht = np.einsum("n,tnh->ht", spin_n, population_tnh, optimize=True)
    lowest = population_tnh.min() / max(population_tnh.max(), 1e-300)
    upper_h = np.einsum("n,nh->h", upper_n, population_tnh[-1]) / np.maximum(population_tnh[-1].sum(axis=0), 1e-300)
    dims = ("pump_helicity", "time")
    add = result.group("checks")
    add("time", time, ("time",), "fs", _TIME)
    add("particle_number", simulation.particles_th().T, dims, "1/cm^2", "|P|^2 + N")
    add("spin", spin_ht, dims, "1/cm^2", "sum of N (s_h + s_e) / 2")
    add("minimum", lowest, (), "1", "smallest over largest population")
    add("upper_hole_share", upper_h, dims[:1], "1", "share of holes in the B band at the end")


def summary(config: Config, traces: Traces, times: dict[str, np.ndarray], modes: Modes) -> list[str]:
    """Return the lines printed at the end of a run."""
    lines = [f"T = {config.temperature:g} K: " + _signal_text(traces)]
    slow, slope = (from_internal(times[name], "ps") for name in ("slow_time", "logarithmic_slope_time"))
    for row, name in enumerate(TRANSITIONS):
        lines.append(
            f"{name}: biexponential fit with offset t1 {_number(times['fast_time'][row], 'fs', 0)}, t2"
            f" {_number(slow[row], 'ps', 2)}; slope from 1.5 to 8 ps {_number(slope[row], 'ps', 2)}"
        )
    return lines + [_mode_text(modes)]


def _signal_text(traces: Traces) -> str:
    if np.isnan(traces.dichroism_it).any():
        return "A shows no dichroism: both helicities bleach it equally"
    values = [np.interp(1000.0, traces.time, trace) for trace in traces.dichroism_it]
    return f"dichroism at 1 ps A {values[0]:.3f}, B {values[1]:.3f}"


def _mode_text(modes: Modes) -> str:
    chosen, odd = modes.depolarization(), "odd " if modes.parity.any() else ""
    if np.isnan(modes.weight_im[0]).any():
        return "no depolarisation time: A shows no dichroism at 1.5 ps"
    if chosen is None:
        share = modes.share(modes.heaviest())
        return (
            f"no depolarisation time: none of the {int((modes.parity <= 0).sum())} slowest {odd}modes carries most of A"
            f" at 1.5 ps (the largest share is {100 * share:.1f} %), the signal has decayed with many faster ones"
        )
    if np.isinf(modes.decay_time[chosen]):
        return f"no depolarisation: a conserved odd quantity carries {100 * modes.share(chosen):.1f} % of A at 1.5 ps"
    decay = from_internal(modes.decay_time, "ps")
    text = f"depolarisation {decay[chosen]:.4g} ps: {odd}mode with {100 * modes.share(chosen):.1f} % of A at 1.5 ps"
    slower = (modes.decay_time > modes.decay_time[chosen]) & np.isfinite(modes.decay_time)
    others = [
        f"{'odd without weight' if modes.parity[m] < 0 else 'even'}, {decay[m]:.4g} ps" for m in np.flatnonzero(slower)
    ]
    return text + (f" (slower but not in the signal: {'; '.join(others)})" if others else "")


def _number(value: float, unit: str, digits: int) -> str:
    return "none" if np.isnan(value) else f"{value:.{digits}f} {unit}"

"""The datasets of a result, and the lines that a user reads first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest
from operator import attrgetter

import numpy as np

from hpcx.formation.config import Config, Pump
from hpcx.formation.fits import PLATEAU_SHARE, RISE_MAX, RISE_MIN, WINDOW, inside
from hpcx.formation.observables import (
    FEWEST_DELAYS,
    Reading,
    coherent_share,
    excitons_made,
    over_peak,
    shares_by_extent,
)
from hpcx.formation.problem import Problem
from hpcx.formation.traces import CONTRIBUTIONS, EXTENTS, VALLEYS, Traces
from hpcx.io.result import Result
from hpcx.units import from_internal

#: what NaN means
_NO_STATE = "NaN: the manifold has fewer states"
_NO_TRACE = (
    f"NaN: the trace is zero between {WINDOW[0]:g} and {WINDOW[1]:g} fs, or has fewer than {FEWEST_DELAYS} delays there"
)
_NO_PLATEAU = f", or does not end in a plateau above {PLATEAU_SHARE:g} of its largest value"
_NO_PEAK = "NaN: the full signal is nowhere positive"


def add_states(result: Result, problem: Problem, change_l: np.ndarray) -> None:
    """Add energies, couplings and two-exciton numbers; `change_l` (eV) are changes of energies on twice the nodes."""
    manifolds, add, one, each = problem.manifolds, result.group("wannier"), ("manifold",), ("manifold", "state")
    result.summary += [
        f"{m.name}: binding energy {from_internal(-m.states.energy_l[0], 'meV'):.1f} meV, gap {m.gap:.3f} eV"
        for m in manifolds
    ]
    add("manifold", [m.name for m in manifolds], one, "1", "manifold")
    add("energy", _by_state(m.energy_l for m in manifolds), each, "eV", "exciton energy", missing=_NO_STATE)
    add("binding_energy", [-m.states.energy_l[0] for m in manifolds], one, "eV", "binding energy of the 1s exciton")
    add("gap", [m.gap for m in manifolds], one, "eV", "band gap")
    add("dipole", [m.dipole for m in manifolds], one, "nm", "interband dipole moment over e")
    add("hartree_fock", [m.hartree_fock for m in manifolds], one, "eV nm^2", "interaction V of four 1s states")
    width_ml = _by_state(m.damping_l for m in manifolds)
    label = "half width at half maximum of a state's line, without radiation"
    add("half_width", width_ml, each, "meV", label, missing=_NO_STATE)
    bleaching_ml = _by_state(m.bleaching_fs[0] / m.bleaching_fs[0, 0] for m in manifolds)
    label = "bleaching of the 1s transition by an exciton in this state, relative to a 1s exciton"
    add("bleaching", bleaching_ml, each, "1", label, missing=_NO_STATE)
    area_m = [m.bleaching_fs[0, 0] / m.dipole_l[0] for m in manifolds]
    add("bleaching_area", area_m, one, "nm^2", "area in which one 1s exciton bleaches the 1s transition")
    label = "change of the bound-state energies of A with twice the nodes"
    add("convergence", change_l, ("bound_state",), "eV", label)
    for name, table in problem.two_excitons.items():
        add = result.group(f"two_exciton/{name}")
        add("binding_energy", -table.binding.energy_n[0], (), "eV", "biexciton binding energy")
        add("dropped", table.antibinding.dropped, (), "1", "Pauli-forbidden combinations dropped")
        add("smallest_overlap", table.antibinding.smallest_overlap, (), "1", "smallest overlap eigenvalue")
        add("exchange_energy", table.exchange_energy, (), "eV nm^2", "first-order exchange, -U(0, 0)")


def _by_state(rows: Iterable[np.ndarray]) -> np.ndarray:
    """Return the rows of the manifolds as one array (manifold, state); NaN where a manifold has fewer states."""
    return np.array(list(zip_longest(*rows, fillvalue=np.nan))).T


def add_signal(result: Result, problem: Problem, traces: Traces, readings: list[list[Reading | None]]) -> None:
    """Add delays, traces and the numbers extracted from them."""
    both, add = ("resonance", "contribution"), result.group("signal")
    names = np.array([m.name for m in problem.manifolds])
    add("delay", traces.delay_d, ("delay",), "fs", "delay of the probe after the pump")
    add("resonance", names, ("resonance",), "1", "exciton")
    add("manifold", names, ("manifold",), "1", "exciton manifold")
    add("contribution", np.array(CONTRIBUTIONS), ("contribution",), "1", "contribution")
    label = "relative change of the reflectivity"
    add("reflectivity_change", traces.change_rcd, (*both, "delay"), "1", label)
    if traces.energy_e.size:
        axes = ("contribution", "photon_energy", "delay")
        add("photon_energy", traces.energy_e, ("photon_energy",), "eV", "detected photon energy")
        add("spectrum", traces.spectrum_ced, axes, "1", label)
    for name, (attribute, unit, label) in _READINGS.items():
        values = [[np.nan if r is None else float(attrgetter(attribute)(r)) for r in row] for row in readings]
        missing = _NO_TRACE + (_NO_PLATEAU if name in ("formation_time", "peak_to_plateau") else "")
        add(name, values, both, unit, label, missing=missing)
    blank_d = np.full(traces.delay_d.size, np.nan)
    curves = [[blank_d if r is None else r.curve_d for r in row] for row in readings]
    add("fit", curves, (*both, "delay"), "1", "fitted curve", missing=_NO_TRACE)
    _add_coherence(result, traces)


def add_populations(result: Result, config: Config, traces: Traces) -> None:
    """Add the populations of all states and of each valley, the density of excitons,
    and the share of the pump that is absorbed.
    """
    add, all_excitons = result.group("signal"), "excitons of all states and valleys"
    ground_vmt, by_state = traces.population_vmlt[:, :, 0], traces.population_vmlt.sum(axis=0)
    pump, made = config.pump.internal, excitons_made(config, traces)
    absorbed = made * pump.photon_energy / pump.fluence
    add("time", traces.time_t, ("time",), "fs", "time after the pump's maximum")
    add("valley", np.array(VALLEYS), ("valley",), "1", "valley; sigma+ drives the first")
    add("population", ground_vmt, ("valley", "manifold", "time"), "1/nm^2", "1s population of a valley")
    label = "population of a state in both valleys"
    add("population_by_state", by_state, ("manifold", "state", "time"), "1/nm^2", label)
    add("exciton_density", by_state.sum(axis=(0, 1)), ("time",), "1/cm^2", all_excitons)
    add("excitons_made", made, (), "1/cm^2", f"{all_excitons} created by the pump")
    add("absorbed_share", absorbed, (), "1", "excitons created per incident pump photon")


def _add_coherence(result: Result, traces: Traces) -> None:
    add = result.group("signal")
    full_rd, incoherent_rd = (traces.change_rcd[:, CONTRIBUTIONS.index(name)] for name in ("full", "incoherent"))
    difference_rd = over_peak(full_rd - incoherent_rd, full_rd.max(axis=1, keepdims=True))
    label = "(full - incoherent) / peak of full"
    add("coherent_difference", difference_rd, ("resonance", "delay"), "1", label, missing=_NO_PEAK)
    label = "peak of coherent / peak of full"
    add("coherent_share", coherent_share(traces), ("resonance",), "1", label, missing=_NO_PEAK)
    if traces.coherent_hrd.size:
        axes, label = ("hartree_fock", "resonance", "delay"), "extent of the Hartree-Fock terms"
        shares = shares_by_extent(traces)
        add("hartree_fock", np.array(EXTENTS), axes[:1], "1", label)
        add("coherent_share_by_extent", shares, axes[:2], "1", f"coherent share by {label}", missing=_NO_PEAK)
        add("coherent_by_extent", traces.coherent_hrd, axes, "1", f"coherent contribution by {label}")


#: dataset -> (attribute of a reading, unit, meaning)
_READINGS = {
    "rise_time": ("times.fit.rise", "fs", "rise time, two components"),
    "rise_time_low": ("times.lowest", "fs", "rise time, smallest over the separations of the fit"),
    "rise_time_high": ("times.highest", "fs", "rise time, largest over the separations of the fit"),
    "rise_time_error": ("error", "fs", "uncertainty of the rise time"),
    "rise_time_bootstrap": ("times.scatter", "fs", "scatter of the rise time over resampled residuals"),
    "rise_time_at_bound": ("times.fit.at_bound", "1", "1 if the rise time is at a bound of the fit: not a result"),
    "rise_time_plain": ("times.plain.rise", "fs", "rise time of a plain rising exponential"),
    "decay_time": ("times.fit.decay", "fs", "fast decay time"),
    "decay_distance": (
        "times.fit.distance",
        "fs",
        "fast decay time minus twice the rise time; at its limit the constraint of the fit is active",
    ),
    "formation_time": ("formation", "fs", "delay of the rise without a fit"),
    "peak_delay": ("peak_delay", "fs", "delay of the largest signal"),
    "peak_to_plateau": ("peak_to_plateau", "1", "largest signal over the plateau traced back to the end of the pulses"),
    "fit_misfit": ("times.fit.misfit", "1", "root mean square of the residual over the largest signal"),
}


def join(result: Result, parts: list[Result], pump: Pump) -> None:
    """Add what belongs to each polarisation of the pump, along an axis if the input has a list of them."""
    if not isinstance(pump.polarization, list):
        result.datasets |= parts[0].datasets
        result.summary += parts[0].summary
        return
    result.add("signal/polarization", np.array(pump.polarizations), ("polarization",), "1", "polarisation of the pump")
    for path, data in parts[0].datasets.items():
        if data.dims != (path.rpartition("/")[2],):  # coordinates are the same for all
            data = replace(data, data=np.stack([part.value(path) for part in parts]), dims=("polarization", *data.dims))
        result.datasets[path] = data
    for polarization, part in zip(pump.polarizations, parts):
        result.summary += [f"pump {polarization}: {line}" for line in part.summary]


def summary(problem: Problem, traces: Traces, readings: list[list[Reading | None]]) -> list[str]:
    """Return the lines that a user reads first."""
    lines, shares = [], coherent_share(traces)
    for r, m in enumerate(problem.manifolds):
        full = readings[r][CONTRIBUTIONS.index("full")]
        if full is None:
            few = np.count_nonzero(inside(traces.delay_d)) < FEWEST_DELAYS
            reason = f"fewer than {FEWEST_DELAYS} delays" if few else "no signal"
            lines.append(f"{m.name}: no rise time: {reason} between {WINDOW[0]:g} and {WINDOW[1]:g} fs")
            continue
        lines.append(
            f"{m.name}: rise time {_rise_text(full)}, peak at {full.peak_delay:.0f} fs, peak / plateau"
            f" {full.peak_to_plateau:.2f}, coherent share {shares[r]:.2f}"
        )
        if traces.coherent_hrd.size:
            by_extent = zip(EXTENTS, shares_by_extent(traces)[:, r])
            texts = (f"{share:.2f} with Hartree-Fock of {name}" for name, share in by_extent)
            lines.append(f"{m.name}: coherent share {', '.join(texts)}")
    return lines


def _rise_text(reading: Reading) -> str:
    """Return the rise times for the summary; one at a bound of the fit is marked as no result."""
    fit, plain = reading.times.fit, reading.times.plain
    limits = f" (at its bound, {RISE_MIN:g} to {RISE_MAX:g} fs: not a result)"
    text = f"{fit.rise:.1f} +- {reading.error:.1f} fs{limits if fit.at_bound else ''}"
    return f"{text} (plain {plain.rise:.1f}{', at its bound' if plain.at_bound else ''})"

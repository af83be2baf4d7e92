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
    shares_by_reading,
)
from hpcx.formation.problem import Problem
from hpcx.formation.traces import CONTRIBUTIONS, READINGS, VALLEYS, Traces
from hpcx.io.result import Result
from hpcx.units import from_internal

#: what NaN means
_NO_STATE = "NaN: the manifold has fewer states"
_NO_TRACE = (
    f"NaN: the trace is zero between {WINDOW[0]:g} and {WINDOW[1]:g} fs, or has fewer than {FEWEST_DELAYS} delays there"
)
_NO_PEAK = "NaN: the full signal is nowhere positive"


def add_states(result: Result, problem: Problem, change_l: np.ndarray) -> None:
    """Add energies, binding energies and two-exciton numbers;
    `change_l` (eV) is what bound energies of A change on twice the nodes.
    """
    result.summary += [
        f"{m.name}: binding energy {from_internal(-m.states.energy_l[0], 'meV'):.1f} meV, gap {m.gap:.3f} eV"
        for m in problem.manifolds
    ]
    _add_widths(result, problem)
    result.add("wannier/manifold", np.array([m.name for m in problem.manifolds]), ("manifold",), "1", "manifold")
    result.add(
        "wannier/energy",
        _by_state(m.energy_l for m in problem.manifolds),
        ("manifold", "state"),
        "eV",
        "exciton energy",
        missing=_NO_STATE,
    )
    binding_m = [-m.states.energy_l[0] for m in problem.manifolds]
    result.add("wannier/binding_energy", np.array(binding_m), ("manifold",), "eV", "binding energy of the 1s exciton")
    bleaching_ml = _by_state(m.bleaching_fs[0] / m.bleaching_fs[0, 0] for m in problem.manifolds)
    label = "bleaching of the 1s transition by an exciton in this state, relative to a 1s exciton"
    result.add("wannier/bleaching", bleaching_ml, ("manifold", "state"), "1", label, missing=_NO_STATE)
    result.add("wannier/gap", np.array([m.gap for m in problem.manifolds]), ("manifold",), "eV", "band gap")
    dipole_m = np.array([m.dipole for m in problem.manifolds])
    result.add("wannier/dipole", dipole_m, ("manifold",), "nm", "interband dipole moment over e")
    for name, table in problem.two_excitons.items():
        result.add(
            f"two_exciton/{name}/binding_energy", -table.binding.energy_n[0], (), "eV", "biexciton binding energy"
        )
        result.add(
            f"two_exciton/{name}/dropped", table.antibinding.dropped, (), "1", "Pauli-forbidden combinations dropped"
        )
        smallest = table.antibinding.smallest_overlap
        result.add(f"two_exciton/{name}/smallest_overlap", smallest, (), "1", "smallest overlap eigenvalue")
        result.add(
            f"two_exciton/{name}/exchange_energy",
            table.exchange_energy,
            (),
            "eV nm^2",
            "first-order exchange, -U(0, 0)",
        )
    label = "change of the bound-state energies of A with twice the nodes"
    result.add("wannier/convergence", change_l, ("bound_state",), "eV", label)
    hartree_fock_m = np.array([m.hartree_fock for m in problem.manifolds])
    result.add("wannier/hartree_fock", hartree_fock_m, ("manifold",), "eV nm^2", "interaction V of four 1s states")


def _by_state(rows: Iterable[np.ndarray]) -> np.ndarray:
    """Return the rows of the manifolds as one array (manifold, state); NaN where a manifold has fewer states."""
    return np.array(list(zip_longest(*rows, fillvalue=np.nan))).T


def _add_widths(result: Result, problem: Problem) -> None:
    """Add what the temperature changes: half widths, and what one formed exciton bleaches."""
    width_ml = _by_state(m.damping_l for m in problem.manifolds)
    label = "half width at half maximum of a state's line, without radiation"
    result.add_internal("wannier/half_width", width_ml, ("manifold", "state"), "meV", label, missing=_NO_STATE)
    area_m = np.array([m.bleaching_fs[0, 0] / m.dipole_l[0] for m in problem.manifolds])
    label = "area in which one 1s exciton bleaches the 1s transition"
    result.add("wannier/bleaching_area", area_m, ("manifold",), "nm^2", label)


def add_signal(result: Result, problem: Problem, traces: Traces, readings: list[list[Reading | None]]) -> None:
    """Add delays, traces and everything read off the traces."""
    both = ("resonance", "contribution")
    names = np.array([m.name for m in problem.manifolds])
    result.add("signal/delay", traces.delay_d, ("delay",), "fs", "delay of the probe after the pump")
    result.add("signal/resonance", names, ("resonance",), "1", "exciton")
    result.add("signal/manifold", names, ("manifold",), "1", "exciton manifold")
    result.add("signal/contribution", np.array(CONTRIBUTIONS), ("contribution",), "1", "contribution")
    result.add(
        "signal/reflectivity_change", traces.change_rcd, (*both, "delay"), "1", "relative change of the reflectivity"
    )
    for name, (attribute, unit, label) in _READINGS.items():
        values = [[np.nan if r is None else float(attrgetter(attribute)(r)) for r in row] for row in readings]
        no_plateau = (
            f", or does not end in a plateau above {PLATEAU_SHARE:g} of its largest value"
            if name in ("formation_time", "peak_to_plateau")
            else ""
        )
        result.add(f"signal/{name}", np.array(values), both, unit, label, missing=_NO_TRACE + no_plateau)
    blank_d = np.full(traces.delay_d.size, np.nan)
    curves = [[blank_d if r is None else r.curve_d for r in row] for row in readings]
    result.add("signal/fit", np.array(curves), (*both, "delay"), "1", "fitted curve", missing=_NO_TRACE)
    _add_coherence(result, traces)
    if traces.energy_e.size:
        result.add("signal/photon_energy", traces.energy_e, ("photon_energy",), "eV", "detected photon energy")
        axes = ("contribution", "photon_energy", "delay")
        result.add("signal/spectrum", traces.spectrum_ced, axes, "1", "relative change of the reflectivity")


def add_populations(result: Result, config: Config, traces: Traces) -> None:
    """Add the populations of all states and of each valley, the density of excitons,
    and the share of the pump that is absorbed.
    """
    result.add("signal/time", traces.time_t, ("time",), "fs", "time after the pump's maximum")
    result.add("signal/valley", np.array(VALLEYS), ("valley",), "1", "valley; sigma+ drives the first")
    axes = ("valley", "manifold", "time")
    result.add("signal/population", traces.population_vmlt[:, :, 0], axes, "1/nm^2", "1s population of a valley")
    by_state = traces.population_vmlt.sum(axis=0)
    axes, label = ("manifold", "state", "time"), "population of a state in both valleys"
    result.add("signal/population_by_state", by_state, axes, "1/nm^2", label)
    label = "excitons of all states and valleys"
    result.add_internal("signal/exciton_density", by_state.sum(axis=(0, 1)), ("time",), "1/cm^2", label)
    pump, made = config.pump.internal, excitons_made(config, traces)
    result.add_internal("signal/excitons_made", made, (), "1/cm^2", f"{label} created by the pump")
    share = made * pump.photon_energy / pump.fluence
    result.add("signal/absorbed_share", share, (), "1", "excitons created per incident pump photon")


def _add_coherence(result: Result, traces: Traces) -> None:
    full_rd, incoherent_rd = (traces.change_rcd[:, CONTRIBUTIONS.index(name)] for name in ("full", "incoherent"))
    difference_rd = over_peak(full_rd - incoherent_rd, full_rd.max(axis=1, keepdims=True))
    label = "(full - incoherent) / peak of full"
    result.add("signal/coherent_difference", difference_rd, ("resonance", "delay"), "1", label, missing=_NO_PEAK)
    label = "peak of coherent / peak of full"
    result.add("signal/coherent_share", coherent_share(traces), ("resonance",), "1", label, missing=_NO_PEAK)
    if traces.coherent_hrd.size:
        result.add(
            "signal/hartree_fock", np.array(READINGS), ("hartree_fock",), "1", "extent of the Hartree-Fock terms"
        )
        label = "coherent share by extent of the Hartree-Fock terms"
        result.add(
            "signal/coherent_share_by_extent",
            shares_by_reading(traces),
            ("hartree_fock", "resonance"),
            "1",
            label,
            missing=_NO_PEAK,
        )
        axes = ("hartree_fock", "resonance", "delay")
        label = "coherent contribution by extent of the Hartree-Fock terms"
        result.add("signal/coherent_by_extent", traces.coherent_hrd, axes, "1", label)


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
    by_extent = shares_by_reading(traces) if traces.coherent_hrd.size else None
    for r, m in enumerate(problem.manifolds):
        full = readings[r][CONTRIBUTIONS.index("full")]
        if full is None:
            few = np.count_nonzero(inside(traces.delay_d)) < FEWEST_DELAYS
            window = f"between {WINDOW[0]:g} and {WINDOW[1]:g} fs"
            lines.append(
                f"{m.name}: no rise time: "
                + (f"fewer than {FEWEST_DELAYS} delays {window}" if few else f"no signal {window}")
            )
            continue
        lines.append(
            f"{m.name}: rise time {_rise_text(full)}, peak at {full.peak_delay:.0f} fs, peak / plateau"
            f" {full.peak_to_plateau:.2f}, coherent share {shares[r]:.2f}"
        )
        if by_extent is not None:
            shares_text = ", ".join(
                f"{share:.2f} with Hartree-Fock of {name}" for name, share in zip(READINGS, by_extent[:, r])
            )
            lines.append(f"{m.name}: coherent share {shares_text}")
    return lines


def _rise_text(reading: Reading) -> str:
    """Return the rise times for the summary; one at a bound of the fit is not passed off as a result."""
    fit, plain = reading.times.fit, reading.times.plain
    limits = f" (at its bound, {RISE_MIN:g} to {RISE_MAX:g} fs: not a result)"
    text = f"{fit.rise:.1f} +- {reading.error:.1f} fs{limits if fit.at_bound else ''}"
    return f"{text} (plain {plain.rise:.1f}{', at its bound' if plain.at_bound else ''})"

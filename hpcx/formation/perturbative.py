"""The third-order route: pump response once, then every photon energy of the signal, dealt out to the ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.optics import Pulse, peak_amplitude
from hpcx.formation.problem import Problem, shared_table
from hpcx.formation.spectral import TimeGrid
from hpcx.formation.third_order import (
    Detection,
    PumpResponse,
    Weights,
    evaluate,
    polarization_factors,
    relative_change,
    respond_to_pump,
)
from hpcx.formation.traces import CONTRIBUTIONS, READINGS, Traces
from hpcx.io.items import Items
from hpcx.parallel.run import Run
from hpcx.physics.constants import HBAR_EV_FS

#: pulses are followed for so many durations, polarisations for so many dephasing times
PULSE_REACH, DECAY_REACH = 4.0, 15.0
#: pump responses that a sweep keeps at once
PUMPS_KEPT = 8


def third_order_traces(comm: Any, config: Config, problem: Problem, run: Run, delay_d: np.ndarray) -> Traces:
    """Return all traces and the spectrum; collective, alike on all ranks."""
    with run.timings.measure("pump"):
        pump = _pump(config, problem, delay_d, run.shared)
    resonance_r = np.array([m.energy_l[0] for m in problem.manifolds])
    axis = config.signal.photon_energies
    energy_e = np.concatenate([resonance_r, np.linspace(axis.start, axis.stop, axis.points)])

    def work(item: int) -> dict[str, np.ndarray]:
        extents = READINGS if item < resonance_r.size else (config.approximation.hartree_fock,)
        return _parts(config, problem, pump, energy_e[item], delay_d, extents)

    with run.timings.measure("probe"):
        parts = Items(comm, run).compute("probe", energy_e.size, work)
    change_ecd = np.array([_contributions(part, config.approximation.hartree_fock) for part in parts])
    coherent_hrd = np.array([[_coherent(part, extent) for part in parts[: resonance_r.size]] for extent in READINGS])
    return Traces(
        delay_d=delay_d,
        change_rcd=change_ecd[: resonance_r.size],
        coherent_hrd=coherent_hrd,
        energy_e=energy_e[resonance_r.size :],
        spectrum_ced=change_ecd[resonance_r.size :].transpose(1, 0, 2),
        time_t=pump.grid.time_t,
        # a unit polarisation vector has a mean square component of one half, whatever it is
        population_mt=0.5 * np.array([population_lt[0] for population_lt in pump.population_mlt]),
        statistics={"time samples": pump.grid.size},
    )


def time_grid(config: Config, problem: Problem, delay_d: np.ndarray) -> TimeGrid:
    """Return times that hold both pulses at every delay and the decay of the polarisations after the last."""
    reach = PULSE_REACH * max(config.pump.duration, config.probe.duration)
    slowest = min(float(m.damping_l.min()) for m in problem.manifolds)
    stop = max(delay_d[-1], 0.0) + reach + DECAY_REACH * HBAR_EV_FS / slowest
    reference = 0.5 * (problem.manifolds[0].energy_l[0] + problem.manifolds[-1].energy_l[-1])
    return TimeGrid.covering(min(delay_d[0], 0.0) - reach, stop, config.solver.time_step, reference)


def _pump(config: Config, problem: Problem, delay_d: np.ndarray, shared: dict[str, object]) -> PumpResponse:
    amplitude = peak_amplitude(config.pump.fluence, config.pump.duration)
    pulse = Pulse(config.pump.photon_energy, config.pump.duration, amplitude)
    grid = time_grid(config, problem, delay_d)
    linear = config.approximation.model_copy(update=dict.fromkeys(("hartree_fock", "biexciton", "grating"), None))
    depends_on = (pulse, grid, linear, config.probe.photon_energy, config.cascade, config.dephasing, config.momentum,
                  config.continuum, [(m.energy_l[0], m.dipole, m.states.reduced_mass) for m in problem.manifolds])
    return shared_table(shared, "pump", depends_on, lambda: respond_to_pump(problem, pulse, grid), PUMPS_KEPT)


def _parts(
    config: Config, problem: Problem, pump: PumpResponse, energy: float, delay_d: np.ndarray, extents: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Return the relative change by part at one photon energy; Hartree-Fock parts are named after their extent."""
    probe = Pulse(config.probe.photon_energy, config.probe.duration, 1.0)
    factors = polarization_factors(config.pump.polarization, config.probe.polarization)
    detection = Detection(problem, pump, energy)

    def change(weights: Weights, factor: complex = 1.0) -> np.ndarray:
        return relative_change(problem, energy, factor * evaluate(problem, probe, pump, weights, energy, delay_d))

    parts = {
        "populations": change(detection.populations(), factors[0]),
        "blocking": change(detection.blocking(), factors[0]),
        "two excitons": change(detection.two_excitons(factors)),
    }
    if config.approximation.grating:
        parts["grating"] = change(detection.grating(), factors[0])
    for extent in {*extents, config.approximation.hartree_fock}:
        parts[extent] = change(detection.hartree_fock(extent), factors[0])
    return parts


def _coherent(parts: dict[str, np.ndarray], extent: str) -> np.ndarray:
    names = ("blocking", "two excitons", "grating", extent)
    return sum(parts[name] for name in names if name in parts)


def _contributions(parts: dict[str, np.ndarray], extent: str) -> list[np.ndarray]:
    """Return the traces in the order of CONTRIBUTIONS; in third order they add up."""
    values = {"incoherent": parts["populations"], "coherent": _coherent(parts, extent)}
    values["full"] = values["incoherent"] + values["coherent"]
    return [values[name] for name in CONTRIBUTIONS]

"""The third-order route: pump response once, then every photon energy of the signal, dealt out to the ranks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, get_args

import numpy as np

from hpcx.formation.cascade import Propagator
from hpcx.formation.config import Config, HartreeFock
from hpcx.formation.linear import LinearResponse, linear_response
from hpcx.formation.optics import Pulse, peak_amplitude
from hpcx.formation.problem import Problem, shared_table
from hpcx.formation.spectral import TimeGrid
from hpcx.formation.third_order import (
    PARTS,
    Detection,
    PumpResponse,
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
#: linear and pump responses that a sweep keeps at once, and photon energies of which it keeps all delays
RESPONSES_KEPT, ENERGIES_KEPT = 2, 4096

T = TypeVar("T")


def third_order_traces(comm: Any, config: Config, problem: Problem, run: Run, delay_d: np.ndarray) -> Traces:
    """Return all traces and the spectrum; collective, alike on all ranks."""
    responses, items = Responses(config, problem, run, delay_d), Items(comm, run)
    with run.timings.measure("pump"):
        pump = items.prepare(responses.pump)
    resonance_r = np.array([m.energy_l[0] for m in problem.manifolds])
    axis = config.signal.photon_energies
    energy_e = np.concatenate([resonance_r, np.linspace(axis.start, axis.stop, axis.points)])

    def work(item: int) -> dict[str, np.ndarray]:
        """Return the parts of the signal at one photon energy."""
        extents = READINGS if item < resonance_r.size else ()
        return _changes(config, problem, energy_e[item], responses.parts(energy_e[item], {*extents, own}))

    own = config.approximation.hartree_fock
    with run.timings.measure("probe"):
        parts = items.compute("probe", energy_e.size, work)
    change_ecd = np.array([_contributions(part, own) for part in parts])
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


def time_grid(config: Config, delay_d: np.ndarray, reference: float) -> TimeGrid:
    """Return times that hold both pulses at every delay and the decay of the polarisations after the last.

    `reference` (eV) is the energy with whose factor signals are stored.
    """
    reach = PULSE_REACH * max(config.pump.duration, config.probe.duration)
    stop = max(delay_d[-1], 0.0) + reach + decay_reach(config)
    return TimeGrid.covering(min(delay_d[0], 0.0) - reach, stop, config.solver.time_step, reference)


def decay_reach(config: Config) -> float:
    """Return the time (fs) after which a polarisation counts as gone."""
    dephasing = config.dephasing
    return DECAY_REACH * HBAR_EV_FS / (1e-3 * min(dephasing.s1, dephasing.bound, dephasing.continuum))


def response_keys(config: Config) -> dict[str, Any]:
    """Return all keys on which responses may depend. The polarisations are factors on their parts, so not among them."""
    unused = {**dict.fromkeys(("title", "output", "petsc", "signal"), True), "probe": {"polarization"}, "pump": {"polarization"}}
    return config.model_dump(exclude=unused)


class Responses:
    """Linear, pump and probe responses of a point, which other points of the sweep may share.

    No response depends on the polarisations: they are factors on its parts.
    """

    def __init__(self, config: Config, problem: Problem, run: Run, delay_d: np.ndarray) -> None:
        self.config, self.problem, self.run, self.delay_d = config, problem, run, delay_d
        # the middle of all states: what is farther than half the sampling frequency is folded back
        reference = 0.5 * (problem.manifolds[0].energy_l[0] + problem.manifolds[-1].energy_l[-1])
        self.grid = time_grid(config, delay_d, reference)

    @property
    def probe(self) -> Pulse:
        """The probe with unit amplitude."""
        return Pulse(self.config.probe.photon_energy, self.config.probe.duration, 1.0)

    def linear(self) -> LinearResponse:
        """Return the linear response."""
        make = partial(linear_response, self.problem, self.grid, self.probe)
        return self._shared("linear", {"pump", "delay", "cascade"}, self.grid, make)

    def relaxation(self) -> list[Propagator]:
        """Return the propagators of the populations."""
        step = self.grid.step
        make = partial(_propagators, self.problem, step)
        return self._shared("relaxation", {"pump", "probe", "delay"}, step, make)

    def pump(self) -> PumpResponse:
        """Return the response to the pump."""
        pump = self.config.pump
        pulse = Pulse(pump.photon_energy, pump.duration, peak_amplitude(pump.fluence, pump.duration))
        reach = PULSE_REACH * pump.duration
        active = self.grid.samples(-reach, reach + decay_reach(self.config))
        make = partial(respond_to_pump, self.problem, self.grid, self.relaxation(), pulse, active)
        return self._shared("pump", {"delay"}, self.grid, make)

    def parts(self, energy: float, extents: set[str]) -> dict[str, np.ndarray]:
        """Return X(tau) at a photon energy (eV) by the names of PARTS."""
        return self._shared("parts", set(), (energy, sorted(extents)), partial(self._parts, energy, extents), ENERGIES_KEPT)

    def _parts(self, energy: float, extents: set[str]) -> dict[str, np.ndarray]:
        detection = Detection(self.problem, self.linear(), self.pump(), energy, self.run.watch)
        parts = detection.parts(extents, bool(self.problem.pairs), self.config.approximation.grating)
        return evaluate(self.linear(), self.probe, energy, self.delay_d, parts)

    def _shared(self, kind: str, without: set[str], beside: object, make: Callable[[], T], kept: int = RESPONSES_KEPT) -> T:
        """Keep what `make` returns under the keys of the input but some, and `beside`."""
        keys = {key: value for key, value in response_keys(self.config).items() if key not in without}
        return shared_table(self.run.shared, kind, (keys, beside), make, kept)


def _propagators(problem: Problem, step: float) -> list[Propagator]:
    return [Propagator.of(m.generator_ml, step) for m in problem.manifolds]


def _changes(config: Config, problem: Problem, energy: float, parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the relative changes by part for the polarisations of pump and probe."""
    factors = polarization_factors(config.pump.polarization, config.probe.polarization)
    return {name: relative_change(problem, energy, factors[PARTS[name]] * x_d) for name, x_d in parts.items()}


def _coherent(parts: dict[str, np.ndarray], extent: str) -> np.ndarray:
    extents = set(get_args(HartreeFock)) - {extent}
    return sum(change_d for name, change_d in parts.items() if name != "populations" and name not in extents)


def _contributions(parts: dict[str, np.ndarray], extent: str) -> list[np.ndarray]:
    """Return the traces in the order of CONTRIBUTIONS; in third order they add up."""
    values = {"incoherent": parts["populations"], "coherent": _coherent(parts, extent)}
    values["full"] = values["incoherent"] + values["coherent"]
    return [values[name] for name in CONTRIBUTIONS]

"""The third-order route: response to the pump, then the photon energies of the signal, distributed over the ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from hpcx.formation.cascade import Propagator
from hpcx.formation.config import Config, HartreeFock
from hpcx.formation.linear import LinearResponse, linear_response
from hpcx.formation.optics import JONES, Pulse, peak_amplitude
from hpcx.formation.problem import Problem
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
from hpcx.formation.traces import CONTRIBUTIONS, EXTENTS, POPULATION_STEP, Traces
from hpcx.io.items import compute_items, prepare
from hpcx.parallel.fingerprint import Excerpt, fingerprint
from hpcx.parallel.run import Run
from hpcx.parallel.shared_tables import SharedTable
from hpcx.physics.constants import HBAR

if TYPE_CHECKING:  # estimates import this where there is no HDF5
    from hpcx.io.stages import Stages

#: time for which pulses (in durations) and polarisations (in dephasing times) are computed
PULSE_REACH, DECAY_REACH = 4.0, 15.0
#: numbers of linear and pump responses, and of photon energies with all delays, that a sweep keeps
RESPONSES_KEPT, ENERGIES_KEPT = 2, 4096
#: number of shifted exciton energies in the average over the sample
SCATTER_NODES = 15
#: parts that are due to populations: those of the pump, and the grating of pump and probe
POPULATION_PARTS = ("populations", "grating")


def third_order_traces(stages: Stages, config: Config, problem: Problem, delay_d: np.ndarray) -> list[Traces]:
    """Return all traces and the spectrum for each polarisation of the pump, the same on all ranks; collective."""
    run, axis = stages.run, config.signal.photon_energies
    responses = Responses(given_by(config, problem, delay_d), run)
    with run.timings.measure("pump"):
        pump = prepare(stages, responses.pump)
    resonance_r = np.array([m.energy_l[0] for m in problem.manifolds])
    energy_e = np.concatenate([resonance_r, np.linspace(axis.start, axis.stop, axis.points)])

    def work(item: int) -> dict[str, np.ndarray]:
        """Return the parts of the signal (polarisation, delay) at one photon energy."""
        extents = {*(EXTENTS if item < resonance_r.size else ()), config.approximation.hartree_fock}
        return _changes(config, problem, energy_e[item], responses.parts(energy_e[item], extents))

    with run.timings.measure("probe"):
        parts = compute_items(stages, "probe", energy_e.size, work)
    found = []
    for number, polarization in enumerate(config.pump.polarizations):
        own = [{name: change_pd[number] for name, change_pd in part.items()} for part in parts]
        found.append(_traces(config, pump, delay_d, energy_e, resonance_r.size, own, polarization))
    return found


def _traces(
    config: Config,
    pump: PumpResponse,
    delay_d: np.ndarray,
    energy_e: np.ndarray,
    resonances: int,
    parts: list[dict[str, np.ndarray]],
    polarization: str,
) -> Traces:
    change_ecd = np.array([_contributions(part, config.approximation.hartree_fock) for part in parts])
    stride = max(1, round(POPULATION_STEP / pump.grid.step))
    return Traces(
        delay_d=delay_d,
        change_rcd=change_ecd[:resonances],
        coherent_hrd=np.array([[_coherent(part, extent) for part in parts[:resonances]] for extent in EXTENTS]),
        energy_e=energy_e[resonances:],
        spectrum_ced=change_ecd[resonances:].transpose(1, 0, 2),
        time_t=pump.grid.time_t[::stride],
        population_vmlt=_populations(pump, polarization, stride),
        statistics={"time samples": pump.grid.size},
    )


def _populations(pump: PumpResponse, polarization: str, stride: int) -> np.ndarray:
    """Return the populations (valley, manifold, state, time), every `stride`-th sample,
    of a pump of this polarisation.
    """
    largest = max(len(population_lt) for population_lt in pump.population_mlt)
    rows = [np.pad(part[:, ::stride], ((0, largest - len(part)), (0, 0))) for part in pump.population_mlt]
    return np.abs(JONES[polarization])[:, None, None, None] ** 2 * np.array(rows)


def time_grid(config: Config, width: float, delay_d: np.ndarray, reference: float) -> TimeGrid:
    """Return times that cover both pulses at every delay and the decay of the polarisations after the last.

    `width` (eV) is the smallest half width of a state; signals are stored in the frame that rotates with `reference`
    (eV).
    """
    reach = PULSE_REACH * max(config.pump.duration, config.probe.duration)
    stop = max(delay_d[-1], 0.0) + reach + decay_reach(width)
    return TimeGrid.covering(min(delay_d[0], 0.0) - reach, stop, config.solver.time_step, reference)


def decay_reach(width: float) -> float:
    """Return the time (fs) after which a polarisation with this half width (eV) is negligible."""
    return DECAY_REACH * HBAR / width


def response_key(config: Config) -> str:
    """Return a key from the input that is the same for points that differ only in polarisations and share responses."""
    unseen = ("title", "output", "petsc", "signal", "probe.polarization", "pump.polarization")
    return fingerprint(Excerpt(config, unseen))


@dataclass(frozen=True)
class Given:
    """All that the parts of a signal depend on, except the photon energy.

    Attributes:
        problem: states, couplings, rates.
        grid: times.
        probe, pump: pulses; the probe has unit amplitude.
        active: samples at which the pump leaves polarisations.
        delay_d: delays, fs.
        grating: whether the population grating is wanted.
    """

    problem: Problem
    grid: TimeGrid
    probe: Pulse
    pump: Pulse
    active: slice
    delay_d: np.ndarray
    grating: bool

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        return fingerprint(*(getattr(self, field.name) for field in fields(self)))


def given_by(config: Config, problem: Problem, delay_d: np.ndarray) -> Given:
    """Return what the responses depend on; polarisations do not matter, because they are factors on the parts."""
    # the middle of all states: frequencies farther from it than half the sampling frequency would be aliased
    reference = 0.5 * (problem.manifolds[0].energy_l[0] + problem.manifolds[-1].energy_l[-1])
    grid = time_grid(config, problem.smallest_width, delay_d, reference)
    pump = config.pump.internal
    pulse = Pulse(pump.photon_energy, pump.duration, peak_amplitude(pump.fluence, pump.duration))
    probe = Pulse(config.probe.photon_energy, config.probe.duration, 1.0)
    reach = PULSE_REACH * pump.duration
    active = grid.samples(-reach, reach + decay_reach(problem.smallest_width))
    return Given(problem, grid, probe, pulse, active, delay_d, config.approximation.grating)


class Responses:
    """Linear, pump and probe responses of a point, shared with other points of the sweep.

    `linear()`, `relaxation()` and `pump()` return the linear response, the propagators of the populations and the
    response to the pump, and compute them unless another point has.
    """

    def __init__(self, given: Given, run: Run) -> None:
        self._given, self._run = given, run
        seen = Excerpt(given.problem, ("manifolds.generator_ml", "manifolds.bleaching_fs"))
        generators = tuple(m.generator_ml for m in given.problem.manifolds)
        pump = (given.problem, given.grid, given.pump, given.active)
        self.linear = self._taken("linear", linear_response, (seen, given.grid, given.probe))
        self.relaxation = self._taken("relaxation", _propagators, (generators, given.grid.step))
        self.pump = self._taken("pump", respond_to_pump, pump, (self.relaxation, run.watch))

    def _taken(self, name: str, *made: Any) -> Callable[[], Any]:
        return partial(SharedTable(f"formation/{name}", *made).take, self._run.shared, RESPONSES_KEPT)

    def parts(self, energy: float, extents: set[str]) -> dict[str, np.ndarray]:
        """Return X(tau) at a photon energy (eV) by the names of PARTS."""
        table = SharedTable(
            "formation/parts", _parts, (self._given, energy, extents), (self.linear, self.pump, self._run.watch)
        )
        return table.take(self._run.shared, ENERGIES_KEPT)


def scatter(deviation: float) -> tuple[np.ndarray, np.ndarray]:
    """Return energies (eV) and weights of a Gaussian of this standard deviation; one energy if it is 0."""
    node_n, weight_n = np.polynomial.hermite_e.hermegauss(SCATTER_NODES if deviation else 1)
    return deviation * node_n, weight_n / weight_n.sum()


def _propagators(generators: tuple[np.ndarray, ...], step: float) -> list[Propagator]:
    return [Propagator.of(generator_ml, step) for generator_ml in generators]


def _parts(
    given: Given,
    energy: float,
    extents: set[str],
    linear: Callable[[], LinearResponse],
    pump: Callable[[], PumpResponse],
    watch: Callable[[], None],
) -> dict[str, np.ndarray]:
    """Return X(tau) as the mean over a sample in which all energies shift together, by less than the pulses' width."""
    shift_n, weight_n = scatter(given.problem.inhomogeneous)
    found = []
    for shift in shift_n:
        detection = Detection(given.problem, linear(), pump(), energy - shift, watch)
        parts = detection.parts(extents, bool(given.problem.pairs), given.grating)
        found.append(evaluate(linear(), given.probe, energy - shift, given.delay_d, parts))
    return {name: sum(weight * each[name] for weight, each in zip(weight_n, found)) for name in found[0]}


def _changes(config: Config, problem: Problem, energy: float, parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the relative changes (polarisation of the pump, delay) by part for the polarisation of the probe."""
    factors_pf = [polarization_factors(pump, config.probe.polarization) for pump in config.pump.polarizations]
    return {
        name: np.array([relative_change(problem, energy, factors[PARTS[name]] * x_d) for factors in factors_pf])
        for name, x_d in parts.items()
    }


def _coherent(parts: dict[str, np.ndarray], extent: str) -> np.ndarray:
    others = {*POPULATION_PARTS, *get_args(HartreeFock)} - {extent}
    return np.sum([change_d for name, change_d in parts.items() if name not in others], axis=0)


def _contributions(parts: dict[str, np.ndarray], extent: str) -> list[np.ndarray]:
    """Return the traces in the order of CONTRIBUTIONS; in third order they add up."""
    incoherent = np.sum([parts[name] for name in POPULATION_PARTS if name in parts], axis=0)
    coherent = _coherent(parts, extent)
    values = {"full": incoherent + coherent, "incoherent": incoherent, "coherent": coherent}
    return [values[name] for name in CONTRIBUTIONS]

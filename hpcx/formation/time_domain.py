"""The time route: pump and probe to all orders in the field; phase cycling of the pump selects the probe direction.

The polarisation at the probe frequency is averaged over four phases of the pump, so that only terms with the intensity
of the pump remain, and compared with a run without pump. All five runs are columns of one integration: they share time
steps, and their integration errors cancel. Delays share the propagation under the pump before the probe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.operator import Equations, Terms
from hpcx.formation.optics import JONES, Pulse, Surface, peak_amplitude
from hpcx.formation.perturbative import PULSE_REACH, decay_reach
from hpcx.formation.problem import Problem
from hpcx.formation.traces import CONTRIBUTIONS, POPULATION_STEP, VALLEYS, Traces
from hpcx.io.items import compute_items, prepare
from hpcx.io.stages import Stages
from hpcx.petsc.explicit_ode import ExplicitOde, OdeStatistics
from hpcx.physics.constants import HBAR

TERMS = {"full": Terms(), "incoherent": Terms(coherent=False), "coherent": Terms(populations=False)}
#: phase factors of the pump in the columns of a run; the last column is without pump
PHASES = np.array([1, 1j, -1, -1j, 0])
#: longest step, fs; shorter than all pulses
LARGEST_STEP = 2.0


@dataclass(frozen=True)
class Experiment:
    """Pulses, valley copies and frequencies of a point in the time route.

    `valleys` are the numbers of the copies; a mirrored one stands for both. `watch` is called after every step.
    """

    problem: Problem
    pump: Pulse
    probe: Pulse
    jones_pump_v: np.ndarray
    jones_probe_v: np.ndarray
    valleys: tuple[int, ...]
    mirrored: bool
    energies_e: np.ndarray
    surface: Surface
    tolerance: float
    watch: Callable[[], None]

    @property
    def pump_start(self) -> float:
        """Time (fs) before which there is no pump."""
        return -PULSE_REACH * self.pump.duration

    @property
    def lead(self) -> float:
        """Time (fs) from the beginning of the probe to its maximum."""
        return PULSE_REACH * self.probe.duration

    @property
    def tail(self) -> float:
        """Time (fs) from the maximum of the probe until its polarisation has decayed."""
        return self.lead + decay_reach(self.problem.smallest_width)

    def equations(self, delay: float, phases_c: np.ndarray, probe_on: bool, terms: Terms) -> Equations:
        """Return the equations with the pump's phase factors in the columns."""
        pump_vc = np.outer(self.jones_pump_v, phases_c)
        probe_vc = np.outer(self.jones_probe_v, np.ones_like(phases_c))

        def incoming(time: float) -> np.ndarray:
            """Return the incoming field of every column, V/nm."""
            turn = np.exp(-1j * self.pump.photon_energy * time / HBAR)
            field_vc = pump_vc * (self.pump.envelope(time) * turn)
            if probe_on:
                turn = np.exp(-1j * self.probe.photon_energy * (time - delay) / HBAR)
                field_vc = field_vc + probe_vc * (self.probe.envelope(time - delay) * turn)
            return field_vc

        energies_e = self.energies_e if probe_on else np.zeros(0)
        frame = 0.5 * (self.pump.photon_energy + self.probe.photon_energy)
        valleys = self.jones_pump_v.size
        return Equations(self.problem, valleys, self.mirrored, energies_e, incoming, self.surface, frame, terms)

    def integrator(
        self, equations: Equations, columns: int, scale: float, statistics: OdeStatistics | None = None
    ) -> ExplicitOde:
        """Return the integrator with absolute tolerances for fields of amplitude `scale` (V/nm), block by block."""
        blocks = equations.blocks
        size = max(np.abs(m.dipole_l).max() for m in self.problem.manifolds) * scale * self.probe.duration / HBAR
        absolute = np.full((blocks.rows, columns), size)
        for rows in blocks.population.values():
            absolute[rows] = size**2
        for link, rows in zip(equations.links, blocks.two_exciton):
            absolute[rows] = np.abs(link.pair.coupling_nab).max() * size**2 * self.probe.duration / HBAR
        for rows in blocks.resonance:
            absolute[rows] = scale
        for rows in blocks.transform:
            absolute[rows] = size * self.probe.duration
        numerics = self.tolerance, self.tolerance * absolute, LARGEST_STEP, "formation_", self.watch
        return ExplicitOde(equations.derivative, *numerics, statistics or OdeStatistics())


def make_experiment(
    config: Config, problem: Problem, energies_e: np.ndarray, pump: str = "", watch: Callable[[], None] = lambda: None
) -> Experiment:
    """Return the experiment for a `pump` of this polarisation (the first by default).

    Valleys that are mirror images of each other are computed once.
    """
    amplitude = peak_amplitude(config.pump.internal.fluence, config.pump.duration)
    pump, probe = pump or config.pump.polarizations[0], config.probe.polarization
    valleys: tuple[int, ...] = (0, 1)
    mirrored = False
    if pump == probe:
        mirrored = pump in ("x", "y")
        valleys = (0,) if mirrored or pump == "sigma+" else (1,)
    pulses = (
        Pulse(config.pump.photon_energy, config.pump.duration, amplitude),
        Pulse(config.probe.photon_energy, config.probe.duration, config.solver.probe_ratio * amplitude),
    )
    return Experiment(
        problem,
        *pulses,
        JONES[pump][list(valleys)],
        JONES[probe][list(valleys)],
        valleys,
        mirrored,
        energies_e,
        problem.radiation.surface(pulses),
        config.solver.tolerance,
        watch,
    )


def pump_trajectory(
    experiment: Experiment, times: list[float], terms: Terms, statistics: OdeStatistics
) -> list[np.ndarray]:
    """Return the state (rows, 1) under the pump alone at ascending times (fs), zero before the pump."""
    equations = experiment.equations(0.0, PHASES[:1], False, terms)
    state = np.zeros((equations.blocks.rows, 1), complex)
    early = [time for time in times if time <= experiment.pump_start]
    integrator = experiment.integrator(equations, 1, experiment.pump.amplitude, statistics)
    later = times[len(early) :]
    return [state] * len(early) + (integrator.integrate(state, experiment.pump_start, later) if later else [])


def start_state(equations: Equations, trajectory: np.ndarray) -> np.ndarray:
    """Return the columns of PHASES from the state with phase 1: P and A take the phase, B its square, N none."""
    blocks = equations.blocks
    state = np.zeros((blocks.rows, PHASES.size), complex)
    order = {1: [*blocks.polarization.values(), *blocks.resonance], 2: blocks.two_exciton}
    for power, parts in order.items():
        for rows in parts:
            state[rows] = trajectory[rows] * PHASES**power
    for rows in blocks.population.values():
        state[rows] = trajectory[rows] * np.abs(PHASES)
    return state


def probe_change(
    experiment: Experiment, delay: float, trajectory: np.ndarray, terms: Terms, statistics: OdeStatistics
) -> np.ndarray:
    """Return the relative change of the reflectivity at all photon energies for one delay.

    `trajectory` is the pump's state at the beginning of the probe.
    """
    equations = experiment.equations(delay, PHASES, True, terms)
    integrator = experiment.integrator(equations, PHASES.size, experiment.probe.amplitude, statistics)
    start, end = delay - experiment.lead, max(delay, 0.0) + experiment.tail
    [final] = integrator.integrate(start_state(equations, trajectory), start, [end])
    copies = 2 if experiment.mirrored else 1
    transforms = zip(experiment.jones_probe_v, equations.blocks.transform)
    sheet_ec = copies * sum(jones.conj() * final[rows] for jones, rows in transforms)
    turn_e = np.exp(-1j * experiment.energies_e * delay / HBAR)
    changed_e = (sheet_ec[:, :4].mean(axis=1) - sheet_ec[:, 4]) * turn_e
    return _observed(experiment, changed_e, sheet_ec[:, 4] * turn_e)


def _observed(experiment: Experiment, changed_e: np.ndarray, linear_e: np.ndarray) -> np.ndarray:
    """Return the relative change for transforms of the sheet polarisation: its change, and without pump."""
    radiation, energies_e = experiment.problem.radiation, experiment.energies_e
    sheet_field_e, reflection_e = radiation.sheet_field(energies_e), radiation.reflection(energies_e)
    incoming_e = experiment.probe.spectrum(energies_e)
    if radiation.stack is None:
        return 4 * np.real(sheet_field_e * changed_e / (incoming_e + sheet_field_e * linear_e))
    gain_e = 1 + reflection_e
    return 2 * np.real(
        gain_e * sheet_field_e * changed_e / (reflection_e * incoming_e + gain_e * sheet_field_e * linear_e)
    )


def time_traces(stages: Stages, config: Config, problem: Problem, delay_d: np.ndarray, pump: str) -> Traces:
    """Return all traces and the spectrum for a `pump` of this polarisation, the same on all ranks.

    Delays are distributed over the ranks; finished ones are kept in the checkpoint. Raises Stopped on request.
    """
    run, axis = stages.run, config.signal.photon_energies
    resonance_r = np.array([m.energy_l[0] for m in problem.manifolds])
    energies_e = np.concatenate([resonance_r, np.linspace(axis.start, axis.stop, axis.points)])
    experiment = make_experiment(config, problem, energies_e, pump, run.watch)
    statistics = OdeStatistics()
    change_cde = np.array([_changes(stages, experiment, delay_d, pump, name, statistics) for name in CONTRIBUTIONS])
    change_ecd = change_cde.transpose(2, 0, 1)
    time_t = np.arange(experiment.pump_start, delay_d[-1] + experiment.tail, POPULATION_STEP)
    with run.timings.measure("pump"):
        population_vmlt = prepare(stages, lambda: _populations(experiment, time_t, OdeStatistics()))
    resonances = resonance_r.size
    return Traces(
        delay_d,
        change_ecd[:resonances],
        np.zeros((0, resonances, delay_d.size)),
        experiment.energies_e[resonances:],
        change_ecd[resonances:].transpose(1, 0, 2),
        time_t,
        population_vmlt,
        {name: stages.comm.allreduce(value) for name, value in vars(statistics).items()}
        | {"reflection misfit": experiment.surface.misfit},
    )


def _changes(
    stages: Stages, experiment: Experiment, delay_d: np.ndarray, pump: str, name: str, statistics: OdeStatistics
) -> list[np.ndarray]:
    """Return the relative changes of one contribution at all photon energies, delay by delay."""
    timings = stages.run.timings
    with timings.measure("pump"):  # for all delays, also when some are known: its steps depend on the list
        times = list(delay_d - experiment.lead)
        trajectories = prepare(stages, lambda: pump_trajectory(experiment, times, TERMS[name], OdeStatistics()))

    def work(item: int) -> dict[str, np.ndarray]:
        """Return the changes at one delay."""
        return {"change": probe_change(experiment, float(delay_d[item]), trajectories[item], TERMS[name], statistics)}

    with timings.measure("probe"):
        return [found["change"] for found in compute_items(stages, f"{pump} {name}", delay_d.size, work)]


def _populations(experiment: Experiment, time_t: np.ndarray, statistics: OdeStatistics) -> np.ndarray:
    """Return the populations under the pump alone (valley, manifold, state, time); an undriven valley has none."""
    states = np.array(pump_trajectory(experiment, list(time_t), Terms(), statistics))[:, :, 0].real
    blocks = experiment.equations(0.0, PHASES[:1], False, Terms()).blocks
    largest = max(m.energy_l.size for m in experiment.problem.manifolds)
    population_vmlt = np.zeros((len(VALLEYS), len(experiment.problem.manifolds), largest, time_t.size))
    for (copy, m), rows in blocks.population.items():
        for valley in (0, 1) if experiment.mirrored else (experiment.valleys[copy],):
            population_vmlt[valley, m, : rows.stop - rows.start] = states[:, rows].T
    return population_vmlt

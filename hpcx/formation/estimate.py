"""What a point will cost, from counts of states, times and delays; times calibrated on one core of an AMD EPYC."""

from __future__ import annotations

import math

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.perturbative import time_grid
from hpcx.formation.problem import Problem, PumpEnergyError, build_problem, check_pump
from hpcx.formation.traces import CONTRIBUTIONS
from hpcx.materials.loader import Material
from hpcx.registry import Estimate

#: interpreter with its libraries, bytes
BASE_BYTES = 200e6
#: seconds for a trace at one photon energy per time and (node x state), and more when Hartree-Fock acts on all states
TRACE_SECONDS, ALL_SECONDS = 3.7e-10, 1.0e-9
#: seconds per fitted trace and per resampling, and per table of two-exciton states
FIT_SECONDS, RESAMPLING_SECONDS, TABLE_SECONDS = 0.014, 0.003, 0.28
#: steps of the time route per fs at the default tolerance; evaluations per step; seconds per evaluation and node x state
STEPS_PER_FS, EVALUATIONS, EVALUATION_SECONDS = 0.95, 6, 1.6e-8
#: runs of one delay that advance together
COLUMNS = 5
#: relaxation rates (1/fs) above which an explicit method must take shorter steps than the pulses ask for
STABLE_RATE = 3.0


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and time of one point on a number of ranks."""
    bare = config.approximation.model_copy(update={"biexciton": False})
    problem = build_problem(config.model_copy(update={"approximation": bare}), material, {})
    facts = {
        "states": ", ".join(f"{m.name} {m.energy_l.size} ({m.states.bound} bound)" for m in problem.manifolds),
        "pump": f"{config.pump.photon_energy:g} eV; A gap {problem.manifolds[0].gap:.3f} eV",
        "delays": str(config.delay.points),
    }
    shape = _third_order if config.solver.route == "third-order" else _time_route
    unknowns, memory, seconds = shape(config, problem, ranks)
    return Estimate(unknowns, BASE_BYTES + memory, seconds + _common_seconds(config, ranks), facts, _warnings(config, problem))


def _work(problem: Problem) -> int:
    """Nodes times states, summed over manifolds: the size of the transforms between momentum space and states."""
    return sum(m.states.phi_lk.size for m in problem.manifolds)


def _third_order(config: Config, problem: Problem, ranks: int) -> tuple[int, float, float]:
    delay_d = np.array([config.delay.start, config.delay.stop])
    samples = time_grid(config, problem, delay_d).size
    states = sum(m.energy_l.size for m in problem.manifolds)
    nodes = problem.manifolds[0].states.grid.k_k.size
    per_energy = TRACE_SECONDS * samples * _work(problem)
    all_states = ALL_SECONDS * samples * _work(problem)
    resonances = math.ceil(len(problem.manifolds) / ranks)
    spectrum = math.ceil(config.signal.photon_energies.points / ranks)
    every = all_states if config.approximation.hartree_fock == "all" else 0.0
    seconds = resonances * (5 * per_energy + all_states) + spectrum * (3 * per_energy + every)
    return 2 * states, 16.0 * samples * (6 * states + 8 * nodes), seconds


def _time_route(config: Config, problem: Problem, ranks: int) -> tuple[int, float, float]:
    valleys = 1 if config.pump.polarization == config.probe.polarization else 2
    rows = 2 * valleys * sum(m.energy_l.size for m in problem.manifolds)
    span = 2 * 4 * config.probe.duration + 330.0
    runs = len(CONTRIBUTIONS) * math.ceil(config.delay.points / ranks)
    steps = span * STEPS_PER_FS * (1e-7 / config.solver.tolerance) ** 0.2
    return rows * COLUMNS, 16.0 * rows * COLUMNS * 30, runs * steps * EVALUATIONS * EVALUATION_SECONDS * valleys * _work(problem)


def _common_seconds(config: Config, ranks: int) -> float:
    fits = math.ceil(2 * len(CONTRIBUTIONS) / ranks) * (4 * FIT_SECONDS + config.signal.bootstrap * RESAMPLING_SECONDS)
    return fits + (3 * TABLE_SECONDS if config.approximation.biexciton else 0.0)


def _warnings(config: Config, problem: Problem) -> list[str]:
    try:
        warnings = check_pump(problem, config.pump.photon_energy)
    except PumpEnergyError as error:
        warnings = [str(error)]
    fastest = max(float(-m.generator_ml.diagonal().min()) for m in problem.manifolds)
    if config.solver.route == "time" and fastest > STABLE_RATE:
        warnings.append(
            f"the printed cascade relaxes at up to {fastest:.0f}/fs on this grid; the time route takes steps below "
            f"{3 / fastest:.2g} fs (approximation.cascade = 'quantum' has no such rates)"
        )
    return warnings

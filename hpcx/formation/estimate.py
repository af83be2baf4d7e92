"""Cost of a point, from counts of states, times and delays;
measured on the reference machine (`hpcx.parallel.machine`).
"""

from __future__ import annotations

import math

import numpy as np

from hpcx.formation.config import Config
from hpcx.formation.perturbative import PULSE_REACH, SCATTER_NODES, decay_reach, response_key, time_grid
from hpcx.formation.problem import MANIFOLDS, gap_of, kept_states, medium_of, notices, relaxation_rates
from hpcx.formation.shared_tables import shared_tables
from hpcx.formation.thermal import half_widths
from hpcx.formation.traces import CONTRIBUTIONS
from hpcx.materials.loader import Material
from hpcx.parallel.machine import Work
from hpcx.physics.wannier_radial import WannierStates
from hpcx.registry import Estimate

#: interpreter with its libraries, bytes
BASE_BYTES = 140e6
#: seconds for a photon energy per time and node squared, more when Hartree-Fock acts on all states, and for the pump
TRACE_SECONDS, ALL_SECONDS, PUMP_SECONDS = 1.0e-10, 3.0e-10, 6.0e-10
#: overhead of a point, of a photon energy of the spectrum, and of a resonance
POINT, ENERGY, RESONANCE = Work(calls=0.02), Work(calls=0.01), Work(calls=0.02)
#: a fitted trace, a resampling of it, and seconds per node for a table that points share
FIT, RESAMPLING, TABLE_SECONDS = Work(calls=0.002), Work(calls=0.0006), 4e-4
#: seconds for the integrals of two-exciton states that several s states drive, and per time and fourth power of their
#: number for the responses
INTEGRAL_SECONDS, PAIR_SECONDS = 1.3, 2.4e-6
#: bytes of the same integrals
INTEGRAL_BYTES = 1e8
#: time route: steps per fs at the default tolerance, evaluations per step, and the cost of one: calls, and seconds per
#: node and state
STEPS_PER_FS, EVALUATIONS, EVALUATION, EVALUATION_SECONDS = 0.95, 6, Work(calls=1.7e-4), 3.4e-8
#: longest step that the pulses allow, fs; factor on the number of steps for the resonances of a substrate
LARGEST_STEP, SURFACE_STEPS = 2.0, 2.8
#: runs of one delay that advance together
COLUMNS = 5
#: relaxation rate (1/fs) above which stability, not the pulses, limits the steps of an explicit method
STABLE_RATE = 3.0


def estimate(config: Config, material: Material, ranks: int) -> Estimate:
    """Return size, memory and time of one point on a number of ranks."""
    kept = [kept_states(config, medium_of(config, material, name)) for name in MANIFOLDS]
    gaps = [gap_of(material, name, states) for name, states in zip(MANIFOLDS, kept)]
    counts = [f"{name} {states.energy_l.size} ({states.bound} bound)" for name, states in zip(MANIFOLDS, kept)]
    facts = {
        "states": ", ".join(counts),
        "pump": f"{config.pump.photon_energy:g} eV; A gap {gaps[0]:.3f} eV",
        "delays": str(config.delay.points),
    }
    shape = _third_order if config.solver.route == "third-order" else _time_route
    unknowns, memory, responses = shape(config, kept, half_widths(config, material).smallest, ranks)
    fits = (
        (FIT + RESAMPLING * config.signal.bootstrap)
        * len(config.pump.polarizations)
        * math.ceil(2 * len(CONTRIBUTIONS) / ranks)
    )
    several = _paired_states(config) > 1
    table = Work(products=TABLE_SECONDS * kept[0].grid.k_k.size + INTEGRAL_SECONDS * several)
    shared = dict.fromkeys(shared_tables(config, material), table)
    work = sum(shared.values(), POINT + responses + fits)
    if config.solver.route == "third-order":
        shared[response_key(config)] = responses
    return Estimate(
        unknowns,
        BASE_BYTES + memory + INTEGRAL_BYTES * several,
        work,
        facts,
        notices(config, gaps[-1]) + _warnings(config, kept),
        shared,
    )


def _paired_states(config: Config) -> int:
    """Return how many s states per exciton drive two-exciton states."""
    return config.approximation.two_exciton_states if config.approximation.biexciton else 1


def _work(kept: list[WannierStates]) -> int:
    """Nodes times states, summed over manifolds: the size of the transforms between momentum space and states."""
    return sum(states.phi_lk.size for states in kept)


def _third_order(config: Config, kept: list[WannierStates], width: float, ranks: int) -> tuple[int, float, Work]:
    delay_d = np.array([config.delay.start, config.delay.stop])
    samples = time_grid(config, width, delay_d, 0.0).size
    states = sum(one.energy_l.size for one in kept)
    nodes_m = np.array([one.grid.k_k.size for one in kept])
    blocking, all_states = (seconds * samples * float(nodes_m @ nodes_m) for seconds in (TRACE_SECONDS, ALL_SECONDS))
    shifts = SCATTER_NODES if config.dephasing.inhomogeneous else 1
    resonances = shifts * math.ceil(len(kept) / ranks)
    spectrum = shifts * math.ceil(config.signal.photon_energies.points / ranks)
    every = all_states if config.approximation.hartree_fock == "all" else 0.0
    pump = PUMP_SECONDS * samples * _work(kept)
    seconds = pump + resonances * (blocking + all_states) + spectrum * (blocking + every)
    several = PAIR_SECONDS * samples * (_paired_states(config) ** 4 - 1)
    work = Work(products=seconds + several) + RESONANCE * resonances + ENERGY * spectrum
    return 2 * states, 16.0 * samples * (4 * states + 6 * int(nodes_m.sum())), work


def _time_route(config: Config, kept: list[WannierStates], width: float, ranks: int) -> tuple[int, float, Work]:
    copies = [1 if pump == config.probe.polarization else 2 for pump in config.pump.polarizations]
    rows = 2 * max(copies) * sum(one.energy_l.size for one in kept)
    span = 2 * PULSE_REACH * config.probe.duration + decay_reach(width)
    runs = len(CONTRIBUTIONS) * math.ceil(config.delay.points / ranks)
    resonant = config.approximation.substrate and config.approximation.radiation == "dispersive"
    span *= SURFACE_STEPS if resonant else 1.0
    steps = span * max(STEPS_PER_FS * (1e-7 / config.solver.tolerance) ** 0.2, 1 / LARGEST_STEP)
    evaluation = EVALUATION * len(copies) + Work(arrays=EVALUATION_SECONDS * sum(copies) * _work(kept))
    return rows * COLUMNS, 16.0 * rows * COLUMNS * 30, evaluation * (runs * steps * EVALUATIONS)


def _warnings(config: Config, kept: list[WannierStates]) -> list[str]:
    """Return a warning if the relaxation is too fast for the steps of the time route."""
    if config.solver.route != "time":
        return []
    fastest = max(float(relaxation_rates(config, states.energy_l).sum(axis=0).max()) for states in kept)
    if fastest <= STABLE_RATE:
        return []
    return [
        f"the printed cascade relaxes at up to {fastest:.0f}/fs on this grid; the time route takes steps below "
        f"{3 / fastest:.2g} fs (approximation.cascade = 'quantum' has no such rates)"
    ]

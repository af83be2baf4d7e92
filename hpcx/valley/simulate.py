"""One simulation: rates, polarisations, populations of both helicities and the scale of the density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from scipy import sparse

from hpcx.io.stages import Stages
from hpcx.parallel.run import Run
from hpcx.valley.angular import coherence_count, extended_generator
from hpcx.valley.blocks import out_rate
from hpcx.valley.config import Config
from hpcx.valley.dynamics import Dynamics, formation_matrix, propagate, segments
from hpcx.valley.polarization import Formation, Polarization, build_polarization, integrate_formation
from hpcx.valley.problem import Problem
from hpcx.valley.rates import Rates, build_rates
from hpcx.valley.saturation import Saturated, final_states, propagate_saturated
from hpcx.valley.steps import end

#: time (fs) by which the integral of |P|^2 extends beyond the last step
MARGIN = 1.0


@dataclass(frozen=True)
class Simulation:
    """The simulation of one point, before signals are computed.

    Attributes:
        rates: matrices of the enabled mechanisms.
        generator: of the populations (size), followed in two dimensions by the exchange coherences.
        polarization, formation: the coherent part.
        formation_nj: rates of formation (size, bright), 1/fs.
        dynamics: populations.
        scale: densities (1/nm^2) per unit of the simulation.
    """

    rates: Rates
    generator: sparse.csr_matrix
    polarization: Polarization
    formation: Formation
    formation_nj: np.ndarray
    dynamics: Dynamics
    scale: float

    def particles_th(self) -> np.ndarray:
        """Return |P|^2 + N at the stepper's times (time, helicity), 1/nm^2."""
        coherent = self.polarization.density_tjh(self.dynamics.time).sum(axis=1)
        return self.scale * (coherent + self.dynamics.population_tnh.sum(axis=1))


def simulate(problem: Problem, config: Config, run: Run) -> Simulation:
    """Run one point; raises IntegrationError, Stopped. Not collective."""
    stages = Stages(MPI.COMM_SELF, run)
    with run.timings.measure("rates"):
        rates = build_rates(problem, config, run.shared)
    with run.timings.measure("polarisation"):
        polarization = build_polarization(problem, config, out_rate(rates.phonons()))
        formation = integrate_formation(polarization, end(config) + MARGIN)
    formation_nj = formation_matrix(problem, polarization, rates.phonons())
    inside = config.internal
    scale = inside.pump.density / _particles(formation, formation_nj, inside.time.end)
    with run.timings.measure("time steps"):
        angular = coherence_count(problem, config) > 0
        generator = extended_generator(problem, config, rates) if angular else rates.generator()
        steps = segments(config.time, end(config))
        if config.approximation.saturation:
            saturated = Saturated(rates.total(), final_states(problem, config))
            dynamics = propagate_saturated(saturated, formation_nj, polarization, formation, scale, steps, stages.stage)
        else:
            dynamics = propagate(generator, formation_nj, polarization, formation, steps, stages.stage)
    return Simulation(rates, generator, polarization, formation, formation_nj, dynamics, scale)


def _particles(formation: Formation, formation_nj: np.ndarray, time: float) -> float:
    """Return |P|^2 + N at `time` after the sigma+ pump, in the simulation's unit; N is the integral of its source.

    Without phonons no population forms; the density is then the largest |P|^2, which decays radiatively.
    """
    formed = formation_nj.sum(axis=0) @ formation.integral_jh(time)[:, 0]
    coherent = formation.density_tjh[:, :, 0].sum(axis=1)
    return float(formed + np.interp(time, formation.time, coherent)) if formed > 0 else float(coherent.max())

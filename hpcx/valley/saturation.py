"""Occupation of the final states: bosonic stimulation and Pauli blocking, terms of second order in the density.

Every rate into cell f is multiplied by 1 + n_f / w_f - sum_x B_fx n_x: stimulation by the excitons that are there, and
blocking of the electron and the hole of the final exciton by identical carriers of all others (Katzer et al., PRB 108,
L121102 (2023)). B is the overlap int d^2k / (2 pi)^2 |phi_f(k)|^2 |phi_x(k - p)|^2 of the occupied relative motions,
averaged over the angle between the momenta. Every process still moves excitons from one cell to another, so that all
conservation laws of the linear theory hold. In equilibrium n / factor is proportional to w exp(-E / kT), a Bose
distribution without blocking. Formation from the polarisation keeps its low-density rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hpcx.petsc.nonlinear_ode import integrate_nonlinear
from hpcx.petsc.stepping import Segment, Stage
from hpcx.valley.blocking import blocking_matrix
from hpcx.valley.config import Config
from hpcx.valley.dynamics import Dynamics
from hpcx.valley.polarization import Formation, Polarization
from hpcx.valley.problem import Problem


@dataclass(frozen=True)
class FinalStates:
    """The factor 1 + stimulation n - blocking n of every cell.

    Attributes:
        stimulation: 1 / w of each cell (size,), nm^2; zero when switched off.
        blocking: B (size, size), nm^2; None when switched off.
    """

    stimulation: np.ndarray
    blocking: np.ndarray | None

    def factor(self, population: np.ndarray) -> np.ndarray:
        """Return the factors (size,) for populations in 1/nm^2."""
        factor = 1.0 + self.stimulation * population
        return factor if self.blocking is None else factor - self.blocking @ population


def final_states(problem: Problem, config: Config) -> FinalStates:
    """Return the factors of the input; densities that block a state entirely are refused before (`refusals`)."""
    options = config.approximation
    stimulation = 1.0 / problem.weights() if options.stimulation else np.zeros(problem.size)
    return FinalStates(stimulation, blocking_matrix(problem) if options.blocking else None)


@dataclass(frozen=True)
class Saturated:
    """The nonlinear scattering dn_f/dt = sum_i [W_fi n_i factor_f - W_if n_f factor_i] and its Jacobian.

    Attributes:
        rate_fi: W (size, size), 1/fs.
        states: the factors of the final states.
    """

    rate_fi: sparse.csr_matrix
    states: FinalStates

    def scattering(self, population: np.ndarray) -> np.ndarray:
        """Return dn/dt (size,) by scattering; it adds up to zero."""
        factor = self.states.factor(population)
        return factor * (self.rate_fi @ population) - population * (self.rate_fi.T @ factor)

    def jacobian(self, population: np.ndarray) -> sparse.csr_matrix:
        """Return d(scattering)/dn without the weak change of the blocking; its columns add up to zero."""
        factor, stimulation = self.states.factor(population), self.states.stimulation
        into = sparse.diags(factor) @ self.rate_fi - sparse.diags(self.rate_fi.T @ factor)
        gained = sparse.diags(stimulation * (self.rate_fi @ population))
        lost = sparse.diags(population) @ self.rate_fi.T @ sparse.diags(stimulation)
        return (into + gained - lost).tocsr()


def propagate_saturated(
    saturated: Saturated,
    formation_nj: np.ndarray,
    polarization: Polarization,
    formation: Formation,
    scale: float,
    steps: list[Segment],
    stage: Callable[[str], Stage] | None = None,
) -> Dynamics:
    """Integrate the populations of both helicities, one after the other, keeping the steps of each in a `stage`.

    Densities are `scale` times the simulation's unit.

    As in the linear theory the integral of the source is split off, so that time steps conserve particles. Raises
    IntegrationError.
    """
    runs = []
    for helicity in range(formation.integral_tjh.shape[2]):

        def fed(time: float) -> np.ndarray:
            """Return the integral of the source up to `time`."""
            return scale * formation_nj @ formation.integral_jh(time)[:, helicity]

        runs.append(
            integrate_nonlinear(
                lambda t, m: saturated.scattering(m + fed(t)),
                lambda t, m: saturated.jacobian(m + fed(t)),
                saturated.rate_fi + saturated.rate_fi.T,
                np.zeros(len(formation_nj)),
                float(formation.time[0]),
                steps,
                "valley_",
                stage(f"helicity {helicity}") if stage is not None else None,
            )
        )
    time = runs[0].time
    source = np.einsum("nj,tjh->tnh", formation_nj, polarization.density_tjh(time))
    population = np.concatenate([run.state_tnc for run in runs], axis=2) / scale
    population += formation_nj @ formation.integral_jh(time)
    scattered = [[saturated.scattering(scale * column) / scale for column in state.T] for state in population]
    slope = source + np.array(scattered).transpose(0, 2, 1)
    statistics = {key: sum(run.statistics[key] for run in runs) for key in runs[0].statistics}
    return Dynamics(time, population, slope, np.zeros((len(time), 0, population.shape[2])), statistics)

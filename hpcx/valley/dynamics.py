"""Populations after the pump: dn/dt = G n + F |P|^2 for both helicities.

With S(t) = F int |P|^2 dt, the difference m = n - S obeys dm/dt = G m + G S(t). Columns of G sum to zero, so the total
of m stays zero for any time step, and the number of particles is that of S, known in closed form, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicHermiteSpline

from hpcx.petsc.linear_ode import integrate_linear
from hpcx.petsc.stepping import Segment, Stage
from hpcx.valley.config import Time
from hpcx.valley.polarization import Formation, Polarization
from hpcx.valley.problem import Problem
from hpcx.valley.steps import pieces


@dataclass(frozen=True)
class Dynamics:
    """Populations at the ends of the steps, in arbitrary units (those of |P|^2).

    Attributes:
        time: fs (steps,).
        population_tnh: (steps, size, helicity).
        slope_tnh: its time derivative, 1/fs.
        coherence_tch: exchange coherences (steps, coherences, helicity); none in one dimension.
        statistics: of the stepper.
    """

    time: np.ndarray
    population_tnh: np.ndarray
    slope_tnh: np.ndarray
    coherence_tch: np.ndarray
    statistics: dict[str, int]

    def state_at(self, time: float) -> np.ndarray:
        """Return populations and coherences (size + coherences, helicity) at the step nearest to `time` (fs)."""
        step = int(np.abs(self.time - time).argmin())
        return np.concatenate([self.population_tnh[step], self.coherence_tch[step]])

    def at(self, time: np.ndarray) -> np.ndarray:
        """Return the populations at times in fs (time, size, helicity), interpolated between the steps."""
        return CubicHermiteSpline(self.time, self.population_tnh, self.slope_tnh)(time)

    def weighted_at(self, time: np.ndarray, weight_kn: np.ndarray) -> np.ndarray:
        """Return sum_n weight_kn n_nh at times in fs (time, k, helicity), zero before the first step."""
        value_tkh, slope_tkh = (
            np.einsum("kn,tnh->tkh", weight_kn, part, optimize=True) for part in (self.population_tnh, self.slope_tnh)
        )
        return CubicHermiteSpline(self.time, value_tkh, slope_tkh)(np.maximum(time, self.time[0]))


def formation_matrix(problem: Problem, polarization: Polarization, phonons_fi: sparse.spmatrix) -> np.ndarray:
    """Return F (size, bright): rates (1/fs) from each polarisation at Q = 0 into the populations."""
    columns = [problem.cells_of(index).start for index in polarization.bright]
    return np.asarray(phonons_fi.tocsc()[:, columns].todense())


def segments(options: Time, end: float) -> list[Segment]:
    """Return the segments of the integration up to `end` (fs)."""
    return [Segment(*piece) for piece in pieces(options, end)]


def propagate(
    generator: sparse.csr_matrix,
    formation_nj: np.ndarray,
    polarization: Polarization,
    formation: Formation,
    steps: list[Segment],
    stage: Callable[[str], Stage] | None = None,
) -> Dynamics:
    """Integrate the populations of both helicities, keeping their steps in a `stage`; raises IntegrationError.

    `generator` may be larger than the populations: the coherences that follow them start at zero and have no source.
    """
    size = formation_nj.shape[0]
    formation_nj = np.pad(formation_nj, ((0, generator.shape[0] - size), (0, 0)))
    pushed_nj = generator @ formation_nj
    initial = np.zeros((generator.shape[0], formation.integral_tjh.shape[2]))
    start = float(formation.time[0])
    rest = integrate_linear(
        generator, lambda t: pushed_nj @ formation.integral_jh(t), initial, start, steps, "valley_", stage
    )
    population = rest.state_tnc + formation_nj @ formation.integral_jh(rest.time)
    source = np.einsum("nj,tjh->tnh", formation_nj, polarization.density_tjh(rest.time))
    slope = np.stack([generator @ state for state in population]) + source
    return Dynamics(rest.time, population[:, :size], slope[:, :size], population[:, size:], rest.statistics)

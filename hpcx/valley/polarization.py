"""The coherent A and B polarisations of both valleys under a Gaussian pump, in closed form.

i hbar dP_j/dt = [E_j - E_L - i (gamma_rad + gamma_ph,j)] P_j + sum_j' C_jj' P_j' - phi_j(0) E(t) for the driven valley
(Dogadov et al. 2025, Methods). The four amplitudes are expanded in the eigenvectors of the constant matrix; each mode
driven by a Gaussian is an error function of complex argument. The source of populations is the out-scattering of
|P_j|^2, so that |P|^2 + N changes by radiation alone once the pulse is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicHermiteSpline
from scipy.special import wofz

from hpcx.physics.constants import HBAR
from hpcx.valley.config import Config
from hpcx.valley.mechanisms.dexter_coherent import coupling_jj
from hpcx.valley.problem import Problem
from hpcx.valley.steps import PUMP_REACH, pump_sigma

#: pump helicities in the order of all results; sigma+ drives K
HELICITIES = ("sigma+", "sigma-")
DRIVEN_VALLEY = {"sigma+": "K", "sigma-": "K'"}
#: width of a cell of the quadrature of |P|^2 in fs: short against the 10 fs beat of A and B
QUADRATURE_STEP = 0.5
#: number of times that are evaluated together, which limits the size of intermediate arrays
TOGETHER = 100_000


@dataclass(frozen=True)
class Polarization:
    """Amplitudes P_j(t) of the bright species under both pump helicities.

    Attributes:
        bright: indices of the bright species, in the order of the axis j.
        eigenvalue_m, vector_jm, drive_mh: the modes, 1/fs, and how strongly each helicity drives them.
        sigma: standard deviation of the field envelope, fs.
    """

    bright: list[int]
    eigenvalue_m: np.ndarray
    vector_jm: np.ndarray
    drive_mh: np.ndarray
    sigma: float

    def amplitude_tjh(self, time: np.ndarray) -> np.ndarray:
        """Return P_j at times (fs) with the pump's maximum at zero (time, bright, helicity), arbitrary scale."""
        response_tm = driven_mode(time[:, None], self.eigenvalue_m[None, :], self.sigma)
        return np.einsum("tm,jm,mh->tjh", response_tm, self.vector_jm, self.drive_mh, optimize=True)

    def density_tjh(self, time: np.ndarray) -> np.ndarray:
        """Return |P_j|^2 (time, bright, helicity)."""
        time = np.asarray(time, dtype=float)
        parts = np.array_split(time, len(time) // TOGETHER + 1)
        return np.concatenate([np.abs(self.amplitude_tjh(part)) ** 2 for part in parts])

    def start(self) -> float:
        """Return a time (fs) before which the pump is below 1e-10 of its maximum."""
        return -PUMP_REACH * self.sigma


def driven_mode(time: np.ndarray, eigenvalue: np.ndarray, sigma: float) -> np.ndarray:
    """Return int_{-inf}^t exp(lambda (t - s)) exp(-s^2 / (2 sigma^2)) ds in fs; arguments are broadcast.

    With z = -(t / sigma + lambda sigma) / sqrt(2) this is sigma sqrt(pi/2) exp(-t^2 / (2 sigma^2)) w(i z); for Re z < 0
    the reflection of w keeps every exponential bounded.
    """
    z = -(time / sigma + eigenvalue * sigma) / np.sqrt(2.0)
    early = z.real >= 0
    scaled = np.exp(-0.5 * (time / sigma) ** 2)
    before = scaled * wofz(1j * np.where(early, z, 1.0))
    free = np.exp(np.where(early, 0.0, eigenvalue * time + 0.5 * (eigenvalue * sigma) ** 2))
    after = 2.0 * free - scaled * wofz(-1j * np.where(early, -1.0, z))
    return sigma * np.sqrt(0.5 * np.pi) * np.where(early, before, after)


def build_polarization(problem: Problem, config: Config, phonon_out: np.ndarray) -> Polarization:
    """Return the polarisations, dephased by the out-rates `phonon_out` (size,) in 1/fs of phonons at Q = 0."""
    bright = [index for index, species in enumerate(problem.species) if species.bright]
    out_j = np.array([phonon_out[problem.cells_of(index)][0] for index in bright])
    hamiltonian = _hamiltonian(problem, config, bright, out_j)
    energy, vector_jm = np.linalg.eig(hamiltonian)
    field_jh = _drive(problem, config, bright)
    drive_mh = np.linalg.solve(vector_jm, 1j / HBAR * field_jh)
    return Polarization(bright, -1j / HBAR * energy, vector_jm, drive_mh, pump_sigma(config.pump))


def _hamiltonian(problem: Problem, config: Config, bright: list[int], out_j: np.ndarray) -> np.ndarray:
    edge = np.array([problem.species[index].edge for index in bright])
    laser = config.internal.pump.photon_energy or problem.parameters.exciton_energy
    width = config.internal.dephasing.radiative + 0.5 * HBAR * out_j
    return np.diag(edge - laser - 1j * width) + coupling_jj(problem, config, bright)


def _drive(problem: Problem, config: Config, bright: list[int]) -> np.ndarray:
    """Return phi_j(0) if helicity h drives species j, else zero (bright, helicity)."""
    field = np.zeros((len(bright), len(HELICITIES)))
    for row, index in enumerate(bright):
        species = problem.species[index]
        if species.hole.kind == "A" or config.mechanisms.offresonant_drive:
            for column, helicity in enumerate(HELICITIES):
                field[row, column] = species.state.contact * (species.hole.valley == DRIVEN_VALLEY[helicity])
    return field


@dataclass(frozen=True)
class Formation:
    """Time integral of |P_j|^2 on a fine grid, from which populations are fed.

    Attributes:
        time: edges of the quadrature, fs.
        integral_tjh: int |P_j|^2 dt up to each edge, fs.
        density_tjh: |P_j|^2 at the edges.
    """

    time: np.ndarray
    integral_tjh: np.ndarray
    density_tjh: np.ndarray

    @cached_property
    def integral_jh(self) -> CubicHermiteSpline:
        """The integral up to any time in fs (bright, helicity), interpolated between the edges."""
        return CubicHermiteSpline(self.time, self.integral_tjh, self.density_tjh)


def integrate_formation(polarization: Polarization, end: float) -> Formation:
    """Return the running integral of |P_j|^2 from before the pump to `end` (fs), by three-point Gauss rules."""
    edges = np.linspace(polarization.start(), end, int(np.ceil((end - polarization.start()) / QUADRATURE_STEP)) + 1)
    node, weight = np.polynomial.legendre.leggauss(3)
    step = edges[1] - edges[0]
    points = (edges[:-1, None] + 0.5 * step * (node + 1.0)).ravel()
    density = polarization.density_tjh(points).reshape(len(edges) - 1, 3, len(polarization.bright), len(HELICITIES))
    gain = 0.5 * step * np.einsum("k,tkjh->tjh", weight, density)
    integral = np.concatenate([np.zeros((1,) + gain.shape[1:]), np.cumsum(gain, axis=0)])
    return Formation(edges, integral, polarization.density_tjh(edges))

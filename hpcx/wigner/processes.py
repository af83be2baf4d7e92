"""Phonon emission processes as equilibrium fluxes between energy bins, resolved in the scattering angle.

Only emission is listed. Absorption is the transposed flux, because (n + 1) exp(-E'/kT) = n exp(-E/kT) at every point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcx.physics.constants import HBAR
from hpcx.physics.phonons import Branch, Mode, Optical, coupling_squared, occupation
from hpcx.physics.valley_excitons import Excitons
from hpcx.wigner.energy_grid import Grid, boltzmann_density, boltzmann_integral

#: quadrature: Gauss points per bin, midpoints of the acoustic angle, midpoints of the dispersionless angle
GAUSS_POINTS = 6
ACOUSTIC_ANGLES = 96
OPTICAL_ANGLES = 48
#: energies and angles for the estimate of the fastest scattering
FEW_ENERGIES, FEW_ANGLES = 16, 8


@dataclass(frozen=True)
class Events:
    """Samples of one emission process, arrays that are broadcast against each other.

    Attributes:
        source, final: flattened bins j and i.
        cosine: cosine of the angle between the momenta before and after.
        flux: equilibrium flux, 1/(nm^2 fs).
    """

    source: np.ndarray
    final: np.ndarray
    cosine: np.ndarray
    flux: np.ndarray


@dataclass(frozen=True)
class Acoustic:
    """Emission of an acoustic phonon inside a valley."""

    valley: int
    branch: Branch
    intervalley: bool = False

    def events(self, excitons: Excitons, grid: Grid) -> Events:
        """Sample the process; the angle phi lies between the phonon's and the initial momentum.

        rate = M / (pi hbar^3) int dphi (hbar D^2 q0 / (2 rho c)) (n(q0) + 1) with q0 = 2 k' cos(phi) - 2 M c / hbar >
        0.
        """
        mass, velocity = excitons.mass_v[self.valley], self.branch.velocity
        source_g, energy_g, weight_g = _gauss_points(excitons, grid, self.valley)
        phi = (np.arange(ACOUSTIC_ANGLES) + 0.5) * (0.5 * np.pi / ACOUSTIC_ANGLES)
        momentum_g1 = np.sqrt(2 * mass * energy_g)[:, None] / HBAR
        q = 2 * momentum_g1 * np.cos(phi) - 2 * mass * velocity / HBAR
        g, a = np.nonzero(q > 0)
        q, cos_phi, momentum = q[g, a], np.cos(phi[a]), momentum_g1[g, 0]
        energy = np.maximum(energy_g[g] - HBAR * velocity * q, 0.0)
        after = np.sqrt(2 * mass * energy) / HBAR
        potential = self.branch.coupling * excitons.acoustic_potential(self.valley, q)
        phonon = HBAR * velocity * q
        coupling = coupling_squared((potential * q) ** 2, phonon, excitons.hbar2_per_density)
        rate = mass / (np.pi * HBAR**3) * coupling * (1 + occupation(phonon, grid.kT))
        return Events(
            source=self.valley * grid.bins + source_g[g],
            final=self.valley * grid.bins + grid.bin_of(energy),
            cosine=np.clip((momentum - q * cos_phi) / np.maximum(after, 1e-300), -1.0, 1.0),
            flux=rate * weight_g[g] * np.pi / ACOUSTIC_ANGLES,
        )


@dataclass(frozen=True)
class Dispersionless:
    """Emission of a phonon of one energy from valley `source` into one of `degeneracy` valleys `final`.

    Attributes:
        energy: phonon energy, eV.
        potential: deformation potential with its form factors as a function of q (1/nm), eV/nm.
    """

    source: int
    final: int
    degeneracy: int
    energy: float
    potential: Callable[[np.ndarray], np.ndarray]
    intervalley: bool

    def rate(self, excitons: Excitons, q: np.ndarray, quanta: np.ndarray | float) -> np.ndarray:
        """Return g M D(q)^2 / (2 rho hbar^2 w) times `quanta` (n + 1 or n), 1/fs, before the mean over angles."""
        coupling = coupling_squared(self.potential(q) ** 2, self.energy, excitons.hbar2_per_density)
        return self.degeneracy * excitons.mass_v[self.final] * coupling * quanta / HBAR**3

    def out_rate(self, excitons: Excitons, energy_e1: np.ndarray, top: float, kT: float) -> np.ndarray:
        """Return the rate (..., energy; 1/fs) of emission and absorption with final energies up to `top`; all in eV."""
        cosine = np.cos((np.arange(FEW_ANGLES) + 0.5) * (np.pi / FEW_ANGLES))
        total = np.zeros(1)
        for final, quanta in self.ways(excitons, energy_e1, kT):
            q = self._transfer(excitons, energy_e1, np.maximum(final, 0.0), cosine)
            inside = (final > 0) & (final < top)
            total = total + np.where(inside, self.rate(excitons, q, quanta), 0.0).mean(axis=-1)
        return total

    def ways(self, excitons: Excitons, energy: np.ndarray, kT: float) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Return the final energy and n + 1 or n of emission and of absorption by excitons of `energy`; all in eV."""
        quanta = occupation(self.energy, kT)
        relative = energy + excitons.energy_v[self.source] - excitons.energy_v[self.final]
        return (relative - self.energy, quanta + 1), (relative + self.energy, quanta)

    def _transfer(self, excitons: Excitons, energy: np.ndarray, final: np.ndarray, cosine: np.ndarray) -> np.ndarray:
        """Return the momentum transfer (1/nm) for energies (eV) in the two valleys and the cosine of the angle; all
        broadcast.
        """
        before = np.sqrt(2 * excitons.mass_v[self.source] * energy) / HBAR
        after = np.sqrt(2 * excitons.mass_v[self.final] * final) / HBAR
        return np.sqrt(np.maximum(before**2 + after**2 - 2 * before * after * cosine, 0.0))

    def events(self, excitons: Excitons, grid: Grid) -> Events:
        """Sample the process on the common refinement of source bins and shifted final bins."""
        shift = excitons.energy_v[self.source] - excitons.energy_v[self.final] - self.energy
        lower, upper = _segments(grid.edges, shift)
        middle = 0.5 * (lower + upper)
        theta = (np.arange(OPTICAL_ANGLES) + 0.5) * (np.pi / OPTICAL_ANGLES)
        q = self._transfer(excitons, middle[:, None], middle[:, None] + shift, np.cos(theta))
        weight = boltzmann_density(excitons, grid.kT)[self.source]
        weight_s1 = (weight * boltzmann_integral(lower, upper, grid.kT))[:, None]
        flux = self.rate(excitons, q, 1 + float(occupation(self.energy, grid.kT))) * weight_s1 / OPTICAL_ANGLES
        return Events(
            source=self.source * grid.bins + grid.bin_of(middle)[:, None],
            final=self.final * grid.bins + grid.bin_of(middle + shift)[:, None],
            cosine=np.cos(theta),
            flux=flux,
        )


@dataclass(frozen=True)
class Disorder:
    """Elastic scattering inside a valley into any direction, at one rate for all energies."""

    valley: int
    intervalley: bool = False

    def events(self, excitons: Excitons, grid: Grid) -> Events:
        """Sample half of the equilibrium flux: the transposed flux, which is the same here, is added later."""
        bins = self.valley * grid.bins + np.arange(grid.bins)
        cosine = np.cos((np.arange(OPTICAL_ANGLES) + 0.5) * np.pi / OPTICAL_ANGLES)
        flux = 0.5 * excitons.disorder_rate * grid.weight_i[bins] / OPTICAL_ANGLES
        return Events(bins[:, None], bins[:, None], cosine, flux[:, None])


Process = Acoustic | Dispersionless | Disorder


def emission_processes(excitons: Excitons) -> list[Process]:
    """List all emission processes: acoustic and optical inside the valleys, zone-edge modes between them."""
    processes: list[Process] = []
    for valley in range(len(excitons.energy_v)):
        processes += [Acoustic(valley, branch) for branch in excitons.branches]
        processes += [_optical(excitons, valley, mode) for mode in excitons.optical]
        if excitons.disorder_rate:
            processes.append(Disorder(valley))
    for pair in excitons.valley_pairs:
        for mode in pair.modes:
            processes += [_intervalley(excitons, *way, degeneracy, mode) for way, degeneracy in pair.ways.items()]
    return processes


def fastest_exchange(excitons: Excitons, top: float, kT: float) -> float:
    """Return the largest intervalley scattering rate, 1/fs, of excitons of up to `top` (eV), estimated without bins."""
    energy_e1 = np.linspace(0.0, top, FEW_ENERGIES)[:, None]
    total_ve = np.zeros((len(excitons.energy_v), FEW_ENERGIES))
    for pair in excitons.valley_pairs:
        energies, potentials = np.array([(mode.energy, mode.potential) for mode in pair.modes]).T[..., None, None]
        for (source, final), degeneracy in pair.ways.items():
            all_modes = _intervalley(excitons, source, final, degeneracy, Mode(energies, potentials))
            total_ve[source] += all_modes.out_rate(excitons, energy_e1, top, kT).sum(axis=0)
    return float(total_ve.max())


def _optical(excitons: Excitons, valley: int, mode: Optical) -> Dispersionless:
    potential = lambda q: excitons.optical_potential(valley, mode, q)
    return Dispersionless(valley, valley, 1, mode.energy, potential, intervalley=False)


def _intervalley(excitons: Excitons, source: int, final: int, degeneracy: int, mode: Mode) -> Dispersionless:
    potential = lambda q: mode.potential * excitons.intervalley_overlap(source, final, q)
    return Dispersionless(source, final, degeneracy, mode.energy, potential, intervalley=True)


def _gauss_points(excitons: Excitons, grid: Grid, valley: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return bin, energy (eV) and equilibrium weight (1/nm^2) of the quadrature points of a valley."""
    nodes, weights = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    half = 0.5 * np.diff(grid.edges)[:, None]
    energy = (grid.edges[:-1, None] + half * (1 + nodes)).ravel()
    weight = boltzmann_density(excitons, grid.kT)[valley] * np.exp(-energy / grid.kT) * (half * weights).ravel()
    return np.repeat(np.arange(grid.bins), GAUSS_POINTS), energy, weight


def _segments(edges: np.ndarray, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return intervals of source energies (eV) between all edges of source bins and of final bins shifted by -shift;
    both energies lie on the grid.
    """
    lowest, highest = max(0.0, -shift), min(edges[-1], edges[-1] - shift)
    cuts = np.concatenate([edges, edges - shift, [lowest, highest]])
    cuts = np.unique(cuts[(cuts >= lowest) & (cuts <= highest)])
    wide = np.diff(cuts) > 1e-15
    return cuts[:-1][wide], cuts[1:][wide]

"""Third-order response to pump and probe, all delays at once.

The change of the polarisation in the probe's direction is linear in the probe. At one photon energy it is therefore a
sum over time of the probe's field and polarisations with weights that depend on the pump alone,

    X(tau) = sum_t [ a(t) E_probe(t - tau) + sum_l h_l(t) p_l(t - tau) ],

so that every delay costs no more than a sum over frequencies. X = sum_l d_l S_l(omega) / (energy_l - omega - i gamma_l)
with the third-order sources S_l of the equation of motion (Trovatello et al., Eq. 2): for manifold and circular
component, capital letters being the pump's and small ones the probe's,

    s_k = d E (2 |P_k|^2) + E sum_l bleaching N_l + 2 d E_pump p_k P_k^*
        + 2 [|P_k|^2 (V p)_k + p_k P_k^* (V P)_k] - 2 [p_k (V |P|^2)_k + P_k (V p P^*)_k] + two-exciton part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import ifft

from hpcx.formation.cascade import propagate
from hpcx.formation.optics import JONES, Pulse
from hpcx.formation.problem import Manifold, Pair, Problem
from hpcx.formation.spectral import TimeGrid
from hpcx.physics.constants import HBAR_EV_FS

#: damping added to the population grating while it is transformed, 1/fs; it is undone exactly and ends the memory
GRATING_DAMPING = 0.03


@dataclass(frozen=True)
class PumpResponse:
    """What the pump does to first and second order, for a circular pump with the full amplitude.

    Attributes:
        grid: times.
        field_t: field at the sheet, V/nm.
        polarization_mlt: P_l(t) per manifold, 1/nm.
        population_mlt: N_l(t) per manifold, 1/nm^2.
    """

    grid: TimeGrid
    field_t: np.ndarray
    polarization_mlt: list[np.ndarray]
    population_mlt: list[np.ndarray]


@dataclass
class Weights:
    """a(t) and h_l(t) of one photon energy, the latter per manifold."""

    field_t: np.ndarray
    polarization_mlt: list[np.ndarray]

    @classmethod
    def zero(cls, pump: PumpResponse) -> Weights:
        """Return weights of no effect."""
        shapes = [polarization_lt.shape for polarization_lt in pump.polarization_mlt]
        return cls(np.zeros(pump.grid.size, complex), [np.zeros(shape, complex) for shape in shapes])


def resolvent(manifold: Manifold, energy_w: np.ndarray | float) -> np.ndarray:
    """Return d_l / (energy_l - omega - i gamma_l), e/eV, with a leading axis of states."""
    shape = (-1,) + (1,) * np.ndim(energy_w)
    denominator = (manifold.energy_l - 1j * manifold.damping_l).reshape(shape) - energy_w
    return manifold.dipole_l.reshape(shape) / denominator


def susceptibility(problem: Problem, energy_w: np.ndarray) -> np.ndarray:
    """Return sum over manifolds of d_l^2 / (energy_l - omega - i gamma_l), e^2/eV."""
    return sum(np.tensordot(m.dipole_l, resolvent(m, energy_w), 1) for m in problem.manifolds)


def sheet_field(problem: Problem, energy_w: np.ndarray) -> np.ndarray:
    """Return the field at the sheet per incoming field, to first order."""
    radiation = problem.radiation
    gain_w = 1 + radiation.reflection(energy_w)
    return gain_w / (1 - gain_w * radiation.kappa(energy_w) * susceptibility(problem, energy_w))


def respond_to_pump(problem: Problem, pulse: Pulse, grid: TimeGrid) -> PumpResponse:
    """Return field, polarisations (exact in frequency) and populations of the pump."""
    energy_w = grid.energy_w
    field_w = pulse.spectrum(energy_w) * sheet_field(problem, energy_w)
    polarization_mlt = [grid.to_time(resolvent(m, energy_w) * field_w) for m in problem.manifolds]
    population_mlt = [
        propagate(m.generator_ml, 2 * m.damping_l[:, None] / HBAR_EV_FS * np.abs(p_lt) ** 2, grid.step)
        for m, p_lt in zip(problem.manifolds, polarization_mlt)
    ]
    return PumpResponse(grid, grid.to_time(field_w), polarization_mlt, population_mlt)


class Detection:
    """The weights of one photon energy (eV), part by part; each part is linear in what it is named after."""

    def __init__(self, problem: Problem, pump: PumpResponse, energy: float) -> None:
        self.problem = problem
        self.pump = pump
        self.energy = energy
        self.phase_t = np.exp(1j * (energy - pump.grid.reference) / HBAR_EV_FS * pump.grid.time_t)
        self.resolvent_ml = [resolvent(m, energy) for m in problem.manifolds]

    def populations(self) -> Weights:
        """Bleaching by the populations: the incoherent contribution."""
        weights = Weights.zero(self.pump)
        for m, c_l, population_lt in zip(self.problem.manifolds, self.resolvent_ml, self.pump.population_mlt):
            weights.field_t += ((c_l @ m.bleaching_fs) @ population_lt) * self.phase_t
        return weights

    def blocking(self) -> Weights:
        """Pauli blocking by the coherent polarisation of the pump."""
        weights = Weights.zero(self.pump)
        for i, m in enumerate(self.problem.manifolds):
            bra_k, pump_kt = self._bra(i), self._pump_in_k(i)
            weights.field_t += 2 * m.dipole * (bra_k @ np.abs(pump_kt) ** 2) * self.phase_t
            pulled_kt = (2 * m.dipole) * bra_k[:, None] * pump_kt.conj() * (self.pump.field_t * self.phase_t)
            weights.polarization_mlt[i] += m.states.phi_lk @ pulled_kt
        return weights

    def hartree_fock(self, extent: str) -> Weights:
        """Hartree-Fock terms of the 1s state ("1s"), of all states ("all"), or nothing ("none")."""
        weights = Weights.zero(self.pump)
        for i, m in enumerate(self.problem.manifolds):
            if extent == "1s":
                density_t = np.abs(self.pump.polarization_mlt[i][0]) ** 2
                weights.polarization_mlt[i][0] += 2 * m.hartree_fock * self.resolvent_ml[i][0] * density_t * self.phase_t
            elif extent == "all":
                weights.polarization_mlt[i] += m.states.phi_lk @ (self._hartree_fock_in_k(i) * self.phase_t)
        return weights

    def two_excitons(self, polarization: tuple[complex, complex, complex]) -> Weights:
        """Two-exciton states; `polarization` are the factors of `polarization_factors`."""
        weights = Weights.zero(self.pump)
        intra, crossed, straight = polarization
        for pair in self.problem.pairs:
            # the exciton that is probed may be either of the two
            for probed, other in {(pair.first, pair.second), (pair.second, pair.first)}:
                memory_t = self._two_exciton_memory(pair, probed, other)
                first, second = (intra, intra) if pair.same_valley else (crossed, straight)
                weights.polarization_mlt[other][0] += first * memory_t * self.pump.polarization_mlt[probed][0]
                weights.polarization_mlt[probed][0] += second * memory_t * self.pump.polarization_mlt[other][0]
        return weights

    def grating(self) -> Weights:
        """Populations driven by pump and probe together, read by the pump."""
        weights = Weights.zero(self.pump)
        grid = self.pump.grid
        swell_t = np.exp(GRATING_DAMPING * grid.time_t)
        for i, m in enumerate(self.problem.manifolds):
            reader_t = self.pump.field_t * self.phase_t * swell_t
            reader_w = grid.to_adjoint(reader_t)
            damped_ml = m.generator_ml - GRATING_DAMPING * np.eye(m.energy_l.size)
            memory_lw = solve_adjoint(damped_ml, self.resolvent_ml[i] @ m.bleaching_fs, grid.detuning_w) * reader_w
            memory_lt = ifft_adjoint(grid, memory_lw) / swell_t
            source_lt = 2 * m.damping_l[:, None] / HBAR_EV_FS * self.pump.polarization_mlt[i].conj()
            weights.polarization_mlt[i] += memory_lt * source_lt
        return weights

    def _bra(self, number: int) -> np.ndarray:
        """Return the weight with which a source in momentum space enters X."""
        states = self.problem.manifolds[number].states
        return (self.resolvent_ml[number] @ states.phi_lk) * states.grid.weight_k

    def _pump_in_k(self, number: int) -> np.ndarray:
        return self.problem.manifolds[number].states.phi_lk.T @ self.pump.polarization_mlt[number]

    def _hartree_fock_in_k(self, number: int) -> np.ndarray:
        """Return the transposed Hartree-Fock operator applied to the bra, shape (k, time)."""
        states = self.problem.manifolds[number].states
        bra_kt, pump_kt = self._bra(number)[:, None], self._pump_in_k(number)
        weighted_kk = states.coulomb_kk * states.grid.weight_k  # (V f)_i = sum_j weighted_ij f_j
        density_kt = np.abs(pump_kt) ** 2
        vertex_kt = weighted_kk.T @ (bra_kt * density_kt) + bra_kt * pump_kt.conj() * (weighted_kk @ pump_kt)
        exchange_kt = bra_kt * (weighted_kk @ density_kt) + pump_kt.conj() * (weighted_kk.T @ (bra_kt * pump_kt))
        return 2 * (vertex_kt - exchange_kt)

    def _two_exciton_memory(self, pair: Pair, probed: int, other: int) -> np.ndarray:
        """Return what a product P p at time t adds to X through the two-exciton states later on."""
        grid = self.pump.grid
        reader_t = self.resolvent_ml[probed][0] * self.pump.polarization_mlt[other][0].conj() * self.phase_t
        energy_w = grid.energy_w + grid.reference  # a product of two polarisations rotates with twice the reference
        green_w = sum(
            weight * coupling**2 / (energy_w - energy + 1j * pair.damping)
            for weight, coupling, energy in zip(pair.weight_n, pair.coupling_n, pair.energy_n)
        )
        return ifft_adjoint(grid, green_w * grid.to_adjoint(reader_t))


def ifft_adjoint(grid: TimeGrid, spectrum_w: np.ndarray) -> np.ndarray:
    """Return sum_w F(w) exp(i w t) / (size step): the inverse of `TimeGrid.to_adjoint`."""
    return ifft(spectrum_w * np.exp(1j * grid.detuning_w * grid.start), axis=-1) / grid.step


def solve_adjoint(generator_ml: np.ndarray, reading_l: np.ndarray, detuning_w: np.ndarray) -> np.ndarray:
    """Return z^T (-i w - A)^-1 as `memory_lw` for an upper triangular A (1/fs) and a vector z, by substitution."""
    size = reading_l.size
    memory_lw = np.zeros((size, detuning_w.size), complex)
    for l in range(size):
        known_w = reading_l[l] + generator_ml[:l, l] @ memory_lw[:l]
        memory_lw[l] = known_w / (-1j * detuning_w - generator_ml[l, l])
    return memory_lw


def polarization_factors(pump: str, probe: str) -> tuple[complex, complex, complex]:
    """Return the factors of terms within a valley and of the two intervalley terms P_b^* P_a p_b and P_b^* p_a P_b.

    The signal is detected along the probe; the pump response is that of a circular pump of the full amplitude.
    """
    e, f = JONES[pump], JONES[probe]
    intra = np.sum(np.abs(e) ** 2 * np.abs(f) ** 2)
    crossed = np.sum(f.conj() * e[::-1].conj() * e * f[::-1])
    straight = np.sum(np.abs(f) ** 2 * np.abs(e[::-1]) ** 2)
    return complex(intra), complex(crossed), complex(straight)


def evaluate(
    problem: Problem, probe: Pulse, pump: PumpResponse, weights: Weights, energy: float, delay_d: np.ndarray
) -> np.ndarray:
    """Return X(tau) per incoming probe field at photon energy `energy` (eV) for every delay (fs)."""
    grid = pump.grid
    energy_w = grid.energy_w
    total_w = grid.to_adjoint(weights.field_t)
    for m, weight_lt in zip(problem.manifolds, weights.polarization_mlt):
        total_w = total_w + np.sum(grid.to_adjoint(weight_lt) * resolvent(m, energy_w), axis=0)
    total_w = total_w * probe.spectrum(energy_w) * sheet_field(problem, energy_w)
    shift_dw = np.exp(1j * np.outer(delay_d, (energy_w - energy) / HBAR_EV_FS))
    return shift_dw @ total_w / (grid.size * grid.step * probe.spectrum(energy))


def relative_change(problem: Problem, energy: float, source_d: np.ndarray) -> np.ndarray:
    """Return the relative change of the reflectivity for X = `source_d`.

    For a free-standing sheet it is twice that of the transmission, 4 Re(dE / E), as for a beam that passes the sheet
    before and after a mirror; on a substrate that of the reflected beam.
    """
    radiation = problem.radiation
    kappa, reflection = radiation.kappa(energy), radiation.reflection(energy)
    if radiation.stack is None:
        return 4 * np.real(-kappa * source_d)
    gain = 1 + reflection
    closed = 1 - gain * kappa * susceptibility(problem, energy)
    reflected = reflection + gain**2 * kappa * susceptibility(problem, energy) / closed
    return 2 * np.real(-gain * kappa * source_d / closed / reflected)

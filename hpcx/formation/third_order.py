"""Third-order response to pump and probe, all delays at once.

The change of the polarisation in the direction of the probe is linear in the probe. At one photon energy it is
therefore a sum over time of the probe's field and polarisations, with weights that depend only on the pump,

    X(tau) = sum_t [ a(t) E_probe(t - tau) + sum_l h_l(t) p_l(t - tau) ],

so that each delay costs one sum over frequencies. X = sum_l d_l S_l(omega) / (energy_l - omega - i gamma_l)
with the third-order sources S_l of the equation of motion (Trovatello et al., Eq. 2): for manifold and circular
component, capital letters being the pump's and small ones the probe's,

    s_k = d E (2 |P_k|^2) + E sum_l bleaching N_l + 2 d E_pump p_k P_k^*
        + 2 [|P_k|^2 (V p)_k + p_k P_k^* (V P)_k] - 2 [p_k (V |P|^2)_k + P_k (V p P^*)_k] + two-exciton part.

The weights of the blocking and Hartree-Fock terms are evaluated in momentum space, for intervals of time that fit into
the cache of a core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import schur

from hpcx.formation.cascade import Propagator
from hpcx.formation.linear import LinearResponse, real_times, resolvent, sheet_field, square, susceptibility
from hpcx.formation.optics import JONES, Pulse
from hpcx.formation.problem import Manifold, Pair, Problem
from hpcx.formation.spectral import TimeGrid
from hpcx.physics.constants import HBAR

#: damping (1/fs) of the population grating while it is transformed, which limits its duration; removed exactly after
GRATING_DAMPING = 0.03
#: numbers of times, and of rows of a transform, that are processed at once
PIECE, ROWS = 64, 16
#: parts of X by their origin, each with the index of its factor in `polarization_factors`
PARTS = {
    "populations": 0, "blocking": 0, "grating": 0, "1s": 0, "all": 0, "none": 0,
    "pairs within a valley": 0, "pairs crossed": 1, "pairs straight": 2,
}  # fmt: skip


@dataclass(frozen=True)
class PumpResponse:
    """What the pump does to first and second order, for a circular pump with the full amplitude.

    Attributes:
        grid: times.
        active: samples at which there are polarisations; all but the populations are given only at these.
        field_t: field at the sheet, V/nm.
        polarization_mlt: P_l(t) per manifold, 1/nm.
        population_mlt: N_l(t) per manifold, 1/nm^2, at all times.
        node_mkt: P_k(t) per manifold.
        dressed_mkt: (V P)_k(t) per manifold, eV.
        screened_mkt: (V |P|^2)_k(t) per manifold, eV.
    """

    grid: TimeGrid
    active: slice
    field_t: np.ndarray
    polarization_mlt: list[np.ndarray]
    population_mlt: list[np.ndarray]
    node_mkt: list[np.ndarray]
    dressed_mkt: list[np.ndarray]
    screened_mkt: list[np.ndarray]


def respond_to_pump(
    problem: Problem,
    grid: TimeGrid,
    pulse: Pulse,
    active: slice,
    relaxation: Callable[[], list[Propagator]],
    watch: Callable[[], None],
) -> PumpResponse:
    """Return field, polarisations (exact in frequency) and populations of the pump; `active` are its samples.

    `relaxation` gives the propagators of the populations; `watch` is called repeatedly; an exception from it ends the
    work.
    """
    band = pulse.band(grid.energy_w)
    energy_w = grid.energy_w[band]
    field_w = pulse.spectrum(energy_w) * sheet_field(problem, energy_w)
    field_t = grid.from_band(field_w, band)[active]
    manifolds = problem.manifolds
    polarization_mlt = [grid.from_band(resolvent(m, energy_w) * field_w, band)[:, active].copy() for m in manifolds]
    population_mlt = [
        propagator.populations(2 * m.damping_l[:, None] / HBAR * square(p_lt), active.start, grid.size)
        for m, propagator, p_lt in zip(manifolds, relaxation(), polarization_mlt)
    ]
    in_k = [_in_momentum(m, p_lt, watch) for m, p_lt in zip(manifolds, polarization_mlt)]
    node_mkt, dressed_mkt, screened_mkt = (list(parts) for parts in zip(*in_k))
    return PumpResponse(grid, active, field_t, polarization_mlt, population_mlt, node_mkt, dressed_mkt, screened_mkt)


def _in_momentum(m: Manifold, p_lt: np.ndarray, watch: Callable[[], None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P_k(t), (V P)_k(t) and (V |P|^2)_k(t)."""
    weighted_kk = m.states.coulomb_kk * m.states.grid.weight_k
    watch()
    node_kt = real_times(m.states.phi_lk.T, p_lt)
    watch()
    dressed_kt = real_times(weighted_kk, node_kt)
    watch()
    return node_kt, dressed_kt, weighted_kk @ square(node_kt)


class Detection:
    """X at one photon energy (eV), part by part, as spectra:
    what a field at the sheet adds at every frequency of the probe.
    """

    def __init__(
        self, problem: Problem, linear: LinearResponse, pump: PumpResponse, energy: float, watch: Callable[[], None]
    ) -> None:
        """`watch` is called repeatedly; an exception from it ends the work."""
        self.problem = problem
        self.watch = watch
        self.linear = linear
        self.pump = pump
        grid = pump.grid
        self.rotation_t = np.exp(1j * (energy - grid.reference) / HBAR * grid.time_t)
        self.phase_t = self.rotation_t[pump.active]
        self.resolvent_ml = [resolvent(m, energy) for m in problem.manifolds]

    def parts(self, extents: set[str], pairs: bool, grating: bool) -> dict[str, np.ndarray]:
        """Return the parts by the names of PARTS, with Hartree-Fock terms of the given `extents`."""
        found = {"populations": self.populations(), "blocking": self.blocking()}
        found |= {extent: self.hartree_fock(extent) for extent in sorted(extents)}
        if pairs:
            found |= self.two_excitons()
        if grating:
            found["grating"] = self.grating()
        return found

    def populations(self) -> np.ndarray:
        """Bleaching by the populations: the incoherent contribution."""
        weight_t = sum(
            (c_l @ m.bleaching_fs) @ population_lt
            for m, c_l, population_lt in zip(self.problem.manifolds, self.resolvent_ml, self.pump.population_mlt)
        )
        return self.pump.grid.to_adjoint(weight_t * self.rotation_t, band=self.linear.band)

    def blocking(self) -> np.ndarray:
        """Pauli blocking by the coherent polarisation of the pump."""
        total_w, pulled_t = self._nothing(), self.pump.field_t * self.phase_t
        for i, m in enumerate(self.problem.manifolds):
            bra_k, node_kt = 2 * m.dipole * self._bra(i), self.pump.node_mkt[i]
            total_w += self._adjoint((bra_k @ square(node_kt)) * self.phase_t)
            total_w += self._through(self.linear.node_mkw[i], bra_k[:, None] * (node_kt.conj() * pulled_t))
        return total_w

    def hartree_fock(self, extent: str) -> np.ndarray:
        """Hartree-Fock terms of the 1s state ("1s"), of all states ("all"), or nothing ("none")."""
        total_w = self._nothing()
        for i, m in enumerate(self.problem.manifolds):
            if extent == "1s":
                density_t = square(self.pump.polarization_mlt[i][0])
                weight_t = 2 * m.hartree_fock * self.resolvent_ml[i][0] * density_t * self.phase_t
                total_w += self._adjoint(weight_t) * self.linear.state_mlw[i][0]
            elif extent == "all":
                total_w += self._through(self.linear.node_mkw[i], self._hartree_fock_in_k(i))
        return total_w

    def two_excitons(self) -> dict[str, np.ndarray]:
        """Two-exciton states: pairs within a valley, and of two valleys with P_b^* P_a p_b and with P_b^* p_a P_b."""
        found = {name: self._nothing() for name in PARTS if name.startswith("pairs")}
        manifolds = self.problem.manifolds
        pump_mst = [m.paired_sl @ p_lt for m, p_lt in zip(manifolds, self.pump.polarization_mlt)]
        probe_msw = [m.paired_sl @ p_lw for m, p_lw in zip(manifolds, self.linear.state_mlw)]
        for pair, green_abw in zip(self.problem.pairs, self.linear.pair_pabw):
            # the exciton that is probed may be either of the two
            for probed, other in {(pair.first, pair.second), (pair.second, pair.first)}:
                memory_abt = self._two_exciton_memory(pair, green_abw, probed, pump_mst[other])
                crossed_w = self._through(probe_msw[other], np.einsum("abt,at->bt", memory_abt, pump_mst[probed]))
                straight_w = self._through(probe_msw[probed], np.einsum("abt,bt->at", memory_abt, pump_mst[other]))
                if pair.same_valley:
                    found["pairs within a valley"] += crossed_w + straight_w
                else:
                    found["pairs crossed"] += crossed_w
                    found["pairs straight"] += straight_w
        return found

    def grating(self) -> np.ndarray:
        """Populations driven by pump and probe together, read by the pump."""
        grid, active, total_w = self.pump.grid, self.pump.active, self._nothing()
        swell_t = np.exp(GRATING_DAMPING * grid.time_t[active])
        reader_w = grid.to_adjoint(self.pump.field_t * self.phase_t * swell_t, active.start)
        for i, m in enumerate(self.problem.manifolds):
            damped_ml = m.generator_ml - GRATING_DAMPING * np.eye(m.energy_l.size)
            memory_lw = solve_adjoint(damped_ml, self.resolvent_ml[i] @ m.bleaching_fs, grid.detuning_w) * reader_w
            source_lt = 2 * m.damping_l[:, None] / HBAR * self.pump.polarization_mlt[i].conj() / swell_t
            total_w += self._through(self.linear.state_mlw[i], grid.from_adjoint(memory_lw)[:, active] * source_lt)
        return total_w

    def _nothing(self) -> np.ndarray:
        return np.zeros(self.linear.band.size, complex)

    def _adjoint(self, weight_t: np.ndarray) -> np.ndarray:
        """Return the spectrum of weights at the active samples, at the frequencies of the probe."""
        return self.pump.grid.to_adjoint(weight_t, self.pump.active.start, self.linear.band)

    def _through(self, response_rw: np.ndarray, weight_rt: np.ndarray) -> np.ndarray:
        """Return the spectrum of weights of quantities with the linear response `response_rw` to the probe."""
        return sum(
            np.einsum("rw,rw->w", self._adjoint(weight_rt[rows]), response_rw[rows])
            for rows in pieces(len(weight_rt), ROWS)
        )

    def _bra(self, number: int) -> np.ndarray:
        """Return the weight of a source in momentum space in X."""
        states = self.problem.manifolds[number].states
        return (self.resolvent_ml[number] @ states.phi_lk) * states.grid.weight_k

    def _hartree_fock_in_k(self, number: int) -> np.ndarray:
        """Return the transposed Hartree-Fock operator applied to the bra, shape (k, active time), with the phase."""
        states, pump = self.problem.manifolds[number].states, self.pump
        bra_k1 = self._bra(number)[:, None]
        adjoint_kk = np.ascontiguousarray(
            (states.coulomb_kk * states.grid.weight_k).T
        )  # (V f)_i = sum_j adjoint_ji f_j
        phase_t, weight_kt = 2 * self.phase_t, np.empty(pump.node_mkt[number].shape, complex)
        for some in pieces(phase_t.size, PIECE):
            self.watch()
            node_kt, screened_kt = pump.node_mkt[number][:, some], pump.screened_mkt[number][:, some]
            pulled_kt = node_kt.conj()
            own_kt = bra_k1 * (pulled_kt * pump.dressed_mkt[number][:, some])
            vertex_kt = real_times(adjoint_kk, bra_k1 * square(node_kt)) + own_kt
            exchange_kt = bra_k1 * screened_kt + pulled_kt * real_times(adjoint_kk, bra_k1 * node_kt)
            weight_kt[:, some] = (vertex_kt - exchange_kt) * phase_t[some]
        return weight_kt

    def _two_exciton_memory(self, pair: Pair, green_abw: np.ndarray, probed: int, pump_st: np.ndarray) -> np.ndarray:
        """Return the later contribution to X of a product P_a p_b at time t through the two-exciton states.

        State a belongs to the manifold `probed`.
        """
        grid, active = self.pump.grid, self.pump.active
        bra_s = self.problem.manifolds[probed].paired_sl @ self.resolvent_ml[probed]
        reader_abt = bra_s[:, None, None] * (pump_st.conj() * self.phase_t)
        reader_aw = grid.to_adjoint(pair.ordered(reader_abt, probed).reshape(-1, self.phase_t.size), active.start)
        memory_at = grid.from_adjoint(np.einsum("abw,bw->aw", green_abw, reader_aw))[:, active]
        return pair.ordered(memory_at.reshape(reader_abt.shape), probed)


def pieces(count: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover `count`."""
    return (slice(first, min(first + size, count)) for first in range(0, count, size))


def solve_adjoint(generator_ml: np.ndarray, reading_l: np.ndarray, detuning_w: np.ndarray) -> np.ndarray:
    """Return z^T (-i w - A)^-1 as `memory_lw` for a matrix A (1/fs) and a vector z,
    by substitution in its Schur form.
    """
    if np.any(np.tril(generator_ml, -1)):  # phonons are absorbed
        triangular_ml, unitary_ml = schur(generator_ml, output="complex")
        return unitary_ml.conj() @ _substituted(triangular_ml, reading_l @ unitary_ml, detuning_w)
    return _substituted(generator_ml, reading_l, detuning_w)


def _substituted(generator_ml: np.ndarray, reading_l: np.ndarray, detuning_w: np.ndarray) -> np.ndarray:
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
    linear: LinearResponse, probe: Pulse, energy: float, delay_d: np.ndarray, parts: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return X(tau) per incoming probe field at photon energy `energy` (eV) for every delay (fs), part by part."""
    grid = linear.grid
    incoming_w = linear.incoming_w / (grid.size * grid.step * probe.spectrum(energy))
    shift_dw = np.exp(1j * np.outer(delay_d, (grid.energy_w[linear.band] - energy) / HBAR))
    x_dp = shift_dw @ (np.array(list(parts.values())) * incoming_w).T
    return dict(zip(parts, x_dp.T))


def relative_change(problem: Problem, energy: float, source_d: np.ndarray) -> np.ndarray:
    """Return the relative change of the reflectivity for X = `source_d`.

    For a free-standing sheet it is twice that of the transmission, 4 Re(dE / E), as for a beam that passes the sheet
    before and after a mirror; on a substrate that of the reflected beam.
    """
    radiation = problem.radiation
    sheet_field, reflection = radiation.sheet_field(energy), radiation.reflection(energy)
    if radiation.stack is None:
        return 4 * np.real(-sheet_field * source_d)
    gain = 1 + reflection
    closed = 1 - gain * sheet_field * susceptibility(problem, energy)
    reflected = reflection + gain**2 * sheet_field * susceptibility(problem, energy) / closed
    return 2 * np.real(-gain * sheet_field * source_d / closed / reflected)

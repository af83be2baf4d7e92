"""TMD Bloch equations to all orders in the field, for several combinations of pulse phases at once.

In the interaction picture, P_l = C_l exp(-i energy_l t / hbar), with Trovatello et al., Nat. Commun. 11, 5277 (2020),
Eqs. 2-5, in the form

    i hbar dP_l/dt = (energy_l - i gamma_l) P_l - E [d_l - 2 d sum_k phi_l |P_k|^2 - sum_s bleaching_ls N_s]
                     + sum_k phi_l [2 |P_k|^2 (V P)_k - 2 P_k (V |P|^2)_k] + P_b^* sum_n weight_n W_n B_n
    i hbar dB_n/dt = (energy_n - i gamma) B_n + W_n P_a P_b
    dN/dt          = A N + (2 gamma_l / hbar) |P_l|^2.

Three errors in the printed equations are corrected: the gain of N_1s in Eq. 3 is Gamma N_2s; B rotates with its source;
and gamma is multiplied by hbar in Eq. 5. Without substrate the field at the sheet is E = E_in - (dP/dt) / (2 eps0 c), a
linear equation for E because dP/dt contains E; or E_in + s P with a constant s (`Radiation.sheet_field`). A substrate
responds to that field F instantaneously and through its resonances, E = direct F + sum_p A_p with
i hbar dA_p/dt = pole_p A_p + residue_p F; the A_p are stored without their factor exp(-i frame t / hbar).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcx.formation.linear import real_times, square
from hpcx.formation.optics import Surface
from hpcx.formation.problem import Manifold, Pair, Problem
from hpcx.physics.constants import CHARGE_PER_EPS0_V_NM, HBAR, SPEED_OF_LIGHT_NM_PER_FS


@dataclass(frozen=True)
class Terms:
    """Nonlinear terms: `coherent` (blocking by P, Hartree-Fock, two excitons) and `populations` (bleaching by N)."""

    coherent: bool = True
    populations: bool = True


@dataclass(frozen=True)
class Link:
    """Two-exciton states of a pair of components (valley, manifold).

    Both components are the same for two excitons of one component, and where one copy stands for both valleys.
    """

    first: tuple[int, int]
    second: tuple[int, int]
    pair: Pair


class StateBlocks:
    """Rows of the state that hold each unknown: C and N per component, B per link, A and transforms of P per valley."""

    def __init__(
        self, manifolds: tuple[Manifold, ...], valleys: int, links: list[Link], resonances: int, energies: int
    ) -> None:
        self.polarization: dict[tuple[int, int], slice] = {}
        self.population: dict[tuple[int, int], slice] = {}
        self.two_exciton: list[slice] = []
        self.rows = 0
        for block in (self.polarization, self.population):
            for valley in range(valleys):
                for number, m in enumerate(manifolds):
                    block[valley, number] = self._take(m.energy_l.size)
        for link in links:
            self.two_exciton.append(self._take(link.pair.energy_n.size))
        self.resonance = [self._take(resonances) for _ in range(valleys)]
        self.transform = [self._take(energies) for _ in range(valleys)]

    def _take(self, count: int) -> slice:
        self.rows += count
        return slice(self.rows - count, self.rows)


class Operators:
    """Real matrices of one manifold: to momentum space, back to states, and the interaction."""

    def __init__(self, m: Manifold) -> None:
        weight_k = m.states.grid.weight_k
        self.to_k = np.ascontiguousarray(m.states.phi_lk.T)
        self.to_l = m.states.phi_lk * weight_k
        self.coulomb = m.states.coulomb_kk * weight_k


@dataclass
class Equations:
    """Right-hand side for a state of shape (blocks.rows, columns); every column is a run with its own incoming field.

    Attributes:
        problem: states and couplings.
        valleys: 1 or 2 valley copies.
        mirrored: whether the single copy stands for both valleys (linear polarisation).
        energies_e: photon energies (eV) at which the sheet polarisation is Fourier transformed along the way.
        incoming: field (V/nm) of shape (valleys, columns) at a time (fs), without what the substrate reflects.
        surface: response of the substrate to incoming and radiated field.
        frame: photon energy (eV) of the rotating frame in which the substrate's resonances are stored.
        terms: nonlinear terms.
    """

    problem: Problem
    valleys: int
    mirrored: bool
    energies_e: np.ndarray
    incoming: Callable[[float], np.ndarray]
    surface: Surface
    frame: float
    terms: Terms = Terms()

    def __post_init__(self) -> None:
        self.links = _links(self.problem.pairs, self.valleys, self.mirrored) if self.terms.coherent else []
        resonances, energies = self.surface.pole_p.size, self.energies_e.size
        self.blocks = StateBlocks(self.problem.manifolds, self.valleys, self.links, resonances, energies)
        self._operators = [Operators(m) for m in self.problem.manifolds]

    def derivative(self, time: float, state: np.ndarray) -> np.ndarray:
        """Return d(state)/dt at `time` (fs)."""
        result = np.empty_like(state)
        phase_ml = [np.exp(-1j * m.energy_l * time / HBAR)[:, None] for m in self.problem.manifolds]
        polarization = {key: phase_ml[key[1]] * state[rows] for key, rows in self.blocks.polarization.items()}
        extra = self._two_excitons(time, state, polarization, result)
        incoming = self.incoming(time)
        frame_turn = np.exp(-1j * self.frame * time / HBAR)
        for valley in range(self.valleys):
            stored_pc = state[self.blocks.resonance[valley]]
            given = incoming[valley], frame_turn * stored_pc.sum(axis=0)
            drive_c = self._valley(valley, state, polarization, extra, given, phase_ml, result)
            # dA/dt of the substrate's resonances in the rotating frame
            turning_pc = (self.surface.pole_p - self.frame)[:, None] * stored_pc
            driven_pc = np.outer(self.surface.residue_p, drive_c / frame_turn)
            result[self.blocks.resonance[valley]] = (-1j / HBAR) * (turning_pc + driven_pc)
            sheet_c = sum(m.dipole_l @ polarization[valley, i] for i, m in enumerate(self.problem.manifolds))
            turn_e = np.exp(1j * self.energies_e * time / HBAR)
            result[self.blocks.transform[valley]] = np.outer(turn_e, sheet_c)
        return result

    def _valley(
        self,
        valley: int,
        state: np.ndarray,
        polarization: dict[tuple[int, int], np.ndarray],
        extra: dict[tuple[int, int], np.ndarray],
        given: tuple[np.ndarray, np.ndarray],
        phase_ml: list[np.ndarray],
        result: np.ndarray,
    ) -> np.ndarray:
        """Write dC/dt and dN/dt of one valley; return the field that drives the substrate.

        `given` are the incoming field and that of the substrate's resonances.
        """
        free, dipole = [], []
        for i, m in enumerate(self.problem.manifolds):
            p_lc = polarization[valley, i]
            number_lc = state[self.blocks.population[valley, i]].real
            push_lc, dipole_lc = self._nonlinear(i, p_lc, number_lc)
            push_lc += extra.get((valley, i), 0.0)
            free.append(push_lc - 1j * m.damping_l[:, None] * p_lc)
            dipole.append(dipole_lc)
            rate_l = 2 * m.damping_l[:, None] / HBAR
            result[self.blocks.population[valley, i]] = m.generator_ml @ number_lc + rate_l * square(p_lc)
        drive_c, field_c = self._fields(valley, polarization, free, dipole, given)
        for i in range(len(free)):
            change_lc = free[i] - dipole[i] * field_c
            result[self.blocks.polarization[valley, i]] = (-1j / HBAR) * phase_ml[i].conj() * change_lc
        return drive_c

    def _nonlinear(self, number: int, p_lc: np.ndarray, number_lc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the Hartree-Fock source (eV/nm) and the dipole moments (e) reduced by blocking and bleaching."""
        m, operators, extent = self.problem.manifolds[number], self._operators[number], self.problem.hartree_fock
        dipole_lc = np.repeat(m.dipole_l[:, None], p_lc.shape[1], axis=1)
        push_lc = np.zeros_like(p_lc)
        if self.terms.populations:
            dipole_lc -= m.bleaching_fs @ number_lc
        if not self.terms.coherent:
            return push_lc, dipole_lc
        p_kc = real_times(operators.to_k, p_lc)
        density_kc = square(p_kc)
        dipole_lc -= operators.to_l @ (2 * m.dipole * density_kc)
        if extent == "1s":
            push_lc[0] = m.hartree_fock * square(p_lc[0]) * p_lc[0]
        elif extent == "all":
            vertex_kc = density_kc * real_times(operators.coulomb, p_kc)
            push_lc = real_times(operators.to_l, 2 * (vertex_kc - p_kc * (operators.coulomb @ density_kc)))
        return push_lc, dipole_lc

    def _fields(
        self,
        valley: int,
        polarization: dict[tuple[int, int], np.ndarray],
        free: list[np.ndarray],
        dipole: list[np.ndarray],
        given: tuple[np.ndarray, np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return incoming plus radiated field, and the field at the sheet.

        With dispersive radiation the radiated field contains the field at the sheet: a linear equation.
        """
        manifolds, radiation, direct = self.problem.manifolds, self.problem.radiation, self.surface.direct
        incoming_c, delayed_c = given
        if radiation.frozen_at is not None:
            sheet_c = sum(m.dipole_l @ polarization[valley, i] for i, m in enumerate(manifolds))
            drive_c = incoming_c + radiation.sheet_field(radiation.frozen_at) * sheet_c
            return drive_c, direct * drive_c + delayed_c
        factor = 1j * CHARGE_PER_EPS0_V_NM / (2 * SPEED_OF_LIGHT_NM_PER_FS * HBAR)
        turning_c = sum(
            m.dipole_l @ (m.energy_l[:, None] * polarization[valley, i] + free[i]) for i, m in enumerate(manifolds)
        )
        own_c = sum(m.dipole_l @ dipole[i] for i, m in enumerate(manifolds))
        alone_c = incoming_c + factor * turning_c
        field_c = (direct * alone_c + delayed_c) / (1 + direct * factor * own_c)
        return alone_c - factor * own_c * field_c, field_c

    def _two_excitons(
        self, time: float, state: np.ndarray, polarization: dict[tuple[int, int], np.ndarray], result: np.ndarray
    ) -> dict[tuple[int, int], np.ndarray]:
        """Write dB/dt (in the interaction picture) and return the terms with B in the equations of P."""
        extra: dict[tuple[int, int], np.ndarray] = {}
        for link, rows in zip(self.links, self.blocks.two_exciton):
            pair = link.pair
            phase_n = np.exp(-1j * pair.energy_n * time / HBAR)[:, None]
            first_sl, second_sl = (self.problem.manifolds[m].paired_sl for _, m in (link.first, link.second))
            first_ac, second_bc = first_sl @ polarization[link.first], second_sl @ polarization[link.second]
            coupling_na = pair.coupling_nab.reshape(pair.energy_n.size, -1)
            product_ac = (first_ac[:, None] * second_bc).reshape(coupling_na.shape[1], -1)
            drive_nc = phase_n.conj() * (coupling_na @ product_ac)
            result[rows] = (-1j / HBAR) * drive_nc - pair.damping / HBAR * state[rows]
            back_ac = (pair.weight_n[:, None] * coupling_na).T @ (phase_n * state[rows])
            back_abc = back_ac.reshape(*pair.coupling_nab.shape[1:], -1)
            from_first, from_second = (back_abc * first_ac.conj()[:, None]).sum(0), (back_abc * second_bc.conj()).sum(1)
            extra[link.first] = extra.get(link.first, 0.0) + first_sl.T @ from_second
            if link.first != link.second:
                extra[link.second] = extra.get(link.second, 0.0) + second_sl.T @ from_first
        return extra


def _links(pairs: tuple[Pair, ...], valleys: int, mirrored: bool) -> list[Link]:
    """Return the pairs of components; a copy that stands for both valleys is its own partner in the other one."""
    links = []
    for pair in pairs:
        if pair.same_valley:
            links += [Link((v, pair.first), (v, pair.second), pair) for v in range(valleys)]
        elif mirrored:
            links.append(Link((0, pair.first), (0, pair.second), pair))
        elif valleys == 2:
            couples = {(pair.first, pair.second), (pair.second, pair.first)}
            links += [Link((0, a), (1, b), pair) for a, b in sorted(couples)]
    return links

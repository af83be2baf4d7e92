"""Exciton on the whole zone: the four lowest states of a honeycomb model, by products against the dense matrix.

The matrix is made of its elements and goes to SciPy's `eigh` for four states, N = 24, 32, 40; its times are continued
to N = 96 by the exponents that they show. Times are processor seconds of one core.
"""

from __future__ import annotations

import time

import ducc0.fft
import numpy as np
from mpi4py import MPI
from scipy.linalg import eigh

from hpcx.exciton.observables import level_width
from hpcx.exciton.zone import ZoneOperator, ZoneProblem, zone_problem
from hpcx.petsc.eigen import lowest_states
from hpcx.petsc.start import keyed_noise
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.physics.tightbinding import TightBinding

STATES, LARGE, DENSE = 4, 96, (24, 32, 40)
TOLERANCE = 1e-8


def honeycomb():
    """Two orbitals, one hopping, gap 7.3 eV: hexagonal boron nitride, nearly."""
    lattice_vx = 0.25 * np.array([[np.sqrt(3) / 2, 0.5], [np.sqrt(3) / 2, -0.5]])
    cells = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]])
    hopping_rij = np.zeros((5, 2, 2), complex)
    hopping_rij[0] = [[3.65, -2.3], [-2.3, -3.65]]
    hopping_rij[[1, 2], 1, 0] = hopping_rij[[3, 4], 0, 1] = -2.3
    return TightBinding(lattice_vx, cells, hopping_rij, np.array([[0, 0, 0], [*lattice_vx.sum(axis=0) / 3, 0]]))


def dense_energies(problem: ZoneProblem):
    """Return the lowest states of the Hamiltonian as a matrix, one block of rows after the other."""
    n, electron_ki, hole_ki = problem.divisions, problem.electron_kic[..., 0], problem.hole_kiv[..., 0]
    v_ijq = ducc0.fft.c2c(problem.attraction_ssr.astype(complex), axes=(2, 3), forward=False, inorm=2)
    index_kv = np.stack(np.mgrid[:n, :n], axis=-1).reshape(-1, 2)
    i, j = ((index_kv[None, :, axis] - index_kv[:, None, axis]) % n for axis in (0, 1))
    h = np.diag(problem.pair_energy_kcv.ravel().astype(complex))
    for a in range(2):
        for b in range(2):
            t_k = electron_ki[:, a] * hole_ki[:, b].conj()
            h -= t_k.conj()[:, None] * v_ijq[a, b][i, j] * t_k
    return eigh(h, eigvals_only=True, subset_by_index=[0, STATES - 1], overwrite_a=True)


def product_energies(problem: ZoneProblem):
    """Return the lowest states as the program finds them."""
    operator = ZoneOperator(MPI.COMM_SELF, problem)
    edge, rows = operator.kinetic.min(), operator.first + np.arange(operator.rows)

    def draw(number):
        noise = keyed_noise(rows, number)
        return np.exp(-10 * (operator.kinetic - edge) / np.ptp(operator.kinetic)) * (noise if number else 1 + noise)

    return lowest_states(MPI.COMM_SELF, operator, STATES, TOLERANCE, "exciton_", draw, level_width(TOLERANCE)).values[
        :STATES
    ]


def timed(work, divisions):
    """Return energies and processor seconds from the model to the energies."""
    begin = time.process_time()
    energies = work(zone_problem(MPI.COMM_SELF, honeycomb(), RytovaKeldysh(1.0, 1.0), divisions, 1))
    return energies, time.process_time() - begin


def main():
    dense = []
    for divisions in DENSE:
        (exact, dense_time), (found, time_here) = timed(dense_energies, divisions), timed(product_energies, divisions)
        if np.abs(exact - found).max() > 1e-7:
            raise SystemExit(f"the ways differ: {exact}, {found}")
        dense.append(dense_time)
        print(f"N = {divisions}: matrix {dense_time:8.2f} s   products {time_here:6.2f} s", flush=True)
    exponent, constant = np.polyfit(np.log(DENSE), np.log(dense), 1)
    here = min(timed(product_energies, LARGE)[1] for _ in range(3))
    there = float(np.exp(constant + exponent * np.log(LARGE)))
    print(f"N = {LARGE}: matrix {there:8.0f} s (time goes like N^{exponent:.2f})   products {here:6.2f} s")
    print(
        f"ratio: exciton on the zone, two orbitals, N = {LARGE}, processor time of the dense matrix (continued) over"
        f" that of hpcx: {there / here:.0f}"
    )


main()

"""Exciton energies on a truncated mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from scipy.linalg import eigh

from hpcx.exciton.absorption import add_spectrum, exciton_spectrum
from hpcx.exciton.config import Config
from hpcx.exciton.operator import ExcitonOperator
from hpcx.exciton.problem import DENSE_LIMIT, ExcitonProblem, exciton_problem
from hpcx.exciton.restart import BlockOrder, Restart
from hpcx.exciton.zone_solve import solve_zone
from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.parallel.layout import block_rows
from hpcx.parallel.run import Run
from hpcx.petsc.eigen import lowest_states
from hpcx.petsc.start import keyed_noise


@dataclass(frozen=True)
class ExcitonStates:
    """Lowest excitons, the same on all ranks.

    Attributes:
        energy: from the band edges, (state,), eV.
        amplitude_sk: normalised amplitudes, (state, n).
        products: products with the Hamiltonian, 0 if it was diagonalised as a matrix.
        residual: the solver's largest |H x - E x|, eV; 0 if it was diagonalised as a matrix.
    """

    energy: np.ndarray
    amplitude_sk: np.ndarray
    products: int
    residual: float = 0.0


def solve_exciton(
    comm: MPI.Comm, problem: ExcitonProblem, states: int, tolerance: float, restart: Restart | None = None
) -> ExcitonStates:
    """Return the lowest `states` excitons, going on from what `restart` knows; collective. Raises SolverError, Stopped."""
    count = min(states, problem.mesh.size)
    if problem.mesh.size <= DENSE_LIMIT:
        energy, vector_ks = eigh(problem.dense(), subset_by_index=(0, count - 1))
        return ExcitonStates(energy, vector_ks.T, 0)
    operator = ExcitonOperator(comm, problem)
    restart, order = restart or Restart(comm, Run()), BlockOrder(comm, problem.mesh.size)
    known, keep = restart.known("exciton", order), restart.keeper("exciton", order)
    start = known.start(_start(comm, problem))
    pairs = lowest_states(comm, operator, count, tolerance, "exciton_", start, known.found, keep)
    restart.finish("exciton", order, pairs.vectors)
    counts = np.diff(block_rows(problem.mesh.size, comm.size))
    amplitude_sk = np.empty((count, problem.mesh.size), complex)
    for mine, whole in zip(pairs.vectors, amplitude_sk, strict=True):
        comm.Allgatherv(mine, [whole, counts])
    return ExcitonStates(pairs.values, amplitude_sk, pairs.products, float(pairs.residuals.max()))


def _start(comm: MPI.Comm, problem: ExcitonProblem) -> np.ndarray:
    """This rank's rows of a falling vector with noise, so that states of every symmetry are found."""
    first = block_rows(problem.mesh.size, comm.size)
    k = np.arange(first[comm.rank], first[comm.rank + 1])
    return np.exp(-problem.kinetic_k[k] / problem.kinetic_k.mean()) * (1 + keyed_noise(k))


def add_exciton(result: Result, problem: ExcitonProblem, states: ExcitonStates, gap: float) -> None:
    """Put the exciton's energies under /exciton; `gap` is added to energies, not to binding energies."""
    result.add("exciton/energy", states.energy + gap, ("state",), "eV", "exciton energy")
    result.add("exciton/binding_energy", -states.energy[0], (), "eV", "exciton binding energy")
    correction = problem.lattice_correction
    result.add("exciton/lattice_correction", correction, (), "eV", "first-order error of the binding energy made by the mesh")
    result.add("exciton/dimension", states.amplitude_sk.shape[1], (), "1", "number of mesh points")


def solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Solve one exciton problem; collective. Raises SolverError, Stopped."""
    if config.mesh.region == "zone":
        return solve_zone(comm, config, material, run)
    restart = Restart(comm, run)
    with run.timings.measure("set-up"):
        problem = exciton_problem(config, material)
    with run.timings.measure("exciton"):
        states = solve_exciton(comm, problem, config.solver.states, config.solver.tolerance, restart)
    run.note_error(states.residual, config.solver.tolerance)
    run.diagnostics["exciton_products"] = states.products
    result = Result()
    add_exciton(result, problem, states, config.gap or 0.0)
    weight = np.abs(states.amplitude_sk.conj() @ problem.dipole_k) ** 2
    result.add("exciton/oscillator_weight", weight, ("state",), "1", "squared optical matrix element")
    result.summary.append(f"exciton binding energy {-1e3 * states.energy[0]:.2f} meV ({material.name}, n = {problem.mesh.size})")
    if config.absorption.enabled:
        with run.timings.measure("absorption"):
            spectrum = exciton_spectrum(comm, problem, config.absorption, states.energy[0], restart.keep)
        add_spectrum(result, "exciton", spectrum, config.absorption, config.gap or 0.0)
    return result

"""Exciton energies on a truncated mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from mpi4py import MPI
from scipy.linalg import eigh

from hpcx.exciton.absorption import add_spectrum, exciton_spectrum
from hpcx.exciton.carriers import described, named_pair, pair_gap
from hpcx.exciton.config import Config
from hpcx.exciton.dephasing import with_phonons
from hpcx.exciton.exchange import add_exchange
from hpcx.exciton.labels import Envelopes, Labels
from hpcx.exciton.observables import degeneracy, level_width, oscillator_strength
from hpcx.exciton.operator import ExcitonOperator
from hpcx.exciton.output import add_exciton, add_oscillator_strength, add_pair, add_wavefunction, binding_text
from hpcx.exciton.problem import DENSE_LIMIT, ExcitonProblem, coarse_mesh, exciton_problem
from hpcx.exciton.saved_states import BlockOrder, SavedStates
from hpcx.exciton.zone_solve import solve_zone
from hpcx.io.result import Result
from hpcx.io.stages import Stage, Stages
from hpcx.materials.loader import Material
from hpcx.parallel.layout import own_rows
from hpcx.parallel.rows import SpreadRows
from hpcx.parallel.run import Run
from hpcx.parallel.traffic import Traffic
from hpcx.petsc.basis import large_basis
from hpcx.petsc.eigen import lowest_states
from hpcx.petsc.start import keyed_noise
from hpcx.physics.valley_bands import cautions, told

#: hears the share of the work that is done
Progress = Callable[[float], None]


@dataclass(frozen=True)
class ExcitonStates:
    """Lowest excitons.

    Attributes:
        energy: from the band edges, (state,), eV.
        amplitude_sk: normalised amplitudes at this rank's points, (state, rows).
        degeneracy: number of states of each state's level, those beyond the lowest ones included, (state,).
        labels: what the states are called.
        products: products with the Hamiltonian, 0 if it was diagonalised as a matrix.
        residual: the solver's largest |H x - E x|, eV; 0 if it was diagonalised as a matrix.
        traffic: what this rank has sent in products.
    """

    energy: np.ndarray
    amplitude_sk: np.ndarray
    degeneracy: np.ndarray
    labels: Labels
    products: int
    residual: float = 0.0
    traffic: Traffic = field(default_factory=Traffic)

    def lowest(self, comm: MPI.Comm) -> np.ndarray:
        """Return the amplitude of the lowest state at all points, (n,); collective."""
        amplitude_k = self.amplitude_sk[0]
        return SpreadRows(comm, comm.allgather(len(amplitude_k))).gathered(amplitude_k)


def solve_exciton(
    comm: MPI.Comm,
    problem: ExcitonProblem,
    states: int,
    tolerance: float,
    stage: Stage | None = None,
    progress: Progress | None = None,
) -> ExcitonStates:
    """Return the lowest `states` excitons, going on from what the `stage` knows;
    `progress` hears the share that is done; collective.

    Raises SolverError, Stopped.
    """
    count = min(states, problem.mesh.size)
    if problem.mesh.size <= DENSE_LIMIT:
        return _diagonalised(comm, problem, count, tolerance)
    operator = ExcitonOperator(comm, problem)
    saved = SavedStates(stage or Stages(comm, Run()).stage("exciton"), BlockOrder(comm, problem.mesh.size))
    draw, width = partial(_draw, comm, problem), level_width(tolerance)
    basis = partial(large_basis, unknowns=problem.mesh.size)
    pairs = lowest_states(
        comm,
        operator,
        count,
        tolerance,
        "exciton_",
        draw,
        width,
        saved.known(),
        keep=saved.keep,
        progress=progress,
        basis=basis,
    )
    saved.finish(pairs.vectors)
    amplitude_sk, labels = _settled(comm, problem, pairs.values, pairs.vectors, tolerance)
    sizes, residual = degeneracy(pairs.values, width)[:count], float(pairs.residuals[:count].max())
    return ExcitonStates(
        pairs.values[:count],
        amplitude_sk[:count],
        sizes,
        labels.first(count),
        pairs.products,
        residual,
        operator.traffic,
    )


def _diagonalised(comm: MPI.Comm, problem: ExcitonProblem, count: int, tolerance: float) -> ExcitonStates:
    """Return the lowest states from the Hamiltonian as a matrix, which is small."""
    energy, vector_ks = eigh(problem.dense())
    sizes = degeneracy(energy, level_width(tolerance))[:count]
    level = slice(count + int(sizes[-1]))
    amplitude_sk, labels = _settled(MPI.COMM_SELF, problem, energy[level], vector_ks.T[level], tolerance)
    own = own_rows(comm, problem.mesh.size)
    return ExcitonStates(energy[:count], amplitude_sk[:count, own], sizes, labels.first(count), 0)


def _settled(
    comm: MPI.Comm, problem: ExcitonProblem, energy: np.ndarray, amplitude_sk: np.ndarray, tolerance: float
) -> tuple[np.ndarray, Labels]:
    """Return vectors (state, rows) of the same levels that do not depend on how they were found,
    and their labels; collective.
    """
    return Envelopes(comm, problem).settle(energy, amplitude_sk, tolerance, partial(_functional, comm, problem))


def _draw(comm: MPI.Comm, problem: ExcitonProblem, number: int) -> np.ndarray:
    """This rank's rows of a random vector of low kinetic energy; the first is nearly the ground state."""
    own = own_rows(comm, problem.mesh.size)
    noise = keyed_noise(np.arange(own.start, own.stop), number)
    return np.exp(-problem.kinetic_k[own] / problem.kinetic_k.mean()) * (noise if number else 1 + noise)


def _functional(comm: MPI.Comm, problem: ExcitonProblem, number: int) -> np.ndarray:
    """This rank's rows of the optical matrix element (number 0), or of a random vector,
    which fixes the basis of degenerate states.
    """
    return _draw(comm, problem, number) if number else problem.dipole_k[own_rows(comm, problem.mesh.size)]


def solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Solve one exciton problem; collective. Raises SolverError, Stopped."""
    if config.mesh.region == "zone":
        return solve_zone(comm, config, material, run)
    stages = Stages(comm, run)
    with run.timings.measure("set-up"):
        problem = exciton_problem(config, material)
    with run.timings.measure("exciton"):
        states = solve_exciton(
            comm,
            problem,
            config.solver.states,
            config.solver.tolerance,
            stages.stage("exciton"),
            partial(run.progress, "exciton"),
        )
    run.timings.exchanged("exciton", states.traffic)
    run.note_error(states.residual, config.solver.tolerance)
    run.diagnostics["exciton_products"] = states.products
    result = Result()
    gap, named = pair_gap(config, material), named_pair(config, material)
    add_exciton(result, problem, states, gap, config.solver.tolerance)
    dipole_k = problem.dipole_k[own_rows(comm, problem.mesh.size)]
    add_oscillator_strength(result, "exciton", oscillator_strength(comm, states.amplitude_sk, dipole_k))
    add_wavefunction(comm, result, problem, states)
    binding = binding_text(-states.energy[0], gap if problem.dipole_k.any() else None)
    result.summary.append(
        f"exciton binding energy {binding} ({material.name}, N = {config.mesh.N}, {problem.mesh.size} mesh points)"
    )
    if named:
        add_pair(result, named, described(config), states.energy[0])
    result.summary.append(f"states: {states.labels}; representations of {states.labels.group}")
    result.summary += [f"{name}: {text}" for name, text in told(problem.bands).items()]
    result.summary += [f"WARNING: {text}" for text in (*coarse_mesh(config, material), *cautions(problem.bands))]
    if config.exchange.acts:
        with run.timings.measure("exchange"):
            add_exchange(stages, result, config, material, problem)
    config = with_phonons(result, config, material)
    if config.absorption.enabled:
        with run.timings.measure("absorption"):
            spectrum = exciton_spectrum(comm, problem, config.absorption, states.energy[0], stages.checkpoint_if_due)
        add_spectrum(result, "exciton", spectrum, config.absorption, gap or 0.0)
    return result

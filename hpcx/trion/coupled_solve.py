"""Lowest states of channels that exchange couples."""

from __future__ import annotations

from functools import partial

import numpy as np
from mpi4py import MPI

from hpcx.exciton.levels import add_degeneracy, degeneracy, level_width
from hpcx.exciton.problem import ExcitonProblem
from hpcx.io.result import Result
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.petsc.eigen import lowest_states
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.coupled import CoupledOperator, exchange_terms
from hpcx.trion.exchange_pairs import coupled_sets
from hpcx.trion.kernels import choose_kernel
from hpcx.trion.observables import rayleigh_ritz
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import trion_problem
from hpcx.trion.states import start_vector


def add_coupled(comm: MPI.Comm, result: Result, config: Config, material: Material, exciton: ExcitonProblem, amplitude_k: np.ndarray, run: Run) -> None:
    """Put the states with exchange of every set of coupled channels under /exchange; collective. Raises SolverError.

    `amplitude_k` is the exciton's, from which start vectors are made. The channels must be in the result without exchange.
    """
    channels = {name: channel(config, material, name) for name in config.trion.channels}
    for names in coupled_sets(channels, config.exchange.long_range):
        operator = coupled_operator(comm, config, material, exciton, names)
        if operator is None:
            result.summary.append(f"exchange: {names[0]} has no pair of equal spin that is exchanged")
            continue
        energy, vectors, residual, sizes = _lowest(operator, config, amplitude_k, run, "+".join(names))
        run.note_error(float(residual.max()), config.solver.tolerance)
        _add_states(result, config, names, operator, energy, vectors, residual)
        add_degeneracy(result, f"exchange/{'+'.join(names)}", sizes, config.solver.tolerance)


def coupled_operator(comm: MPI.Comm, config: Config, material: Material, exciton: ExcitonProblem, names: list[str]) -> CoupledOperator | None:
    """Return the Hamiltonian of some channels with exchange, or None if it does not act on them; collective."""
    channels = {name: channel(config, material, name) for name in names}
    problems = [trion_problem(config, material, exciton, name) for name in names]
    kernel = choose_kernel(config.solver.kernel.removesuffix("-single"), exciton.mesh.size, max(problem.components for problem in problems))
    operators = [TrionOperator(comm, problem, "none", kernel) for problem in problems]
    terms = exchange_terms(config, material, exciton, channels, operators)
    edges = [sum(species.edge for species in three) for three in channels.values()]
    shifts = [0.0, *(edge - edges[0] for edge in edges[1:])]
    return CoupledOperator(comm, operators, shifts, terms) if terms else None


def _lowest(operator: CoupledOperator, config: Config, amplitude_k: np.ndarray, run: Run, name: str) -> tuple[np.ndarray, ...]:
    """Return energies, vectors, residuals and the sizes of the levels of the lowest states."""
    solver, width = config.solver, level_width(config.solver.tolerance)

    def draw(number: int) -> np.ndarray:
        """Return this rank's part of a random vector, another one in each channel."""
        count = len(operator.operators)
        return np.concatenate([start_vector(part, amplitude_k, count * number + place).astype(complex) for place, part in enumerate(operator.operators)])

    with run.timings.measure("exchange"):
        progress = partial(run.progress, name)
        pairs = lowest_states(operator.comm, operator, solver.states, solver.tolerance, "trion_", draw, width, progress=progress)
        energy, vectors, residual = rayleigh_ritz(operator, pairs.vectors)
    run.diagnostics[f"exchange_{name}_products"] = pairs.products
    return energy[: solver.states], vectors[: solver.states], residual[: solver.states], degeneracy(energy, width)[: solver.states]


def _add_states(
    result: Result, config: Config, names: list[str], operator: CoupledOperator, energy: np.ndarray, vectors: np.ndarray, residual: np.ndarray
) -> None:
    place, weight = f"exchange/{'+'.join(names)}", operator.weights(vectors)
    bright = float(result.value(f"{names[0]}/pair_energy")[0])
    result.add(f"{place}/energy", energy, ("state",), "eV", "trions with exchange, from the band edges of the first channel")
    result.add(f"{place}/binding_energy", bright - energy, ("state",), "eV", "exciton of the first channel, without exchange, less each state")
    result.add(f"{place}/channel", np.array(names), ("channel",), "1", "channels that are coupled")
    result.add(f"{place}/weight", weight, ("state", "channel"), "1", "share of each channel in a state")
    result.add(f"{place}/residual", residual, ("state",), "eV", "norm of H x - E x")
    told = f", contact {config.exchange.contact:g} eV angstrom^2 (fitted)" if config.exchange.contact else ""
    for number, name in enumerate(names):
        mainly = np.flatnonzero(weight.argmax(axis=1) == number)
        if mainly.size:
            shift = 1e3 * (bright - energy[mainly[0]])
            result.summary.append(f"exchange: {name} bound by {shift:.3f} meV, {100 * weight[mainly[0], number]:.0f} % of the state{told}")

"""Trion energies, and those of the exciton of the same mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from mpi4py import MPI

from hpcx.exciton.labels import representation, settled
from hpcx.exciton.observables import degeneracy, level_width
from hpcx.exciton.output import add_exciton, binding_text
from hpcx.exciton.problem import ExcitonProblem, coarse_mesh, pair_problem
from hpcx.exciton.saved_states import SavedStates
from hpcx.exciton.solve import ExcitonStates, solve_exciton
from hpcx.io.result import Result
from hpcx.io.stages import Stages
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.parallel.traffic import Traffic
from hpcx.petsc.basis import small_basis
from hpcx.petsc.eigen import Eigenpairs, lowest_states
from hpcx.trion.absorption import optical_vector
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.coupled_solve import add_coupled
from hpcx.trion.kernels import is_single
from hpcx.trion.observables import by_rotation, dimensions, rayleigh_ritz, rotations
from hpcx.trion.operator import TrionOperator
from hpcx.trion.output import add_channel, add_trion, remark
from hpcx.trion.problem import TrionProblem, channel_pair, exciton_of, trion_problem
from hpcx.trion.spectra import Spectra
from hpcx.trion.states import PairOrder, load, restart_vector, save, start_vector, states_file

#: residuals that products in single precision can reach, eV
_SINGLE_FLOOR = 1e-6


@dataclass(frozen=True)
class TrionStates:
    """Lowest trions of one species.

    Attributes:
        energy: from the band edges, (state,), eV.
        residual: |H x - E x| by an explicit product in double precision, (state,), eV.
        tolerance: largest residual that the solver was to leave, eV.
        degeneracy: number of states of each state's level, those beyond the lowest ones included, (state,).
        group, irrep: rotations of the Hamiltonian, and the representation of each state.
        vectors: this rank's coordinates of the states, (state, rows).
        operator: the double-precision operator to which they belong.
        pairs: what the solver reported.
    """

    energy: np.ndarray
    residual: np.ndarray
    tolerance: float
    degeneracy: np.ndarray
    group: str
    irrep: list[str]
    vectors: np.ndarray
    operator: TrionOperator
    pairs: Eigenpairs


def solve_trion(
    comm: MPI.Comm,
    config: Config,
    problem: TrionProblem,
    exciton: ExcitonStates,
    species: str,
    run: Run,
    stages: Stages,
) -> TrionStates:
    """Return the lowest states of one species; collective. Raises SolverError, Stopped, AgreedError."""
    solver = config.solver
    with run.timings.measure("set-up"):
        operator = TrionOperator(comm, problem, solver.symmetry, solver.kernel, solver.angular_momentum)
        draw, start = partial(start_vector, operator, exciton.lowest(comm)), None
        if solver.start is not None:
            start = restart_vector(load(solver.start, species, operator, config), solver.states, draw(0))
    tolerance = max(solver.tolerance, _SINGLE_FLOOR) if is_single(solver.kernel) else solver.tolerance
    saved, width, progress = (
        SavedStates(stages.stage(species), PairOrder(operator)),
        level_width(tolerance),
        partial(run.progress, species),
    )
    basis = partial(small_basis, unknowns=dimensions(operator)[1])
    pairs = lowest_states(
        comm,
        operator,
        solver.states,
        tolerance,
        "trion_",
        draw,
        width,
        saved.known(),
        start,
        saved.keep,
        progress,
        basis,
    )
    saved.finish(pairs.vectors)
    _account(run, operator, pairs)
    with run.timings.measure("set-up"):
        operator.in_double_precision()
    with run.timings.measure("residuals"):
        return _checked(operator, pairs, solver.states, tolerance, draw)


def _checked(
    operator: TrionOperator, pairs: Eigenpairs, count: int, tolerance: float, draw: Callable[[int], np.ndarray]
) -> TrionStates:
    """Return the lowest states with their true residuals; collective."""
    energy, vectors, residual = rayleigh_ritz(operator, pairs.vectors)
    sizes, optical = degeneracy(energy, level_width(tolerance)), optical_vector(operator)
    order = rotations(operator)
    divided = partial(by_rotation, operator, order)
    vectors, kinds = settled(
        operator.comm, energy, vectors, tolerance, lambda number: draw(number) if number else optical, divided
    )
    irreps = [representation(order, *kind) for kind in kinds[:count]]
    return TrionStates(
        energy[:count],
        residual[:count],
        tolerance,
        sizes[:count],
        f"C{order}",
        irreps,
        vectors[:count],
        operator,
        pairs,
    )


def _account(run: Run, operator: TrionOperator, pairs: Eigenpairs) -> None:
    """Divide the solver's time into products, waiting for other ranks, and the rest."""
    run.timings.add("products", pairs.product_seconds - operator.waited, pairs.products)
    run.timings.add("communication", operator.waited, pairs.products)
    run.timings.add("orthogonalisation", pairs.seconds - pairs.product_seconds, pairs.iterations)
    _count_exchanges(run, operator, "products")


def _count_exchanges(run: Run, operator: TrionOperator, kind: str) -> None:
    """Put what the operator has sent since the last call into the table of timings."""
    run.timings.exchanged(kind, replace(operator.traffic, seconds=operator.waited))
    operator.traffic, operator.waited = Traffic(), 0.0


def pair_excitons(
    stages: Stages, config: Config, material: Material, exciton: ExcitonProblem, name: str
) -> list[ExcitonStates]:
    """Return the lowest exciton of the opposite carrier of a channel with each like one; collective."""
    pairs = [channel_pair(config, material, name, like) for like in (0, 1)]
    problems = [pair_problem(config, material, exciton, pair) for pair in pairs]
    found = [stages.stage(f"{name}/exciton{like}") for like in (0, 1)]
    return [
        solve_exciton(stages.comm, problem, 1, config.solver.tolerance, stage)
        for problem, stage in zip(problems, found, strict=True)
    ]


def solve(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Solve the exciton and the trions of one point; collective. Raises SolverError, AgreedError, MaterialError."""
    result, gap, stages = Result(), config.gap, Stages(comm, run)
    with run.timings.measure("set-up"):
        exciton_problem = exciton_of(config, material)
    with run.timings.measure("exciton"):
        exciton = solve_exciton(
            comm, exciton_problem, config.solver.states, config.solver.tolerance, stages.stage("exciton")
        )
    run.timings.exchanged("exciton", exciton.traffic)
    run.note_error(exciton.residual, config.solver.tolerance)
    add_exciton(result, exciton_problem, exciton, gap, config.solver.tolerance)
    binding = binding_text(-exciton.energy[0], gap)
    result.summary.append(f"exciton binding energy {binding} ({material.name}, N = {config.mesh.N})")
    result.summary += [f"WARNING: {text}" for text in coarse_mesh(config, material)]
    spectra = Spectra(comm, config, material, exciton_problem, exciton.energy[0], run, stages)
    spectra.add_exciton(result)
    for species in config.trion.names:
        problem = trion_problem(config, material, exciton_problem, species)
        is_channel = species in config.trion.channels
        with run.timings.measure("exciton"):
            pairs = pair_excitons(stages, config, material, exciton_problem, species) if is_channel else [exciton]
        states = solve_trion(comm, config, problem, pairs[0], species, run, stages)
        with run.timings.measure("observables"):
            add_trion(result, species, states, pairs[0].energy[0], None if is_channel else gap)
            if is_channel:
                add_channel(result, species, channel(config, material, species), states.energy[0], pairs)
        spectra.add_species(result, species, states.operator, states.energy[0], states.vectors[0], pairs[0].energy[0])
        _count_exchanges(run, states.operator, "residuals, spectra")
        result.summary += remark(states.operator, species)
        run.diagnostics[f"{species}_products"] = states.pairs.products
        run.diagnostics[f"{species}_iterations"] = states.pairs.iterations
        run.diagnostics[f"{species}_residual"] = float(states.residual.max())
        run.note_error(float(states.residual.max()), states.tolerance)
        if config.solver.save_states and run.directory is not None:
            with run.timings.measure("output"):
                path = states_file(run.directory, run.name, species)
                save(path, states.operator, config, states.energy, states.vectors)
        del states  # its memory is free before that of the next ones is needed
    if config.exchange.acts:
        add_coupled(stages, result, config, material, exciton_problem, exciton.lowest(comm), spectra)
    if config.twod.enabled:
        spectra.add_together(result, float(result.value("singlet/binding_energy")))
    return result

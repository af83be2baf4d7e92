"""Lowest states of channels coupled by exchange, and their absorption."""

from __future__ import annotations

from functools import partial

import numpy as np
from mpi4py import MPI

from hpcx.exciton.labels import representation, settled
from hpcx.exciton.observables import degeneracy, level_width
from hpcx.exciton.output import TEXT, add_degeneracy
from hpcx.exciton.problem import ExcitonProblem
from hpcx.exciton.saved_states import SavedStates, SideBySide
from hpcx.io.result import Result
from hpcx.io.stages import Stage, Stages
from hpcx.materials.loader import Material
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.petsc.basis import small_basis
from hpcx.petsc.eigen import lowest_states
from hpcx.physics.mesh import POINT_GROUPS
from hpcx.trion.absorption import optical_vector, spectrum_from
from hpcx.trion.channels import channel
from hpcx.trion.config import Config
from hpcx.trion.coupled import CoupledOperator, exchange_terms
from hpcx.trion.exchange_pairs import acting_pairs, coupled_sets
from hpcx.trion.exchange_symmetry import CoupledSector, coupled_sectors, lacking_symmetry
from hpcx.trion.observables import coupled_by_rotation, rayleigh_ritz
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import trion_problem
from hpcx.trion.spectra import Spectra
from hpcx.trion.states import PairOrder, start_vector
from hpcx.units import from_internal


def pair_order(operator: CoupledOperator) -> SideBySide:
    """Return the common order of canonical pairs for checkpoints: they are the same in all channels."""
    return SideBySide([PairOrder(part) for part in operator.operators], operator.cuts[1:-1])


def add_coupled(
    stages: Stages,
    result: Result,
    config: Config,
    material: Material,
    exciton: ExcitonProblem,
    amplitude_k: np.ndarray,
    spectra: Spectra,
) -> None:
    """Put the states with exchange of every set of coupled channels under /exchange; collective.
    Raises SolverError, Stopped, AgreedError.

    `amplitude_k` is the exciton's, from which start vectors are made. The channels must be in the result without
    exchange.
    """
    channels = {name: channel(config, material, name) for name in config.trion.channels}
    for names in coupled_sets(channels, config.exchange.long_range):
        if not acting_pairs(config, {name: channels[name] for name in names}):
            result.summary.append(
                f"exchange: {names[0]} has no electron-hole pair of equal spin, on which exchange acts"
            )
            continue
        place, found = f"exchange/{'+'.join(names)}", []
        sectors = coupled_sectors(config, material, exciton, names)
        if not sectors:
            raise AgreedError(
                f'solver.symmetry = "{config.solver.symmetry}": {lacking_symmetry(names)}', bad_input=True
            )
        rotation = _rotation(config, material, exciton, names, sectors)
        for number, sector in enumerate(sectors):
            operator = coupled_operator(stages.comm, config, material, exciton, names, sector)
            stage = stages.stage(f"{place}/{number}")
            found.append(_lowest(operator, config, amplitude_k, rotation, stages.run, stage))
            for part in np.flatnonzero(np.equal(sector.momenta, 0)) if config.absorption.enabled else ():
                _add_absorption(result, spectra, f"{place}/{names[part]}", names[part], operator, int(part), stages)
            del operator  # its memory is free before that of the next one is needed
        energy, weight, residual, irrep = (
            np.concatenate(parts)[np.argsort(np.concatenate([each[0] for each in found]))]
            for parts in zip(*found, strict=True)
        )
        sizes, states = degeneracy(energy, level_width(config.solver.tolerance)), config.solver.states
        stages.run.note_error(float(residual[:states].max()), config.solver.tolerance)
        _add_states(result, config, names, energy[:states], weight[:states], residual[:states])
        _add_labels(result, names, rotation, weight[:states], irrep[:states])
        symmetry = sectors[0].symmetry
        text = (
            ""
            if symmetry == "none"
            else f" of the sectors ({symmetry}) in which one of the channels is fully symmetric"
        )
        add_degeneracy(result, place, sizes[:states], config.solver.tolerance, text)


def coupled_operator(
    comm: MPI.Comm, config: Config, material: Material, exciton: ExcitonProblem, names: list[str], sector: CoupledSector
) -> CoupledOperator:
    """Return the Hamiltonian of some channels with exchange on a sector; collective."""
    problems = [trion_problem(config, material, exciton, name) for name in names]
    kernel = config.solver.kernel.removesuffix("-single")
    operators = [
        TrionOperator(comm, problem, sector.symmetry, kernel, m)
        for problem, m in zip(problems, sector.momenta, strict=True)
    ]
    terms = exchange_terms(config, material, exciton, names, operators, sector.phase_pg)
    edges = [sum(species.edge for species in channel(config, material, name)) for name in names]
    return CoupledOperator(comm, operators, [0.0, *(edge - edges[0] for edge in edges[1:])], terms)


def _rotation(
    config: Config, material: Material, exciton: ExcitonProblem, names: list[str], sectors: list[CoupledSector]
) -> tuple[int, tuple[int, ...]]:
    """Return the order of the rotations of the sectors, or without symmetry of those that coupled channels have,
    and the angular momenta of the channels in the sector in which the first one is fully symmetric.
    """
    if config.solver.symmetry == "none":
        free = config.model_copy(update={"solver": config.solver.model_copy(update={"symmetry": "auto"})})
        sectors = coupled_sectors(free, material, exciton, names) or sectors
    return POINT_GROUPS[sectors[0].symmetry].rotations, sectors[0].momenta


def _lowest(
    operator: CoupledOperator,
    config: Config,
    amplitude_k: np.ndarray,
    rotation: tuple[int, tuple[int, ...]],
    run: Run,
    stage: Stage,
) -> tuple[np.ndarray, ...]:
    """Return energies, shares of the channels, residuals and representations of the lowest states,
    all of the highest level among them.
    """
    solver, saved = config.solver, SavedStates(stage, pair_order(operator))

    def draw(number: int) -> np.ndarray:
        """Return this rank's part of a random vector, another one in each channel."""
        count = len(operator.operators)
        return np.concatenate(
            [start_vector(part, amplitude_k, count * number + place) for place, part in enumerate(operator.operators)]
        )

    with run.timings.measure("exchange"):
        progress, basis = (
            partial(run.progress, stage.name),
            partial(small_basis, unknowns=operator.comm.allreduce(operator.rows)),
        )
        width, known = level_width(solver.tolerance), saved.known()
        pairs = lowest_states(
            operator.comm,
            operator,
            solver.states,
            solver.tolerance,
            "trion_",
            draw,
            width,
            known,
            None,
            saved.keep,
            progress,
            basis,
        )
        saved.finish(pairs.vectors)
        energy, vectors, residual = rayleigh_ritz(operator, pairs.vectors)
        divided = partial(coupled_by_rotation, operator, *rotation)
        vectors, kinds = settled(operator.comm, energy, vectors, solver.tolerance, draw, divided)
    irreps = np.array([representation(rotation[0], *kind) for kind in kinds], TEXT)
    run.diagnostics[f"{stage.name.replace('/', '_')}_products"] = pairs.products
    return energy, operator.weights(vectors), residual, irreps


def _add_absorption(
    result: Result, spectra: Spectra, place: str, name: str, operator: CoupledOperator, part: int, stages: Stages
) -> None:
    """Put the absorption of light that makes pairs of one channel under `place`, if it makes any;
    photon energies count as without exchange.
    """
    own = operator.operators[part]
    if not own.problem.dipole_k.any():
        return
    start = np.zeros(operator.rows, operator.dtype)
    operator.parts(start)[part][:] = optical_vector(own)
    hamiltonian, order, exciton_energy = (
        operator.counted_from(part),
        pair_order(operator),
        float(result.value(f"{name}/pair_energy")[0]),
    )
    stage = stages.stage(f"{place}/absorption")
    spectra.add_with_exchange(
        result,
        place,
        name,
        lambda config: spectrum_from(config, own.problem, hamiltonian, start, order, exciton_energy, stage),
    )


def _add_states(
    result: Result, config: Config, names: list[str], energy: np.ndarray, weight: np.ndarray, residual: np.ndarray
) -> None:
    place, bright = f"exchange/{'+'.join(names)}", float(result.value(f"{names[0]}/pair_energy")[0])
    result.add(
        f"{place}/energy", energy, ("state",), "eV", "trions with exchange, from the band edges of the first channel"
    )
    result.add(
        f"{place}/binding_energy",
        bright - energy,
        ("state",),
        "eV",
        "energy of the first channel's exciton without exchange, minus that of each state",
    )
    result.add(f"{place}/channel", np.array(names), ("channel",), "1", "channels that are coupled")
    result.add(f"{place}/weight", weight, ("state", "channel"), "1", "weight of each channel in a state")
    result.add(f"{place}/residual", residual, ("state",), "eV", "norm of H x - E x")
    told = f", contact {config.exchange.contact:g} eV angstrom^2 (fitted)" if config.exchange.contact else ""
    for number, name in enumerate(names):
        mainly = np.flatnonzero(weight.argmax(axis=1) == number)
        if mainly.size:
            shift = from_internal(bright - energy[mainly[0]], "meV")
            result.summary.append(
                f"exchange: {name} bound by {shift:.3f} meV, {100 * weight[mainly[0], number]:.0f} % of the state{told}"
            )


def _add_labels(
    result: Result, names: list[str], rotation: tuple[int, tuple[int, ...]], weight: np.ndarray, irrep: np.ndarray
) -> None:
    """Put representations (state,) and the main channel of each state, by its weights (state, channel), under
    /exchange.
    """
    place, group = f"exchange/{'+'.join(names)}", f"C{rotation[0]}"
    text = "rotations that leave the Hamiltonian of the coupled channels unchanged"
    result.add(f"{place}/point_group", np.array(group, TEXT), (), "1", text)
    text = "irreducible representation of the point group, by the angular momentum of the first channel"
    result.add(f"{place}/irrep", irrep, ("state",), "1", text)
    text = "angular momentum of each channel in states in which that of the first one is 0, in units of hbar"
    result.add(f"{place}/angular_momentum", np.array(rotation[1]), ("channel",), "1", text)
    main = np.array(names)[weight.argmax(axis=1)]
    result.add(f"{place}/main_channel", main, ("state",), "1", "channel of most weight")
    if len(names) == 1:
        return
    told = zip(main, 100 * weight.max(axis=1), irrep, strict=True)
    states = ", ".join(f"{name} {share:.0f} % ({label})" for name, share, label in told)
    by = f"representations of {group} by the angular momentum of {names[0]}"
    result.summary.append(f"exchange: states {states}; {by}")

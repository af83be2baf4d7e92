"""Excitons of a tight-binding model on the whole zone: energies along pair momenta, wavefunctions, absorption."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from mpi4py import MPI

from hpcx.exciton.absorption import add_spectrum, advance, lines, make_spectrum
from hpcx.exciton.config import Config
from hpcx.exciton.observables import degeneracy, level_width, oscillator_strength
from hpcx.exciton.output import add_degeneracy, add_momenta, add_representations
from hpcx.exciton.problem import material_interaction
from hpcx.exciton.saved_states import BlockOrder, SavedStates
from hpcx.exciton.tight_binding import load_model, occupied_bands, orbital_spins, pair_momenta, path_of
from hpcx.exciton.zone import ZoneOperator, ZoneProblem, zone_problem
from hpcx.exciton.zone_labels import UNKNOWN, ZoneSymmetry
from hpcx.exciton.zone_space import add_space
from hpcx.io.result import Result
from hpcx.io.stages import Stage, Stages
from hpcx.materials.loader import Material
from hpcx.parallel.recursion import Recursion
from hpcx.parallel.run import Run
from hpcx.petsc.basis import large_basis
from hpcx.petsc.eigen import Eigenpairs, lowest_states
from hpcx.petsc.start import keyed_noise
from hpcx.physics.extrema import free_pair, minimum_between_points
from hpcx.physics.spectra import rounding_error
from hpcx.physics.tightbinding import TightBinding
from hpcx.units import from_internal

#: (name, sign of i v_y) of the circular polarisations
POLARISATIONS = (("plus", 1), ("minus", -1))
#: unit of squared velocity matrix elements, times hbar squared
WEIGHT = "eV^2*angstrom^2"
#: which momentum of a path the datasets outside /exciton/dispersion belong to
_LAST = " at the last pair momentum"


def solve_zone(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Return the excitons of every pair momentum of the input; collective. Raises SolverError, Stopped."""
    stages, result = Stages(comm, run), Result()
    with run.timings.measure("set-up"):
        model = load_model(config.tight_binding)
        fraction_qv = pair_momenta(config, model)
    energies, edges, products, residuals, groups, irreps = [], [], 0, [], [], []
    for number, fraction in enumerate(fraction_qv):
        with run.timings.measure("set-up"):
            problem = _problem(comm, config, material, model, fraction)
            operator = ZoneOperator(comm, problem)
            edges.append(_pair_edge(config, model, fraction, problem))
        with run.timings.measure("symmetry"):
            spins = orbital_spins(config.tight_binding, model.orbitals)
            symmetry = ZoneSymmetry(operator, model, fraction, level_width(config.solver.tolerance), spins)
        with run.timings.measure("exciton"):
            pairs, sizes, irrep = _lowest(comm, config, operator, symmetry, stages.stage(f"exciton{number}"))
        run.timings.exchanged("exciton", operator.traffic)
        run.progress("pair momenta", (number + 1) / len(fraction_qv))
        energies.append(pairs.values)
        residuals.append(pairs.residuals.max())
        groups.append(symmetry.group)
        irreps.append(irrep)
        products += pairs.products
    run.note_error(max(residuals), config.solver.tolerance)
    run.diagnostics["exciton_products"] = products
    lowest, last = int(np.argmin([energy[0] for energy in energies])), len(energies) - 1
    _add_energies(result, config, model, fraction_qv, np.array(energies), np.array(edges))
    add_degeneracy(result, "exciton", sizes, symmetry.width / 2, _LAST if last else "")
    _add_names(result, config, symmetry, np.array(groups), np.array(irreps), _place(config, model, last))
    _add_states(result, operator, model, pairs)
    where = _place(config, model, lowest)
    binding = from_internal(edges[lowest] - energies[lowest][0], "meV")
    result.summary.append(
        f"lowest exciton{where and where + ':'} {energies[lowest][0]:.6f} eV, {binding:.2f} meV below the"
        f" free pairs of its momentum ({problem.size} pair states, {model.orbitals} orbitals)"
    )
    if config.absorption.enabled and operator.problem.velocity_xkcv is not None:
        with run.timings.measure("absorption"):
            _add_absorption(comm, result, config, operator, operator.problem.velocity_xkcv, pairs, stages)
    return result


def _place(config: Config, model: TightBinding, number: int) -> str:
    """Return at which momentum of a path something is, as " at Q = K"; nothing if there is one momentum alone."""
    if config.zone.path is None:
        return ""
    return f" at Q = {path_of(config.zone.path, config.zone.points, model).name(number)}"


def _problem(
    comm: MPI.Comm, config: Config, material: Material, model: TightBinding, fraction: np.ndarray
) -> ZoneProblem:
    law = material_interaction(config, material)
    zone = config.internal.zone
    return zone_problem(
        comm,
        model,
        law,
        config.mesh.N,
        occupied_bands(config.tight_binding),
        (zone.valence, zone.conduction),
        fraction @ model.reciprocal_vx,
        zone.scissor,
        law if zone.exchange else None,
        zone.spinless_factor,
        zone.reach,
        zone.whole_cells,
    )


def _pair_edge(config: Config, model: TightBinding, fraction: np.ndarray, problem: ZoneProblem) -> float:
    """Return the lowest energy of a free pair, eV, also between the points of the mesh."""
    scissor = config.internal.zone.scissor
    energy = free_pair(model, occupied_bands(config.tight_binding), fraction @ model.reciprocal_vx)
    mesh_ij = problem.pair_energy_kcv[:, 0, -1].reshape(problem.divisions, -1) - scissor
    return minimum_between_points(energy, mesh_ij)[0] + scissor


def _lowest(
    comm: MPI.Comm, config: Config, operator: ZoneOperator, symmetry: ZoneSymmetry, stage: Stage
) -> tuple[Eigenpairs, np.ndarray, list[str]]:
    """Return the lowest states, the sizes of their levels and their representations."""
    saved, tolerance, states = (
        SavedStates(stage, BlockOrder(comm, operator.problem.size, operator.pairs)),
        config.solver.tolerance,
        config.solver.states,
    )
    draw, width = partial(_draw, operator), symmetry.width
    basis = partial(large_basis, unknowns=operator.problem.size)
    pairs = lowest_states(
        comm, operator, states, tolerance, "exciton_", draw, width, saved.known(), keep=saved.keep, basis=basis
    )
    saved.finish(pairs.vectors)
    vectors, irreps = symmetry.settle(pairs.values, pairs.vectors, partial(_functional, operator))
    lowest = replace(pairs, values=pairs.values[:states], vectors=vectors[:states], residuals=pairs.residuals[:states])
    return lowest, degeneracy(pairs.values, width)[:states], irreps[:states]


def _draw(operator: ZoneOperator, number: int) -> np.ndarray:
    """This rank's rows of a random vector that prefers low pair energies; number 0 is smoother than the others."""
    kinetic, noise = operator.kinetic, keyed_noise(operator.first + np.arange(operator.rows), number)
    width = max(float(np.ptp(operator.problem.pair_energy_kcv)), 1e-3)
    return np.exp(-10 * (kinetic - operator.problem.pair_energy_kcv.min()) / width) * (noise if number else 1 + noise)


def _functional(operator: ZoneOperator, number: int) -> np.ndarray:
    """This rank's rows of the matrix element of sigma+ light (number 0), or of a random vector,
    which fixes the basis of degenerate states.
    """
    velocity_xkcv = operator.problem.velocity_xkcv
    if number or velocity_xkcv is None:
        return _draw(operator, number)
    return circular(velocity_xkcv, 1)


def _add_energies(
    result: Result,
    config: Config,
    model: TightBinding,
    fraction_qv: np.ndarray,
    energy_qs: np.ndarray,
    edge_q: np.ndarray,
) -> None:
    """Put energies under /exciton, and with a path those of every pair momentum under /exciton/dispersion."""
    where = _LAST if len(edge_q) > 1 else ""
    result.add("exciton/energy", energy_qs[-1], ("state",), "eV", f"exciton energy{where}")
    result.add(
        "exciton/binding_energy",
        edge_q[-1] - energy_qs[-1, 0],
        (),
        "eV",
        f"exciton binding energy{where}, from the lowest free pair of its momentum",
    )
    text = "lowest energy of a free pair" + (where or " of this momentum")
    result.add("exciton/pair_edge", edge_q[-1], (), "eV", text)
    if config.zone.path is None:
        return
    momentum_qx = fraction_qv @ model.reciprocal_vx
    path = path_of(config.zone.path, config.zone.points, model)
    result.add_internal(
        "exciton/dispersion/path", path.along_q, ("path",), "1/angstrom", "distance along the path of pair momenta"
    )
    result.add("exciton/dispersion/corner", np.array(path.corners), ("corner",), "1", "corners of the path, as written")
    result.add_internal(
        "exciton/dispersion/corner_path",
        path.along_c,
        ("corner",),
        "1/angstrom",
        "distance of the corners along the path",
    )
    for axis, name in enumerate(("qx", "qy")):
        result.add_internal(
            f"exciton/dispersion/{name}", momentum_qx[:, axis], ("path",), "1/angstrom", f"pair momentum, {name[-1]}"
        )
    result.add("exciton/dispersion/energy", energy_qs, ("path", "state"), "eV", "exciton energy")
    result.add("exciton/dispersion/pair_edge", edge_q, ("path",), "eV", "lowest energy of a free pair of this momentum")


def _add_names(
    result: Result, config: Config, symmetry: ZoneSymmetry, group_q: np.ndarray, irrep_qs: np.ndarray, where: str
) -> None:
    """Put the representations of the states of the last pair momentum, which has this symmetry, under /exciton,
    and with a path those of every one under /exciton/dispersion; the last one is `where`, as " at Q = K".
    """
    what = "unitary operations that keep the pair momentum, by what they do to momenta in the plane"
    more = f'; "{UNKNOWN}" where the model leaves a relative phase of orbitals open'
    add_representations(result, "exciton", group_q[-1], irrep_qs[-1], what, more)
    if config.zone.path is not None:
        add_representations(result, "exciton/dispersion", group_q, irrep_qs, what, more)
    result.summary.append(f"states{where}: {', '.join(irrep_qs[-1])}; representations of {group_q[-1]}")
    if where:
        result.summary.append(
            f"exciton/energy and all else outside exciton/dispersion are those{where}, the last momentum"
        )
    if UNKNOWN in irrep_qs:
        text = "the model leaves relative phases of orbitals open"
        result.summary.append(f"representations are unknown where {text}; tight_binding.spin settles those of spins")
    if symmetry.width > level_width(config.solver.tolerance):
        width = from_internal(symmetry.width, "meV")
        result.summary.append(f"the symmetry holds but for rounding: states up to {width:.2g} meV apart are one level")
    result.summary += [
        f"{name} is no symmetry: it changes the Hamiltonian by {from_internal(change, 'meV'):.2g} meV"
        for name, change in symmetry.broken.items()
    ]


def _add_states(result: Result, operator: ZoneOperator, model: TightBinding, pairs: Eigenpairs) -> None:
    """Put wavefunctions of the last pair momentum under /exciton, every rank its points, and optical weights."""
    problem, mine = operator.problem, operator.points
    points = problem.divisions**2
    amplitude_kcvs = np.moveaxis(operator.by_bands(pairs.vectors), 0, -1)
    add_momenta(result, "exciton", model.mesh(problem.divisions)[mine], mine.start, points, "momentum of the hole")
    result.add(
        "exciton/wavefunction",
        amplitude_kcvs,
        ("point", "conduction", "valence", "state"),
        "1",
        "amplitude A(k, c, v), the sum of |A|^2 is 1; hole at k, electron at k + Q",
        mine.start,
        points,
    )
    add_space(result, operator, model, pairs.vectors)
    if problem.velocity_xkcv is None:
        return
    for name, sign in POLARISATIONS:
        dipole = circular(problem.velocity_xkcv, sign)
        weight = oscillator_strength(operator.comm, pairs.vectors, dipole) / points
        result.add_internal(
            f"exciton/oscillator_strength_{name}",
            weight,
            ("state",),
            WEIGHT,
            f"|<exciton|hbar v_{name}|0>|^2 per unit cell",
        )


def circular(velocity_xkcv: np.ndarray, sign: int) -> np.ndarray:
    """Return <c|hbar (v_x + i sign v_y)|v> / sqrt 2 of all pairs, (k c v,), eV nm."""
    return ((velocity_xkcv[0] + sign * 1j * velocity_xkcv[1]) / np.sqrt(2)).ravel()


def _add_absorption(
    comm: MPI.Comm,
    result: Result,
    config: Config,
    operator: ZoneOperator,
    velocity_xkcv: np.ndarray,
    pairs: Eigenpairs,
    stages: Stages,
) -> None:
    """Put the absorption of both circular polarisations under /exciton/plus and /exciton/minus;
    weights per unit cell.
    """
    settings, points = config.absorption, operator.problem.divisions**2
    for name, sign in POLARISATIONS:
        dipole = circular(velocity_xkcv, sign) / np.sqrt(points)
        recursion = Recursion(comm, operator.apply, dipole)
        fraction = advance(recursion, settings, pairs.values[0], 0.0, stages.checkpoint_if_due)
        steps = len(recursion.alpha)
        error = fraction.relative_bound() + rounding_error(steps, recursion.band_width, settings.broadening)
        sum_rule = float(comm.allreduce((np.abs(dipole) ** 2).sum()))
        spectrum = make_spectrum(*lines(recursion), error, settings, pairs.values[0], steps, sum_rule)
        add_spectrum(result, f"exciton/{name}", spectrum, settings, 0.0, WEIGHT, "eV*angstrom^2")

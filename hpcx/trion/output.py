"""The datasets of a result, and what a user reads first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpcx.exciton.carriers import Species, band_edge
from hpcx.exciton.observables import oscillator_strength
from hpcx.exciton.output import TEXT, add_degeneracy, add_energies, add_momenta, add_oscillator_strength
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.trion.absorption import optical_vector
from hpcx.trion.observables import dimensions, own_points, wavefunction
from hpcx.trion.operator import TrionOperator
from hpcx.units import from_internal

if TYPE_CHECKING:
    from hpcx.exciton.solve import ExcitonStates
    from hpcx.trion.solve import TrionStates


def add_trion(result: Result, species: str, states: TrionStates, exciton_energy: float, gap: float | None) -> None:
    """Put the states of a species under /singlet or /triplet; collective."""
    operator, mesh = states.operator, states.operator.problem.mesh
    pairs, unknowns = dimensions(operator)
    weight = oscillator_strength(operator.comm, states.vectors, optical_vector(operator))
    add_energies(result, species, f"{species} trion", states.energy, gap)
    binding = exciton_energy - states.energy[0]
    result.add(f"{species}/binding_energy", binding, (), "eV", f"{species} trion binding energy")
    add_oscillator_strength(result, species, weight)
    result.add(f"{species}/dimension", pairs, (), "1", "number of pair states")
    result.add(f"{species}/dimension_reduced", unknowns, (), "1", "number of unknowns")
    sector = "" if operator.symmetry == "none" else f" of the {_kept(operator)} sector ({operator.symmetry})"
    add_degeneracy(result, species, states.degeneracy, states.tolerance, sector)
    result.add(
        f"{species}/point_group",
        np.array(states.group, TEXT),
        (),
        "1",
        "rotations that leave the trion's Hamiltonian unchanged",
    )
    text = (
        "irreducible representation of the point group under rotation of all momenta, without the Bloch states at"
        " the valleys' centres"
    )
    result.add(f"{species}/irrep", np.array(states.irrep, TEXT), ("state",), "1", text)
    result.add(f"{species}/residual", states.residual, ("state",), "eV", "norm of H x - E x")
    add_slices(result, f"{species}/wavefunction", "state", wavefunction(operator, states.vectors), operator)
    own, points = own_points(operator), mesh.size
    add_momenta(result, species, mesh.momentum_kx[own], own.start, points)
    text = "old name of kx and ky, kept for one release"
    result.add_internal(
        f"{species}/k", mesh.momentum_kx[own], ("point", "xy"), "1/angstrom", text, start=own.start, rows=points
    )
    result.summary.append(
        f"{species}: binding energy {from_internal(binding, 'meV'):.3f} meV, oscillator strength {weight[0]:.3g}, "
        f"{pairs} pair states ({unknowns} unknowns), residual {states.residual.max():.1e} eV"
    )


def add_slices(result: Result, path: str, dimension: str, slices: np.ndarray, operator: TrionOperator) -> None:
    """Put what `wavefunction` returns into a result, every rank its points; `dimension` names the first axis."""
    shape = (len(slices), operator.problem.mesh.size)
    part = Part.block(shape, (slice(0, len(slices)), own_points(operator)))
    result.add(path, slices, (dimension, "point"), "1", "amplitude, resident carrier at its minimum", part=part)


def add_channel(
    result: Result, name: str, three: tuple[Species, Species, Species], energy: float, pairs: list[ExcitonStates]
) -> None:
    """Put what a channel may fall apart into under its name, and where its band edges are;
    `energy` is that of its lowest state.
    """
    pair_energy = np.array([pair.energy[0] for pair in pairs])
    edge = band_edge(three)
    text = "excitons of the first and of the second like carrier with the opposite one, from the channel's band edges"
    result.add(f"{name}/pair_energy", pair_energy, ("pair",), "eV", text)
    text = "energy of the three carriers at their valleys' centres, above those of the lowest bands of the K valleys"
    result.add(f"{name}/band_edge", edge, (), "eV", text, missing="NaN: the material gives no band edge for a carrier")
    binding, above = from_internal(pair_energy.min() - energy, "meV"), from_internal(edge + energy, "meV")
    level = "" if np.isnan(edge) else f", lowest state {above:.3f} meV from the lowest band edges"
    result.summary.append(f"{name}: {binding:.3f} meV below its lowest exciton and a free carrier{level}")


def _kept(operator: TrionOperator) -> str:
    return f"angular momentum {operator.momentum}" if operator.momentum else "fully symmetric"


def remark(operator: TrionOperator, species: str) -> list[str]:
    """Say which states a symmetric sector leaves out."""
    if operator.symmetry == "none":
        return []
    text = (
        f"{species}: solver.symmetry = {operator.symmetry} finds"
        f" {_kept(operator)}{'' if operator.momentum else ' (bright)'} states only"
    )
    if operator.problem.identical and not operator.momentum:
        text += '; the dark p-like state needs solver.symmetry = "none"'
    return [text]

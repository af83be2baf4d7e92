"""The datasets of a result, and the text of a binding energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mpi4py import MPI

from hpcx.exciton.carriers import Species, band_edge, is_bright
from hpcx.exciton.labels import Labels
from hpcx.exciton.observables import level_width
from hpcx.exciton.problem import ExcitonProblem
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.parallel.layout import own_rows
from hpcx.units import from_internal

if TYPE_CHECKING:
    from hpcx.exciton.solve import ExcitonStates

#: kind of texts in the files of points; `sweep.h5` stacks numbers alone
TEXT = "U8"
#: why a pair has no optical energy
DARK = "NaN: light makes no such pair without phonons"


def add_energies(
    result: Result, group: str, name: str, energy: np.ndarray, gap: float | None, bright: bool | None = None
) -> None:
    """Put energies (state,) from the band edges in eV under `group`,
    and with a band gap those of optical transitions, NaN if pairs may be dark and this one is.
    """
    zero = "from the band edges" if gap is None else "with the band gap, as optical_energy"
    result.add(f"{group}/energy", energy + (gap or 0.0), ("state",), "eV", f"{name} energy {zero}")
    result.add(f"{group}/energy_from_band_edge", energy, ("state",), "eV", f"{name} energy from the band edges")
    if gap is not None:
        text = f"photon energy of the optical transition to the {name}: band gap and energy from the band edges"
        photon, missing = energy + gap * (np.nan if bright is False else 1), "" if bright is None else DARK
        result.add(f"{group}/optical_energy", photon, ("state",), "eV", text, missing=missing)


def binding_text(binding: float, gap: float | None) -> str:
    """Return a binding energy in eV as text in meV, with the exciton's optical transition if the band gap is known."""
    text = f"{from_internal(binding, 'meV'):.2f} meV"
    return text if gap is None else f"{text}, optical transition at {gap - binding:.4f} eV (band gap {gap:g} eV)"


def add_oscillator_strength(result: Result, group: str, weight: np.ndarray) -> None:
    """Put the oscillator strengths (state,) under `group`."""
    result.add(f"{group}/oscillator_strength", weight, ("state",), "1", "squared optical matrix element")


def add_degeneracy(result: Result, group: str, sizes: np.ndarray, tolerance: float, where: str = "") -> None:
    """Put the sizes (state,) of the states' levels under `group`; `where` says among which states, as " of ..."."""
    width = level_width(tolerance)
    text = f"number of states{where} in the level of each state (neighbours up to {width:g} eV apart)"
    result.add(f"{group}/degeneracy", sizes, ("state",), "1", text)


def add_representations(
    result: Result, group: str, name: np.ndarray, irrep: np.ndarray, what: str, more: str = "", along: str = "path"
) -> None:
    """Put the names of point groups (...), which `what` explains, and of representations (..., state) under `group`;
    `...` is nothing or the axis `along`.
    """
    dims, text = (along,) * name.ndim, "irreducible representation of the point group, +- its row" + more
    result.add(f"{group}/point_group", name.astype(TEXT), dims, "1", f"point group of {what}")
    result.add(f"{group}/irrep", irrep.astype(TEXT), (*dims, "state"), "1", text)


def add_labels(result: Result, labels: Labels) -> None:
    """Put the labels of the exciton's states under /exciton."""
    what = "unitary operations on the envelope of an exciton"
    add_representations(result, "exciton", np.array(labels.group), np.array(labels.irrep), what)
    text = "1s, 2p-, ... by the largest angular momentum of the envelope; n counts states of one m"
    result.add("exciton/label", np.array(labels.name, TEXT), ("state",), "1", text)
    result.add(
        "exciton/angular_share",
        np.array(labels.share),
        ("state",),
        "1",
        "weight of this angular momentum, of m and -m together if they are mixed",
    )


def add_exciton(
    result: Result, problem: ExcitonProblem, states: ExcitonStates, gap: float | None, tolerance: float
) -> None:
    """Put the exciton's energies under /exciton; the band `gap` moves energies, not binding energies;
    `tolerance` of the solver.
    """
    add_energies(result, "exciton", "exciton", states.energy, gap, bool(problem.dipole_k.any()))
    result.add("exciton/binding_energy", -states.energy[0], (), "eV", "exciton binding energy")
    add_degeneracy(result, "exciton", states.degeneracy, tolerance)
    add_labels(result, states.labels)
    correction = problem.finite_mesh_correction
    result.add(
        "exciton/finite_mesh_correction",
        correction,
        (),
        "eV",
        "first-order error of the binding energy due to the finite mesh",
    )
    result.add("exciton/dimension", problem.mesh.size, (), "1", "number of mesh points")


def add_pair(result: Result, pair: tuple[Species, Species], words: str, energy: float) -> None:
    """Put the band edges of named carriers under /exciton; `energy` is that of the lowest state from them, eV."""
    edge = band_edge(pair)
    text = "energy of electron and hole at their valleys' centres, above those of the lowest bands of the K valleys"
    result.add("exciton/band_edge", edge, (), "eV", text, missing="NaN: the material gives no band edge for a carrier")
    above = f": lowest state {from_internal(edge + energy, 'meV'):.3f} meV from the lowest band edges of K"
    result.summary.append(f"{words}{'' if is_bright(pair) else ' (dark)'}{'' if np.isnan(edge) else above}")


def add_momenta(
    result: Result,
    group: str,
    momentum_kx: np.ndarray,
    start: int,
    points: int,
    what: str = "momentum from the valley's centre",
) -> None:
    """Put this rank's momenta (1/nm), numbers `start` and following of all `points`, under `group` as kx and ky."""
    for axis, name in enumerate(("kx", "ky")):
        text, path = f"{what}, {name[-1]}", f"{group}/{name}"
        result.add_internal(path, momentum_kx[:, axis], ("point",), "1/angstrom", text, start=start, rows=points)


def add_wavefunction(comm: MPI.Comm, result: Result, problem: ExcitonProblem, states: ExcitonStates) -> None:
    """Put the amplitudes with their momenta under /exciton, every rank its points."""
    own, points = own_rows(comm, problem.mesh.size), problem.mesh.size
    add_momenta(result, "exciton", problem.mesh.momentum_kx[own], own.start, points)
    part = Part.block((len(states.energy), points), (slice(0, len(states.energy)), own))
    text = "amplitude A(k), the sum of |A|^2 over the points is 1; a crystal of N x N cells"
    result.add("exciton/wavefunction", states.amplitude_sk, ("state", "point"), "1", text, part=part)

"""Electron-hole exchange of excitons on disks: a pair in one valley is destroyed,
and one of the same momentum made in it or in the other one.

In the basis of pairs with the hole at k and the electron at k + Q, both from the valley's centre, for the valleys a, b
= K, K',

    X_ka,k'b = + U(Q) / (N^2 A) O_a(k) conj(O_b(k')),   O_a(k) = <c k+Q|v k> of the states of valley a,

in the atomic gauge, with U(Q) = 2 pi e^2 / (Q eps(Q)): the G = 0 part of the exchange of point-like orbitals. O
vanishes linearly with Q, so that nothing diverges. Two equal bright excitons of wavefunction A_a split into a
transverse one, which X does not move, and a longitudinal one at 2 U |sum_k conj(O) A|^2 / (N^2 A) above. What is of
short range does not vanish with Q and, for threefold symmetry, does not couple the valleys: a contact J / (N^2 A) of
all pairs of one valley.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from mpi4py import MPI
from scipy.linalg import eigh

from hpcx.exciton.carriers import carrier_bands
from hpcx.exciton.config import CarriersInput, Config
from hpcx.exciton.exchange_labels import ValleyMirror
from hpcx.exciton.observables import degeneracy, level_width
from hpcx.exciton.operator import ExcitonOperator
from hpcx.exciton.output import add_representations
from hpcx.exciton.problem import DENSE_LIMIT, ExcitonProblem, material_interaction
from hpcx.exciton.saved_states import BlockOrder, SavedStates, SideBySide
from hpcx.io.result import Result
from hpcx.io.stages import Stage, Stages
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.petsc.eigen import lowest_states
from hpcx.petsc.start import keyed_noise
from hpcx.physics.anisotropic import at_momenta
from hpcx.physics.bands import Band, Carrier
from hpcx.physics.constants import COULOMB
from hpcx.physics.mesh import ValleyMesh
from hpcx.physics.valley_bands import interband
from hpcx.units import from_internal


def exchange_grid(config: CarriersInput, material: Material, mesh: ValleyMesh, screening: str) -> np.ndarray:
    """Return U(q) / (N^2 A) in eV over all differences of mesh points, (4 m + 1, 4 m + 1), with zero in the middle.

    U is screened as the interaction is ("layer"), or by the surroundings of the layer alone. Raises ValueError if these
    are not known.
    """
    law = material_interaction(config, material, with_layer=screening == "layer")
    reach = 2 * mesh.reach
    index = np.stack(list(np.mgrid[-reach : reach + 1, -reach : reach + 1]), axis=-1)
    momentum_ijx = mesh.momentum(index)
    momentum_ijx[reach, reach] = 1
    u_ij = COULOMB * at_momenta(law, momentum_ijx) / (mesh.divisions**2 * mesh.cell_area)
    u_ij[reach, reach] = 0
    return u_ij


@dataclass(frozen=True)
class MovingPair:
    """Pairs of one valley and momentum Q.

    Attributes:
        problem: without exchange; its mesh are the points of the hole.
        overlap_k: O(k), (n,).
    """

    problem: ExcitonProblem
    overlap_k: np.ndarray


def moving_pair(exciton: ExcitonProblem, electron: Band, hole: Band, momentum: tuple[int, int]) -> MovingPair:
    """Return the pairs of two bands on the exciton's mesh with the pair momentum of these integers;
    both carriers stay in the disk.
    """
    mesh = exciton.mesh
    far = 2 * mesh.reach
    electron_k = mesh.lookup(*np.clip(mesh.index_kx + momentum, -far, far).T)
    hole_k = np.flatnonzero(electron_k >= 0)
    electron_k = electron_k[hole_k]
    first, second = (
        Band(band.energy_k[k], band.spinor_ck[:, k]) for band, k in ((electron, electron_k), (hole, hole_k))
    )
    problem = ExcitonProblem(
        replace(mesh, index_kx=mesh.index_kx[hole_k]), first, second, exciton.w_ij, 0.0, np.zeros(len(hole_k), complex)
    )
    return MovingPair(problem, interband(electron, hole, electron_k, hole_k))


class ExchangeOperator:
    """Products with the Hamiltonian of pairs in both valleys: each rank owns blocks of rows of both.

    Attributes:
        rows, dtype, flops: as of other operators.
    """

    def __init__(self, comm: MPI.Comm, pairs: list[MovingPair], strength: float, contact: float = 0.0) -> None:
        """Take the pairs of every valley, U(Q) / (N^2 A), and J / (N^2 A), eV."""
        self.comm, self._strength, self._contact = comm, strength, contact
        self._operators = [ExcitonOperator(comm, pair.problem) for pair in pairs]
        self.own = [operator.own for operator in self._operators]
        self._cuts = np.cumsum([operator.rows for operator in self._operators])
        self.rows, self.dtype, self.flops = (
            int(self._cuts[-1]),
            complex,
            sum(operator.flops for operator in self._operators),
        )
        self._overlap = np.concatenate([pair.overlap_k[own] for pair, own in zip(pairs, self.own, strict=True)])

    def apply(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's rows of the product, in `out` if there is one, eV; collective."""
        y, parts = np.empty(self.rows, complex) if out is None else out, np.split(x, self._cuts[:-1])
        np.concatenate([operator.apply(part) for operator, part in zip(self._operators, parts, strict=True)], out=y)
        if self._contact:
            total = self.comm.allreduce(np.array([part.sum() for part in parts]))
            y += self._contact * np.repeat(total, [len(part) for part in parts])
        y += self._strength * self._overlap * self.polarisation(x)
        return y

    def whole(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the whole vectors of both valleys; collective."""
        parts = np.split(x, self._cuts[:-1])
        return [operator.whole(part) for operator, part in zip(self._operators, parts, strict=True)]

    def polarisation(self, x: np.ndarray) -> complex:
        """Return sum_k conj(O(k)) x(k) over both valleys; collective."""
        return self.comm.allreduce(np.vdot(self._overlap, x))


def lowest_with_exchange(
    comm: MPI.Comm,
    pairs: list[MovingPair],
    strength: float,
    states: int,
    tolerance: float,
    stage: Stage | None = None,
    contact: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the lowest energies (state,), eV, the longitudinal share |sum conj(O) A|^2 / sum |O|^2 of each, and what
    each is in the mirror through Q; collective. Raises Stopped.
    """
    norm, width = sum(float((np.abs(pair.overlap_k) ** 2).sum()) for pair in pairs) or 1.0, level_width(tolerance)
    if sum(pair.problem.mesh.size for pair in pairs) <= DENSE_LIMIT:
        operator = ExchangeOperator(MPI.COMM_SELF, pairs, strength, contact)
        energy, vector_ks = eigh(dense_with_exchange(pairs, strength, contact))
        energy = energy[: states + int(degeneracy(energy, width)[states - 1])]
        vectors = np.ascontiguousarray(vector_ks.T[: len(energy)])
    else:
        operator = ExchangeOperator(comm, pairs, strength, contact)
        energy, vectors = _found(operator, pairs, states, tolerance, stage)
    mirror = ValleyMirror(operator, pairs, width, partial(_draw, operator, pairs))
    vectors, irreps = mirror.settle(energy, vectors)
    share = [abs(operator.polarisation(vector)) ** 2 / norm for vector in vectors[:states]]
    return energy[:states], np.array(share), irreps[:states]


def _draw(operator: ExchangeOperator, pairs: list[MovingPair], number: int) -> np.ndarray:
    """Return this rank's rows of a random vector of low kinetic energy, another one in each valley."""
    kinetic = [
        pair.problem.kinetic_k[own] / pair.problem.kinetic_k.mean()
        for pair, own in zip(pairs, operator.own, strict=True)
    ]
    noise = [
        keyed_noise(np.arange(own.start, own.stop), 2 * number + valley) for valley, own in enumerate(operator.own)
    ]
    return np.concatenate([np.exp(-e) * (n if number else 1 + n) for e, n in zip(kinetic, noise, strict=True)])


def _found(
    operator: ExchangeOperator, pairs: list[MovingPair], states: int, tolerance: float, stage: Stage | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return energies and vectors of the lowest levels by SLEPc; collective."""
    comm = operator.comm
    order = SideBySide(
        [BlockOrder(comm, pair.problem.mesh.size) for pair in pairs],
        np.array([operator.own[0].stop - operator.own[0].start]),
    )
    saved, draw = SavedStates(stage or Stages(comm, Run()).stage("exchange"), order), partial(_draw, operator, pairs)
    found = lowest_states(
        comm, operator, states, tolerance, "exciton_", draw, level_width(tolerance), saved.known(), keep=saved.keep
    )
    saved.finish(found.vectors)
    return found.values, found.vectors


def dense_with_exchange(pairs: list[MovingPair], strength: float, contact: float = 0.0) -> np.ndarray:
    """Return the Hamiltonian as a matrix, valley after valley, eV."""
    overlap = np.concatenate([pair.overlap_k for pair in pairs])
    first = pairs[0].problem.mesh.size
    h = strength * np.outer(overlap, overlap.conj())
    h[:first, :first] += pairs[0].problem.dense() + contact
    h[first:, first:] += pairs[1].problem.dense() + contact
    return h


def bright_pairs(
    config: Config, material: Material, exciton: ExcitonProblem, momentum: tuple[int, int]
) -> list[MovingPair]:
    """Return the A pairs of K and K' with a momentum."""
    model, momentum_kx = carrier_bands(config, material), exciton.mesh.momentum_kx
    bands = [[model.band(momentum_kx, Carrier(1, valley, kind)) for kind in (True, False)] for valley in (1, -1)]
    return [moving_pair(exciton, electron, hole, momentum) for electron, hole in bands]


def add_exchange(stages: Stages, result: Result, config: Config, material: Material, exciton: ExcitonProblem) -> None:
    """Put energies of A excitons of K and K' at the momenta of the input, without and with exchange,
    under /exciton/exchange; collective.

    Raises Stopped.
    """
    settings, mesh, solver = config.exchange, exciton.mesh, config.solver
    u_ij = (
        settings.spinless_factor
        * settings.long_range
        * exchange_grid(config, material, mesh, settings.screening if settings.long_range else "layer")
    )
    contact = config.internal.exchange.contact / (mesh.divisions**2 * mesh.cell_area)
    found = []
    for m in settings.momenta:
        pairs, strength = bright_pairs(config, material, exciton, (m, 0)), u_ij[2 * mesh.reach + m, 2 * mesh.reach]
        settled = (solver.states, solver.tolerance)
        stage = [stages.stage(f"exchange/{m}/{on}") for on in (0, 1)]
        found.append(
            [
                lowest_with_exchange(stages.comm, pairs, on * strength, *settled, stage[on], on * contact)
                for on in (0, 1)
            ]
        )
        stages.checkpoint_if_due()
    without, with_exchange, share = (
        [np.asarray(part) for part in parts] for parts in zip(*((a[0], b[0], b[1]) for a, b in found), strict=True)
    )
    irrep = np.array([on[2] for _, on in found])
    group = np.where(irrep[:, 0] == "A", "C1", "Cs")
    momentum = np.linalg.norm(mesh.momentum(np.array([[m, 0] for m in settings.momenta])), axis=1)
    place = "exciton/exchange"
    result.add_internal(f"{place}/momentum", momentum, ("momentum",), "1/angstrom", "pair momentum, along b1")
    result.add(
        f"{place}/energy",
        np.array(with_exchange),
        ("momentum", "state"),
        "eV",
        "A excitons of K and K' with exchange, from the band edges",
    )
    result.add(f"{place}/energy_without", np.array(without), ("momentum", "state"), "eV", "the same without exchange")
    result.add(
        f"{place}/longitudinal",
        np.array(share),
        ("momentum", "state"),
        "1",
        "weight of the state in the macroscopic polarisation",
    )
    what = "the mirror that holds the pair momentum and exchanges the valleys"
    add_representations(result, place, group, irrep, what, ": A' longitudinal, A'' transverse", "momentum")
    for q, energy, part in zip(momentum, with_exchange, share, strict=True):
        split = from_internal(energy[int(np.argmax(part))] - energy[0], "meV") if part.any() else 0.0
        result.summary.append(
            f"exchange: {split:.3f} meV between the longitudinal and the lowest exciton at"
            f" {from_internal(q, '1/angstrom'):.4f} 1/angstrom"
        )

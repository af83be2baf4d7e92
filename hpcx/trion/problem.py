"""The trion's discrete problem: a mesh, three carriers, and the interaction between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hpcx.exciton.carriers import Label, Species, carrier_bands, conduction_order
from hpcx.exciton.problem import ExcitonProblem, exciton_problem, pair_problem, surroundings
from hpcx.materials.environment import alike, apart
from hpcx.materials.loader import Material
from hpcx.physics.bands import Band, Carrier
from hpcx.physics.interaction import layer_interaction
from hpcx.physics.mesh import MovingMesh, ValleyMesh
from hpcx.physics.screening import interaction_grid
from hpcx.trion.channels import channel
from hpcx.trion.config import Config

#: how far a momentum may be from a point of the mesh, in distances of points
_ON_MESH = 1e-6


@dataclass(frozen=True)
class TrionProblem:
    """Two like charges k1, k2 and an opposite one k3 = k1 + k2, all within the mesh.

    (H C)(k1,k2) = [e1 + e2 + e3] C - sum_k1' w <1 k1|1 k1'> <3 k3'|3 k3> C(k1',k2) - the same for k2
    + sum_k1' w <1 k1|1 k1'> <2 k2|2 k2'> C(k1', k3 - k1'): Tempelaar and Berkelbach, Nat. Commun. 10, 3419 (2019). For
    two holes and an electron the spinors are complex conjugated.

    Attributes:
        mesh: the points.
        photoexcited: the like carrier that light creates.
        resident: the like carrier that was there before.
        opposite: the carrier of opposite charge.
        identical: the like charges are in the same band, and C(k2,k1) = -C(k1,k2).
        w_ij: interaction over mesh differences, W / (N^2 A), eV: of all carriers, or the attraction alone.
        dipole_k: optical matrix element, (n,).
        initial: number of the point at which the resident carrier was.
        repulsion_ij: of the like carriers, if it is another one: the opposite carrier is in another sheet.
    """

    mesh: ValleyMesh
    photoexcited: Band
    resident: Band
    opposite: Band
    identical: bool
    w_ij: np.ndarray
    dipole_k: np.ndarray
    initial: int = 0
    repulsion_ij: np.ndarray | None = None

    @property
    def interactions(self) -> list[np.ndarray]:
        """The interaction of all carriers, or attraction and repulsion."""
        return [self.w_ij] if self.repulsion_ij is None else [self.w_ij, self.repulsion_ij]

    @property
    def components(self) -> int:
        """Largest number of components of a carrier's spinor."""
        return max(len(band.spinor_ck) for band in (self.photoexcited, self.resident, self.opposite))

    def kinetic(self, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return the energy of three free carriers for point numbers k1, k2, eV."""
        total = self.photoexcited.energy_k[k1] + self.resident.energy_k[k2]
        return total + self.opposite.energy_k[self.mesh.add(k1, k2)]

    def created(self, k1: np.ndarray, k2: np.ndarray) -> np.ndarray:
        """Return V|i>, what light makes of the resident carrier at its initial point, for point numbers k1, k2."""
        amplitude = self.dipole_k[k1] * (k2 == self.initial)
        if not self.identical:
            return amplitude
        return (amplitude - self.dipole_k[k2] * (k1 == self.initial)) / np.sqrt(2)


def carriers(order: str, species: str, charge: int, transition: str) -> tuple[Carrier, Carrier, Carrier]:
    """Return the photoexcited, resident and opposite carrier of a trion.

    `order` is "bright" if the conduction band with the spin of the upper valence band is the lower one, else "dark".
    The photoexcited and the opposite carrier are at K; the resident one is the lowest of its kind, of the other spin
    (singlet) or the same (triplet).
    """
    pair = 1 if transition == "A" else -1
    if charge > 0:
        return Carrier(pair, 1, False), Carrier(1, -1 if species == "singlet" else 1, False), Carrier(pair, 1, True)
    if order == "bright":
        second = Carrier(1, -1 if species == "singlet" else 1, True)
    else:
        second = Carrier(-1, 1 if species == "singlet" else -1, True)
    return Carrier(pair, 1, True), second, Carrier(pair, 1, False)


def exciton_of(config: Config, material: Material) -> ExcitonProblem:
    """Return the exciton of the trion's own mesh and transition."""
    return exciton_problem(config, material, config.trion.transition)


def three_carriers(config: Config, material: Material, name: str) -> tuple[Label, Label, Label]:
    """Return the carriers of a species or a channel as the band model knows them;
    raises MaterialError, CarrierError.
    """
    if name in config.trion.channels:
        first, second, third = channel(config, material, name)
        return first.label, second.label, third.label
    return carriers(conduction_order(config, material), name, config.trion.charge, config.trion.transition)


def three_bands(config: Config, material: Material, mesh: ValleyMesh, name: str) -> list[Band]:
    """Return the bands of the carriers of a species or a channel on a mesh."""
    model = carrier_bands(config, material)
    return [model.band(mesh.momentum_kx, carrier) for carrier in three_carriers(config, material, name)]


def trion_problem(config: Config, material: Material, exciton: ExcitonProblem, name: str) -> TrionProblem:
    """Return a species or a channel of an input on its exciton's mesh;
    raises MaterialError for an unknown `carriers.order`, CarrierError, ValueError.
    """
    three = three_carriers(config, material, name)
    first, second, third = three_bands(config, material, exciton.mesh, name)
    dipole_k = (
        pair_problem(config, material, exciton, channel_pair(config, material, name, 0)).dipole_k
        if name in config.trion.channels
        else exciton.dipole_k
    )
    if not three[0].conduction:
        first, second, third = first.conjugate(), second.conjugate(), third.conjugate()
    repulsion_ij = _repulsion(config, material, exciton.mesh, "electron" if three[0].conduction else "hole")
    at_rest = TrionProblem(
        exciton.mesh, first, second, third, three[0] == three[1], exciton.w_ij, dipole_k, repulsion_ij=repulsion_ij
    )
    point = momentum_point(config, exciton.mesh)
    # the points of holes are those of the electrons that are missing: opposite momenta
    return moving_problem(at_rest, point if three[0].conduction else int(exciton.mesh.inverse_k[point]))


def moving_problem(problem: TrionProblem, point: int) -> TrionProblem:
    """Return the problem whose total momentum is that of a point, at which the resident carrier was;
    it has no point symmetry unless that is 0.
    """
    if point == 0:
        return problem
    mesh = problem.mesh
    moving = MovingMesh(mesh.divisions, mesh.cutoff, mesh.lattice, mesh.index_kx, point)
    return replace(problem, mesh=moving, initial=point)


def momentum_point(config: Config, mesh: ValleyMesh) -> int:
    """Return the number of the point at the total momentum of an input; raises ValueError if there is none."""
    place_v = np.array(config.trion.momentum) * mesh.divisions
    if np.abs(place_v - np.rint(place_v)).max() > _ON_MESH:
        raise ValueError(f"is not a point of the mesh: multiples of 1/{mesh.divisions} are")
    far = 2 * mesh.reach
    point = int(mesh.lookup(*np.clip(np.rint(place_v).astype(int), -far, far)))
    if point < 0:
        raise ValueError(f"is outside the disk, mesh.k0 = {mesh.cutoff:g}")
    return point


def _repulsion(config: Config, material: Material, mesh: ValleyMesh, like: str) -> np.ndarray | None:
    """Return the interaction of the like carriers if the opposite one is in another sheet, W / (N^2 A), eV."""
    around = surroundings(config)
    return (
        interaction_grid(mesh, layer_interaction(material, alike(around, like)), config.screening.w0)
        if apart(around)
        else None
    )


def channel_pair(config: Config, material: Material, name: str, like: int) -> tuple[Species, Species]:
    """Return electron and hole of a channel: like carrier 0 or 1 and the opposite one; raises CarrierError."""
    three = channel(config, material, name)
    return (three[2], three[like]) if three[2].label.conduction else (three[like], three[2])

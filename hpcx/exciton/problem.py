"""The exciton's discrete problem: mesh, two bands, interaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hpcx.exciton.carriers import Species, carrier_bands, dipole, named_pair, pair_labels
from hpcx.exciton.config import CarriersInput
from hpcx.exciton.tight_binding import load_valleys
from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material
from hpcx.physics.anisotropic import AnisotropicLayer
from hpcx.physics.bands import Band
from hpcx.physics.interaction import Interaction, interaction_of, layer_interaction
from hpcx.physics.lattice import Lattice, hexagonal
from hpcx.physics.mesh import ValleyMesh, count_points, lattice_mesh
from hpcx.physics.screening import finite_mesh_correction, interaction_between, interaction_grid

#: largest mesh whose Hamiltonian is diagonalised as a matrix: faster than products, and exact
DENSE_LIMIT = 300
#: points and divisions below which binding energies on a disk are wrong by 10 % and more (measured for MoS2, any k0)
_FEW_POINTS, _FEW_DIVISIONS = 19, 20


@dataclass(frozen=True)
class ExcitonProblem:
    """H(k, k') = (e_e + e_h) delta - w(k - k') <c k|c k'> <v k'|v k>, Tempelaar and Berkelbach, Nat.
    Commun. 10, 3419 (2019).

    Attributes:
        mesh: the points k.
        electron: conduction band.
        hole: valence band.
        w_ij: interaction over mesh differences, W / (N^2 A), eV.
        finite_mesh_correction: first-order error of the binding energy that the mesh makes, eV.
        dipole_k: optical matrix element for the helicity of the light, (n,).
    """

    mesh: ValleyMesh
    electron: Band
    hole: Band
    w_ij: np.ndarray
    finite_mesh_correction: float
    dipole_k: np.ndarray

    @property
    def bands(self) -> dict[str, Band]:
        """Both bands by the names of their carriers."""
        return {"electron": self.electron, "hole": self.hole}

    @property
    def kinetic_k(self) -> np.ndarray:
        """Energy of the free pair, (n,), eV."""
        return self.electron.energy_k + self.hole.energy_k

    @property
    def pair_spinor_sk(self) -> np.ndarray:
        """Products t of components with <c k|c k'> <v k'|v k> = sum_s t_s(k) conj t_s(k'), shape (components, n)."""
        return (self.electron.spinor_ck.conj()[:, None] * self.hole.spinor_ck[None]).reshape(-1, self.mesh.size)

    def dense(self) -> np.ndarray:
        """Return the Hamiltonian as a matrix (n, n), eV."""
        spinor_sk = self.pair_spinor_sk
        overlap = spinor_sk.T @ spinor_sk.conj()
        return np.diag(self.kinetic_k) - interaction_between(self.w_ij, *(self.mesh.index_kx,) * 2) * overlap


def carrier_lattice(config: CarriersInput, material: Material) -> Lattice:
    """Return the lattice of an input: that of its tight-binding model, or the material's."""
    if config.bands.model == "tight-binding":
        return load_valleys(config.tight_binding).lattice
    return hexagonal(material.number("lattice.constant", "nm"))


def carrier_mesh(config: CarriersInput, material: Material) -> ValleyMesh:
    """Return the mesh of an input."""
    return lattice_mesh(config.mesh.N, config.mesh.cutoff, carrier_lattice(config, material))


def mesh_points(config: CarriersInput, material: Material) -> int:
    """Return the number of points of an input's mesh, without making it."""
    return count_points(config.mesh.N, config.mesh.cutoff, carrier_lattice(config, material))


def coarse_mesh(config: CarriersInput, material: Material) -> list[str]:
    """Return a warning if the mesh of an input is too coarse to mean anything."""
    points, mesh = mesh_points(config, material), config.mesh
    if points >= _FEW_POINTS and mesh.N >= _FEW_DIVISIONS:
        return []
    return [
        f"mesh.N = {mesh.N}, mesh.k0 = {mesh.cutoff:g}: {points} points are too coarse a mesh; below {_FEW_POINTS}"
        f" points or mesh.N = {_FEW_DIVISIONS} binding energies are wrong by 10 % and more"
    ]


def surroundings(config: CarriersInput) -> Material:
    """Return the dielectric surroundings of an input."""
    return load_environment(config.screening.kappa if config.environment is None else config.environment)


def material_interaction(config: CarriersInput, material: Material, with_layer: bool = True) -> Interaction:
    """Return the interaction in the layer, or in its surroundings alone;
    raises ValueError for surroundings that make no sense.
    """
    around, kind, along_y = surroundings(config), config.screening.interaction, config.internal.screening.r0_y
    if with_layer and along_y is not None:
        return AnisotropicLayer.in_surroundings(material.number("interaction.r0", "nm"), around, along_y)
    if with_layer:
        return layer_interaction(material, around, kind)
    if around.knows_layer:
        raise ValueError(
            "a table or sheets describe layer and surroundings together: the screening by the surroundings alone is"
            " unknown"
        )
    return interaction_of(0.0, around, kind)


def pair_bands(
    config: CarriersInput, material: Material, transition: str = "A", mesh: ValleyMesh | None = None
) -> dict[str, Band]:
    """Return the bands of "electron" and "hole" on the mesh of an input, which may name these carriers;
    else those of a `transition` of the K valley, "A" or "B".
    """
    momentum_kx, model = (mesh or carrier_mesh(config, material)).momentum_kx, carrier_bands(config, material)
    electron, hole = (model.band(momentum_kx, label) for label in pair_labels(config, material, transition))
    return {"electron": electron, "hole": hole}


def exciton_problem(config: CarriersInput, material: Material, transition: str = "A") -> ExcitonProblem:
    """Return the exciton of the carriers that an input names, else that of a `transition` of the K valley,
    "A" or "B"; raises CarrierError.
    """
    mesh, model, named = carrier_mesh(config, material), carrier_bands(config, material), named_pair(config, material)
    bands = pair_bands(config, material, transition, mesh)
    pair = bands["electron"], bands["hole"]
    helicity = config.absorption.helicity
    dipole_k = dipole(model, named, pair, helicity) if named else model.dipole(*pair, helicity)
    law, w0 = material_interaction(config, material), config.screening.w0
    correction = finite_mesh_correction(mesh, law, w0)
    return ExcitonProblem(mesh, *pair, interaction_grid(mesh, law, w0), correction, dipole_k)


def pair_problem(
    config: CarriersInput, material: Material, exciton: ExcitonProblem, pair: tuple[Species, Species]
) -> ExcitonProblem:
    """Return the exciton of another electron and hole on the mesh of `exciton`."""
    model = carrier_bands(config, material)
    electron, hole = (model.band(exciton.mesh.momentum_kx, species.label) for species in pair)
    dipole_k = dipole(model, pair, (electron, hole), config.absorption.helicity)
    return replace(exciton, electron=electron, hole=hole, dipole_k=dipole_k)

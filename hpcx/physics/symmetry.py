"""Whether bands and interaction on a mesh have a point symmetry:
every generator is tested on what the Hamiltonian is made of.

A symmetric sector is right if energies and overlaps of all carriers and the interaction are the same at all points of
an orbit: e(g k) = e(k), w(g q) = w(q), <g k|g k'> = <k|k'>, complex conjugated if g is antiunitary. The last holds for
all pairs of points if and only if one unitary matrix D gives the spinors u(g k) = D u(k), or D conj u(k); the best D is
found without any pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hpcx.physics.bands import Band
from hpcx.physics.mesh import POINT_GROUPS, Operation, ValleyMesh

#: largest change, relative to 1 eV, to overlaps of 1, to the largest matrix element of the interaction
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Deviation:
    """By how much an operation changes a quantity.

    Attributes:
        operation: what is done.
        quantity: what should not change.
        value: largest change, in `unit`; infinite if the quantity is another one afterwards.
        scale: of the quantity, in the same unit: the change matters in relation to it.
        unit: "eV", or "" for numbers without.
    """

    operation: str
    quantity: str
    value: float
    scale: float
    unit: str

    def exceeds(self, tolerance: float) -> bool:
        """Return whether the change is more than `tolerance` times the scale."""
        return self.value > tolerance * self.scale

    def __str__(self) -> str:
        """Return a clause for a message."""
        size = f"{1e3 * self.value:.3g} meV" if self.unit == "eV" else f"{self.value:.3g}"
        by = "" if self.value == np.inf else f" by up to {size}"
        return f"{self.operation} changes {self.quantity}{by}"


def deviations(
    mesh: ValleyMesh,
    symmetry: str,
    bands: Mapping[str, Band],
    w_ij: np.ndarray,
    dipole_k: np.ndarray,
    any_phase: bool = False,
) -> list[Deviation]:
    """Return the deviations under the generators of a symmetry (of `POINT_GROUPS`);
    the costs are linear in the number of points.

    Args:
        mesh: the points.
        symmetry: of which the generators are tested.
        bands: by the names of the carriers.
        w_ij: interaction over mesh differences, as from `interaction_grid`.
        dipole_k: optical matrix element, (n,).
        any_phase: whether the matrix element may change by a constant phase.
    """
    generators = POINT_GROUPS[symmetry].generators
    if not POINT_GROUPS[symmetry].fits(mesh.lattice):
        return [Deviation(next(iter(generators)), "the lattice, which is not hexagonal", np.inf, 1.0, "")]
    found = []
    for name, operation in generators.items():
        move, conjugates = mesh.images(operation), operation.conjugates
        found += [
            Deviation(name, f"the {what}", value, scale, unit)
            for what, value, scale, unit in (
                *_of_bands(bands, move, conjugates),
                _of_interaction(w_ij, operation),
                _of_dipole(dipole_k, move, conjugates, any_phase),
            )
        ]
    return found


def keeps(mesh: ValleyMesh, operation: Operation, bands: Mapping[str, Band], w_ij: np.ndarray) -> bool:
    """Return whether an operation of the mesh's integers keeps mesh, bands and interaction as they are."""
    move = mesh.images(operation)
    changes = (*_of_bands(bands, move, operation.conjugates), _of_interaction(w_ij, operation))
    return bool((move >= 0).all()) and all(value <= TOLERANCE * scale for _, value, scale, _ in changes)


def _of_bands(bands: Mapping[str, Band], move: np.ndarray, conjugates: bool) -> Iterator[tuple[str, float, float, str]]:
    for name, band in bands.items():
        yield f"energy of the {name} carrier", float(np.abs(band.energy_k[move] - band.energy_k).max()), 1.0, "eV"
        yield f"overlaps of the {name} carrier", _of_spinors(band.spinor_ck, move, conjugates), 1.0, ""


def _of_spinors(spinor_ck: np.ndarray, move: np.ndarray, conjugates: bool) -> float:
    """Return max |u(g k) - D u(k)| for the best unitary D: overlaps differ by twice that at most."""
    image_ck, plain_ck = spinor_ck[:, move], spinor_ck.conj() if conjugates else spinor_ck
    left, _, right = np.linalg.svd(image_ck @ plain_ck.conj().T)
    return float(np.linalg.norm(image_ck - left @ right @ plain_ck, axis=0).max())


def _of_interaction(w_ij: np.ndarray, operation: Operation) -> tuple[str, float, float, str]:
    """Compare w at all differences whose images are in the table, too."""
    reach = w_ij.shape[0] // 2
    image_i, image_j = np.einsum("xy,yij->xij", operation.matrix_xx, np.indices(w_ij.shape) - reach)
    inside = (np.abs(image_i) <= reach) & (np.abs(image_j) <= reach)
    change = np.abs(w_ij[image_i[inside] + reach, image_j[inside] + reach] - w_ij[inside]).max()
    return "interaction", float(change), float(np.abs(w_ij).max()), "eV"


def _of_dipole(
    dipole_k: np.ndarray, move: np.ndarray, conjugates: bool, any_phase: bool
) -> tuple[str, float, float, str]:
    image_k, plain_k = dipole_k[move], dipole_k.conj() if conjugates else dipole_k
    product = np.vdot(plain_k, image_k)
    phase = product / abs(product) if any_phase and abs(product) > 0 else 1.0
    return "optical matrix element", float(np.abs(image_k - phase * plain_k).max()), 1.0, ""

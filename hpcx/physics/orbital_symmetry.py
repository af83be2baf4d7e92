"""Point operations of a tight-binding model, and what they do to its orbitals, found from the model alone.

A symmetry g of the crystal gives H(g k) = D H(k) D^+ in the atomic gauge, with one unitary matrix D for all k; a shift
behind g is a phase of g k. D takes every site to its image. It is found as follows: the same sum A of Hamiltonians at
some k and of projectors on sites becomes B at the images, and D takes eigenvectors of A to those of B, up to a phase
of each. The phases follow from the matrix elements of the single terms between eigenvectors. Where no element joins
two sets of eigenvectors, their relative phase is open.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from hpcx.physics.lattice import lattice_of
from hpcx.physics.tightbinding import TightBinding, sites

#: distance up to which a site is the image of another, nm
_SAME_SITE = 1e-3
#: momenta at which Hamiltonians are compared, in fractions of the reciprocal vectors
_PROBES = np.outer(np.arange(1, 7), [0.7548776662466927, 0.5698402909980532]) % 1
#: relative size of what is rounding in the metric of a lattice
_ROUNDING = 1e-9
#: relative distance of eigenvalues and change of Hamiltonians that tell symmetry from accident
_DISTINCT, _ALIKE = 1e-6, 1e-2
#: relative size of a squared matrix element that joins two eigenvectors
_JOINED = 1e-12


@dataclass(frozen=True)
class PointOperation:
    """A rotation or reflection of the plane.

    Attributes:
        matrix_xx: what it does to places and momenta, (2, 2).
        fraction_vw: what it does to fractions of the model's reciprocal vectors, as f(g k) = f(k) @ fraction_vw.
        order: smallest n with g^n = 1.
        is_mirror: whether it is a reflection.
    """

    matrix_xx: np.ndarray
    fraction_vw: np.ndarray
    order: int
    is_mirror: bool

    def __str__(self) -> str:
        """Return a clause for a message."""
        angle = round(np.degrees(self.angle)) or 180
        return f"the mirror at {angle % 180} degrees" if self.is_mirror else f"the rotation by {angle} degrees"

    @property
    def angle(self) -> float:
        """Angle of the rotation, or of the mirror's line with the x axis."""
        return float(np.arctan2(self.matrix_xx[1, 0], self.matrix_xx[0, 0])) / (1 + self.is_mirror) % np.pi

    @property
    def of_spin(self) -> np.ndarray:
        """Return what it does to the states up and down of a spin, up to a phase, (2, 2)."""
        if self.is_mirror:  # the spin turns by 180 degrees about the normal of the mirror
            normal = np.exp(1j * (self.angle + np.pi / 2))
            return np.array([[0, normal.conj()], [normal, 0]])
        half = np.exp(0.5j * np.arctan2(self.matrix_xx[1, 0], self.matrix_xx[0, 0]))
        return np.diag([half.conj(), half])


@dataclass(frozen=True)
class OrbitalAction:
    """What an operation does to a model's orbitals.

    Attributes:
        operation: on momenta.
        shift_x: t of r -> g r + t, (2,), nm.
        matrices: D (orbital, orbital) in the atomic gauge, and another one if relative phases are open.
    """

    operation: PointOperation
    shift_x: np.ndarray
    matrices: list[np.ndarray]


def point_operations(model: TightBinding) -> list[PointOperation]:
    """Return the rotations of the lattice by 2 pi / n, largest n first, and its reflections.

    The first reflection leaves a shortest lattice vector as it is, if there is such a one.
    """
    lattice = lattice_of(model.lattice_vx)
    metric, found = lattice.reciprocal_vx @ lattice.reciprocal_vx.T, []
    for entries in itertools.product((-1, 0, 1), repeat=4):
        image_vw = np.array(entries).reshape(2, 2)
        if np.abs(image_vw @ metric @ image_vw.T - metric).max() < _ROUNDING * metric.max():
            matrix_xx = np.linalg.solve(lattice.reciprocal_vx, image_vw @ lattice.reciprocal_vx).T
            found.append(_operation(model, matrix_xx))
    turns = [one for one in found if not one.is_mirror and one.matrix_xx[1, 0] > -_ROUNDING and one.order > 1]
    turns = sorted(turns, key=lambda one: -one.order)
    along, apart = np.arctan2(*lattice.vectors_vx[0][::-1]), 2 * np.pi / turns[0].order
    mirrors = [one for one in found if one.is_mirror]
    return turns + sorted(mirrors, key=lambda one: (round((one.angle - along + 1e-7) % apart, 5), one.angle))


def _operation(model: TightBinding, matrix_xx: np.ndarray) -> PointOperation:
    fraction_vw = np.rint(model.reciprocal_vx @ matrix_xx.T @ np.linalg.inv(model.reciprocal_vx)).astype(int)
    is_mirror = bool(np.linalg.det(matrix_xx) < 0)
    angle = abs(np.arctan2(matrix_xx[1, 0], matrix_xx[0, 0]))
    order = 2 if is_mirror else 1 if angle < _ROUNDING else round(2 * np.pi / angle)
    return PointOperation(matrix_xx, fraction_vw, order, is_mirror)


def orbital_actions(
    model: TightBinding, operation: PointOperation, spin_i: np.ndarray | None = None
) -> Iterator[OrbitalAction]:
    """Yield what an operation may do to the orbitals; nothing if the model does not have it.

    Every way to take sites to sites is tried, at first those that keep the first orbital's site. `spin_i` are +1 and
    -1 for the spins of the orbitals, up and down in the same order; they settle relative phases of spins.
    """
    image_kx = _PROBES @ operation.fraction_vw @ model.reciprocal_vx
    plain_kij, image_kij = (_atomic_hamiltonian(model, k) for k in (_PROBES @ model.reciprocal_vx, image_kx))
    _, site_of = sites(model)
    for shift_x, flip, target_s in _site_images(model, operation):
        of_spin = operation.of_spin @ np.diag([1, flip])
        for spin in (None,) if spin_i is None else (spin_i, None):
            order, factor = (np.arange(model.orbitals), np.eye(1)) if spin is None else (_up_down(spin), of_spin)
            before = _split(plain_kij[:, order[:, None], order], factor)
            after = _split(image_kij[:, order[:, None], order], np.eye(len(factor)))
            on_site = site_of[order[: model.orbitals // len(factor)]]
            projectors = [np.diag(np.equal(on_site, s) + 0j) for s in range(len(target_s))]
            found = _matching([*before, *projectors], [*after, *(projectors[s] for s in target_s)])
            if found:
                back = np.argsort(order)
                matrices = [np.kron(factor, one)[back[:, None], back] for one in found]
                yield OrbitalAction(operation, shift_x, matrices)


def _atomic_hamiltonian(model: TightBinding, momentum_kx: np.ndarray) -> np.ndarray:
    """Return H(k) in the atomic gauge, (k, orbital, orbital), eV."""
    phase_ki = np.exp(1j * momentum_kx @ model.centre_ix[:, :2].T)
    return phase_ki.conj()[:, :, None] * model.hamiltonian(momentum_kx) * phase_ki[:, None]


def _up_down(spin_i: np.ndarray) -> np.ndarray:
    """Return the numbers of the orbitals with spin up, then of those with spin down."""
    return np.concatenate([np.flatnonzero(spin_i > 0), np.flatnonzero(spin_i < 0)])


def _split(h_kij: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return the blocks between spins, (k and pairs of spins, orbital, orbital), after a `factor` on the spin."""
    spins, half = len(factor), h_kij.shape[1] // len(factor)
    h = h_kij.reshape(-1, spins, half, spins, half)
    h = np.einsum("st,ktiuj,wu->kswij", factor, h, factor.conj(), optimize=True)
    return h.reshape(-1, half, half)


def _site_images(model: TightBinding, operation: PointOperation) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    """Yield shifts (2,), nm, +1 or -1 for what happens across the layer, and the image of every site."""
    (site_sx, site_of), inverse = sites(model), np.linalg.inv(model.lattice_vx)
    first = site_of[0]
    turned_sx = site_sx[:, :2] @ operation.matrix_xx.T
    for flip, target in itertools.product((1, -1), sorted(range(len(site_sx)), key=lambda s: s != first)):
        shift_x = site_sx[target, :2] - turned_sx[first]
        image_sx = np.column_stack(
            [turned_sx + shift_x, flip * (site_sx[:, 2] - site_sx[first, 2]) + site_sx[target, 2]]
        )
        apart_ssx = image_sx[:, None] - site_sx[None]
        apart_ssx[..., :2] -= np.rint(apart_ssx[..., :2] @ inverse) @ model.lattice_vx
        distance_ss = np.linalg.norm(apart_ssx, axis=2)
        target_s = distance_ss.argmin(axis=1)
        if distance_ss.min(axis=1).max() < _SAME_SITE and len(set(target_s.tolist())) == len(site_sx):
            yield shift_x, flip, target_s


def _matching(before: list[np.ndarray], after: list[np.ndarray]) -> list[np.ndarray]:
    """Return unitary X with X A = B X for all pairs of matrices;
    two of them if phases are open, none if there is none or the sum of all A has equal eigenvalues.
    """
    a_nij, b_nij = np.array(before), np.array(after)
    weight_n = np.cos(1.0 + np.arange(len(a_nij)))
    (value_a, a_ia), (value_b, b_ia) = (
        np.linalg.eigh(np.tensordot(weight_n, each + each.conj().swapaxes(1, 2), 1)) for each in (a_nij, b_nij)
    )
    scale = float(np.abs(value_a).max())
    if np.abs(value_a - value_b).max() > _ALIKE * scale or (np.diff(value_a) < _DISTINCT * scale).any():
        return []
    product_ab = (b_ia.conj().T @ b_nij @ b_ia * (a_ia.conj().T @ a_nij @ a_ia).conj()).sum(axis=0)
    product_ab = product_ab + product_ab.conj().T
    joined = np.abs(product_ab) > _JOINED * np.abs(product_ab).max()
    count, part_a = connected_components(joined, directed=False)
    phase_a = np.ones(len(part_a), complex)
    for part in range(count):
        own = part_a == part
        leading = np.linalg.eigh(product_ab[np.ix_(own, own)])[1][:, -1]
        phase_a[own] = leading / np.abs(leading)
    x_ij = (b_ia * phase_a) @ a_ia.conj().T
    if np.abs(x_ij @ a_nij - b_nij @ x_ij).max() > _ALIKE * scale:
        return []
    other_ij = (b_ia * phase_a * np.exp(1j * part_a)) @ a_ia.conj().T
    return [x_ij] if count == 1 else [x_ij, other_ij]

"""The states of one tight-binding band on the mesh around a valley:
followed by overlap, in a smooth gauge, few components.

An energy band is followed by the character of its state, not by its number, because bands cross. In the gauge in which
<u(0)|u(k)> is real and positive, the overlaps have the symmetry of the valley whatever the phases of the
diagonalisation were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import schur, sqrtm
from scipy.spatial import cKDTree

from hpcx.physics.tightbinding import TightBinding

#: distance of energies up to which levels are degenerate, eV
DEGENERATE = 1e-7
#: smallest squared overlap with a neighbour by which a state is recognised, and with the centre, which gives it its
#: phase
_LEAST_OVERLAP, _LEAST_SHARE = 0.5, 0.01
#: neighbours of a point among which one is nearer to the centre
_NEIGHBOURS = 9


class ValleyError(ValueError):
    """A band cannot be followed around a valley; the message says what to change."""


@dataclass(frozen=True)
class ValleyStates:
    """One band on a mesh around a valley.

    Attributes:
        energy_k: energies of the band, (n,), eV; point 0 is the centre.
        state_ik: states in the atomic gauge, (components, n), normalised, <u(0)|u(k)> > 0.
        left_out: largest share of a state that the components leave out.
    """

    energy_k: np.ndarray
    state_ik: np.ndarray
    left_out: float = 0.0


def follow_band(
    model: TightBinding, momentum_kx: np.ndarray, band: int, state_i: np.ndarray | None = None
) -> ValleyStates:
    """Return the states that continue band `band` (0 is the lowest) of the first point to the others;
    momenta (n, 2), 1/nm.

    The level of a point is the one that resembles most that of a neighbour nearer to the centre; its state is the part
    that it has of the centre's. `state_i` in the atomic gauge says which state that is if the level of the centre is
    degenerate. Raises ValleyError where no level resembles the neighbour's, or none of it the centre's.
    """
    energy_kb, state_kib = model.bands(momentum_kx)
    state_kib = model.atomic_gauge(momentum_kx, state_kib)
    centre_i = state_kib[0, :, band] if state_i is None else state_i
    level_kb = np.cumsum(np.diff(energy_kb, axis=1, prepend=energy_kb[:, :1]) > DEGENERATE, axis=1)
    found_ki = np.empty(state_kib.shape[:2], complex)
    found_ki[0], energy_k = centre_i, np.full(len(energy_kb), energy_kb[0, band])
    for k, inner in _from_inside(momentum_kx):
        energy_k[k], found_ki[k] = _continued(energy_kb[k], state_kib[k], level_kb[k], found_ki[inner], centre_i, band)
    return ValleyStates(energy_k, found_ki.T)


def _from_inside(momentum_kx: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield every point but the first with its nearest neighbour among those nearer to the first, from inside out."""
    radius_k = np.linalg.norm(momentum_kx - momentum_kx[0], axis=1)
    near_kn = (
        cKDTree(momentum_kx).query(momentum_kx, min(_NEIGHBOURS, len(momentum_kx)))[1].reshape(len(momentum_kx), -1)
    )
    nearer_kn = radius_k[near_kn] < radius_k[:, None] - 1e-9 * radius_k.max()
    for k in np.argsort(radius_k, kind="stable")[1:]:
        yield int(k), int(near_kn[k, np.argmax(nearer_kn[k])]) if nearer_kn[k].any() else 0


def _continued(
    energy_b: np.ndarray,
    state_ib: np.ndarray,
    level_b: np.ndarray,
    neighbour_i: np.ndarray,
    centre_i: np.ndarray,
    band: int,
) -> tuple:
    """Return energy and state of the level that resembles the neighbour's state:
    the part that it has of the centre's, normalised.
    """
    weight = np.bincount(level_b, np.abs(state_ib.conj().T @ neighbour_i) ** 2)
    best = int(weight.argmax())
    level_ib = state_ib[:, level_b == best]
    part_i = level_ib @ (level_ib.conj().T @ centre_i)
    share = float(np.linalg.norm(part_i)) ** 2
    if min(weight[best], share / _LEAST_SHARE * _LEAST_OVERLAP) < _LEAST_OVERLAP:
        raise ValleyError(
            f"band {band + 1} changes its character inside the disk: it shares {weight[best]:.2f} with a neighbouring"
            f" point and {share:.2f} with the centre; bands cross there: take a smaller mesh.k0"
        )
    return energy_b[level_b == best].mean(), part_i / np.sqrt(share)


def compress(states: ValleyStates, tolerance: float) -> ValleyStates:
    """Return the states in the fewest effective orbitals that leave out at most `tolerance` of any state.

    The leading left singular vectors of the states span them best; every state is normalised again, so that <k|k> = 1
    is exact and overlaps are wrong in second order.
    """
    vector_ic, *_ = np.linalg.svd(states.state_ik, full_matrices=False)
    share_ck = np.cumsum(np.abs(vector_ic.conj().T @ states.state_ik) ** 2, axis=0)
    missing_c = 1 - share_ck.min(axis=1)
    count = int(np.argmax(missing_c < tolerance)) + 1 if (missing_c < tolerance).any() else len(missing_c)
    kept_ck = vector_ic[:, :count].conj().T @ states.state_ik
    return ValleyStates(
        states.energy_k, kept_ck / np.linalg.norm(kept_ck, axis=0), max(0.0, float(missing_c[count - 1]))
    )


def symmetry_residual(states: ValleyStates, rotation_k: np.ndarray, mirror_k: np.ndarray | None) -> float:
    """Return by how much rotation (and an antiunitary mirror) of the mesh change energies (relative) or overlaps.

    The arguments are the numbers of C k and m k for every k, C by 120 or 180 degrees. Overlaps are compared with those
    of the centre and its neighbours, |<k|k'>| <= 1, energies with the width of the band on the disk.
    """
    sample = np.unique(np.linspace(0, states.state_ik.shape[1] - 1, 60).astype(int))
    width = np.ptp(states.energy_k) or 1.0
    worst = 0.0
    for image_k, conjugates in ((rotation_k, False), (mirror_k, True)):
        if image_k is None:
            continue
        before = states.state_ik[:, sample].conj().T @ states.state_ik
        after = states.state_ik[:, image_k[sample]].conj().T @ states.state_ik[:, image_k]
        worst = max(worst, float(np.abs(after - (before.conj() if conjugates else before)).max()))
        worst = max(worst, float(np.abs(states.energy_k[image_k] - states.energy_k).max() / width))
    return worst


def symmetrise(states: ValleyStates, rotation_k: np.ndarray, mirror_k: np.ndarray | None) -> ValleyStates:
    """Return states that are exactly covariant: z(C k) = omega z(k) for a rotation by 120 or 180 degrees,
    and z(m k) = conj z(k) with a mirror, component by component.

    Files are symmetric to the digits that they print. The rotation of the components is found from the states
    themselves, its eigenvalues are rounded to cube or square roots of 1, and the states and energies are averaged over
    the group.

    Args:
        states: with few components, see `compress`.
        rotation_k, mirror_k: numbers of C k, and of m k if there is a mirror.
    """
    z, rotations = states.state_ik, powers(rotation_k)
    triangular, basis = schur(_polar(z[:, rotation_k] @ z.conj().T), output="complex")
    step = 2 * np.pi / len(rotations)
    omega = np.exp(1j * step * np.rint(np.angle(np.diag(triangular)) / step))
    z = basis.conj().T @ z
    if mirror_k is not None:
        symmetric = np.where(np.isclose(omega[:, None], omega[None]), z[:, mirror_k] @ z.T, 0)
        z = sqrtm(_polar((symmetric + symmetric.T) / 2)).astype(complex).conj().T @ z
    average = np.mean([z[:, image_k] / omega[:, None] ** n for n, image_k in enumerate(rotations)], axis=0)
    energy_k = np.mean([states.energy_k[image_k] for image_k in rotations], axis=0)
    if mirror_k is not None:
        average, energy_k = (average + average[:, mirror_k].conj()) / 2, (energy_k + energy_k[mirror_k]) / 2
    return ValleyStates(energy_k, average / np.linalg.norm(average, axis=0), states.left_out)


def powers(rotation_k: np.ndarray) -> list[np.ndarray]:
    """Return the images of the points under the powers of a rotation by 120 or 180 degrees, the identity first."""
    identity_k, twice_k = np.arange(len(rotation_k)), rotation_k[rotation_k]
    return [identity_k, rotation_k, *([] if np.array_equal(twice_k, identity_k) else [twice_k])]


def _polar(matrix: np.ndarray) -> np.ndarray:
    """Return the unitary factor of a matrix."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right

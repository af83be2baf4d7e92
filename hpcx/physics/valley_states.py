"""The states of one tight-binding band on the mesh around a valley: followed by overlap, in a smooth gauge, few components.

An energy band is followed by the character of its state, not by its number, because bands cross. In the gauge in which
<u(0)|u(k)> is real and positive, the overlaps have the symmetry of the valley whatever the phases of the diagonalisation were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import schur, sqrtm

from hpcx.physics.tightbinding import TightBinding

#: smallest |<u(0)|u(k)>|^2 by which a state is recognised
_LEAST_OVERLAP = 0.5


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


def follow_band(model: TightBinding, momentum_kx: np.ndarray, band: int) -> ValleyStates:
    """Return the states that continue band `band` (0 is the lowest) of the first point to the others; momenta (n, 2), 1/angstrom.

    Raises ValleyError where no state resembles that of the centre.
    """
    energy_kb, state_kib = model.bands(momentum_kx)
    state_kib = model.atomic_gauge(momentum_kx, state_kib)
    overlap_kb = np.einsum("i,kib->kb", state_kib[0, :, band].conj(), state_kib)
    best_k = np.abs(overlap_kb).argmax(axis=1)
    every = np.arange(len(best_k))
    weight = np.abs(overlap_kb[every, best_k]) ** 2
    if weight.min() < _LEAST_OVERLAP:
        raise ValleyError(
            f"band {band + 1} changes its character inside the disk: |<u(0)|u(k)>|^2 falls to {weight.min():.2f}; bands cross there: take a smaller mesh.k0"
        )
    phase_k = overlap_kb[every, best_k] / np.abs(overlap_kb[every, best_k])
    return ValleyStates(energy_kb[every, best_k], (state_kib[every, :, best_k] * phase_k.conj()[:, None]).T)


def compress(states: ValleyStates, tolerance: float) -> ValleyStates:
    """Return the states in the fewest effective orbitals that leave out at most `tolerance` of any state.

    The leading left singular vectors of the states span them best; every state is normalised again, so that <k|k> = 1 is
    exact and overlaps are wrong in second order.
    """
    vector_ic, *_ = np.linalg.svd(states.state_ik, full_matrices=False)
    share_ck = np.cumsum(np.abs(vector_ic.conj().T @ states.state_ik) ** 2, axis=0)
    missing_c = 1 - share_ck.min(axis=1)
    count = int(np.argmax(missing_c < tolerance)) + 1 if (missing_c < tolerance).any() else len(missing_c)
    kept_ck = vector_ic[:, :count].conj().T @ states.state_ik
    return ValleyStates(states.energy_k, kept_ck / np.linalg.norm(kept_ck, axis=0), max(0.0, float(missing_c[count - 1])))


def threefold_residual(states: ValleyStates, rotation_k: np.ndarray, mirror_k: np.ndarray | None) -> float:
    """Return by how much rotation (and an antiunitary mirror) of the mesh change energies (relative) or overlaps.

    The arguments are the numbers of C3 k and m k for every k. Overlaps are compared with those of the centre and its neighbours,
    |<k|k'>| <= 1, energies with the width of the band on the disk.
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


def symmetrise(states: ValleyStates, group_gk: np.ndarray, rotation_k: np.ndarray, mirror_k: np.ndarray) -> ValleyStates:
    """Return states that are exactly covariant under C3v: z(C3 k) = omega z(k), z(m k) = conj z(k), component by component.

    Files are symmetric to the digits that they print. The rotation of the components is found from the states themselves, its
    eigenvalues are rounded to cube roots of 1, and the states and energies are averaged over the group.

    Args:
        states: with few components, see `compress`.
        group_gk: images of every point: 1, C3, C3^2, then the mirror after each of them, (6, n).
        rotation_k, mirror_k: C3 and the mirror themselves.
    """
    z = states.state_ik
    unitary = _polar(z[:, rotation_k] @ z.conj().T)
    triangular, basis = schur(unitary, output="complex")
    omega = np.exp(2j * np.pi / 3 * np.rint(np.angle(np.diag(triangular)) / (2 * np.pi / 3)))
    z = basis.conj().T @ z
    symmetric = z[:, mirror_k] @ z.T
    symmetric = np.where(np.isclose(omega[:, None], omega[None]), symmetric, 0)
    root = sqrtm(_polar((symmetric + symmetric.T) / 2))
    z = root.conj().T @ z
    factor_gc = np.concatenate([[omega**0, omega, omega**2]] * 2)
    images = [z[:, image_k] / factor[:, None] for image_k, factor in zip(group_gk[:3], factor_gc[:3], strict=True)]
    images += [(z[:, image_k]).conj() / factor[:, None] for image_k, factor in zip(group_gk[3:], factor_gc[3:], strict=True)]
    average = sum(images) / 6
    return ValleyStates(states.energy_k[group_gk].mean(axis=0), average / np.linalg.norm(average, axis=0), states.left_out)


def _polar(matrix: np.ndarray) -> np.ndarray:
    """Return the unitary factor of a matrix."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right

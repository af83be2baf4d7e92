"""Bands of a tight-binding model around a valley as a source of carriers:
few effective orbitals, symmetric to rounding.

Each carrier's band is followed from the valley's centre (`hpcx.physics.valley_states`), reduced to the orbitals that
matter and, if the model has the threefold symmetry of a K valley, or the twofold one of a valley in the centre of the
zone or on its border, up to the digits of its file, made exactly symmetric: then no symmetry, C2, C3 and C3v give the
same energies to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from hpcx.physics.bands import Band, Carrier, Dirac, Level, Parabolic
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.lattice import Lattice, integer_pairs, lattice_of
from hpcx.physics.tightbinding import TightBinding
from hpcx.physics.valley_states import (
    DEGENERATE,
    ValleyError,
    ValleyStates,
    compress,
    follow_band,
    powers,
    symmetrise,
    symmetry_residual,
)

#: how far an image of a momentum may be from a momentum, relative to the largest one
_SAME_POINT = 1e-3
#: share of a radius by which disks stay apart: points on a common border would count twice
_TOUCHING = 1e-6
#: matrix elements of the velocity below which light does not act, eV nm
_DARK = 1e-7
#: momentum at which masses are taken, 1/nm
_STEP = 1e-2
#: share of the curvature of a pair's bands from which on they are continued as Dirac bands
_EXPLAINED = 0.5
#: depth below the centre's energy from which on a minimum elsewhere is said, eV
_LOWER = 1e-6
#: splitting below which a model does not say which conduction band is lower, eV
_EQUAL = 1e-3
#: difference of spins up to which the states of a level are alike
_SAME_SPIN = 1e-6
#: bands that are kept for the other carriers and points of a sweep
_KEPT = 12


@dataclass(frozen=True)
class FollowedBand(Band):
    """A band of a tight-binding model.

    Attributes:
        momentum_kx: momenta of the points, (n, 2), 1/nm, from the zone's centre.
        state_ik: states in the atomic gauge, all orbitals, (orbitals, n).
        left_out: largest share of a state that the effective orbitals leave out.
        residual: by how much rotation and mirror changed overlaps (or energies over the band's width) before they were
            made symmetric; NaN if the points have none.
        rotation_k, mirror_k: images of the points if the band is symmetric, else None.
    """

    momentum_kx: np.ndarray
    state_ik: np.ndarray
    left_out: float
    residual: float
    rotation_k: np.ndarray | None
    mirror_k: np.ndarray | None

    @property
    def depth(self) -> float:
        """How far the lowest point of the disk is below its centre, eV; 0 if that is the minimum."""
        return max(0.0, -float(self.energy_k.min()))


@dataclass(frozen=True, eq=False)
class TightBindingValleys:
    """Carriers of a valley and of its time-reversed partner; see `hpcx.physics.bands.BandModel`.

    Attributes:
        model: the tight-binding model.
        occupied: number of bands below the gap.
        centre_x: centre of valley +1, (2,), 1/nm; that of valley -1 is at its negative.
        spin_i: +1 or -1 for every orbital, or None if the model has no spin: its bands then stand for either one.
        orbital_tolerance: largest share of a state that effective orbitals may leave out.
        symmetry_tolerance: largest residual of a symmetry that is made exact.
    """

    model: TightBinding
    occupied: int
    centre_x: np.ndarray
    spin_i: np.ndarray | None = None
    orbital_tolerance: float = 1e-3
    symmetry_tolerance: float = 5e-3
    _known: dict = field(default_factory=dict, repr=False)
    _at: dict = field(default_factory=dict, repr=False)

    @cached_property
    def lattice(self) -> Lattice:
        """The model's lattice."""
        return lattice_of(self.model.lattice_vx)

    @property
    def cutoff_limits(self) -> dict[str, float]:
        """Largest cut-offs (2 pi / a) for which the disk of a valley does not overlap with that of its image by a
        reciprocal vector, and with that of its time-reversed partner if that is another valley; by these names.
        """
        unit = 2 * np.pi / self.lattice.constant
        near_vx = integer_pairs(range(-4, 5), range(-4, 5)) @ self.lattice.reciprocal_vx
        apart = float(np.linalg.norm(2 * self.centre_x + near_vx, axis=1).min()) / unit
        partner = {} if apart < _SAME_POINT else {"its time-reversed partner": apart / 2 * (1 + _SAME_POINT)}
        return {"its image in the next zone": self.lattice.inscribed_radius / unit * (1 - _TOUCHING)} | partner

    @property
    def largest_cutoff(self) -> float:
        """The lowest of `cutoff_limits`."""
        return min(self.cutoff_limits.values())

    def band(self, momentum_kx: np.ndarray, carrier: Carrier | Level) -> FollowedBand:
        """Return the band of a carrier at momenta (n, 2) from its valley's centre,
        the first of which is the centre; raises ValleyError.
        """
        key = (carrier, momentum_kx.tobytes())
        if key not in self._known:
            while len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._follow(momentum_kx, carrier)
        return self._known[key]

    def place(self, carrier: Carrier | Level) -> np.ndarray:
        """Return the centre of a carrier's valley, (2,)."""
        return (
            np.array(carrier.centre) @ self.model.reciprocal_vx
            if isinstance(carrier, Level)
            else carrier.valley * self.centre_x
        )

    def _follow(self, momentum_kx: np.ndarray, carrier: Carrier | Level) -> FollowedBand:
        momenta = self.place(carrier) + momentum_kx
        number, state_i = self.at_centre(carrier)
        whole = follow_band(self.model, momenta, number, state_i)
        rotation_k, mirror_k, residual = self._symmetry(whole, momentum_kx)
        few = compress(whole, self.orbital_tolerance)
        if rotation_k is not None:
            few = symmetrise(few, rotation_k, mirror_k)
        energy_k = (few.energy_k - few.energy_k[0]) * (1 if carrier.conduction else -1)
        return FollowedBand(
            energy_k, few.state_ik, momenta, whole.state_ik, few.left_out, residual, rotation_k, mirror_k
        )

    def _symmetry(
        self, states: ValleyStates, momentum_kx: np.ndarray
    ) -> tuple[np.ndarray | None, np.ndarray | None, float]:
        """Return images by rotation and mirror if the states have these symmetries, and by how much they fail."""
        inversion_k, least = _images(momentum_kx, -np.eye(2)), np.nan
        twofold = [] if inversion_k is None else [(inversion_k, None)]
        for rotation_k, mirror_k in (*self._threefold(momentum_kx), *twofold):
            residual = symmetry_residual(states, rotation_k, mirror_k)
            if residual <= self.symmetry_tolerance:
                return rotation_k, mirror_k, residual
            least = np.fmin(least, residual)
        return None, None, float(least)

    def _threefold(self, momentum_kx: np.ndarray) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Return images by the rotation by 120 degrees, with and without those by the mirror, if there are any."""
        if not self.lattice.is_hexagonal:
            return []
        b1, b2 = self.lattice.reciprocal_vx
        axis = (2 * b1 - b2) / np.linalg.norm(2 * b1 - b2)
        turn = np.array([[-0.5, -np.sqrt(3) / 2], [np.sqrt(3) / 2, -0.5]])
        rotation_k, mirror_k = (_images(momentum_kx, matrix) for matrix in (turn, 2 * np.outer(axis, axis) - np.eye(2)))
        return [] if rotation_k is None else [(rotation_k, mirror_k), (rotation_k, None)]

    def _levels(self, centre_x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return energies (b,), states (orbital, b) in the atomic gauge and spins (b,) at a point;
        degenerate levels have definite spins, up first.
        """
        key = centre_x.tobytes()
        if key not in self._at:
            energy_kb, state_kib = self.model.bands(centre_x[None])
            state_ib = self.model.atomic_gauge(centre_x[None], state_kib)[0]
            if self.spin_i is not None:
                for level in np.split(
                    np.arange(len(energy_kb[0])), np.flatnonzero(np.diff(energy_kb[0]) > DEGENERATE) + 1
                ):
                    part_ib = state_ib[:, level]
                    state_ib[:, level] = (
                        part_ib @ np.linalg.eigh(part_ib.conj().T @ (self.spin_i[:, None] * part_ib))[1][:, ::-1]
                    )
            spin_b = np.zeros(self.model.orbitals) if self.spin_i is None else self.spin_i @ np.abs(state_ib) ** 2
            self._at[key] = energy_kb[0], state_ib, spin_b
        return self._at[key]

    def spin(self, centre_x: np.ndarray) -> np.ndarray:
        """Return the expectation value of the spin of every band at a point (2,), -1 to 1; 0 without spin."""
        return self._levels(centre_x)[2]

    def at_centre(self, carrier: Carrier | Level) -> tuple[int, np.ndarray]:
        """Return the number of a carrier's band (0 is the lowest) and its state (orbitals,) at the centre;
        raises ValleyError.

        The spin of the carriers of spin_valley +1 is that of the highest valence band of the valley.
        """
        energy_b, state_ib, spin_b = self._levels(self.place(carrier))
        if isinstance(carrier, Level):
            number = carrier.number
        else:
            wanted = np.sign(np.round(spin_b[self.occupied - 1], 6)) * carrier.spin_valley
            number = self.of_spin(self.place(carrier), wanted, carrier.conduction)
        alike = np.flatnonzero(
            (np.abs(energy_b - energy_b[number]) < DEGENERATE) & (np.abs(spin_b - spin_b[number]) < _SAME_SPIN)
        )
        if len(alike) > 1:
            raise ValleyError(
                f"bands {', '.join(str(b + 1) for b in alike)} are degenerate at the valley's centre: a single one of"
                " them would depend on rounding"
                + (" (a model with spin: say tight_binding.spin)" if self.spin_i is None else "")
            )
        return number, state_ib[:, number]

    def of_spin(self, centre_x: np.ndarray, wanted: float, conduction: bool) -> int:
        """Return the number of the band next to the gap that has the sign of a spin at a point (2,);
        raises ValleyError.
        """
        spin_b = self.spin(centre_x)
        bands = range(self.occupied, self.model.orbitals) if conduction else range(self.occupied - 1, -1, -1)
        number = next((b for b in bands if self.spin_i is None or spin_b[b] * wanted > 0), None)
        if number is None:
            raise ValleyError(
                "no band has the spin of a carrier at the valley's centre; is the order of spins in the file another"
                " one (interlaced, blocks)?"
            )
        return number

    def energy(self, carrier: Carrier | Level) -> float:
        """Return the energy of a carrier's band at its valley's centre, eV."""
        return float(self._levels(self.place(carrier))[0][self.at_centre(carrier)[0]])

    @property
    def order(self) -> str | None:
        """ "bright" if the conduction band with the spin of the highest valence band is the lower one,
        "dark" if it is not, None if they are equal to 1 meV.
        """
        bright, dark = (self.energy(Carrier(pair, 1, True)) for pair in (1, -1))
        return None if abs(bright - dark) < _EQUAL else "bright" if bright < dark else "dark"

    def continued(self, *pair: Carrier | Level) -> Dirac | Parabolic:
        """Return simple bands of an electron and a hole for momenta where their bands cannot be followed any more:
        with their gap and velocity if that explains most of their curvature, else with their masses.
        """
        step = _STEP * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        electron, hole = (self._follow(step, carrier) for carrier in pair)
        velocity = self._velocity(electron, hole)[0][0] if _in_one_valley(electron, hole) else 0.0
        gap = self.energy(pair[0]) - self.energy(pair[1])
        of_pair = (electron.energy_k + hole.energy_k)[1:].mean()
        if abs(velocity) > _DARK and (abs(velocity) * _STEP) ** 2 / (2 * gap) > _EXPLAINED * of_pair:
            return Dirac(abs(velocity) / 2, gap, 0.0)
        masses = [2 * HBAR2_PER_M0 * _STEP**2 / band.energy_k[1:].sum() for band in (electron, hole)]
        return Parabolic(*masses)

    def _velocity(self, electron: FollowedBand, hole: FollowedBand) -> list[np.ndarray]:
        """Return <c k|hbar (v_x +- i v_y)|v k> (n,), eV nm, of both helicities;
        the one that is stronger at the centre comes first.
        """
        momentum_kx = electron.momentum_kx
        phase_ik = np.exp(1j * self.model.centre_ix[:, :2] @ momentum_kx.T)
        velocity_xk = np.einsum(
            "ik,xkij,jk->xk",
            (phase_ik * electron.state_ik).conj(),
            self.model.velocity(momentum_kx),
            phase_ik * hole.state_ik,
        )
        return sorted((velocity_xk[0] + sign * 1j * velocity_xk[1] for sign in (1, -1)), key=lambda p_k: -abs(p_k[0]))

    def dipole(self, electron: Band, hole: Band, helicity: str) -> np.ndarray:
        """Return <c k|v_x +- i v_y|v k> (n,) over its value for the helicity that is absorbed at the centre;
        0 if light does not act there.

        "same" is that helicity, "opposite" the other one. Pairs of different valleys have no matrix element.
        """
        assert isinstance(electron, FollowedBand) and isinstance(hole, FollowedBand)
        if not _in_one_valley(electron, hole):
            return np.zeros(len(electron.momentum_kx), complex)
        same, opposite = self._velocity(electron, hole)
        if abs(same[0]) < _DARK:
            return np.zeros_like(same)
        phase = same[0] / abs(same[0])
        wanted = (same if helicity == "same" else opposite) / (phase * abs(same[0]))
        return _averaged(wanted, electron, hole) if helicity == "same" else wanted


def _in_one_valley(electron: FollowedBand, hole: FollowedBand) -> bool:
    """Say whether the momenta of two carriers are the same."""
    return bool(np.abs(electron.momentum_kx - hole.momentum_kx).max() <= DEGENERATE)


def interband(electron: Band, hole: Band, electron_k: np.ndarray, hole_k: np.ndarray) -> np.ndarray:
    """Return O = <c|v> for point numbers of the electron and the hole in one valley, of their shape.

    Followed bands have all orbitals in their states; their effective ones differ from band to band.
    """
    c_ik, v_ik = (band.state_ik if isinstance(band, FollowedBand) else band.spinor_ck for band in (electron, hole))
    return sum(
        c_k[electron_k].conj() * v_k[hole_k] for c_k, v_k in zip(c_ik, v_ik, strict=True)
    )  # orbital by orbital: pairs may be many


def told(bands: Mapping[str, Band]) -> dict[str, str]:
    """Return facts about bands that were followed, by the names of their carriers: orbitals kept, symmetry found."""
    followed = {name: band for name, band in bands.items() if isinstance(band, FollowedBand)}
    if not followed:
        return {}
    kept = ", ".join(f"{name} {len(band.spinor_ck)} of {len(band.state_ik)}" for name, band in followed.items())
    residual = max(band.residual for band in followed.values())
    turns = {1 if band.rotation_k is None else len(powers(band.rotation_k)) for band in followed.values()}
    found = f"C{min(turns)}" if len(turns) == 1 and turns != {1} else "none"
    found += "v" if found == "C3" and all(band.mirror_k is not None for band in followed.values()) else ""
    rest = "" if np.isnan(residual) else f"; the file's bands deviate from it by up to {residual:.1e}"
    lost = max(band.left_out for band in followed.values())
    return {
        "effective orbitals": f"{kept}; up to {lost:.1e} of a state neglected",
        "symmetry of the valley": found + rest,
    }


def cautions(bands: Mapping[str, Band]) -> list[str]:
    """Return a warning for every band whose minimum is not at the valley's centre."""
    return [
        f"{name}: a point of the disk is {1e3 * band.depth:.3g} meV below its centre, the zero of energy: choose"
        " another valley, or the minimum is off the centre"
        for name, band in bands.items()
        if isinstance(band, FollowedBand) and band.depth > _LOWER
    ]


def _averaged(p_k: np.ndarray, electron: FollowedBand, hole: FollowedBand) -> np.ndarray:
    """Return a matrix element with the symmetry that both bands have."""
    rotation_k, mirror_k = electron.rotation_k, electron.mirror_k
    if rotation_k is not None and hole.rotation_k is not None and np.array_equal(rotation_k, hole.rotation_k):
        p_k = np.mean([p_k[turn_k] for turn_k in powers(rotation_k)], axis=0)
        if mirror_k is not None and hole.mirror_k is not None:
            p_k = (p_k + p_k[mirror_k].conj()) / 2
    return p_k


def _images(momentum_kx: np.ndarray, matrix_xy: np.ndarray) -> np.ndarray | None:
    """Return the number of the image of every momentum, or None if there is one whose image is missing."""
    distance_k, image_k = cKDTree(momentum_kx).query(momentum_kx @ matrix_xy.T)
    return image_k if distance_k.max() <= _SAME_POINT * np.abs(momentum_kx).max() else None

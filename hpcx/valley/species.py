"""Exciton species: pairs of hole and electron states, their mirror images, energies, masses and 1s states.

A hole is named by its valley and the spin of the empty valence state, so that equal spins are optically allowed. The
upper valence branch (A) has spin up at K and down at K'; the electron branch of the A exciton is called A, the other K
branch B; at Lambda only the lower branch is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hpcx.physics.bound_states import BoundState, bound_state
from hpcx.physics.constants import BOHR_MAGNETON
from hpcx.valley.config import Magnetic
from hpcx.valley.parameters import Parameters

#: the valley that time reversal exchanges with the given one
MIRROR_VALLEY = {"K": "K'", "K'": "K", "L": "L'", "L'": "L"}
SPIN_NAMES = {1: "up", -1: "down"}
#: equivalent Lambda minima around one K point
LAMBDA_DEGENERACY = 3


@dataclass(frozen=True)
class Carrier:
    """One carrier state: `valley` ("K", "K'", "L", "L'"), `spin` (+1 or -1) and `kind` ("A", "B" or "L")."""

    valley: str
    spin: int
    kind: str

    def mirrored(self) -> Carrier:
        """Return the time-reversed carrier."""
        return Carrier(MIRROR_VALLEY[self.valley], -self.spin, self.kind)

    @property
    def side(self) -> int:
        """Return 1 for the valleys K and L, -1 for K' and L'."""
        return -1 if self.valley.endswith("'") else 1

    @property
    def label(self) -> str:
        """Return for example "K' up"."""
        return f"{self.valley} {SPIN_NAMES[self.spin]}"


@dataclass(frozen=True)
class Species:
    """An exciton made of one hole and one electron state.

    Attributes:
        hole, electron: the carriers.
        hole_mass, electron_mass: m0.
        edge: energy at zero centre-of-mass momentum, eV.
        degeneracy: equivalent valleys.
        state: the 1s state of the relative motion.
    """

    hole: Carrier
    electron: Carrier
    hole_mass: float
    electron_mass: float
    edge: float
    degeneracy: int
    state: BoundState

    @property
    def mass(self) -> float:
        """Return the total mass in m0."""
        return self.hole_mass + self.electron_mass

    @property
    def label(self) -> str:
        """Return for example "K up - K' up": hole, then electron."""
        return f"{self.hole.label} - {self.electron.label}"

    @property
    def kind(self) -> str:
        """Return the kinds of hole and electron, e.g. "AB"; species of one kind differ by symmetry alone."""
        return self.hole.kind + self.electron.kind

    @property
    def spin(self) -> float:
        """Return the sum of the carriers' spins over two, which double spin flips do not conserve."""
        return 0.5 * (self.hole.spin + self.electron.spin)

    @property
    def bright(self) -> bool:
        """Say whether light couples to it: both carriers in one valley, no net spin flip."""
        return self.hole.valley == self.electron.valley and self.hole.spin == self.electron.spin


def holes() -> list[Carrier]:
    """Return the four hole states, those of spin up first."""
    return [Carrier("K", 1, "A"), Carrier("K'", 1, "B"), Carrier("K'", -1, "A"), Carrier("K", -1, "B")]


def electrons() -> list[Carrier]:
    """Return the six electron states, those of spin up first."""
    up, down = holes()[:2], holes()[2:]  # the K branches have the valleys and spins of the holes
    return [*up, Carrier("L", 1, "L"), *down, Carrier("L'", -1, "L")]


def build_species(parameters: Parameters, spin_flip: bool, magnetic: Magnetic | None = None) -> list[Species]:
    """Return the 12 species with equal spins, with `spin_flip` also the 12 others; `magnetic` shifts their energies."""
    pairs = [(hole, electron) for hole in holes() for electron in electrons()]
    chosen = [pair for pair in pairs if pair[0].spin == pair[1].spin]
    if spin_flip:
        chosen += [pair for pair in pairs if pair[0].spin != pair[1].spin]
    states = _ground_states(parameters)
    found = [_species(parameters, hole, electron, states) for hole, electron in chosen]
    if magnetic is None or not magnetic.field:
        return found
    return [replace(species, edge=species.edge + zeeman_shift(species, magnetic)) for species in found]


def zeeman_shift(species: Species, magnetic: Magnetic) -> float:
    """Return the shift of a species in a magnetic field, eV: that of its electron's band less that of its hole's.

    Bands at K and L move up, those at K' and L' down.
    """
    electron = {"A": magnetic.electron_A, "B": magnetic.electron_B, "L": magnetic.electron_Lambda}
    hole = {"A": magnetic.hole_A, "B": magnetic.hole_B}
    bands = species.electron.side * electron[species.electron.kind] - species.hole.side * hole[species.hole.kind]
    return BOHR_MAGNETON * magnetic.field * bands


def species_count(spin_flip: bool) -> int:
    """Return how many species `build_species` makes."""
    return len(holes()) * len(electrons()) // (1 if spin_flip else 2)


def mirror_index(species: list[Species]) -> list[int]:
    """Return for each species the index of its time-reversed image."""
    position = {(s.hole, s.electron): index for index, s in enumerate(species)}
    return [position[s.hole.mirrored(), s.electron.mirrored()] for s in species]


def _ground_states(p: Parameters) -> dict[str, BoundState]:
    masses = {h + e: mh * me / (mh + me) for h, mh in p.hole_masses.items() for e, me in p.electron_masses.items()}
    return {pair: bound_state(mass, p.interaction) for pair, mass in masses.items()}


def _species(p: Parameters, hole: Carrier, electron: Carrier, states: dict[str, BoundState]) -> Species:
    state = states[hole.kind + electron.kind]
    shift = {"A": 0.0, "B": p.conduction_shift, "L": p.lambda_shift}[electron.kind]
    edge = p.exciton_energy + shift + (p.valence_splitting if hole.kind == "B" else 0.0)
    edge -= state.binding_energy - states["AA"].binding_energy
    degeneracy = LAMBDA_DEGENERACY if electron.kind == "L" else 1
    masses = p.hole_masses[hole.kind], p.electron_masses[electron.kind]
    return Species(hole, electron, *masses, edge, degeneracy, state)

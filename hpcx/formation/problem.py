"""The discretised problem: states, couplings and rates of the manifolds, two-exciton states of their pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpcx.formation.cascade import chain_rates, generator, quantum_rates
from hpcx.formation.config import Config, Continuum, Momentum
from hpcx.formation.excited_pairs import paired_states, solve_excited_pairs
from hpcx.formation.matrix_elements import hartree_fock_1s, plane_wave_bleaching, printed_bleaching
from hpcx.formation.optics import Radiation, Stack
from hpcx.formation.thermal import half_widths, thermal_bleaching, with_absorption
from hpcx.formation.two_exciton import PairMedium, TwoExcitonStates, solve_two_excitons
from hpcx.materials.environment import load_environment, together
from hpcx.materials.loader import Material
from hpcx.parallel.fingerprint import Excerpt
from hpcx.parallel.shared_tables import SharedTable
from hpcx.physics.constants import HBAR
from hpcx.physics.interaction import Interaction, layer_interaction
from hpcx.physics.wannier_radial import WannierStates, convergence, radial_states

MANIFOLDS = ("A", "B")
#: smallest distance (eV) of the pump from the top of the kept continuum: bandwidth of the pump and level broadening
PUMP_MARGIN = 0.2
#: bound states whose convergence is reported
CONVERGENCE_STATES = 5


@dataclass(frozen=True)
class Manifold:
    """One exciton manifold of one valley.

    Attributes:
        name: "A" or "B".
        states: kept Wannier states.
        paired_sl: overlaps of the states s that drive two-exciton states with all states l; for 1s (1, 0, 0, ...).
        gap: band gap, eV.
        energy_l: exciton energies, eV.
        dipole: interband dipole moment d, e nm.
        dipole_l: d_l = d phi_l(r = 0), e.
        damping_l: hbar gamma_l, eV.
        bleaching_fs: reduction of the dipole moment of f by a population of state s, e nm^2.
        generator_ml: matrix of the relaxation, 1/fs.
        hartree_fock: V_1s1s1s1s, eV nm^2.
    """

    name: str
    states: WannierStates
    paired_sl: np.ndarray
    gap: float
    energy_l: np.ndarray
    dipole: float
    dipole_l: np.ndarray
    damping_l: np.ndarray
    bleaching_fs: np.ndarray
    generator_ml: np.ndarray
    hartree_fock: float


@dataclass(frozen=True)
class Pair:
    """Two-exciton states of one exciton each of manifolds `first` and `second` (numbers).

    Attributes:
        same_valley: whether both excitons are in one valley; with first == second they are then indistinguishable.
        energy_n: two-exciton energies, eV.
        damping: hbar times their dephasing rate, eV.
        weight_n: weight of the configuration, 1 or 1/2.
        coupling_nab: W, eV nm, for state a of `first` and b of `second`, numbered as in `Manifold.paired_sl`.
    """

    first: int
    second: int
    same_valley: bool
    energy_n: np.ndarray
    damping: float
    weight_n: np.ndarray
    coupling_nab: np.ndarray

    def ordered(self, values_abx: np.ndarray, leading: int) -> np.ndarray:
        """Exchange the axes a, b of values for the manifolds (`leading`, other) if `leading` is the second manifold."""
        return values_abx if leading == self.first else values_abx.swapaxes(0, 1)


@dataclass(frozen=True)
class Problem:
    """All that the equations of motion need; `pairs` is empty when two-exciton states are switched off.

    `inhomogeneous` is the standard deviation (eV) of the exciton energies over the sample.
    """

    manifolds: tuple[Manifold, ...]
    pairs: tuple[Pair, ...]
    two_excitons: dict[str, TwoExcitonStates]
    radiation: Radiation
    hartree_fock: str
    inhomogeneous: float = 0.0

    @property
    def smallest_width(self) -> float:
        """Smallest half width of a state, eV: its polarisation lives longest."""
        return min(float(m.damping_l.min()) for m in self.manifolds)


#: input keys that a manifold does not depend on (the environment enters through its medium)
UNSEEN_BY_MANIFOLDS = (
    "title",
    "output",
    "petsc",
    "parameters",
    "environment",
    "pump",
    "probe",
    "delay",
    "signal",
    "solver",
)


def build_problem(config: Config, material: Material, shared: dict[str, object]) -> Problem:
    """Build the problem of one point; tables that other points also need are kept in `shared`."""
    mediums = {name: medium_of(config, material, name) for name in MANIFOLDS}
    seen = Excerpt(config, UNSEEN_BY_MANIFOLDS)
    manifolds = tuple(
        SharedTable("formation/manifold", _manifold, (seen, material, name, medium)).take(shared)
        for name, medium in mediums.items()
    )
    tables = {name: table.take(shared) for name, table in two_exciton_tables(config, material).items()}
    return Problem(
        manifolds,
        _pairs(config, manifolds, tables),
        tables,
        radiation_of(config, material),
        config.approximation.hartree_fock,
        config.internal.dephasing.inhomogeneous,
    )


def notices(config: Config, upper_gap: float) -> list[str]:
    """Return remarks on a valid input; `upper_gap` is the gap of B, eV."""
    energy = config.pump.photon_energy
    if energy >= upper_gap:
        return []
    return [f"the pump at {energy:g} eV is below the B gap, {upper_gap:.3f} eV: in B it excites bound states"]


def medium_of(config: Config, material: Material, name: str) -> PairMedium:
    """Return masses and screening of manifold `name`."""
    table = MANIFOLDS[0] if config.approximation.common_masses else name
    return PairMedium(
        material.number(f"carriers.electron_{table}_mass", "m0"),
        material.number(f"carriers.hole_{table}_mass", "m0"),
        interaction(config, material),
    )


def interaction(config: Config, material: Material) -> Interaction:
    """Return the interaction in the layer (lengths in nm); raises ValueError for surroundings that make no sense."""
    around = material.number("interaction.kappa", "1") if config.environment is None else config.environment
    only = "optical transitions and scattering are implemented for pairs in one sheet only"
    return layer_interaction(material, together(load_environment(around), only))


def kept_states(config: Config, medium: PairMedium) -> WannierStates:
    """Return the states of one manifold up to the asked energy above the gap."""
    return _states(config.momentum, config.continuum, medium)


@lru_cache(maxsize=8)
def _states(momentum: Momentum, continuum: Continuum, medium: PairMedium) -> WannierStates:
    """Solve the Wannier equation; cached, because refusals, estimate and run of one input all need it."""
    nodes = (momentum.points, momentum.uniform_max, momentum.tail_points, momentum.max)
    reduced_mass = medium.electron_mass * medium.hole_mass / medium.total_mass
    return radial_states(nodes, reduced_mass, medium.interaction).up_to(continuum.energy_max)


def gap_of(material: Material, name: str, states: WannierStates) -> float:
    """Return the band gap (eV) of manifold `name`: its measured exciton energy and the computed binding energy."""
    return material.number(f"optics.exciton_{name}_energy", "eV") - float(states.energy_l[0])


def _manifold(config: Config, material: Material, name: str, medium: PairMedium) -> Manifold:
    """Return a manifold; points whose inputs differ only in `UNSEEN_BY_MANIFOLDS` share it."""
    states = kept_states(config, medium)
    gap = gap_of(material, name, states)
    widths = half_widths(config, material)
    velocity = material.number("carriers.hopping", "eV") * material.number("lattice.constant", "nm")
    dipole_gap = gap_of(material, MANIFOLDS[0], states) if config.approximation.common_masses else gap
    dipole = np.sqrt(2) * velocity / dipole_gap
    energy_l = gap + states.energy_l
    return Manifold(
        name=name,
        states=states,
        paired_sl=paired_states(states, config.approximation.two_exciton_states),
        gap=gap,
        energy_l=energy_l,
        dipole=dipole,
        dipole_l=dipole * states.contact_l,
        damping_l=np.array([widths.s1, *np.where(states.energy_l[1:] < 0, widths.bound, widths.continuum)]),
        bleaching_fs=dipole * _bleaching(config, states, medium),
        generator_ml=generator(relaxation_rates(config, energy_l), config.cascade.internal.decay / HBAR),
        hartree_fock=hartree_fock_1s(states),
    )


def _bleaching(config: Config, states: WannierStates, medium: PairMedium) -> np.ndarray:
    table = {"plane-wave": plane_wave_bleaching, "printed": printed_bleaching}[config.approximation.bleaching]
    bleaching_fs = table(states)
    if config.temperature is not None:
        bleaching_fs[:, 0] = thermal_bleaching(states, medium, config.temperature)
    bleaching_fs[:, 1:] *= config.approximation.excited_bleaching
    return bleaching_fs


def relaxation_rates(config: Config, energy_l: np.ndarray) -> np.ndarray:
    """Return the rates Gamma_{l -> m} as `rate_ml` (1/fs) between states of ascending energy (eV)."""
    cascade = config.cascade.internal
    if config.approximation.cascade == "printed":
        rate_ml = chain_rates(energy_l, cascade.speed)
    else:
        rate_ml = quantum_rates(energy_l, cascade.speed, cascade.quantum, cascade.width)
    return rate_ml if config.temperature is None else with_absorption(rate_ml, energy_l, config.temperature)


def two_exciton_tables(config: Config, material: Material) -> dict[str, SharedTable]:
    """Return the tables of the pairs AA, BB and AB (with the mean masses), none without biexcitons."""
    if not config.approximation.biexciton:
        return {}
    mediums = [medium_of(config, material, name) for name in MANIFOLDS]
    mean = PairMedium(
        0.5 * sum(medium.electron_mass for medium in mediums),
        0.5 * sum(medium.hole_mass for medium in mediums),
        mediums[0].interaction,
    )
    kind = config.approximation.equal_mass_kernel, config.approximation.two_exciton_states
    return {
        name: SharedTable("formation/two excitons", _two_excitons, (config.momentum, config.continuum, medium, *kind))
        for name, medium in zip(("AA", "BB", "AB"), (*mediums, mean))
    }


def _two_excitons(
    momentum: Momentum, continuum: Continuum, medium: PairMedium, equal_masses: bool, count: int
) -> TwoExcitonStates:
    states = _states(momentum, continuum, medium)
    if count == 1:
        return solve_two_excitons(states, medium, equal_masses)
    return solve_excited_pairs(states, medium, equal_masses, count)


def convergence_table(config: Config, material: Material) -> SharedTable:
    """Return the change of the first bound energies of A (eV) on a grid with twice the nodes."""
    medium = medium_of(config, material, MANIFOLDS[0])
    return SharedTable("formation/convergence", _convergence, (config.momentum, config.continuum, medium))


def _convergence(momentum: Momentum, continuum: Continuum, medium: PairMedium) -> np.ndarray:
    return convergence(_states(momentum, continuum, medium), medium.interaction, CONVERGENCE_STATES)


def _pairs(config: Config, manifolds: tuple[Manifold, ...], tables: dict[str, TwoExcitonStates]) -> tuple[Pair, ...]:
    if not tables:
        return ()
    numbers = ((0, 0), (1, 1), (0, 1)) if config.approximation.manifold_pairs else ((0, 0), (1, 1))
    return tuple(
        _pair(manifolds, i, j, same_valley, tables[MANIFOLDS[i] + MANIFOLDS[j]])
        for i, j in numbers
        for same_valley in (True, False)
    )


def _pair(manifolds: tuple[Manifold, ...], first: int, second: int, same_valley: bool, table: TwoExcitonStates) -> Pair:
    """Identical excitons have the repulsive configuration only, others both with weight one half."""
    same = same_valley and first == second
    configurations = [table.antibinding] if same else [table.binding, table.antibinding]
    energy_n = np.concatenate([configuration.energy_n for configuration in configurations])
    return Pair(
        first,
        second,
        same_valley,
        energy_n + (manifolds[first].energy_l[0] + manifolds[second].energy_l[0]),
        manifolds[first].damping_l[0] + manifolds[second].damping_l[0],
        np.full(energy_n.size, 1 / len(configurations)),
        np.concatenate([configuration.coupling_nab for configuration in configurations]),
    )


def radiation_of(config: Config, material: Material) -> Radiation:
    """Return the radiation of the sheet, with the substrate if the input asks for it."""
    frozen = config.probe.photon_energy if config.approximation.radiation == "frozen" else None
    background = config.approximation.background if config.solver.route == "third-order" else 0.0
    if not config.approximation.substrate:
        return Radiation(frozen, None, background)
    index_e, extinction_e, energy_e = (
        np.array(material.numbers_of(f"substrate.{key}", unit))
        for key, unit in (("silicon_index", "1"), ("silicon_extinction", "1"), ("photon_energy", "eV"))
    )
    oxide = material.number("substrate.oxide_index", "1"), material.number("substrate.oxide_thickness", "nm")
    return Radiation(frozen, Stack(*oxide, energy_e, index_e + 1j * extinction_e), background)

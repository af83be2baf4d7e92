"""How the exciton's binding energy depends on the mesh and its cut-off; the trion's does in the same way.

**mesh.N.** A mesh of N x N momenta is a supercell of N x N cells: charges interact with each other's images, which is
a constant (exciton/finite_mesh_correction) and a field c r^2, whose effect is of first order in c = `image_field` as
soon as the states are smaller than the supercell.

**mesh.k0.** Momenta k beyond the cut-off would lower the energy by |W(k) phi(0)|^2 over kinetic and binding energy,
with the overlaps of the bands. The sum over all of them is the term "tail": like k0^-3 for linear bands and k0^-4 for
parabolic ones where W falls like k^-2. The next term is smaller by one power of k0. What counts is the area of the
cut-off's circle that the points within it really stand for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hpcx.exciton.carriers import A_PAIR, carrier_bands, pair_labels
from hpcx.exciton.config import CarriersInput, Config
from hpcx.exciton.problem import carrier_lattice, material_interaction, pair_bands
from hpcx.exciton.refusals import followed
from hpcx.exciton.tight_binding import load_valleys
from hpcx.exciton.zone_refinement import RESIDUAL, SOLVER_ERROR, zone_refinement
from hpcx.materials.loader import Material
from hpcx.physics.bands import BandModel
from hpcx.physics.bound_states import BoundState, bound_state
from hpcx.physics.constants import COULOMB, HBAR2_PER_M0
from hpcx.physics.lattice import Lattice
from hpcx.physics.mesh import count_points
from hpcx.physics.screening import image_field
from hpcx.physics.valley_bands import TightBindingValleys, cautions
from hpcx.refinement import Parameter, Quantity, Refinement, Values
from hpcx.units import from_internal

START = {"mesh.N": 60, "mesh.k0": 0.14}
#: width of the smallest supercell and smallest cut-off in units of the radius a of exp(-r/a) and of 1/a
_WIDTH, _CUTOFF = 14.7, 2.05
#: N k0 of the coarsest mesh at least, about 20 points: where the border of the zone limits k0, N begins higher
_LEAST_REACH = 2.5
#: steps of the ladders: supercells over the smallest one, cut-offs over the smallest one
_WIDER = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0)
_HIGHER = tuple(2 ** (step / 2) for step in range(12))
#: largest cut-off that an input may have, 2 pi / a
HIGHEST = 0.5
#: largest cut-off of a tight-binding model over that at which two valleys meet, or at which a band changes its
#: character; points along the radius of the mesh on which this is looked for, and halvings of the interval
_INSIDE, _POINTS, _HALVINGS = 0.97, 15, 6
#: N is a multiple of 3, for which the mesh around the valley is one around the zone's centre, and even
_MULTIPLE = 6
#: error after the first calculations over the value, as it was seen
_USUAL = 0.005
#: nodes of the integral over momenta beyond the cut-off, in the logarithm of k up to so many times the cut-off
_NODES, _FARTHEST = 60, 1e4
#: momentum at which the mass is taken, 1/nm: bands are parabolic there to 1e-7
_NEAR = 1e-3
#: points that cost as much as the beginning and the end of a calculation
_OVERHEAD = 1e5


@dataclass(frozen=True)
class Tail:
    """Energy contributed by states beyond a cut-off, for unit contact density.

    Attributes:
        unit: 2 pi / a, 1/nm.
        weight: of a momentum k (1/nm): |W(k)|^2 times squared overlaps over the energy from the bound state's.
    """

    unit: float
    weight: Callable[[np.ndarray], np.ndarray]

    @lru_cache(maxsize=512)  # noqa: B019, lives as long as a study
    def beyond(self, cutoff: float) -> float:
        """Return the integral of k times `weight` over k beyond the cut-off (2 pi / a), eV nm^2."""
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        half = math.log(_FARTHEST) / 2
        k = cutoff * self.unit * np.exp(half * (node + 1))
        return float((half * weight * k**2) @ self.weight(k))


def effective_cutoff(divisions: float, cutoff: float, lattice: Lattice) -> float:
    """Return the radius (2 pi / a) of the circle whose area the points within the cut-off stand for."""
    points = count_points(int(divisions), cutoff, lattice)
    return math.sqrt(points / (math.pi * lattice.cell_area)) * lattice.constant / divisions


def _pair(config: CarriersInput, material: Material, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return energy (eV) and |<c k|c 0><v 0|v k>| of free pairs at momenta k
    (1/nm, ascending) along one direction, each (n,).
    """
    momentum_kx = np.stack([np.append(0.0, k), np.zeros(len(k) + 1)], axis=1)
    model: BandModel = carrier_bands(config, material)
    labels: tuple[Any, Any] = pair_labels(config, material)
    if isinstance(model, TightBindingValleys):
        model, labels = model.continued(*labels), A_PAIR
    electron, hole = (model.band(momentum_kx, label) for label in labels)
    overlap_k = np.abs(
        (electron.spinor_ck[:, :1].conj() * electron.spinor_ck).sum(axis=0)
        * (hole.spinor_ck[:, :1].conj() * hole.spinor_ck).sum(axis=0)
    )
    return (electron.energy_k + hole.energy_k)[1:], overlap_k[1:]


def reduced_mass(config: CarriersInput, material: Material) -> float:
    """Return the reduced mass of the pair near its minimum, m0."""
    energy, _ = _pair(config, material, np.array([_NEAR]))
    return float(HBAR2_PER_M0 * _NEAR**2 / (2 * energy[0]))


def hydrogenic(config: CarriersInput, material: Material) -> BoundState:
    """Return the best exp(-r/a)."""
    return bound_state(reduced_mass(config, material), material_interaction(config, material), "variational")


def relative_width(config: CarriersInput, material: Material) -> float:
    """Return the energy of a free pair at the cut-off over the binding energy of the 1s exciton."""
    unit = 2 * math.pi / carrier_lattice(config, material).constant
    energy, _ = _pair(config, material, np.array([config.mesh.cutoff * unit]))
    return float(energy[0] / hydrogenic(config, material).binding_energy)


def tail_of(config: CarriersInput, material: Material) -> Tail:
    """Return the contribution beyond a cut-off."""
    law, unit = material_interaction(config, material), 2 * math.pi / carrier_lattice(config, material).constant
    binding = hydrogenic(config, material).binding_energy

    def weight(k: np.ndarray) -> np.ndarray:
        """Return the weight with the overlaps <c k|c 0><v 0|v k> of the bands."""
        energy, overlap = _pair(config, material, k)
        return (COULOMB * law.in_momentum(k) * overlap) ** 2 / (energy + binding)

    return Tail(unit, weight)


def highest_cutoff(config: CarriersInput, carriers: Iterable[Any] = A_PAIR) -> float:
    """Return the largest cut-off (2 pi / a) that makes sense:
    bands of a tight-binding model can be followed so far only.
    """
    if config.bands.model != "tight-binding":
        return HIGHEST
    carriers = tuple(carriers)

    def can_be_followed(cutoff: float) -> bool:
        """Return whether no carrier's band is lost on a coarse disk of this radius."""
        mesh = config.mesh.model_copy(update={"k0": cutoff})
        return not followed(config.model_copy(update={"mesh": mesh}), carriers, _POINTS)

    lower, upper = 0.0, min(HIGHEST, load_valleys(config.tight_binding).largest_cutoff)
    if can_be_followed(upper):
        return round(_INSIDE * upper, 3)
    for _ in range(_HALVINGS):
        middle = (lower + upper) / 2
        lower, upper = (middle, upper) if can_be_followed(middle) else (lower, middle)
    return round(_INSIDE * lower, 3)


def mesh_parameters(config: CarriersInput, material: Material, highest: float = HIGHEST) -> tuple[Parameter, Parameter]:
    """Return the ladders of mesh.N and mesh.k0, which begin where an exciton of this size
    has a meaning and end at the `highest` cut-off.
    """
    lattice = carrier_lattice(config, material)
    radius = math.sqrt(2 / math.pi) / hydrogenic(config, material).contact  # a of exp(-r/a)
    law, tail = material_interaction(config, material), tail_of(config, material)
    lowest = min(_CUTOFF / (radius * tail.unit), highest / 4)
    least = max(_WIDTH * radius / lattice.constant, _LEAST_REACH / lowest)
    sizes = tuple(dict.fromkeys(_MULTIPLE * math.ceil(least * wider / _MULTIPLE) for wider in _WIDER))
    cutoffs = [round(lowest * higher, 3) for higher in _HIGHER if lowest * higher < 0.9 * highest]

    field_of = lru_cache(lambda divisions: image_field(divisions, lattice, law))  # asked for again and again

    def images(values: Values) -> dict[str, float]:
        """Return the field of the images, and what comes next."""
        field = field_of(int(values["mesh.N"]))
        return {"images": field, "images, next": field * (least / values["mesh.N"]) ** 2}

    def beyond(values: Values) -> dict[str, float]:
        """Return the tail beyond the cut-off that the mesh really has, and what comes next."""
        cutoff = effective_cutoff(values["mesh.N"], values["mesh.k0"], lattice)
        return {"tail": tail.beyond(cutoff), "tail, next": tail.beyond(cutoff) * lowest / cutoff}

    return (
        Parameter(
            "mesh.N",
            sizes,
            images,
            (("images",), ("images", "images, next")),
            "interaction with the images of a supercell of N x N cells, the sum of the Laplacian of W over them: N^-3",
        ),
        Parameter(
            "mesh.k0",
            (*cutoffs, highest),
            beyond,
            (("tail",), ("tail", "tail, next")),
            "states beyond the cut-off, |W|^2 over their energy: k0^-3 (linear bands) or k0^-4 (parabolic ones), then"
            " one power more",
            nominal=tail.beyond,
            unit="2 pi / a",
        ),
    )


def binding_energy(config: CarriersInput, material: Material) -> Quantity:
    """Return the exciton's binding energy as a quantity."""
    return Quantity(
        "exciton/binding_energy",
        "exciton binding energy",
        "meV",
        correction="exciton/finite_mesh_correction",
        solver_error=SOLVER_ERROR,
        usual=_USUAL,
        rough=from_internal(hydrogenic(config, material).binding_energy, "meV"),
    )


def refinement(config: Config, material: Material) -> Refinement:
    """Return how the exciton is refined, on a disk or on the whole zone; raises NotRefinedError."""
    if config.mesh.region == "zone":
        return zone_refinement(config, material)

    lattice = carrier_lattice(config, material)

    def lean(wanted: tuple[Quantity, ...]) -> dict[str, object]:
        """Return the settings for one state without spectrum."""
        return {"solver.states": 1, "solver.tolerance": RESIDUAL, "absorption.enabled": False}

    def work(values: Values) -> float:
        """Return the number of points with their transforms."""
        points = count_points(int(values["mesh.N"]), values["mesh.k0"], lattice)
        return _OVERHEAD + 100 * points * math.log2(points)

    return Refinement(
        mesh_parameters(config, material, highest_cutoff(config, pair_labels(config, material))),
        (binding_energy(config, material),),
        mesh_settings,
        lean,
        work,
        "; ".join(cautions(pair_bands(config, material))),
    )


def mesh_settings(values: Values) -> dict[str, object]:
    """Return the keys of the mesh."""
    return {"mesh.N": int(values["mesh.N"]), "mesh.k0": values["mesh.k0"]}

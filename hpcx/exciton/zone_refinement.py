"""How the exciton on the whole zone depends on the mesh.

A mesh of N x N momenta is a torus of N x N cells for the distance R of electron and hole. V(R) is that of the crystal
out to half the width L = N a of the torus: nothing singular is sampled, so there is no W(q -> 0) to choose and no field
of images as on disks. What is left is where the exciton hardly is. Its tail meets that of its next image, which lowers
the energy by about |V| psi(R) psi(L - R); V ends at L / 2, which raises it by |V psi^2| in the corners of the torus.
With psi = exp(-kappa R) both are exp(-kappa L) times powers of L, kappa^2 = 2 mu E / hbar^2 with the mass of the lowest
free pairs and the binding energy. These are known beforehand to some per cent, unless something else keeps the pair
apart (exchange, bands whose overlaps matter): so a decay half as fast is tried beside it, which counts as an error.
K and M are on all meshes, because N is a multiple of 6; other valleys give the tails phases that change with N.

Bands of the pairs, `zone.reach` and V at one site belong to the model and are not refined.
"""

from __future__ import annotations

import math

import numpy as np

from hpcx.exciton.config import Config
from hpcx.exciton.problem import material_interaction
from hpcx.exciton.tight_binding import load_model, occupied_bands, pair_momenta
from hpcx.materials.loader import Material
from hpcx.physics.bound_states import bound_state
from hpcx.physics.constants import HBAR2_PER_M0
from hpcx.physics.extrema import free_pair, minimum_between_points
from hpcx.physics.lattice import integer_pairs
from hpcx.physics.tightbinding import TightBinding
from hpcx.refinement import NotRefinedError, Parameter, Quantity, Refinement, Values
from hpcx.units import from_internal

#: N is a multiple of this
_MULTIPLE = 6
#: kappa L of the coarsest mesh and of each step to a finer one, and number of meshes
_FIRST, _STEP, _MESHES = 6.0, 1.5, 20
#: mesh on which the lowest free pair is looked for, step for its masses (1/nm), and their bounds, m0
_MESH, _NEAR, _LIGHT, _HEAVY = 24, 1e-2, 0.01, 10.0
#: residual that an energy needs (its error is of second order), eV, and what is counted as the solver's error, meV
RESIDUAL, SOLVER_ERROR = 1e-6, 1e-3
#: error after the first calculations over the binding energy, as it was seen; no pair is bound by more, meV
_USUAL, _DEEPEST = 0.005, 1e5
#: what a product costs beside its transforms, in numbers that are transformed
_CALLS = 6e4


def zone_refinement(config: Config, material: Material) -> Refinement:
    """Return how the exciton of the last pair momentum is refined; raises NotRefinedError if it has no limit."""
    zone, model = config.zone, load_model(config.tight_binding)
    if zone.exchange and zone.whole_cells and zone.reach is None:
        why = (
            "with zone.exchange this is a sum over the cells of the supercell, which oscillates with mesh.N and has no"
            " limit: give zone.reach, too, or leave whole_cells out"
        )
        raise NotRefinedError("zone.whole_cells", why)
    fraction_v = pair_momenta(config, model)[-1]
    edge, mass_x = pair_masses(model, occupied_bands(config.tight_binding), fraction_v @ model.reciprocal_vx)
    law = material_interaction(config, material)
    binding = bound_state(float(np.sqrt(mass_x.prod())), law, "variational").binding_energy
    decay = math.sqrt(2 * mass_x[0] * binding / HBAR2_PER_M0)
    quantities = _quantities(
        fraction_v, from_internal(binding, "meV"), from_internal(edge + config.internal.zone.scissor, "meV")
    )
    return Refinement(
        (_mesh(decay * model.shortest_vector, 2 * (config.internal.zone.reach or 0.0) / model.shortest_vector),),
        quantities,
        lambda values: {"mesh.N": int(values["mesh.N"])},
        lambda wanted: _lean(config, fraction_v),
        lambda values: _work(values["mesh.N"], model.orbitals),
        _choices(config, model),
    )


def pair_masses(model: TightBinding, occupied: int, momentum_x: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the lowest energy of a free pair of a momentum (2,), 1/nm, in eV,
    and its masses along the main axes, (2,), m0, the light one first.
    """
    energy = free_pair(model, occupied, momentum_x)
    mesh_kv = integer_pairs(range(_MESH), range(_MESH)) / _MESH
    edge, place_v = minimum_between_points(energy, energy(mesh_kv).reshape(_MESH, _MESH))
    step_sx = _NEAR * np.array([[1, 0], [0, 1], [1, 1], [1, -1]])
    both_sx = np.concatenate([step_sx, -step_sx])
    there = energy(place_v + both_sx @ np.linalg.inv(model.reciprocal_vx))
    xx, yy, sum_, difference = (there[:4] + there[4:] - 2 * edge) / _NEAR**2
    mixed = (sum_ - difference) / 4
    curvature_x = np.linalg.eigvalsh([[xx, mixed], [mixed, yy]])[::-1]
    return edge, HBAR2_PER_M0 / np.clip(curvature_x, HBAR2_PER_M0 / _HEAVY, HBAR2_PER_M0 / _LIGHT)


def _mesh(decay: float, least: float) -> Parameter:
    """Return the ladder of an exciton that decays by exp(-decay) per cell, from `least` divisions on."""
    widths = max(_FIRST / decay, least) + _STEP / decay * np.arange(_MESHES)
    sizes = np.unique(_MULTIPLE * np.ceil(widths / _MULTIPLE)).astype(int)

    def tails(values: Values) -> dict[str, float]:
        """Return what tails make across the supercell, and what they would make with half the decay."""
        size = values["mesh.N"]
        return {"tail": size * math.exp(-decay * size), "slow tail": math.exp(-decay * size / 2)}

    return Parameter(
        "mesh.N",
        tuple(sizes.tolist()),
        tails,
        (("tail",), ("slow tail",)),
        "tails of the exciton that meet across N x N cells: N exp(-kappa N a), kappa^2 = 2 mu E / hbar^2",
    )


def _quantities(fraction_v: np.ndarray, binding: float, edge: float) -> tuple[Quantity, ...]:
    """Return binding and energy of the lowest exciton, about `binding` and as much below the `edge`, meV."""
    where = f" at Q = ({fraction_v[0]:.4g}, {fraction_v[1]:.4g})" if fraction_v.any() else ""
    energy = edge - binding
    return (
        Quantity(
            "exciton/binding_energy",
            f"exciton binding energy{where}",
            "meV",
            solver_error=SOLVER_ERROR,
            usual=_USUAL,
            rough=binding,
            between=(0.0, _DEEPEST),
        ),
        Quantity(
            "exciton/energy",
            f"energy of the exciton{where}",
            "meV",
            labels=(0,),
            solver_error=SOLVER_ERROR,
            usual=_USUAL * binding / abs(energy),
            rough=energy,
            between=(edge - _DEEPEST, edge),
        ),
    )


def _choices(config: Config, model: TightBinding) -> str:
    """Return in words which bands form the pairs, if others are left out."""
    valence, conduction = config.zone.valence, config.zone.conduction
    if valence + conduction == model.orbitals:
        return ""
    return (
        f"pairs of zone.valence = {valence} and zone.conduction = {conduction} of the model's {model.orbitals} bands:"
        " what more bands would change is not in the error bar"
    )


def _lean(config: Config, fraction_v: np.ndarray) -> dict[str, object]:
    """Return the settings for one state of one momentum, without spectrum."""
    one = {} if config.zone.path is None else {"zone.path": None, "zone.momentum": fraction_v.tolist()}
    return one | {"solver.states": 1, "solver.tolerance": RESIDUAL, "absorption.enabled": False}


def _work(divisions: float, orbitals: int) -> float:
    """Return the products, whose number grows with the root of N, times what is transformed in one."""
    return math.sqrt(divisions) * (_CALLS + (orbitals * divisions) ** 2 * (2 + math.log2(divisions)))

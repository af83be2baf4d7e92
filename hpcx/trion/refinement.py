"""How the binding energies of trions depend on the mesh and its cut-off: as the exciton's do, see `hpcx.exciton.refinement`.

The constant part of the interaction with images cancels between trion and exciton, so nothing is corrected. A trion is larger than its
exciton: where the supercell is not much larger, tunnelling between images binds it more, which is gone after one or two steps of N.
"""

from __future__ import annotations

from hpcx.exciton.refinement import START, binding_energy, mesh_parameters, mesh_settings
from hpcx.materials.loader import Material
from hpcx.physics.mesh import count_points
from hpcx.refinement import Quantity, Refinement, Values
from hpcx.trion.config import Config

__all__ = ["START", "refinement"]

#: residual that an energy needs (its error is of second order), eV, and what is counted as the solver's error, meV
_RESIDUAL, _SOLVER_ERROR = 1e-6, 2e-3
#: points cubed that cost as much as the beginning and the end of a calculation, and points from which on transforms are quicker
_OVERHEAD, _TRANSFORMS = 2e7, 650
#: error after the first calculations over the value, and trion over exciton, as they were seen
_USUAL, _SHARE = 0.05, 0.07
#: names as one prints them
_NAMES = {"singlet": "trion binding energy", "triplet": "triplet trion binding energy"}


def refinement(config: Config, material: Material) -> Refinement:
    """Return how trions on a disk are refined."""
    exciton = binding_energy(config, material)
    about = {"solver_error": _SOLVER_ERROR, "usual": _USUAL, "rough": _SHARE * exciton.rough}
    trions = [Quantity(f"{species}/binding_energy", name, "meV", **about) for species, name in _NAMES.items()]

    def lean(wanted: tuple[Quantity, ...]) -> dict[str, object]:
        """Return what the lowest state of the species that are wanted needs, without spectra."""
        species = [name for name in _NAMES if any(quantity.path.startswith(name) for quantity in wanted)]
        states = {"trion.species": species or ["singlet"], "solver.states": 1, "solver.tolerance": _RESIDUAL, "solver.save_states": False}
        return states | {"absorption.enabled": False, "twod.enabled": False}

    def work(values: Values) -> float:
        """Return about the number of products of blocks: n^3, or n^2 where they are transforms."""
        points = count_points(int(values["mesh.N"]), values["mesh.k0"])
        return _OVERHEAD + points**2 * min(points, _TRANSFORMS)

    return Refinement(mesh_parameters(config, material), (*trions, exciton), mesh_settings, lean, work)

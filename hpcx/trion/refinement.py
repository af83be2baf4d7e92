"""How the binding energies of trions depend on the mesh and its cut-off:
as the exciton's do, see `hpcx.exciton.refinement`.

**mesh.N.** The constant part of the interaction with images cancels between trion and exciton, so nothing is corrected.
A trion is larger than its exciton: where the supercell is not much larger, tunnelling between images binds it more,
which is gone after one or two steps of N.

**mesh.k0.** A cut-off takes from a trion what it takes from pairs of electron and hole, and a little less from its two
electrons: what is missing is about 0.3 times what the exciton misses on the same mesh, with the same shells of points
at the cut-off and the same higher orders. The exciton costs next to nothing, so this is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from hpcx.exciton.problem import carrier_lattice, exciton_problem
from hpcx.exciton.refinement import (
    RESIDUAL,
    START,
    binding_energy,
    effective_cutoff,
    highest_cutoff,
    mesh_parameters,
    mesh_settings,
    tail_of,
)
from hpcx.materials.loader import Material
from hpcx.physics.mesh import count_points
from hpcx.refinement import Parameter, Quantity, Refinement, Values
from hpcx.trion.config import Config
from hpcx.trion.refusals import all_carriers

__all__ = ["START", "refinement"]

#: what is counted as the solver's error, meV
_SOLVER_ERROR = 2e-3
#: points cubed that cost as much as the beginning and the end of a calculation, and points from which on transforms are
#: quicker
_OVERHEAD, _TRANSFORMS = 2e7, 650
#: error after the first calculations over the value, and trion over exciton, as they were seen
_USUAL, _SHARE = 0.01, 0.07
#: cut-offs from which the exciton's limit is extrapolated by its tail, over the largest one
_NEAR_LIMIT = (0.8, 1.0)
#: names as one prints them
_NAMES = {"singlet": "trion binding energy", "triplet": "triplet trion binding energy"}


def refinement(config: Config, material: Material) -> Refinement:
    """Return how trions on a disk are refined."""
    exciton, lattice = binding_energy(config, material), carrier_lattice(config, material)
    rough = _SHARE * exciton.rough
    channels = {name: f"{name} trion binding energy" for name in config.trion.channels}
    trions = [
        Quantity(f"{name}/binding_energy", text, "meV", solver_error=_SOLVER_ERROR, usual=_USUAL, rough=rough)
        for name, text in (_NAMES | channels if config.trion.species else channels | _NAMES).items()
    ]

    def lean(wanted: tuple[Quantity, ...]) -> dict[str, object]:
        """Return the settings for the lowest state of the wanted species and channels, without spectra and exchange."""
        names = {quantity.path.removesuffix("/binding_energy") for quantity in wanted}
        named = {name: words for name, words in config.trion.channels.items() if name in names}
        states: dict[str, object] = {
            "trion.species": [name for name in _NAMES if name in names] or ([] if named else ["singlet"]),
            "solver.states": 1,
            "solver.tolerance": RESIDUAL,
            "solver.save_states": False,
        }
        if config.trion.channels:
            states |= {"trion.channels": named, "exchange.long_range": False, "exchange.contact": 0.0}
        return states | {"absorption.enabled": False, "twod.enabled": False}

    def work(values: Values) -> float:
        """Return about the number of products of blocks: n^3, or n^2 where they are transforms."""
        points = count_points(int(values["mesh.N"]), values["mesh.k0"], lattice)
        return _OVERHEAD + points**2 * min(points, _TRANSFORMS)

    mesh, cutoff = mesh_parameters(config, material, highest_cutoff(config, all_carriers(config, material)))
    return Refinement(
        (mesh, _with_excitons(config, material, mesh, cutoff)), (*trions, exciton), mesh_settings, lean, work
    )


@dataclass(frozen=True, eq=False)
class Excitons:
    """Excitons on the meshes of trions, with what is beyond a cut-off and the highest one (2 pi / a)."""

    config: Config
    material: Material
    tail: Callable[[float], float]
    highest: float

    @lru_cache(maxsize=512)  # noqa: B019, lives as long as a study
    def binding(self, divisions: int, cutoff: float) -> float:
        """Return the exciton's binding energy on a mesh, eV; SLEPc must have begun on all ranks."""
        from mpi4py import MPI

        from hpcx.exciton.solve import solve_exciton

        mesh = self.config.mesh.model_copy(update={"N": divisions, "k0": cutoff})
        problem = exciton_problem(self.config.model_copy(update={"mesh": mesh}), self.material)
        return -float(solve_exciton(MPI.COMM_SELF, problem, 1, RESIDUAL).energy[0])

    def missing(self, divisions: float, cutoff: float) -> float:
        """Return by how much the cut-off lowers the exciton's binding energy, eV."""
        lattice = carrier_lattice(self.config, self.material)
        near = [share * self.highest for share in _NEAR_LIMIT]
        below, above = (self.binding(int(divisions), one) for one in near)
        left = [self.tail(effective_cutoff(divisions, one, lattice)) for one in near]
        return above + (above - below) * left[1] / (left[0] - left[1]) - self.binding(int(divisions), cutoff)


def _with_excitons(config: Config, material: Material, mesh: Parameter, cutoff: Parameter) -> Parameter:
    """Return the parameter of the cut-off with what the exciton misses as the term;
    on the mesh of the base nothing blurs it.
    """
    excitons = Excitons(config, material, tail_of(config, material).beyond, cutoff.levels[-1])
    lowest, base = cutoff.levels[0], mesh.levels[mesh.base]

    def missing(values: Values) -> dict[str, float]:
        """Return the exciton's cut-off error and the next-order term."""
        found = excitons.missing(values["mesh.N"], values["mesh.k0"])
        return {"exciton's": found, "exciton's, next": found * lowest / values["mesh.k0"]}

    return replace(
        cutoff,
        terms=missing,
        models=(("exciton's",), ("exciton's", "exciton's, next")),
        reason="proportional to the exciton's cut-off error, computed on the same mesh; then one more power of k0",
        nominal=lambda k0: excitons.missing(base, k0),
    )

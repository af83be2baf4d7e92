"""The excitons of an input of `wigner`."""

from __future__ import annotations

from hpcx.materials.environment import load_environment
from hpcx.materials.loader import Material
from hpcx.physics.interaction import Interaction, layer_interaction
from hpcx.physics.valley_excitons import Excitons, excitons_of

#: name of the solver of the 1s states by the value of `wannier`
SOLVERS = {"variational": "variational", "numerical": "tabulated"}


def interaction(material: Material, environment: float | str | None) -> Interaction:
    """Return the interaction in the layer; without an environment, its surroundings are those of the material file.

    Raises ValueError for inconsistent surroundings.
    """
    around = material.number("interaction.kappa", "1") if environment is None else environment
    return layer_interaction(material, load_environment(around))


def read_excitons(material: Material, environment: float | str | None = None, wannier: str = "variational") -> Excitons:
    """Collect the numbers of a material, with 1s states from the solver that `wannier` names.

    Raises MaterialError naming what is missing, and ValueError if a state is not bound.
    """
    return excitons_of(material, interaction(material, environment), SOLVERS[wannier])

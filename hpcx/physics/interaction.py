"""The screened interaction of two charges in a layer: what every model receives, and the registry of all kinds.

An interaction is that of two equal charges in units of e^2 / (4 pi eps0): the caller multiplies by COULOMB (eV nm). In
momentum space it is 2 pi / (q eps(q)). A new kind is a class with the members of `Interaction` and a line in
`INTERACTIONS`; an environment file with `interaction = "its name"` then selects it in all models.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, Self

import numpy as np

from hpcx.physics.rytova_keldysh import Logarithmic, Number, RytovaKeldysh
from hpcx.physics.slabs import SlabLayer
from hpcx.physics.surroundings import Surroundings
from hpcx.physics.tabulated import TabulatedLayer


class Interaction(Hashable, Protocol):
    """A law by which two charges in the layer repel each other; all methods keep the shape of their argument."""

    @classmethod
    def in_surroundings(cls, length: float, surroundings: Surroundings) -> Self:
        """Return the interaction in a layer of r0 = 2 pi chi = `length` (nm) in `surroundings`.

        Raises ValueError that says what is wrong with the surroundings.
        """
        ...

    def dielectric_function(self, q: Number) -> np.ndarray:
        """Return eps at q >= 0, 1/nm; eps(0) is that of the surroundings, seen from afar."""
        ...

    def in_momentum(self, q: Number) -> np.ndarray:
        """Return 2 pi / (q eps(q)) at q > 0."""
        ...

    def over_disk(self, radius: Number) -> np.ndarray:
        """Return the integral of q times `in_momentum` over q from 0 to `radius`."""
        ...

    def in_space(self, r: Number) -> np.ndarray:
        """Return the interaction at distances r > 0."""
        ...


#: by name; the class makes itself of a layer and its surroundings
INTERACTIONS: dict[str, type[Interaction]] = {
    "thin-layer": RytovaKeldysh,
    "logarithmic": Logarithmic,
    "slabs": SlabLayer,
    "table": TabulatedLayer,
}


def interaction_of(length: float, surroundings: Surroundings, uniform: str = "thin-layer") -> Interaction:
    """Return the interaction in a layer of r0 = `length` (nm) in `surroundings`.

    Its kind is what the surroundings name, else what their slabs, sheets or table mean; `uniform` is that of a single
    permittivity. Raises ValueError if there is no such kind or the surroundings do not suit it.
    """
    meant = (
        "slabs"
        if surroundings.has("slab.1.parallel") or surroundings.has("sheet.1.r0")
        else "table"
        if surroundings.has("table.q")
        else uniform
    )
    kind = surroundings.texts.get("interaction", meant)
    if kind not in INTERACTIONS:
        raise ValueError(f"no interaction {kind!r}; known are {', '.join(INTERACTIONS)}")
    return INTERACTIONS[kind].in_surroundings(length, surroundings)


def layer_interaction(layer: Surroundings, around: Surroundings, uniform: str = "thin-layer") -> Interaction:
    """Return the interaction of electron and hole in a layer,
    whose `interaction.r0` counts unless the surroundings know it; raises ValueError.
    """
    return interaction_of(0.0 if around.knows_layer else layer.number("interaction.r0", "nm"), around, uniform)

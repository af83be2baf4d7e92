"""The 1s exciton of two parabolic bands: what models receive, whichever way the Wannier equation was solved.

    [p^2 / (2 mu) - V(r)] phi = -binding_energy phi,    int d2r phi^2 = int d2k/(2 pi)^2 phi(k)^2 = 1,

with the interaction V of two charges (hpcx.physics.interaction), phi real and positive at zero distance. A new solver
is a function of reduced mass and interaction and a line in `SOLVERS`.

Formation after a pump above the gap needs all s states with their continuum on one grid of momenta, orthogonal to each
other. Only the radial solver has them, so that model asks `wannier_radial.radial_states` itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from hpcx.physics.interaction import Interaction
from hpcx.physics.wannier_gaussian import ground_state, tabulated_1s
from hpcx.physics.wannier_radial import radial_1s
from hpcx.physics.wannier_variational import variational_1s


class BoundState(Protocol):
    """A normalised 1s state;
    methods with a second state expect one of the same solver and keep the shape of the momenta (1/nm).
    """

    @property
    def binding_energy(self) -> float:
        """How far the state lies below the band gap, eV."""
        ...

    @property
    def contact(self) -> float:
        """Wave function at zero distance, phi(r = 0), 1/nm."""
        ...

    def in_momentum(self, k: np.ndarray) -> np.ndarray:
        """Return phi(k), nm."""
        ...

    def form_factor(self, other: Any, q: np.ndarray) -> np.ndarray:
        """Return int d2r phi phi' exp(i q r); one at q = 0 for equal states."""
        ...

    def blocked_overlap(self, occupant: Any, p: np.ndarray) -> np.ndarray:
        """Return 1 / phi(r = 0) int d2k/(2 pi)^2 phi(k) phi'(k - p)^2, nm^2.

        This is the bleaching of this transition by one carrier of an exciton `occupant` whose relative motion is
        displaced by p.
        """
        ...

    def squared_overlap(self, other: Any, p: np.ndarray) -> np.ndarray:
        """Return int d2k/(2 pi)^2 phi(k)^2 phi'(k - p)^2, nm^2."""
        ...


#: by name; each takes the reduced mass (m0) and the interaction, and raises ValueError if no state is bound
SOLVERS: dict[str, Callable[[float, Interaction], BoundState]] = {
    "variational": variational_1s,
    "gaussian": ground_state,
    "tabulated": tabulated_1s,
    "radial": radial_1s,
}


def bound_state(reduced_mass: float, law: Interaction, solver: str = "gaussian") -> BoundState:
    """Return the 1s state for a reduced mass (m0) by the method `solver`; raises ValueError if no state is bound."""
    return SOLVERS[solver](reduced_mass, law)

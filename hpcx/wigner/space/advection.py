"""Free flight for real angular moments, as compiled loops over cells.

Components of a cell: a_0, then a_m = int N cos(m theta) and, in two dimensions, b_m = int N sin(m theta), m = 1 to M.
Multiplication by cos(theta) or sin(theta) couples neighbouring m:

    d_t a_m = -(u/2) [d_x (a_{m+1} + a_{m-1}) + d_y (b_{m+1} - b_{m-1})]
    d_t b_m = -(u/2) [d_x (b_{m+1} + b_{m-1}) - d_y (a_{m+1} - a_{m-1})]

and d_t a_0 = -u (d_x a_1 + d_y b_1). Derivatives are central and of fourth order, hence conservative and without
dissipation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpcx.petsc.cells import CellGrid

#: longest stable step times largest speed over cell length, in one and two dimensions (scheme 4 and 3)
STABLE_COURANT = 1.4
#: cells without ghost neighbours are processed in this many parts, between which MPI can progress
PARTS = 8


def components(harmonics: int, dimension: int) -> list[tuple[int, int]]:
    """Return (harmonic m, 0 for the cosine or 1 for the sine) of every component."""
    return [(0, 0), *((m, sine) for m in range(1, harmonics + 1) for sine in range(dimension))]


def labels(harmonics: int, dimension: int) -> tuple[int, ...]:
    """Return the harmonic |m| of every component."""
    return tuple(m for m, _ in components(harmonics, dimension))


def parities(harmonics: int, dimension: int) -> np.ndarray:
    """Return the sign (direction, component) that a component takes under x -> -x and y -> -y."""
    signs = [((-1.0) ** (m + sine), (-1.0) ** sine) for m, sine in components(harmonics, dimension)]
    return np.array(signs).T[:dimension]


def couplings(harmonics: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which components drive which: (target, source, direction; coupling) and the factors (coupling,).

    The derivative of the source along the direction (0: x, 1: y) drives the target, as 2 cos(t) and 2 sin(t) times

        cos(m t):  cos((m+1) t) + cos((m-1) t)    and    sin((m+1) t) - sin((m-1) t)
        sin(m t):  sin((m+1) t) + sin((m-1) t)    and  - cos((m+1) t) + cos((m-1) t)

    Harmonics beyond the last one are taken to be zero.
    """
    number = {component: place for place, component in enumerate(components(harmonics, dimension))}
    found, factors = [], []
    for (m, sine), target in number.items():
        for direction in range(dimension):
            for step in (1, -1):
                source = number.get((m + step, sine ^ direction))
                if source is not None:
                    sign = step * (-1) ** sine if direction else 1
                    found.append((target, source, direction))
                    factors.append(sign * (0.5 if m else 1.0))
    return np.array(found), np.array(factors)


class Flight:
    """-u . grad of the state of a block of cells.

    Args:
        velocity_i: speed of each value of a component, nm/fs (zero for values that do not move).
        spacing: length of a cell, nm.
        harmonics: of the state.
        cells: where the state lives.
    """

    def __init__(self, velocity_i: np.ndarray, spacing: float, harmonics: int, cells: CellGrid) -> None:
        dimension = len(cells.points)
        self._integers, self._factors = couplings(harmonics, dimension)
        self._scaled_i = -velocity_i / (12 * spacing)
        self._parities = parities(harmonics, dimension)
        self._cells = cells
        self._inner = np.array_split(cells.neighbours.inner, PARTS)

    def __call__(self, state: np.ndarray, out: np.ndarray) -> None:
        """Write the result into `out`; both [cell, component, value]. Collective.

        Cells without ghost neighbours are processed while the ghosts are being sent.
        """
        none = np.empty((0, *state.shape[1:]))
        self._cells.start_exchange(state)
        for part in self._inner:
            self._treat(part, state, none, out)
            self._cells.further_exchange()
        ghosts = self._cells.finish_exchange()
        self._treat(self._cells.neighbours.outer, state, ghosts, out)

    def _treat(self, cells: np.ndarray, state: np.ndarray, ghosts: np.ndarray, out: np.ndarray) -> None:
        near = self._cells.neighbours
        read = (_read_only(state), _read_only(ghosts))  # so that the loop is compiled for one type only
        _compiled()(
            cells, near.places, near.mirrored, *read, out, self._parities, self._integers, self._factors, self._scaled_i
        )


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


@lru_cache(maxsize=1)
def _compiled() -> Callable:
    """Compile the loops on first use: loading numba takes a second or two."""
    from numba import njit

    @njit(fastmath={"reassoc", "contract", "nsz"})
    def difference(far_below, below, above, far_above, sign, line):
        """Write twelve cell lengths times the derivative into `line`; `sign` is that of mirror images, by distance."""
        for i in range(line.size):
            line[i] = 8.0 * (sign[2] * above[i] - sign[1] * below[i]) - (
                sign[3] * far_above[i] - sign[0] * far_below[i]
            )

    @njit(fastmath={"reassoc", "contract", "nsz"})
    def combine(out_cell, derivatives, integers, factors, scaled_i):
        """Write the change of a cell by the derivatives of its components, with the table of couplings."""
        out_cell[:] = 0.0
        for entry in range(factors.size):
            target, source, direction = integers[entry]
            line = derivatives[direction, source]
            factor = factors[entry]
            for i in range(scaled_i.size):
                out_cell[target, i] += factor * line[i]
        for component in range(out_cell.shape[0]):
            for i in range(scaled_i.size):
                out_cell[component, i] *= scaled_i[i]

    @njit
    def line_of(place, component, state, ghosts):
        """Return the values of a component of a neighbouring cell."""
        if place < state.shape[0]:
            return state[place, component]
        return ghosts[place - state.shape[0], component]

    @njit
    def fly(cells, places, mirrored, state, ghosts, out, parities, integers, factors, scaled_i):
        """Process these cells."""
        derivatives = np.empty((places.shape[1], state.shape[1], state.shape[2]))
        sign = np.empty(4)
        for cell in cells:
            for direction in range(places.shape[1]):
                a, b, c, d = places[cell, direction]
                for component in range(state.shape[1]):
                    for distance in range(4):
                        sign[distance] = parities[direction, component] if mirrored[cell, direction, distance] else 1.0
                    difference(
                        line_of(a, component, state, ghosts),
                        line_of(b, component, state, ghosts),
                        line_of(c, component, state, ghosts),
                        line_of(d, component, state, ghosts),
                        sign,
                        derivatives[direction, component],
                    )
            combine(out[cell], derivatives, integers, factors, scaled_i)

    return fly

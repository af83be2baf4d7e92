"""Where values are in a buffer and what symmetry does to them on the way:
such lists are most of an operator's memory.
"""

from __future__ import annotations

import numpy as np

from hpcx.trion.sector import PairGroup

#: values that are added up together: they stay in the cache
CHUNK = 1 << 14


class Places:
    """Places in a buffer, with what the symmetry operation that leads there does to values:
    complex conjugation, change of sign, turn.
    """

    def __init__(self, group: PairGroup, place: np.ndarray, operation: np.ndarray, swaps: bool = True) -> None:
        """Take places and the operations that lead there, (value,) each;
        without `swaps` the exchange of carriers does not change the sign.
        """
        self._place = place
        negated, conjugated = group.swaps_g[operation] & swaps, group.conjugates_g[operation]
        self._real, self._imaginary = _signs(negated), _signs(negated != conjugated)
        self._back_g = group.turn_g.conj()
        self._operation = None if np.allclose(self._back_g, 1) else operation.astype(np.int8)

    def take(self, source: np.ndarray, part: slice) -> np.ndarray:
        """Return the values of some of the places of a buffer."""
        return self._changed(source.take(self._place[part]), part)

    def take_from(self, source: np.ndarray, first: int, part: slice) -> np.ndarray:
        """Return the values at those places that begin at `first` of the buffer and are in `source`,
        whose last value stands for all others.
        """
        place, last = self._place[part] - first, len(source) - 1
        place[(place < 0) | (place > last)] = last
        return self._changed(source.take(place), part)

    def _changed(self, value: np.ndarray, part: slice) -> np.ndarray:
        if self._real is not None:
            value.real *= self._real[part]
        if self._imaginary is not None:
            value.imag *= self._imaginary[part]
        if self._operation is not None:
            value *= self._back_g[self._operation[part]]
        return value


def _signs(negative: np.ndarray) -> np.ndarray | None:
    """Return the sign of each value, if there are negative ones."""
    return np.where(negative, np.int8(-1), np.int8(1)) if negative.any() else None

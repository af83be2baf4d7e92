"""What both routes return: relative changes of the reflectivity against delay, by contribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

CONTRIBUTIONS = ("full", "incoherent", "coherent")
#: extents of the Hartree-Fock terms between which the coherent contribution is compared
READINGS = ("1s", "all")

T = TypeVar("T")


@dataclass(frozen=True)
class Traces:
    """Results of a route.

    Attributes:
        delay_d: delays, fs.
        change_rcd: relative change of the reflectivity at the A and B excitons (resonance, contribution, delay).
        coherent_hrd: coherent contribution with Hartree-Fock terms of extent READINGS[h]; empty in the time route.
        energy_e: photon energies of the spectrum, eV.
        spectrum_ced: spectrum (contribution, photon energy, delay).
        time_t: times of the populations, fs.
        population_mt: 1s population per valley, 1/nm^2.
        statistics: steps, evaluations and the like.
    """

    delay_d: np.ndarray
    change_rcd: np.ndarray
    coherent_hrd: np.ndarray
    energy_e: np.ndarray
    spectrum_ced: np.ndarray
    time_t: np.ndarray
    population_mt: np.ndarray
    statistics: dict[str, float] = field(default_factory=dict)


def distribute(comm: Any, count: int, work: Callable[[int], T]) -> list[T]:
    """Return [work(0), ..., work(count - 1)] on every rank, the items being dealt out to the ranks in turn.

    Raises the error of the lowest failing rank as AgreedError on all ranks.
    """
    from hpcx.parallel.errors import agreed

    own: list[tuple[int, T]] = []
    with agreed(comm):
        own = [(item, work(item)) for item in range(comm.rank, count, comm.size)]
    return [result for _, result in sorted(sum(comm.allgather(own), []), key=lambda pair: pair[0])]

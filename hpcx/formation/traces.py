"""The result of both routes: relative changes of the reflectivity against delay, by contribution."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

#: "incoherent" is the bleaching by populations, including the grating of pump and probe; "coherent" is the rest
CONTRIBUTIONS = ("full", "incoherent", "coherent")
#: valleys, of which sigma+ drives the first
VALLEYS = ("K", "K'")
#: spacing of the populations that are written, fs
POPULATION_STEP = 2.0
#: extents of the Hartree-Fock terms between which the coherent contribution is compared
EXTENTS = ("1s", "all")


@dataclass(frozen=True)
class Traces:
    """Results of a route.

    Attributes:
        delay_d: delays, fs.
        change_rcd: relative change of the reflectivity at the A and B excitons (resonance, contribution, delay).
        coherent_hrd: coherent contribution with Hartree-Fock terms of extent EXTENTS[h]; empty in the time route.
        energy_e: photon energies of the spectrum, eV.
        spectrum_ced: spectrum (contribution, photon energy, delay).
        time_t: times of the populations, fs.
        population_vmlt: populations of all states (valley, manifold, state, time), 1/nm^2; states that a manifold lacks
            are zero.
        statistics: steps, evaluations and the like.
    """

    delay_d: np.ndarray
    change_rcd: np.ndarray
    coherent_hrd: np.ndarray
    energy_e: np.ndarray
    spectrum_ced: np.ndarray
    time_t: np.ndarray
    population_vmlt: np.ndarray
    statistics: dict[str, float] = field(default_factory=dict)

"""Rise times and other numbers extracted from the traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import trapezoid

from hpcx.formation.config import Config
from hpcx.formation.fits import PLATEAU_SHARE, RiseTimes, formation_time, inside, model, rise_times
from hpcx.formation.traces import CONTRIBUTIONS, Traces
from hpcx.parallel.errors import agreed
from hpcx.physics.constants import HBAR

#: delay (fs) at which the plateau is read, and from which it is averaged
PLATEAU_AT = 150.0
#: rise of pump and probe (fs) to which the plateau is traced back
RESPONSE_TIME = 25.0
#: fewest delays in the window of the fits: one more than the two times and the two amplitudes that are fitted
FEWEST_DELAYS = 5


@dataclass(frozen=True)
class Reading:
    """Numbers extracted from one trace; times in fs, see the datasets of the same names."""

    times: RiseTimes
    curve_d: np.ndarray
    formation: float
    peak_delay: float
    peak_to_plateau: float

    @property
    def error(self) -> float:
        """Half the spread over the separations of the fit, with the scatter of the bootstrap in quadrature."""
        return float(np.hypot(0.5 * (self.times.highest - self.times.lowest), self.times.scatter))


def read_many(delay_d: np.ndarray, signal_nd: np.ndarray, slow: float, resamplings: int) -> list[Reading]:
    """Read traces (trace, delay); `slow` is the decay time of the 1s population in fs."""
    if not len(signal_nd):
        return []
    start = min(PLATEAU_AT, delay_d[-1])
    plateau_n = [np.interp(start, delay_d, signal_d) * np.exp((start - RESPONSE_TIME) / slow) for signal_d in signal_nd]
    return [
        Reading(
            times,
            model(times.fit, delay_d, slow),
            formation_time(delay_d, signal_d, slow, start),
            float(delay_d[np.argmax(signal_d)]),
            float(signal_d.max() / plateau) if plateau > PLATEAU_SHARE * np.abs(signal_d).max() else np.nan,
        )
        for times, signal_d, plateau in zip(
            rise_times(delay_d, signal_nd, slow, resamplings, seed=0), signal_nd, plateau_n
        )
    ]


def read_traces(comm: Any, traces: Traces, slow: float, resamplings: int) -> list[list[Reading | None]]:
    """Return the readings by resonance and contribution; None where the trace is zero or has too few delays.

    The traces are distributed over the ranks, the readings are the same on all of them.
    """
    resonances, contributions, _ = traces.change_rcd.shape
    signal_nd = traces.change_rcd.reshape(resonances * contributions, -1)
    read_d = inside(traces.delay_d)
    enough = np.count_nonzero(read_d) >= FEWEST_DELAYS
    sound_n = signal_nd[:, read_d].any(axis=1) & np.isfinite(signal_nd).all(axis=1) & enough
    sound = np.flatnonzero(sound_n).tolist()
    own, found = sound[comm.rank :: comm.size], []
    with agreed(comm):
        found = read_many(traces.delay_d, signal_nd[own], slow, resamplings)
    readings = dict(pair for part in comm.allgather(list(zip(own, found))) for pair in part)
    return [[readings.get(r * contributions + c) for c in range(contributions)] for r in range(resonances)]


def coherent_share(traces: Traces) -> np.ndarray:
    """Return the peak of the coherent contribution over the peak of the full signal, per resonance."""
    full, coherent = (traces.change_rcd[:, CONTRIBUTIONS.index(name)] for name in ("full", "coherent"))
    return over_peak(coherent.max(axis=1), full.max(axis=1))


def over_peak(value: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Return value / peak, NaN where the peak is not positive."""
    return value / np.where(peak > 0, peak, np.nan)


def shares_by_extent(traces: Traces) -> np.ndarray:
    """Return the coherent share with Hartree-Fock terms of either extent (extent, resonance)."""
    incoherent_rd = traces.change_rcd[:, CONTRIBUTIONS.index("incoherent")]
    return over_peak(traces.coherent_hrd.max(axis=2), (traces.coherent_hrd + incoherent_rd).max(axis=2))


def excitons_made(config: Config, traces: Traces) -> float:
    """Return the density of excitons (1/nm^2) that were created: those at the end of the run and those that decayed."""
    density_t = traces.population_vmlt.sum(axis=(0, 1, 2))
    ground_t = traces.population_vmlt[:, :, 0].sum(axis=(0, 1))
    lost = config.cascade.internal.decay / HBAR * trapezoid(ground_t, traces.time_t)
    return float(density_t[-1] + lost)

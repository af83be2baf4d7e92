"""Observables against time, from recorded moments."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from hpcx.wigner.observables import NO_ANNIHILATION, Annihilation, Gains, Observer, Snapshot
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series
from hpcx.wigner.sidebands import sideband_rates
from hpcx.wigner.time_steps import SAME_TIME

#: a distribution over energy is kept when time has grown by this factor since the one before
SPECTRUM_GROWTH = 1.1


@dataclass
class History:
    """Snapshots at the output times.

    Attributes:
        time: output times, fs.
        snapshots: observables.
        emitted: light emitted until then, in excitons.
        annihilated: excitons annihilated until then.
        number: excitons present, emitted and annihilated over those generated, minus one.
        spectrum_time, spectra: times (fs), ever further apart, and excitons in the bins of all valleys then.
    """

    time: list[float] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    emitted: list[float] = field(default_factory=list)
    annihilated: list[float] = field(default_factory=list)
    number: list[float] = field(default_factory=list)
    spectrum_time: list[float] = field(default_factory=list)
    spectra: list[np.ndarray] = field(default_factory=list)

    def array(self, name: str) -> np.ndarray:
        """Return a quantity of the snapshots against time: (time,) or (time, valley)."""
        return np.array([getattr(snapshot, name) for snapshot in self.snapshots])

    def names(self) -> list[str]:
        """Return the names of the quantities of a snapshot."""
        return [item.name for item in fields(Snapshot)]


def history_of(problem: Problem, series: Series) -> History:
    """Return the observables of recorded "moments" (3, values of a cell), and of the gains where rates depend on position."""
    size, history = problem.grid.size, History()
    observer = Observer(problem.rates, problem.source, sideband_rates(problem.sidebands(), problem.grid))
    for time, values in series.rows():
        moments_ni = values["moments"][:, :size]
        if "made" in values:
            gains = Gains(values["exchanged"], values["born"], float(values["made"]))
        else:
            gains = observer.gains(time, moments_ni, problem.intervalley_at(time - SAME_TIME))
        history.time.append(time)
        annihilation = Annihilation(values["annihilation"], float(values["annihilated"])) if "annihilation" in values else NO_ANNIHILATION
        history.snapshots.append(observer.snapshot(moments_ni, gains, annihilation))
        history.emitted.append(float(values["moments"][0, size]))
        history.annihilated.append(annihilation.number)
        history.number.append((float(values["moments"][0].sum()) + annihilation.number) / gains.made - 1)
        if not history.spectra or time >= SPECTRUM_GROWTH * history.spectrum_time[-1]:
            history.spectrum_time.append(time)
            history.spectra.append(moments_ni[0])
    return history


def largest_difference(coarse: History, fine: History, begin: float, scale: float) -> float:
    """Return the largest relative difference of populations, mean squared displacements and diffusivities of any valley after `begin`.

    The diffusivity passes zero, so its difference is relative to |D| + `scale` (nm^2/fs).
    """
    late = np.array(coarse.time) > begin
    worst = 0.0
    for name, floor in (("population", 0.0), ("mean_squared_displacement", 0.0), ("diffusivity", scale)):
        first, second = coarse.array(name)[late], fine.array(name)[late]
        worst = max(worst, float(np.nanmax(np.abs(first - second) / (np.abs(second) + floor), initial=0.0)))
    return worst

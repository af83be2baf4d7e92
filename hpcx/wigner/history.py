"""Observables against time, from recorded moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcx.wigner.observables import NO_ANNIHILATION, Annihilation, Gains, Observer
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series
from hpcx.wigner.sidebands import sideband_rates
from hpcx.wigner.time_steps import SAME_TIME

#: a distribution over energy is kept when time has grown by this factor since the one before
SPECTRUM_GROWTH = 1.1


@dataclass(frozen=True)
class History:
    """Observables at the output times.

    Attributes:
        time: output times, fs.
        observables: by name those of `Observer.snapshot` against time, (time,) or (time, valley).
        emitted: light emitted until then, in excitons.
        annihilated: excitons annihilated until then.
        number: excitons present, emitted and annihilated over those generated, minus one.
        spectrum_time, spectra: times (fs), ever further apart, and excitons in the bins of all valleys then.
    """

    time: np.ndarray
    observables: dict[str, np.ndarray]
    emitted: np.ndarray
    annihilated: np.ndarray
    number: np.ndarray
    spectrum_time: np.ndarray
    spectra: np.ndarray


def history_of(problem: Problem, series: Series) -> History:
    """Return the observables of recorded "moments" (3, values of a cell),
    and of the gains where rates depend on position.
    """
    size, rows = problem.grid.size, series.rows()
    observer = Observer(problem.rates, problem.source, sideband_rates(problem.sidebands(), problem.grid))
    snapshots, totals = [], []
    spectra: dict[float, np.ndarray] = {}
    for time, values in rows:
        moments_ni = values["moments"][:, :size]
        if "made" in values:
            gains = Gains(values["exchanged"], values["born"], float(values["made"]))
        else:
            gains = observer.gains(time, moments_ni, problem.intervalley_at(time - SAME_TIME))
        annihilation = (
            Annihilation(values["annihilation"], float(values["annihilated"]))
            if "annihilation" in values
            else NO_ANNIHILATION
        )
        snapshots.append(observer.snapshot(moments_ni, gains, annihilation))
        number = (values["moments"][0].sum() + annihilation.number) / gains.made - 1
        totals.append((time, values["moments"][0, size], annihilation.number, number))
        if not spectra or time >= SPECTRUM_GROWTH * max(spectra):
            spectra[time] = moments_ni[0]
    observables = {name: np.array([snapshot[name] for snapshot in snapshots]) for name in snapshots[0]}
    times, emitted, annihilated, numbers = np.array(totals).T
    return History(
        times, observables, emitted, annihilated, numbers, np.array(list(spectra)), np.array(list(spectra.values()))
    )


def largest_difference(coarse: History, fine: History, begin: float, scale: float) -> float:
    """Return the largest relative difference of populations,
    mean squared displacements and diffusivities of any valley after `begin`.

    The diffusivity passes zero, so its difference is relative to |D| + `scale` (nm^2/fs).
    """
    late = coarse.time > begin
    worst = 0.0
    for name, floor in (("population", 0.0), ("mean_squared_displacement", 0.0), ("diffusivity", scale)):
        first, second = coarse.observables[name][late], fine.observables[name][late]
        worst = max(worst, float(np.nanmax(np.abs(first - second) / (np.abs(second) + floor), initial=0.0)))
    return worst

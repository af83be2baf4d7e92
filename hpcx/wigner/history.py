"""Observables against time, from recorded moments."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hpcx.physics.constants import BOLTZMANN_EV_PER_K
from hpcx.wigner.observables import Changes, Observer
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series

#: distributions over energy are kept at times that grow at least by this factor
SPECTRUM_GROWTH = 1.1


@dataclass(frozen=True)
class History:
    """Observables at the output times.

    Attributes:
        time: output times, fs.
        observables: those of `Observer.snapshot` and `history_of` by name, (time,) or (time, valley).
        spectrum_time, spectra: times (fs) with growing intervals, and excitons in the bins of all valleys then.
    """

    time: np.ndarray
    observables: dict[str, np.ndarray]
    spectrum_time: np.ndarray
    spectra: np.ndarray


def history_of(problem: Problem, series: Series) -> History:
    """Return the observables of recorded "moments" (3, values of a cell) and `Changes`.

    Added to those of a snapshot are "effective_temperature" (K), "exponent", "exponent_total", the numbers "emitted"
    and "annihilated" until then, and "particle_number": excitons present, emitted and annihilated over those generated,
    minus one.
    """
    size, observer = problem.grid.size, Observer(problem)
    snapshots: list[dict[str, np.ndarray]] = []
    spectra: dict[float, np.ndarray] = {}
    for time, values in series.rows():
        moments = values["moments"]
        changes = Changes(**{field.name: values[field.name] for field in fields(Changes)})
        number = (moments[0].sum() + changes.lost) / changes.made - 1
        counts = {"emitted": moments[0, size], "annihilated": changes.lost, "particle_number": number}
        snapshots.append(observer.snapshot(moments[:, :size], changes) | counts)
        if not spectra or time >= SPECTRUM_GROWTH * max(spectra):
            spectra[time] = moments[0, :size]
    times = series.times[: len(snapshots)]
    found = {name: np.array([snapshot[name] for snapshot in snapshots]) for name in snapshots[0]}
    found["effective_temperature"] = found["mean_energy"] / BOLTZMANN_EV_PER_K
    for which in ("", "_total"):
        diffusivity, squares = found[f"diffusivity{which}"], found[f"mean_squared_displacement{which}"]
        found[f"exponent{which}"] = _exponent(problem, times, diffusivity, squares)
    return History(times, found, np.array(list(spectra)), np.array(list(spectra.values())))


def _exponent(problem: Problem, time: np.ndarray, diffusivity: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return d ln(w^2 - w0^2) / d ln t with the time counted from the pulse's maximum; NaN before it and where w^2
    has not grown.
    """
    since = (time - problem.source.centre).reshape(-1, *(1,) * (diffusivity.ndim - 1))
    growth = squares - problem.source.spot**2
    known = (since > 0) & (growth > 0)
    return np.where(known, 4 * diffusivity * since / np.where(known, growth, 1.0), np.nan)


def largest_difference(coarse: History, fine: History, begin: float, scale: float) -> float:
    """Return the largest relative difference of populations, mean squared displacements and diffusivities after
    `begin` (fs), over all valleys.

    The diffusivity passes zero, so its difference is relative to |D| + `scale` (nm^2/fs).
    """
    late = coarse.time > begin
    worst = 0.0
    for name, floor in (("population", 0.0), ("mean_squared_displacement", 0.0), ("diffusivity", scale)):
        first, second = coarse.observables[name][late], fine.observables[name][late]
        worst = max(worst, float(np.nanmax(np.abs(first - second) / (np.abs(second) + floor), initial=0.0)))
    return worst

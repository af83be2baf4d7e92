"""Sensitivity to uncertain inputs: many runs of the moments with all of these numbers varied at once.

Numbers of the material whose source is marked [fit], [guess] or [recalled] are multiplied by factors from a seeded
Latin hypercube; the ranks share the samples. Bands are percentiles over the samples, importance is the rank correlation
between a factor and a result.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mpi4py import MPI
from scipy.stats import qmc, spearmanr

from hpcx.io.items import Item, compute_items
from hpcx.io.result import Result
from hpcx.io.stages import Stages
from hpcx.materials.catalogue import matching
from hpcx.materials.loader import Material
from hpcx.parallel.run import Run
from hpcx.physics.valley_excitons import VALLEYS
from hpcx.units import from_internal
from hpcx.wigner.config import NUMBERS, OPTIONAL, Config, Uncertainty
from hpcx.wigner.output import LATE
from hpcx.wigner.problem import make_problem
from hpcx.wigner.simulation import run_moments
from hpcx.wigner.time_steps import levels_for, make_steps

PERCENTILES = (5.0, 25.0, 50.0, 75.0, 95.0)
#: results of a sample, from the diffusivity of KK, with their units
OUTCOMES = (
    ("peak", "cm^2/s"),
    ("peak_time", "ps"),
    ("negative_from", "ps"),
    ("negative_until", "ps"),
    ("lowest", "cm^2/s"),
    ("final", "cm^2/s"),
)


def weak_numbers(material: Material, ranges: Uncertainty) -> dict[str, float]:
    """Return the numbers of the model that are marked [fit], [guess] or [recalled]:
    key -> half width of the range of its factor.
    """
    spreads = {"[guess": ranges.guess, "[fit": ranges.fit, "[recalled": ranges.recalled}
    found = {}
    for key in filter(material.has, matching(*NUMBERS, *OPTIONAL)):
        spread = next((value for tag, value in spreads.items() if tag in material.numbers[key].source), 0.0)
        if spread > 0:
            found[key] = spread
    return found


def factors(weak: Mapping[str, float], samples: int, seed: int) -> np.ndarray:
    """Return the factors (sample, number) of a Latin hypercube."""
    unit = qmc.LatinHypercube(d=len(weak), seed=seed).random(samples)
    return 1 + np.array(list(weak.values())) * (2 * unit - 1)


def study(comm: MPI.Comm, config: Config, material: Material, run: Run) -> Result:
    """Run all samples and return bands, outcomes and importances. Collective.

    Raises AgreedError if a sample fails, and Stopped, with the finished samples kept, if a stop is asked for.
    """
    weak = weak_numbers(material, config.uncertainty)
    factor_sn = factors(weak, config.uncertainty.samples, config.uncertainty.seed)
    samples = compute_items(
        Stages(comm, run),
        "samples",
        len(factor_sn),
        lambda number: _sample(config, material, weak, factor_sn[number], run),
    )
    diffusivity_stv = np.array([sample["diffusivity"] for sample in samples])
    return _report(samples[0]["times"], diffusivity_stv, weak, factor_sn)


def _sample(config: Config, material: Material, weak: Mapping[str, float], factor_n: np.ndarray, run: Run) -> Item:
    """Return the output times (ps) and the diffusivities (time, valley; cm^2/s) of one sample."""
    numbers = material.numbers
    varied = {key: float(numbers[key].value * factor) for key, factor in zip(weak, factor_n)}
    problem = make_problem(MPI.COMM_SELF, config, material.with_parameters(varied), Run(timings=run.timings))
    pulse = config.internal.pulse
    steps = make_steps(levels_for(pulse.duration, pulse.centre, 0), problem.times.stops)
    with run.timings.measure("moments"):
        history = run_moments(problem, steps)
    return {
        "times": from_internal(history.time, "ps"),
        "diffusivity": from_internal(history.observables["diffusivity"], "cm^2/s"),
    }


def outcomes(time: np.ndarray, diffusivity: np.ndarray) -> np.ndarray:
    """Return the numbers named in `OUTCOMES` of one D_KK(t) after `LATE`; all are NaN if it ends before.

    "negative_from", "negative_until" and "lowest" are NaN if it is never negative.
    """
    late = time > LATE
    if not late.any():
        return np.full(len(OUTCOMES), np.nan)
    time, diffusivity = time[late], diffusivity[late]
    negative = time[diffusivity < 0]
    window = (negative[0], negative[-1], diffusivity.min()) if negative.size else (np.nan, np.nan, np.nan)
    return np.array([diffusivity.max(), time[diffusivity.argmax()], *window, diffusivity[-1]])


def _report(time: np.ndarray, diffusivity_stv: np.ndarray, weak: Mapping[str, float], factor_sn: np.ndarray) -> Result:
    result = Result()
    few = "NaN: fewer than three samples have it, or all have the same"
    found_so = np.array([outcomes(time, diffusivity_tv[:, 0]) for diffusivity_tv in diffusivity_stv])
    importance_on = _importance(factor_sn, found_so)
    bands = np.percentile(diffusivity_stv, PERCENTILES, axis=0)
    result.add("uncertainty/time", time, ("time",), "ps", "time")
    result.add("uncertainty/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    result.add("uncertainty/percentile", np.array(PERCENTILES), ("percentile",), "1", "percentile over the samples")
    result.add("uncertainty/diffusivity", bands, ("percentile", "time", "valley"), "cm^2/s", "diffusivity")
    result.add("uncertainty/number", np.array(list(weak)), ("number",), "1", "varied number of the material")
    spread = np.array(list(weak.values()))
    result.add("uncertainty/spread", spread, ("number",), "1", "half width of the factor's range")
    result.add("uncertainty/factor", factor_sn, ("sample", "number"), "1", "factor on the number")
    for index, (name, unit) in enumerate(OUTCOMES):
        label, rare = f"{name.replace('_', ' ')} of the diffusivity of KK", name.startswith(("negative", "lowest"))
        missing = f"NaN: the run ends before {LATE:g} ps" + (", or it never is negative" if rare else "")
        result.add(f"uncertainty/{name}", found_so[:, index], ("sample",), unit, label, missing=missing)
        label = f"rank correlation of {name} with the factor"
        result.add(f"uncertainty/importance_{name}", importance_on[index], ("number",), "1", label, missing=few)
    result.summary += _summary(found_so, importance_on, weak)
    return result


def _importance(factor_sn: np.ndarray, found_so: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation (outcome, number); samples without the outcome are left out."""
    rows = []
    for values in found_so.T:
        known = np.isfinite(values)
        enough = known.sum() > 2 and np.ptp(values[known]) > 0
        rows.append([spearmanr(column[known], values[known])[0] if enough else np.nan for column in factor_sn.T])
    return np.array(rows)


def _summary(found_so: np.ndarray, importance_on: np.ndarray, weak: Mapping[str, float]) -> list[str]:
    lines = [f"{len(found_so)} samples, {len(weak)} numbers varied; diffusivity of KK, 5, 50, 95 %:"]
    keys = list(weak)
    for index, (name, unit) in enumerate(OUTCOMES):
        values = found_so[np.isfinite(found_so[:, index]), index]
        if values.size:
            bands = "".join(f"{value:10.3g}" for value in np.percentile(values, (5, 50, 95)))
            lines.append(f"    {name:<15}{bands} {unit}")
    if np.isnan(found_so[:, -1]).all():
        return [*lines, f"    not evaluated: the run ends before {LATE:g} ps"]
    negative = float(np.mean(np.isfinite(found_so[:, 2])))
    lines.append(f"    negative diffusion in {100 * negative:.0f} % of the samples")
    for name in ("lowest", "negative_until"):
        row = importance_on[[item for item, _ in OUTCOMES].index(name)]
        if np.isfinite(row).any():
            best = np.argsort(-np.abs(np.nan_to_num(row)))[:5]
            lines.append(f"    {name} depends most on " + ", ".join(f"{keys[n]} ({row[n]:+.2f})" for n in best))
    return lines

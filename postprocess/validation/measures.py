"""Named measures: what turns a curve y(x), several numbers, or two result files into one number."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
from convergence import read_studies
from formation_common import share_at_half_rise

from hpcx.converge.limits import Limit


def value(x: np.ndarray, y: np.ndarray) -> float:
    """Return the only value; raises ValueError if there are several."""
    if y.size != 1:
        raise ValueError(f"'value' needs one number, there are {y.size}")
    return float(y[0])


def at(x: np.ndarray, y: np.ndarray, x0: float) -> float:
    """Return y at x0, linear between points."""
    return float(np.interp(x0, x, y))


def maximum(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest value."""
    return float(np.nanmax(y))


def minimum(x: np.ndarray, y: np.ndarray) -> float:
    """Return the smallest value."""
    return float(np.nanmin(y))


def largest_size(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest |y|."""
    return float(np.nanmax(np.abs(y)))


def where_maximum(x: np.ndarray, y: np.ndarray) -> float:
    """Return x of the largest value."""
    return float(x[np.nanargmax(y)])


def where_minimum(x: np.ndarray, y: np.ndarray) -> float:
    """Return x of the smallest value."""
    return float(x[np.nanargmin(y)])


def last(x: np.ndarray, y: np.ndarray) -> float:
    """Return the last value."""
    return float(y[-1])


def first_above(x: np.ndarray, y: np.ndarray, share: float) -> float:
    """Return the first x at which y exceeds `share` of its maximum."""
    return float(x[np.argmax(y > share * np.nanmax(y))])


def first_negative(x: np.ndarray, y: np.ndarray) -> float:
    """Return the first x at which y < 0, NaN if there is none."""
    return float(x[y < 0][0]) if (y < 0).any() else float("nan")


def last_negative(x: np.ndarray, y: np.ndarray) -> float:
    """Return the last x at which y < 0, NaN if there is none."""
    return float(x[y < 0][-1]) if (y < 0).any() else float("nan")


def settled(x: np.ndarray, y: np.ndarray, within: float) -> float:
    """Return the last x at which y differs from its last value by more than the share `within`."""
    outside = np.abs(y / y[-1] - 1) > within
    return float(x[outside][-1]) if outside.any() else float(x[0])


def smallest_step(x: np.ndarray, y: np.ndarray) -> float:
    """Return the smallest change from one point to the next: positive if y rises everywhere."""
    return float(np.diff(y).min())


def largest_step(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest change from one point to the next: negative if y falls everywhere."""
    return float(np.diff(y).max())


def drift(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest change of y relative to its last value."""
    return float(np.abs(y / y[-1] - 1).max())


def spread(x: np.ndarray, y: np.ndarray) -> float:
    """Return largest minus smallest value."""
    return float(np.nanmax(y) - np.nanmin(y))


def asymmetry(x: np.ndarray, y: np.ndarray, centre: float, reach: float) -> float:
    """Return the largest |y(centre + d) - y(centre - d)| for d up to `reach`, over the largest |y| there;
    linear between points.
    """
    d = np.linspace(0.0, reach, 201)
    right, left = np.interp(centre + d, x, y), np.interp(centre - d, x, y)
    return float(np.abs(right - left).max() / np.abs(np.concatenate([right, left])).max())


def last_finite(x: np.ndarray, y: np.ndarray) -> float:
    """Return the last value that is a number."""
    return float(y[np.isfinite(y)][-1])


def inverse_limit(x: np.ndarray, y: np.ndarray) -> float:
    """Return the limit x -> infinity of a straight line in 1/x."""
    return float(np.polyfit(1.0 / x, y, 1)[1])


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Return the slope of the least-squares line."""
    return float(np.polyfit(x, y, 1)[0])


ON_CURVE = {
    function.__name__: function
    for function in (
        value, at, maximum, minimum, largest_size, where_maximum, where_minimum, last, first_above, first_negative,
        last_negative,
        last_finite, settled, smallest_step, largest_step, drift, spread, asymmetry, inverse_limit, slope,
    )
}  # fmt: skip

#: measures that need no coordinates
OF_ANY_SHAPE = ("maximum", "minimum", "largest_size", "spread")


def origin_slope(*numbers: float) -> float:
    """Return the slope of the line through the origin of x1, y1, x2, y2, ... by least squares."""
    x, y = np.array(numbers[0::2]), np.array(numbers[1::2])
    return float(x @ y / (x @ x))


def origin_determination(*numbers: float) -> float:
    """Return 1 - SS_res / SS about the mean of the line through the origin of x1, y1, x2, y2, ..."""
    x, y = np.array(numbers[0::2]), np.array(numbers[1::2])
    return float(1 - ((y - origin_slope(*numbers) * x) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def order(coarse: float, middle: float, fine: float, ratio: float) -> float:
    """Return the order of convergence that three numbers show,
    the step of each being `ratio` times smaller than the one before.
    """
    return float(np.log(abs(coarse - middle) / abs(middle - fine)) / np.log(ratio))


def order_of_errors(error: float, step: float, smaller_error: float, smaller_step: float) -> float:
    """Return the order of convergence that two errors at two steps show; NaN if the steps are alike."""
    return float(np.log(error / smaller_error) / np.log(step / smaller_step)) if step != smaller_step else float("nan")


def curve_order(coarse: np.ndarray, middle: np.ndarray, fine: np.ndarray, ratio: float) -> float:
    """Return the order that the largest differences of three curves show;
    finer ones may have more points, the common ones among them.
    """
    first, second = (float(np.nanmax(np.abs(_thinned(b, a) - a))) for a, b in ((coarse, middle), (middle, fine)))
    return float(np.log(first / second) / np.log(ratio))


def array_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference of the real parts of two arrays over the largest real part of the first."""
    return float(np.nanmax(np.abs(np.real(first) - np.real(second))) / np.nanmax(np.abs(np.real(first))))


def _thinned(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Return every n-th value, the middle one of each cell that is cut into n."""
    factor = fine.shape[-1] // coarse.shape[-1]
    return fine[..., (factor - 1) // 2 :: factor]


#: measures of whole arrays
ON_ARRAYS = {function.__name__: function for function in (curve_order, array_difference, share_at_half_rise)}


COMBINE = {
    "ratio": lambda a, b: a / b,
    "difference": lambda a, b: a - b,
    "relative_difference": lambda a, b: abs(a / b - 1),
    "sum": lambda *numbers: sum(numbers),
    "over_geometric_mean": lambda a, b, c: a / float(np.sqrt(b * c)),
    "product": lambda *numbers: float(np.prod(numbers)),
    "smallest": lambda *numbers: min(numbers),
    "largest": lambda *numbers: max(numbers),
    "spread": lambda *numbers: max(numbers) - min(numbers),
    "relative_spread": lambda *numbers: (max(numbers) - min(numbers)) / (sum(numbers) / len(numbers)),
    "rise": lambda *numbers: float(np.diff(numbers).min()),
    "order": order,
    "order_of_errors": order_of_errors,
    "origin_slope": origin_slope,
    "origin_determination": origin_determination,
}


def largest_difference(first: Path, second: Path, datasets: list[str]) -> float:
    """Return the largest difference of the named datasets of two files, each relative to its largest value."""
    with h5py.File(first, "r") as one, h5py.File(second, "r") as two:
        return max(_difference(one[name][()], two[name][()]) for name in datasets)


def _difference(here: np.ndarray, there: np.ndarray) -> float:
    if np.shape(here) != np.shape(there) or not np.array_equal(np.isnan(here), np.isnan(there)):
        return float("inf")
    return float(np.nanmax(np.abs(here - there)) / np.nanmax(np.abs(here)))


def dense_limit(sweep: Path, material: str, species: str) -> float:
    """Return the binding energy (meV) in the limit of dense meshes and large cut-offs, as `convergence.py` has it."""
    return _limit(sweep, material, species).value


def dense_limit_error(sweep: Path, material: str, species: str) -> float:
    """Return the error of that limit (meV)."""
    return _limit(sweep, material, species).error


@lru_cache
def _limit(sweep: Path, material: str, species: str) -> Limit:
    study = next(study for study in read_studies(sweep) if (study.material, study.species) == (material, species))
    return study.limit(study.mesh_limits())


ON_FILES = {function.__name__: function for function in (largest_difference, dense_limit, dense_limit_error)}

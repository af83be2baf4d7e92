"""What `hpcx compare` prints: differences of the inputs of two results, and of the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcx.inspection.numbers import used_by
from hpcx.tree import decoded, flat, open_tree, results_in

if TYPE_CHECKING:
    import xarray

#: relative difference that counts as rounding
SAME = 1e-10
#: keys that say how and where a run works
_MACHINE = ("title", "output", "petsc")


def compare_text(first: Path, second: Path) -> str:
    """Return the text; raises FileNotFoundError, OSError or ValueError as `hpcx.open` does."""
    first, second = _alike(first, second)
    with open_tree(first) as one, open_tree(second) as other:
        parts = [
            [f"A: {first}", f"B: {second}"],
            list(_inputs(one, other)),
            list(_programs(one, other)),
            list(_results(one, other)),
        ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _alike(first: Path, second: Path) -> tuple[Path, Path]:
    """Return the files of the same kind of two directories that hold several: limits are compared with limits."""
    if not (first.is_dir() and second.is_dir()):
        return first, second
    both = [name for name in results_in(first) if name in results_in(second)]
    return (first / both[0], second / both[0]) if both else (first, second)


def _about(tree: xarray.DataTree, name: str) -> dict[str, Any]:
    group = tree["provenance"]
    return decoded(group[name].values) if name in group else {}


def _inputs(one: xarray.DataTree, other: xarray.DataTree) -> Iterator[str]:
    """Yield the keys and the numbers of materials and surroundings that differ, a line each."""
    left, right = _everything(one), _everything(other)
    differing = [key for key in {**left, **right} if left.get(key) != right.get(key)]
    yield "the inputs are the same" if not differing else "what differs in the inputs (A -> B)"
    for key in differing:
        yield f"  {key}: {left.get(key, '(none)')} -> {right.get(key, '(none)')}"


def _everything(tree: xarray.DataTree) -> dict[str, str]:
    """Return all that determines a result as text: keys, swept values, numbers of materials and surroundings."""
    axes = tree.attrs["axes"]
    found = {
        key: _shown(value) for key, value in flat(_about(tree, "config"), lists=True) if not key.startswith(_MACHINE)
    }
    found |= {axis: _shown(np.asarray(tree[axis].values).tolist()) for axis in axes}
    materials = [*_about(tree, "materials").values(), *filter(None, [_about(tree, "material")])]
    for file in [*materials, *_about(tree, "environments").values()]:
        numbers = {
            key: f"{_shown(number['value'])} {number['unit']}".removesuffix(" 1")
            for key, number in file["numbers"].items()
        }
        numbers |= {key: text for key, text in file["texts"].items() if "." in key}
        label = f"{file['name']}: " if file in materials and len(materials) > 1 else ""
        found |= {
            f"{label}{key}": numbers[key]
            for key in used_by(_about(tree, "config"), numbers, _about(tree, "environments").values())
        }
    return found


def _shown(value: Any) -> str:
    return (
        ", ".join(map(_shown, value))
        if isinstance(value, list)
        else f"{value:.12g}"
        if isinstance(value, float)
        else str(value)
    )


def _programs(one: xarray.DataTree, other: xarray.DataTree) -> Iterator[str]:
    left, right = _about(one, "versions"), _about(other, "versions")
    differing = [name for name in {**left, **right} if left.get(name) != right.get(name)]
    if differing:
        yield "what differs in the programs"
    for name in differing:
        yield f"  {name}: {left.get(name, '(unknown)')} -> {right.get(name, '(unknown)')}"


def _variables(tree: xarray.DataTree) -> dict[str, xarray.DataArray]:
    """Return the results by path that are numbers."""
    nodes = [node for node in tree.subtree if not node.path.startswith(("/provenance", "/index", "/input"))]
    keys = tree["input"].to_dataset().data_vars
    found = {
        f"{node.path}/{name}".strip("/"): data.assign_coords(_lacking(keys, data))
        for node in nodes
        for name, data in node.to_dataset().data_vars.items()
    }
    return {path: data for path, data in found.items() if data.dtype.kind in "iufc"}


def _lacking(keys: Mapping[Any, xarray.DataArray], data: xarray.DataArray) -> dict[Any, xarray.DataArray]:
    """Return the keys of the input that are neither coordinates nor axes of a result."""
    return {key: value for key, value in keys.items() if key not in data.coords and key not in data.dims}


def _results(one: xarray.DataTree, other: xarray.DataTree) -> Iterator[str]:
    left, right = _variables(one), _variables(other)
    lines: list[str] = []
    same = 0
    for path in [path for path in left if path in right and not path.endswith("_error")]:
        text = _difference(path, *_matched(left[path], right[path]), left, right)
        lines, same = ([*lines, f"  {path:<44} {text}"], same) if text else (lines, same + 1)
    yield f"{same} results are the same to {SAME:g} of their largest value, {len(lines)} are not"
    yield from lines
    for label, mine, theirs in (("A", left, right), ("B", right, left)):
        alone = [path for path in mine if path not in theirs]
        if alone:
            yield f"in {label} alone: {', '.join(alone)}"


def _matched(one: xarray.DataArray, other: xarray.DataArray) -> tuple[xarray.DataArray, xarray.DataArray]:
    """Return two results at the swept values that both have; a fixed value is looked up in the other's sweep."""
    import xarray

    one, other = _at(one, other), _at(other, one)
    return xarray.align(one, other, join="inner") if set(one.dims) == set(other.dims) else (one, other)


def _at(swept: xarray.DataArray, single: xarray.DataArray) -> xarray.DataArray:
    """Return a result at the fixed values of the other one, as far as it is swept over them."""
    fixed = {
        dim: single[dim].item()
        for dim in swept.dims
        if dim not in single.dims and dim in single.coords and single[dim].ndim == 0
    }
    return (
        swept.sel({dim: [value] for dim, value in fixed.items() if (swept[dim] == value).any()}).squeeze(list(fixed))
        if fixed
        else swept
    )


def _difference(
    path: str, one: xarray.DataArray, other: xarray.DataArray, left: dict[str, Any], right: dict[str, Any]
) -> str:
    """Return in words by how much two results differ, or "" if they do not."""
    if one.dims != other.dims or one.shape != other.shape or not one.size:
        return (
            f"of different shape: {dict(one.sizes)} and {dict(other.sizes)}"
            if one.size or other.size
            else "have no point in common"
        )
    a, b = np.ravel(one.values), np.ravel(other.values)
    known = np.isfinite(a) & np.isfinite(b)
    only = int((np.isfinite(a) != np.isfinite(b)).sum())
    if not known.any():
        return "values in one of them only" if only else ""
    change = np.where(known, np.abs(np.where(known, b, 0) - np.where(known, a, 0)), 0)
    scale = max(np.abs(a[known]).max(), np.abs(b[known]).max())
    if change.max() <= SAME * scale:
        return f"{only} values in one of them only" if only else ""
    place = int(change.argmax())
    return _in_words(a[place], b[place], scale, one, place) + _in_bars(path, change[place], one, other, left, right)


def _in_words(a: Any, b: Any, scale: float, data: xarray.DataArray, place: int) -> str:
    unit = str(data.attrs.get("units", "1"))
    unit = "" if unit == "1" else f" {unit}"
    change = b - a if not np.iscomplexobj(a) else abs(b - a)
    if data.ndim == 0:
        return f"{a:.8g} -> {b:.8g}{unit}: {change:+.3g}{unit} ({100 * change / scale:+.3g} %)"
    indices = dict(zip(data.dims, np.unravel_index(place, data.shape)))
    where = ", ".join(
        f"{dim} = {_shown(data[dim].values[index].item()) if dim in data.coords else index}"
        for dim, index in indices.items()
    )
    return f"most {abs(change):.3g}{unit} ({100 * abs(change) / scale:.3g} % of the largest value) at {where}"


def _in_bars(
    path: str,
    change: float,
    one: xarray.DataArray,
    other: xarray.DataArray,
    left: dict[str, Any],
    right: dict[str, Any],
) -> str:
    """Return a difference in error bars, where both results have one (`NAME_error`, or that of a spectrum)."""
    bars = [side[f"{path}_error"].values for side in (left, right) if f"{path}_error" in side]
    if path.endswith("/absorption/absorption"):
        estimates = (side[f"{path.removesuffix('absorption')}error_estimate"].values for side in (left, right))
        bars = [np.max(estimate) * np.nanmax(data.values) for estimate, data in zip(estimates, (one, other))]
    if len(bars) < 2:
        return ""
    bar = float(np.hypot(*(np.nanmax(np.abs(bar)) for bar in bars)))
    return f", {change / bar:.2g} error bars" if bar > 0 else ""

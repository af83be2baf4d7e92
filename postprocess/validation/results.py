"""Reading numbers and curves out of result files by dataset, coordinates and a named measure.

An operand is a table of a statement file:

    { run = "wigner_moments", path = "observables/diffusivity", select = { temperature = 20, valley = "KK" },
      where = { time = [1, 150] }, measure = "minimum" }

The dataset `path` of `run` is cut down to a number or a curve: `select` fixes coordinates, `nearest` fixes one at the
closest point, `origin = { detection_energy = "exciton/energy" }` counts an axis from the first value of another
dataset, `where` cuts a window. A path such as "provenance/diagnostics#steps" is one key of a text in JSON. `scale`
multiplies the values, `measure` makes a curve a number, `times` multiplies that. An operand with `of = [...]` combines
others, { measure = "ratio", of = [a, b] }: an entry of `of` inherits what it does not say itself, and `each = {
"mesh.N" = [40, 60] }` puts in all entries once for every value. `arrays = [...]` does the same with whole arrays;
`constant = 250` is a number of the paper. Results that a sweep could not stack are read from the file of the selected
point.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from sweep_file import Lost, values

from validation import measures

#: what a result says of the numbers behind it
_ABOUT = ("material", "materials", "material_keys", "environments")


class Missing(Exception):
    """A result that a statement needs does not exist; the message says which and why."""


@dataclass(frozen=True)
class Array:
    """Values with one coordinate array per axis.

    Attributes:
        values: any shape.
        coordinates: one array per axis, text as str.
        names: names of the axes.
        unit: unit of the values.
    """

    values: np.ndarray
    coordinates: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    unit: str


class Results:
    """The result files of the runs, by name.

    Attributes:
        directories: run -> output directory.
        failures: run -> why it has no results, if known.
    """

    def __init__(self, directories: dict[str, Path], failures: dict[str, str] | None = None) -> None:
        self.directories = directories
        self.failures = failures or {}
        self._known: dict[tuple[Path, str], Array] = {}

    def file(self, run: str) -> Path:
        """Return sweep.h5 or result.h5 of a run; raises Missing."""
        if run not in self.directories:
            raise Missing(f"no run named '{run}'")
        for name in ("sweep.h5", "result.h5"):
            if (self.directories[run] / name).exists():
                return self.directories[run] / name
        raise Missing(self.failures.get(run, f"the run '{run}' has no results yet"))

    def array(self, operand: dict[str, Any]) -> Array:
        """Return what an operand's `select` and `where` leave of its dataset, times `scale`; raises Missing."""
        path, select = operand["path"], operand.get("select", {})
        array = self._selected(operand["run"], path, select)
        for name, start in operand.get("origin", {}).items():
            first = self._selected(operand["run"], start, select, strict=False).values.flat[0]
            array = _moved(array, name, -float(first))
        for name, value in operand.get("nearest", {}).items():
            array = _nearest(array, name, value, path)
        for name, (lower, upper) in operand.get("where", {}).items():
            array = _window(array, name, lower, upper)
        if array.values.dtype.kind in "fc" and np.isnan(array.values).all():
            raise Missing(
                f"{operand['path']} of the run '{operand['run']}' has no number at {operand.get('select', {})}"
            )
        return Array(
            operand.get("scale", 1.0) * array.values, array.coordinates, array.names, operand.get("unit", array.unit)
        )

    def _selected(self, run: str, path: str, select: dict[str, Any], strict: bool = True) -> Array:
        """Return a dataset at the selected coordinates, from the sweep or from the file of the point.

        Unless `strict`, coordinates that the dataset does not have are passed over.
        """
        name = self.file(run)
        if self._has(name, "index/status"):
            _require_done(self._dataset(name, "index/status"), run, select)
        if not self._has(name, path) and self._has(name, "index/id"):
            name, select = _point_file(self._dataset(name, "index/id"), name, select)
        array = self._dataset(name, path)
        for axis, value in select.items():
            if strict or axis in array.names:
                array = _select(array, axis, value, path)
        return array

    def _has(self, name: Path, path: str) -> bool:
        """Say whether a file has a dataset, or a text with this key."""
        try:
            self._dataset(name, path)
        except Missing:
            return False
        return True

    def _dataset(self, name: Path, path: str) -> Array:
        """Return a dataset; raises Missing. Each is read once: studies ask for the same one many times."""
        if (name, path) not in self._known:
            with h5py.File(name, "r") as file:
                self._known[name, path] = _read(file, path)
        return self._known[name, path]

    def _finished(self, run: str) -> Path:
        """Return the file of a run that has all its points; raises Missing."""
        name = self.file(run)
        if self._has(name, "index/status"):
            _require_done(self._dataset(name, "index/status"), run, {})
        return name

    def provenance(self, run: str) -> dict[str, Any]:
        """Return what the file of a run says of its inputs, by name; {} if it says nothing. Raises Missing."""
        with h5py.File(self.file(run), "r") as file:
            about = file.get("provenance", {})
            return {name: json.loads(about[name][()]) for name in _ABOUT if name in about}

    def coordinate(self, run: str, name: str) -> list[Any]:
        """Return the values of a swept key of a run; raises Missing."""
        return self._dataset(self.file(run), name).values.tolist()

    def number(self, operand: dict[str, Any]) -> float:
        """Return an operand as a number, times `times`;
        raises Missing, and ValueError if the measure does not fit the data.
        """
        return operand.get("times", 1.0) * self._number(
            {key: value for key, value in operand.items() if key != "times"}
        )

    def _number(self, operand: dict[str, Any]) -> float:
        if "constant" in operand:
            return float(operand["constant"])
        parts = operand.get("of")
        arguments = operand.get("arguments", {})
        name = operand.get("measure", "value")
        if parts:
            inherited = {
                key: value for key, value in operand.items() if key not in ("of", "measure", "arguments", "each")
            }
            numbers = [
                self.number(merge(merge(inherited, part), change)) for change in _changes(operand) for part in parts
            ]
            return float(measures.COMBINE[name](*numbers, **arguments))
        if name in measures.ON_ARRAYS:
            arrays = (self.array(merge(operand, part)).values for part in operand["arrays"])
            return float(measures.ON_ARRAYS[name](*arrays, **arguments))
        if name in measures.ON_FILES:
            return float(measures.ON_FILES[name](*(self._finished(run) for run in operand["runs"]), **arguments))
        array = self.array(operand)
        if array.values.ndim > 1 and name not in measures.OF_ANY_SHAPE:
            raise ValueError(f"{operand['path']}: select fixes too little, {array.names} are left")
        x = array.coordinates[0] if array.values.ndim else np.zeros(1)
        return float(measures.ON_CURVE[name](x, np.real(np.atleast_1d(array.values)), **arguments))


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `change`, tables merged key by key; lists of operands take the change each."""
    merged = {**base, **change}
    for key in ("select", "nearest", "where", "origin", "arguments"):
        if key in base or key in change:
            merged[key] = {**base.get(key, {}), **change.get(key, {})}
    if "of" in base and "of" not in change:
        merged["of"] = [merge(part, change) for part in base["of"]]
    return merged


def _changes(operand: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the selections of `each`, or one that changes nothing."""
    return [{"select": {name: value}} for name, values in operand.get("each", {}).items() for value in values] or [{}]


def _require_done(status: Array, run: str, select: dict[str, Any]) -> None:
    """Raise Missing if a selected point of a sweep has no result."""
    for name in set(status.names) & set(select):
        status = _select(status, name, select[name], "index/status")
    states = status.values.ravel()
    if not (states == "done").all():
        left = int((states != "done").sum())
        raise Missing(
            f"{left} of {states.size} points of the run '{run}' are {', '.join(sorted(set(states) - {'done'}))}"
        )


def _point_file(ids: Array, path: Path, select: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """Return the file of the point at the selected coordinates, and what is left to select; raises Missing."""
    rest = dict(select)
    for name in ids.names:
        if name not in rest:
            raise Missing(f"several points, and no {name} is selected")
        ids = _select(ids, name, rest.pop(name), "index/id")
    point = path.parent / "points" / f"{ids.values}.h5"
    if not point.exists():
        raise Missing(f"the point {select} has no result")
    return point, rest


def _moved(array: Array, name: str, by: float) -> Array:
    if name not in array.names:
        raise Missing(f"no axis '{name}' to move")
    coordinates = tuple(c + by if n == name else c for n, c in zip(array.names, array.coordinates))
    return Array(array.values, coordinates, array.names, array.unit)


def _read(file: h5py.File, path: str) -> Array:
    dataset, _, key = path.partition("#")
    if key and dataset in file:
        return Array(np.asarray(json.loads(file[dataset][()])[key]), (), (), "1")
    if path not in file:
        raise Missing(f"{Path(file.filename).parent.name} has no dataset '{path}' in this version")
    item = file[path]
    names = tuple(_axis_name(item, axis) for axis in range(item.ndim))
    coordinates = tuple(_coordinate(item, axis) for axis in range(item.ndim))
    return Array(_decoded(np.asarray(_values(file, path))), coordinates, names, str(item.attrs.get("units", "1")))


def _values(file: h5py.File, path: str) -> np.ndarray:
    try:
        return values(file, path)
    except Lost as error:
        raise Missing(str(error)) from error


def _axis_name(item: h5py.Dataset, axis: int) -> str:
    return item.dims[axis][0].name.rpartition("/")[2] if len(item.dims[axis]) else str(axis)


def _coordinate(item: h5py.Dataset, axis: int) -> np.ndarray:
    if not len(item.dims[axis]):
        return np.arange(item.shape[axis], dtype=float)
    return _decoded(item.dims[axis][0][()])


def _decoded(values: np.ndarray) -> np.ndarray:
    """Return text as str, numbers as they are."""
    if values.dtype.kind not in "SO":
        return values
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values.flat]).reshape(values.shape)


def _select(array: Array, name: str, value: Any, path: str) -> Array:
    if name not in array.names:
        raise Missing(f"{path} has no axis '{name}' (it has {', '.join(array.names) or 'none'})")
    axis = array.names.index(name)
    found = _matches(array.coordinates[axis], value)
    if not found.any():
        raise Missing(f"{path} has no {name} = {value}")
    index = int(np.argmax(found))
    rest = [i for i in range(len(array.names)) if i != axis]
    return Array(
        np.take(array.values, index, axis),
        tuple(array.coordinates[i] for i in rest),
        tuple(array.names[i] for i in rest),
        array.unit,
    )


def _nearest(array: Array, name: str, value: float, path: str) -> Array:
    if name not in array.names:
        raise Missing(f"{path} has no axis '{name}'")
    coordinate = array.coordinates[array.names.index(name)].astype(float)
    return _select(array, name, coordinate[np.argmin(np.abs(coordinate - value))], path)


def _matches(coordinate: np.ndarray, value: Any) -> np.ndarray:
    if coordinate.dtype.kind == "U" or isinstance(value, str):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return coordinate.astype(str) == text
    return np.isclose(coordinate.astype(float), float(value), rtol=1e-9, atol=1e-12)


def _window(array: Array, name: str, lower: float, upper: float) -> Array:
    if name not in array.names:
        raise Missing(f"no axis '{name}' to cut")
    axis = array.names.index(name)
    kept = (array.coordinates[axis] >= lower) & (array.coordinates[axis] <= upper)
    coordinates = tuple(c[kept] if i == axis else c for i, c in enumerate(array.coordinates))
    return Array(np.compress(kept, array.values, axis), coordinates, array.names, array.unit)

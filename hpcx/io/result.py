"""What a model returns: named arrays with dimensions and units, replicated or distributed over ranks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hpcx.io.part import Part
from hpcx.units import from_internal


@dataclass(frozen=True)
class Dataset:
    """One array of a result.

    Attributes:
        data: the values; of a distributed dataset this rank's part, or nothing if they are in the file already.
        dims: one name per axis.
        units: unit as text, "1" for pure numbers.
        long_name: what it is, for axis labels.
        part: which part of the whole array this rank has, or None when every rank holds the same whole array.
        missing: what it means where a value is not finite, e.g. "NaN: no such state"; "" if none can be.
    """

    data: np.ndarray
    dims: tuple[str, ...]
    units: str
    long_name: str
    part: Part | None = None
    missing: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self.data.shape if self.part is None else self.part.shape


@dataclass(frozen=True)
class Grown:
    """A file with results that were written while the model ran.

    Attributes:
        path: of the file, which becomes the result.
        names: datasets that it has, with their labels and dimensions.
    """

    path: Path
    names: frozenset[str]


@dataclass
class Result:
    """The datasets of one point by path, e.g. "exciton/energy".

    A one-dimensional dataset that bears the name of its dimension is the coordinate of that dimension for its group
    and the groups below; a dimension without a coordinate is counted 0, 1, 2, ...

    Attributes:
        datasets: by path.
        summary: lines that a user wants first.
        grown: the file that has some of the datasets already, if there is one.
    """

    datasets: dict[str, Dataset] = field(default_factory=dict)
    summary: list[str] = field(default_factory=list)
    grown: Grown | None = None

    def add(
        self,
        path: str,
        data: np.ndarray | float,
        dims: tuple[str, ...] = (),
        units: str = "1",
        long_name: str = "",
        start: int | None = None,
        rows: int | None = None,
        missing: str = "",
        part: Part | None = None,
    ) -> None:
        """Add an array under `path`; `dims` names its axes. Raises ValueError if they do not fit or the path is taken.

        With `part` the array is this rank's part of a distributed dataset; `start` and `rows` say the same of a block
        of rows. Where values may be NaN or infinite, `missing` says what it means; elsewhere that is an error (see
        `silent`).
        """
        array = np.asarray(data)
        path = path.strip("/")
        if array.ndim != len(dims):
            raise ValueError(f"{path}: {array.ndim} axes but dimensions {dims}")
        if array.ndim > 1 and path.rpartition("/")[2] in dims:
            raise ValueError(
                f"{path}: in xarray an array with several axes cannot have an axis of its own name; rename the axis"
            )
        if path in self.datasets:
            raise ValueError(f"{path}: given twice")
        if (start is None) != (rows is None):
            raise ValueError(f"{path}: start and rows belong together")
        if start is not None and rows is not None:
            part = Part.rows(start, rows, array.shape)
        self.datasets[path] = Dataset(array, tuple(dims), units, long_name or path.rsplit("/", 1)[-1], part, missing)

    def add_internal(
        self, path: str, data: np.ndarray | float, dims: tuple[str, ...], unit: str, long_name: str, **more: Any
    ) -> None:
        """Add an array in the units inside the models (eV, nm, fs); it is written in `unit`. Otherwise as `add`."""
        self.add(path, from_internal(np.asarray(data), unit), dims, unit, long_name, **more)

    def group(self, name: str) -> Callable[..., None]:
        """Return a function that adds datasets to the group `name` as `add_internal` does."""
        return lambda dataset, *arguments, **more: self.add_internal(f"{name}/{dataset}", *arguments, **more)

    def value(self, path: str) -> np.ndarray:
        """Return the array under `path`; raises KeyError."""
        return self.datasets[path.strip("/")].data

    def silent(self) -> list[str]:
        """Return the datasets that are not finite on this rank although `missing` does not say why."""
        numbers = {
            path: one.data for path, one in self.datasets.items() if not one.missing and one.data.dtype.kind in "fc"
        }
        return [path for path, values in numbers.items() if not np.isfinite(values).all()]

    def structure(self) -> str:
        """Return a hash of everything but the values: results with equal hashes are stacked without inspecting each.

        Paths, shapes, dimensions, kinds, units, names, and the values of coordinates count. It is "" if a coordinate is
        distributed, so that no rank knows it.
        """
        digest = hashlib.sha256()
        for path, data in sorted(self.datasets.items()):
            digest.update(
                repr(
                    (path, data.shape, data.dims, data.data.dtype.str, data.units, data.long_name, data.missing)
                ).encode()
            )
            if data.dims == (path.rpartition("/")[2],):
                if data.part is not None:
                    return ""
                digest.update(data.data.tobytes())
        return digest.hexdigest()

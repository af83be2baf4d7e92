"""A result of a sweep that is too large for `sweep.h5`: read from the files of the points when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing

from hpcx.io.reading import reading


class _Points(BackendArray):
    """An array of which every point has a part, in a file of its own; NaN for points that are not done (None)."""

    def __init__(
        self, name: str, paths: Sequence[Path | None], axes: int, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self.name, self.paths, self.axes, self.shape, self.dtype = name, paths, axes, shape, dtype
        self._whole: set[Path] = set()  # files whose checksum was found to be right

    @contextmanager
    def _opened(self, path: Path) -> Iterator[h5py.File]:
        """Open a file; at the first time its checksum is verified."""
        with h5py.File(path, "r") if path in self._whole else reading(path) as file:
            self._whole.add(path)
            yield file

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[int | slice, ...]) -> np.ndarray:
        """Return the values at integers and slices; raises OSError that names a file which cannot be read."""
        numbers = np.arange(len(self.paths)).reshape(self.shape[: self.axes])[key[: self.axes]]
        parts = [self._part(self.paths[number], key[self.axes :]) for number in np.ravel(numbers)]
        inside = np.empty(self.shape[self.axes :], np.bool_)[key[self.axes :]].shape
        return np.reshape(np.array(parts, self.dtype), np.shape(numbers) + inside)

    def _part(self, path: Path | None, key: tuple[int | slice, ...]) -> np.ndarray:
        if path is None:
            return np.full(np.empty(self.shape[self.axes :], np.bool_)[key].shape, np.nan, self.dtype)
        try:
            with self._opened(path) as file:
                return file[self.name][key]
        except (OSError, KeyError) as error:
            raise OSError(
                f"{self.name} is too large to be in sweep.h5, and its values of a point in {path} cannot be read:"
                f" {error}"
            ) from error


def from_points(variable: xarray.Variable, name: str, paths: Sequence[Path | None], axes: int) -> xarray.Variable:
    """Return a variable with the same labels whose values are read from the points' files.

    Args:
        variable: as `sweep.h5` has it, whose first `axes` dimensions are those of the sweep.
        name: path of the dataset.
        paths: of the files, in the order of the points; None where a point is not done.
        axes: number of swept keys.
    """
    points = _Points(name, paths, axes, variable.shape, variable.dtype)
    return xarray.Variable(variable.dims, indexing.LazilyIndexedArray(points), variable.attrs)

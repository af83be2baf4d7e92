"""The part of a distributed array that a rank holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

#: indices along one axis: one run, or two ascending ones of equal length (a block and its mirror image)
Runs = tuple[slice, ...]


@dataclass(frozen=True)
class Part:
    """The part of a whole array that a rank has, a product of runs of indices along the axes.

    Attributes:
        shape: of the whole array.
        runs: along each axis.
    """

    shape: tuple[int, ...]
    runs: tuple[Runs, ...]

    @classmethod
    def rows(cls, start: int, total: int, block: tuple[int, ...]) -> Part:
        """Return the part of a rank that has consecutive rows: a block of this shape at row `start` of `total`."""
        return cls.block((total, *block[1:]), (slice(start, start + block[0]),))

    @classmethod
    def block(cls, shape: tuple[int, ...], box: tuple[slice, ...]) -> Part:
        """Return the part within a box; axes beyond those of the box are complete."""
        return cls(shape, tuple((axis,) for axis in (*box, *(slice(0, size) for size in shape[len(box) :]))))

    @property
    def local_shape(self) -> tuple[int, ...]:
        """Shape of the part."""
        return tuple(sum(run.stop - run.start for run in runs) for runs in self.runs)

    def at(self, number: int) -> Part:
        """Return the part at one index of the first axis, which must be complete."""
        return Part(self.shape, ((slice(number, number + 1),), *self.runs[1:]))

    def under(self, *sizes: int) -> Part:
        """Return the same part of an array with further, complete axes in front."""
        return Part((*sizes, *self.shape), (*((slice(0, size),) for size in sizes), *self.runs))

    def select(self, space: Any) -> None:
        """Select the part in an HDF5 data space of the whole shape; the order of the elements is that of the part."""
        if not all(self.local_shape):
            space.select_none()
            return
        start = tuple(runs[0].start for runs in self.runs)
        block = tuple(runs[0].stop - runs[0].start for runs in self.runs)
        count = tuple(len(runs) for runs in self.runs)
        stride = tuple(
            runs[-1].start - runs[0].start if len(runs) == 2 else size for runs, size in zip(self.runs, block)
        )
        space.select_hyperslab(start, count, stride, block)

    def pieces(self) -> tuple[np.ndarray, int]:
        """Return the first elements of the contiguous pieces of the part in the flattened array, and their length."""
        whole = [len(runs) == 1 and runs[0] == slice(0, size) for runs, size in zip(self.runs, self.shape)]
        split = max((axis for axis, full in enumerate(whole) if not full), default=0)
        strides = np.cumprod([1, *self.shape[:0:-1]])[::-1]
        begin = np.zeros(1, dtype=np.int64)
        for runs, stride in zip(self.runs[:split], strides):
            index = np.concatenate([np.arange(run.start, run.stop) for run in runs])
            begin = np.add.outer(begin, index * stride).ravel()
        first = np.array([run.start for run in self.runs[split]]) * strides[split]
        length = (self.runs[split][0].stop - self.runs[split][0].start) * int(strides[split])
        return np.add.outer(begin, first).ravel() if length else begin[:0], length

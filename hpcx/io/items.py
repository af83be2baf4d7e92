"""Independent items dealt out to the ranks, with the finished ones in the checkpoint of the point."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np

from hpcx.io.result import Result
from hpcx.parallel.errors import agreed
from hpcx.parallel.run import Run
from hpcx.parallel.stop import Stopped

#: results of one item by name
Item = dict[str, np.ndarray]

T = TypeVar("T")


class Items:
    """The lists of items of one point, each with a label; what an earlier run has finished is not computed again.

    Work may be cut off by `Run.watch`.
    """

    def __init__(self, comm: Any, run: Run) -> None:
        """Look for a checkpoint; collective. Raises AgreedError if there is one of other physics."""
        self._comm, self._run = comm, run
        self._done: dict[str, dict[int, Item]] = {}
        saved = run.resume(comm)
        for path in saved.sizes if saved is not None else ():
            label, number, name = path.rsplit("/", 2)
            self._done.setdefault(label, {}).setdefault(int(number), {})[name] = saved.value(path)

    def compute(self, label: str, count: int, work: Callable[[int], Item]) -> list[Item]:
        """Return [work(0), ..., work(count - 1)] on every rank; collective. `work` must not communicate.

        Raises AgreedError on all ranks if an item fails on one, and Stopped if a stop is asked for.
        """
        comm, done = self._comm, self._done.setdefault(label, {})
        left = [number for number in range(count) if number not in done]
        for first in range(0, len(left), comm.size):
            mine = left[first + comm.rank : first + comm.rank + 1] if first + comm.rank < len(left) else []
            found: dict[int, Item] = {}
            with agreed(comm), suppress(Stopped):  # `keep` below stops all ranks; an item that was cut off is not done
                found = {number: work(number) for number in mine}
            for part in comm.allgather(found):
                done.update(part)
            self._run.progress(label, len(done) / count)
            self._run.keep(comm, self._state)
        return [done[number] for number in range(count)]

    def prepare(self, work: Callable[[], T]) -> T:
        """Return `work()`, which every rank does alike; collective.

        Raises AgreedError on all ranks if it fails on one, and Stopped on all of them, with what is done in the checkpoint,
        if a stop is asked for on one.
        """
        found = None
        with agreed(self._comm), suppress(Stopped):
            found = work()
        self._run.keep(self._comm, self._state if any(self._done.values()) else None)
        return found  # a rank whose work was cut off has not come here

    def _state(self) -> Result:
        state = Result()
        for label, items in self._done.items():
            for number, item in sorted(items.items()):
                for name, values in item.items():
                    array = np.asarray(values)
                    state.add(f"{label}/{number}/{name}", array, tuple(f"axis{axis}_{size}" for axis, size in enumerate(array.shape)))
        return state

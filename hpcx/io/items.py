"""Independent items distributed over the ranks; each finished item is a stage of the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hpcx.parallel.errors import agreed
from hpcx.parallel.stop import Stopped

if TYPE_CHECKING:  # estimates import this where there is no HDF5
    from hpcx.io.stages import Stages

#: results of one item by name
Item = dict[str, np.ndarray]
T = TypeVar("T")


def compute_items(stages: Stages, label: str, count: int, work: Callable[[int], Item]) -> list[Item]:
    """Return [work(0), ..., work(count - 1)] on every rank, without what an earlier run has done; collective.

    `work` must not communicate, and may be cut off by `Run.watch`. Raises AgreedError on all ranks if an item fails on
    one, and Stopped if a stop is asked for.
    """
    comm, done = stages.comm, _done(stages, label, count)
    left = [number for number in range(count) if number not in done]
    for first in range(0, len(left), comm.size):
        mine = left[first + comm.rank : first + comm.rank + 1]
        found: dict[int, Item] = {}
        with agreed(comm), suppress(Stopped):  # an item that was cut off is not done; the next line stops all ranks
            found = {number: work(number) for number in mine}
        for number, item in sorted(pair for part in comm.allgather(found) for pair in part.items()):
            done[number] = item
            stages.stage(f"{label}/{number}").finish(item)
        stages.run.progress(label, len(done) / count)
        stages.checkpoint_if_due()
    return [done[number] for number in range(count)]


def _done(stages: Stages, label: str, count: int) -> dict[int, Item]:
    done = {}
    for number in range(count):
        stage = stages.stage(f"{label}/{number}")
        earlier = stage.earlier()
        if earlier is not None:
            done[number] = earlier.values()
            stage.finish(done[number])
    return done


def prepare(stages: Stages, work: Callable[[], T]) -> T:
    """Return `work()`, which every rank does alike; collective.

    Raises AgreedError on all ranks if it fails on one, and Stopped on all of them if a stop is asked for on one.
    """
    found: list[T] = []  # stays empty on a rank whose work was cut off: the check below stops all ranks
    with agreed(stages.comm), suppress(Stopped):
        found.append(work())
    stages.checkpoint_if_due()
    return found[0]

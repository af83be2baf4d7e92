"""A run without a sweep: its one result file must be of the same physics, or is not touched."""

from __future__ import annotations

import json

from hpcx.config.point import Point
from hpcx.io.checkpoint import Checkpoint, differing_keys
from hpcx.io.reading import reading, stored
from hpcx.sweep.record import OtherPhysics
from hpcx.sweep.store import Store


def refuse_other_result(store: Store, point: Point) -> None:
    """Raise OtherPhysics, naming the differing keys, if `result.h5` or a checkpoint belongs to another input.

    A file that is damaged or cannot be read is not judged here: the run itself knows what to do with it.
    """
    physics = json.loads(json.dumps(point.physics, default=str))
    for path in [store.result(point.id), *Checkpoint(store.checkpoint(point.id)).paths()]:
        try:
            with reading(path) as file:
                old = json.loads(stored(file["provenance/physics"]))
        except OSError:
            continue
        different = differing_keys(old, physics)
        if different:
            raise OtherPhysics(
                f"{path} belongs to another input; choose another output.directory or use --fresh. Differences (there"
                f" -> here):{different}"
            )

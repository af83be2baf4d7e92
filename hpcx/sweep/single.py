"""A run without a sweep: its one result file must be of the same physics, or is not touched."""

from __future__ import annotations

import json

import h5py

from hpcx.config.point import Point, resolved_physics
from hpcx.io.checkpoint import differing_keys
from hpcx.sweep.record import OtherPhysics
from hpcx.sweep.store import Store


def refuse_other_result(store: Store, point: Point) -> None:
    """Raise OtherPhysics, naming the differing keys, if `result.h5` is of another input."""
    path = store.result(point.id)
    if not path.exists() or store.done(point.id, point.hash) is not None:
        return
    with h5py.File(path, "r") as file:
        old = json.loads(file["provenance/physics"].asstr()[()])
    different = differing_keys(old, json.loads(json.dumps(resolved_physics(point.config, point.material), default=str)))
    raise OtherPhysics(f"{path} is of another input ({different}); choose another output.directory or give --fresh")

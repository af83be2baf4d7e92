"""`hpcx status` opens no file that `sweep.h5` knows, and every file that has changed since."""

from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.sweep.index import refresh_index
from hpcx.sweep.point_table import unchanged
from hpcx.sweep.status import status_json, status_text
from hpcx.sweep.store import Store


def finished_sweep(folder, names):
    """Return a store of finished points; all have one file, so that many are made quickly."""
    store = Store(folder, single=False)
    store.prepare()
    points = [{"id": name, "hash": "hash", "coordinates": {"kappa": float(i)}} for i, name in enumerate(names)]
    axes = [
        {"name": "kappa", "unit": "1", "description": "permittivity", "values": [float(i) for i in range(len(names))]}
    ]
    (folder / "sweep.json").write_text(json.dumps({"model": "exciton", "axes": axes, "points": points, "physics": {}}))
    result = Result()
    result.add("signal", np.arange(3.0), ("time",), "1", "signal")
    about = {
        "hash": "hash",
        "summary": '["one line"]',
        "wall_time": 1.5,
        "ranks": 2,
        "structure": result.structure(),
        "excess": 0.5,
    }
    write_result(MPI.COMM_SELF, store.result(names[0]), result, about)
    for name in names[1:]:
        os.link(store.result(names[0]), store.result(name))
    refresh_index(store, done={name: store.done(names[0], "hash") for name in names})
    return store


@pytest.fixture
def store(tmp_path):
    """Return the store of a finished sweep of three points."""
    return finished_sweep(tmp_path, ["p0", "p1", "p2"])


@pytest.fixture
def opened(monkeypatch):
    """Return the list of the points whose files are opened from now on."""
    names, done = [], Store.done
    monkeypatch.setattr(Store, "done", lambda store, name, digest: names.append(name) or done(store, name, digest))
    return names


def test_no_file_is_opened_and_the_answer_is_the_same(store, opened):
    texts = status_text(store.directory), status_json(store.directory)
    assert opened == [] and texts[0].count(" done ") == 3
    assert "one line" in texts[1] and '"excess": 0.5' in texts[1]
    (store.directory / "sweep.h5").unlink()
    assert status_json(store.directory) == texts[1] and opened == ["p0", "p1", "p2"]


def replaced(path):
    """Put another file of the same size in the place of one."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def flipped(path):
    """Change a byte of a file's values."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()  # the others are the same file
    path.write_bytes(content)


def cut(path):
    """Cut a file off."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:100])


@pytest.mark.parametrize("change", [replaced, flipped, cut])
def test_a_file_that_has_changed_is_looked_at(store, opened, change):
    change(store.result("p1"))
    assert [point["status"] for point in json.loads(status_json(store.directory))["points"]] == [
        "done",
        "failed",
        "done",
    ]
    assert opened == ["p1"]


def test_a_file_that_is_gone_or_of_other_physics_is_not_done(store, opened):
    store.result("p1").unlink()
    record = json.loads((store.directory / "sweep.json").read_text())
    record["points"][2]["hash"] = "another"
    (store.directory / "sweep.json").write_text(json.dumps(record))
    assert [point["status"] for point in json.loads(status_json(store.directory))["points"]] == [
        "done",
        "missing",
        "missing",
    ]
    assert opened == ["p1", "p2"]


def test_an_index_that_is_damaged_or_older_tells_nothing(store):
    path = store.directory / "sweep.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert unchanged(store) == {}
    assert status_text(store.directory).count(" done ") == 3


@pytest.mark.validate
def test_ten_thousand_points_are_told_in_a_few_seconds(tmp_path, opened):
    store = finished_sweep(tmp_path, [f"p{number}" for number in range(10_000)])
    opened.clear()
    begin = time.process_time()
    assert "10000 points: 10000 done" in status_text(store.directory)
    spent = time.process_time() - begin
    print(f"status of 10 000 points: {spent:.2f} s of processor time")
    assert spent < 3 and opened == []

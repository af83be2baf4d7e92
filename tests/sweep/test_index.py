"""`sweep.h5`: missing points are NaN, what differs in shape is named, coordinates have units."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.io.reading import Damaged
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.sweep.index import refresh_index, write_index
from hpcx.sweep.store import MISSING, Entry, Store

AXES = [
    {"name": "temperature", "unit": "K", "description": "lattice temperature", "values": [77.0, 300.0]},
    {"name": "mechanisms.exchange", "unit": "", "description": "exchange", "values": [True, False]},
]


@pytest.fixture(params=[False, True], ids=["old files", "structures"])
def store(tmp_path, request):
    """Return a store of four points: done, failed, missing, done; with and without the digests of their structures."""
    store = Store(tmp_path, single=False)
    store.prepare()
    points = [{"id": f"p{i}", "hash": f"hash{i}", "coordinates": {}} for i in range(4)]
    (tmp_path / "sweep.json").write_text(json.dumps({"model": "valley", "axes": AXES, "points": points, "physics": {}}))
    for i in (0, 3):
        write_point(store, i, request.param)
    store.fail("p1", Entry("failed", "no convergence", "Traceback ...", 2.0, 4))
    return store


def write_point(store, i, with_structure):
    result = Result()
    result.add("signal/time", np.array([0.0, 1.0, 2.0]), ("time",), "fs", "time")
    result.add("signal/trace", np.full(3, 10.0 * i), ("time",), "1", "trace")
    result.add("signal/complex", np.full(3, 1j * i), ("time",), "1", "complex")
    result.add("signal/count", i, (), "1", "an integer")
    result.add("modes/rate", np.zeros(2 + i), ("mode",), "1/ps", "differs in shape")
    provenance = {"hash": f"hash{i}", "summary": '["done"]', "wall_time": 1.5, "ranks": 2}
    if with_structure:
        provenance["structure"] = result.structure()
    write_result(MPI.COMM_SELF, store.result(f"p{i}"), result, provenance)


def test_stacked_with_gaps(store):
    refresh_index(store)
    with h5py.File(store.directory / "sweep.h5", "r") as file:
        assert file["signal/trace"].shape == (2, 2, 3)
        assert np.array_equal(file["signal/trace"][1, 1], [30.0] * 3) and np.array_equal(
            file["signal/trace"][0, 0], [0.0] * 3
        )
        assert np.isnan(file["signal/trace"][0, 1]).all() and np.isnan(file["signal/trace"][1, 0]).all()
        assert np.isnan(file["signal/complex"][0, 1]).all() and file["signal/complex"][1, 1, 0] == 3j
        assert file["signal/count"].dtype.kind == "f" and np.isnan(file["signal/count"][1, 0])
        assert {"modes/rate"} <= set(file["index/not_stacked"].asstr()) and "modes/rate" not in file
        assert file["index/status"].asstr()[...].tolist() == [["done", "failed"], ["missing", "done"]]
        assert file["index/message"].asstr()[0, 1] == "no convergence"
        assert file["index/ranks"][1, 1] == 2 and file["index/wall_time"][0, 0] == 1.5
        assert file["temperature"].attrs["units"] == "K"


def test_results_of_one_structure_are_stacked_without_a_look_into_each(tmp_path):
    """Values differ, and a coordinate that differs makes another structure."""
    results = []
    for shift in (0.0, 1.0, 1.0):
        result = Result()
        result.add("signal/time", np.arange(3) + shift, ("time",), "fs", "time")
        result.add("signal/trace", np.full(3, 2.0 * len(results)), ("time",), "1", "trace")
        results.append(result)
    structures = [result.structure() for result in results]
    assert structures[0] != structures[1] == structures[2]
    store = Store(tmp_path, single=False)
    store.prepare()
    points = [{"id": f"p{i}", "hash": f"hash{i}"} for i in (1, 2)]
    for i in (1, 2):
        provenance = {"hash": f"hash{i}", "summary": "[]", "wall_time": 1.0, "ranks": 1, "structure": structures[i]}
        write_result(MPI.COMM_SELF, store.result(f"p{i}"), results[i], provenance)
    record = {"axes": AXES[:1], "points": points}
    write_index(store, record, [store.entry(f"p{i}", f"hash{i}") for i in (1, 2)])
    with h5py.File(tmp_path / "sweep.h5", "r") as file:
        assert file["signal/trace"][:, 0].tolist() == [2.0, 4.0]
        assert file["signal/time"][...].tolist() == [1.0, 2.0, 3.0]


def test_xarray_reads_names_coordinates_and_units(store):
    xarray = pytest.importorskip("xarray")
    refresh_index(store)
    with xarray.open_dataset(store.directory / "sweep.h5", engine="h5netcdf", group="signal") as data:
        assert data["trace"].dims == ("temperature", "mechanisms.exchange", "time")
        assert data["time"].attrs["units"] == "fs"
        found = data["trace"].sel({"temperature": 300.0, "mechanisms.exchange": "false"})
        assert np.array_equal(found, [30.0] * 3)


def test_a_damaged_result_is_said_and_can_be_set_aside(store):
    path = store.result("p3")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Damaged, match="p3.h5 is damaged"):
        store.done("p3", "hash3")
    assert store.entry("p3", "hash3").status == "failed"
    refresh_index(store)
    kept = store.set_aside("p3", "damaged")
    assert kept.exists() and store.entry("p3", "hash3").status == "missing"


def test_a_result_of_other_physics_does_not_count(store):
    assert store.done("p3", "another hash") is None


def test_what_is_left_of_a_point_is_told(store):
    checkpoint = store.checkpoint("p2")
    checkpoint.parent.mkdir()
    checkpoint.with_name("p2.0.checkpoint.h5").touch()
    (store.directory / "points/p2.lock").write_text('{"point": "p2", "started": 1.0, "ranks": 2}\n')
    assert store.entry("p2", "hash2").message == "cut off 1 time(s), has a checkpoint"


def test_nothing_of_a_process_that_is_alive_goes(store, claimed):
    checkpoint = store.checkpoint("p3").with_name("p3.0.checkpoint.h5")
    checkpoint.parent.mkdir()
    checkpoint.touch()
    with claimed(store.directory / "points", "p3"):
        store.tidy("p3")
        assert checkpoint.exists() and store.claims.running("p3") is not None
    store.tidy("p3")
    assert not checkpoint.exists()


def test_remains_of_a_point_that_is_done_go(store):
    checkpoint = store.checkpoint("p3")
    checkpoint.parent.mkdir()
    for name in ("p3.0.checkpoint.h5", "p3.1.checkpoint.h5.part", "p2.0.checkpoint.h5"):
        checkpoint.with_name(name).touch()
    lock = store.directory / "points/p3.lock"
    lock.write_text('{"point": "p2", "started": 1.0, "ranks": 2}\n')
    store.tidy("p3")
    assert [path.name for path in checkpoint.parent.iterdir()] == ["p2.0.checkpoint.h5"] and not lock.exists()


def test_nothing_done_yet_gives_an_index_of_states(tmp_path):
    store = Store(tmp_path, single=False)
    store.prepare()
    record = {"axes": AXES[:1], "points": [{"id": f"p{i}", "hash": "x"} for i in range(2)]}
    write_index(store, record, [Entry(MISSING)] * 2)
    with h5py.File(tmp_path / "sweep.h5", "r") as file:
        assert file["index/status"].asstr()[...].tolist() == ["missing", "missing"]


def test_two_writers_of_the_index_take_turns(store):
    with store.exclusively():
        pass
    assert not (store.directory / "sweep.lock").exists()
    assert not list(store.directory.glob("*.part"))

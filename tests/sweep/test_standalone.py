"""`sweep.h5` is the file that one gives away: what is small is in it,
what is not is named, and nobody reads NaN in silence.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from mpi4py import MPI

import hpcx
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.sweep import stacking
from hpcx.sweep.index import refresh_index
from hpcx.sweep.stacking import COPIED_BYTES
from hpcx.sweep.status import status_text
from hpcx.sweep.store import Entry, Store

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "postprocess"))
import sweep_file  # noqa: E402


def write_point(store: Store, number: int, wall_time: float = 1.0, rows: int = 3) -> None:
    result = Result()
    result.add("signal/time", np.arange(float(rows)), ("time",), "fs", "time")
    result.add("signal/trace", number + np.arange(float(rows)), ("time",), "meV", "trace")
    result.add("signal/peak", float(number), (), "meV", "peak")
    about = {
        "hash": f"hash{number}",
        "summary": "[]",
        "wall_time": wall_time,
        "ranks": 1,
        "structure": result.structure(),
    }
    write_result(MPI.COMM_SELF, store.result(f"p{number}"), result, about)


def make_sweep(folder: Path, count: int) -> Store:
    store = Store(folder, single=False)
    store.prepare()
    axes = [
        {"name": "temperature", "unit": "K", "description": "temperature", "values": [float(i) for i in range(count)]}
    ]
    points = [{"id": f"p{i}", "hash": f"hash{i}", "coordinates": {"temperature": float(i)}} for i in range(count)]
    record = {"model": "valley", "axes": axes, "points": points, "physics": {}, "provenance": {"input": "as written"}}
    (folder / "sweep.json").write_text(json.dumps(record))
    for i in range(count):
        write_point(store, i)
    return store


def traces(count: int) -> np.ndarray:
    return np.arange(count)[:, None] + np.arange(3.0)


@pytest.fixture
def without_copies(monkeypatch):
    """Nothing but single numbers of twelve points fits into a file."""
    monkeypatch.setattr(stacking, "COPIED_BYTES", 12 * 8)


def test_it_stands_alone(tmp_path):
    store = make_sweep(tmp_path / "run", 4)
    refresh_index(store)
    alone = Path(shutil.move(store.directory / "sweep.h5", tmp_path / "elsewhere.h5"))
    shutil.rmtree(store.directory)
    with h5py.File(alone, "r") as file:
        assert not file["signal/trace"].is_virtual and np.array_equal(file["signal/trace"], traces(4))
        assert list(file["index/virtual"]) == [] and file["provenance/input"].asstr()[()] == "as written"
        assert sweep_file.warnings(file) == []
    text = status_text(alone)
    assert "4 points: 4 done" in text and "elsewhere.h5 is complete by itself" in text and "temperature = 3.0" in text


def test_what_is_too_large_is_named_and_never_read_as_nan(tmp_path, without_copies):
    store = make_sweep(tmp_path / "run", 12)
    refresh_index(store)
    path = store.directory / "sweep.h5"
    with h5py.File(path, "r") as file:
        assert list(file["index/virtual"].asstr()) == ["signal/trace"] and not file["signal/peak"].is_virtual
        assert "read as NaN where these files are missing" in file["signal/trace"].attrs["note"]
        assert np.array_equal(sweep_file.values(file, "signal/trace"), traces(12))
    with hpcx.open(path) as tree:
        trace = tree["signal/trace"]
        assert (
            np.array_equal(trace, traces(12))
            and np.array_equal(trace[3:8:2, 1], traces(12)[3:8:2, 1])
            and trace[5, 2] == traces(12)[5, 2]
        )
        assert (
            trace.attrs["units"] == "meV"
            and trace.dims == ("temperature", "time")
            and np.array_equal(trace[[7, 2]], traces(12)[[7, 2]])
        )
    assert "sweep.h5 needs points/ beside it for signal/trace" in status_text(store.directory)
    for damage in (Path.unlink, lambda point: point.write_bytes(b"no HDF5")):
        write_point(store, 5)
        damage(store.result("p5"))
        with (
            h5py.File(path, "r") as file,
            pytest.raises(sweep_file.Lost, match=r"1 of the 12 files .* missing or cannot be read \(.*p5\.h5\)"),
        ):
            sweep_file.values(file, "signal/trace")
    alone = Path(shutil.copy(path, tmp_path / "sweep.h5"))
    with h5py.File(alone, "r") as file:
        assert np.array_equal(sweep_file.values(file, "signal/peak"), np.arange(12.0))
        with pytest.raises(sweep_file.Lost, match="12 of the 12 files"):
            sweep_file.values(file, "signal/trace")
    with hpcx.open(alone) as tree:
        assert np.array_equal(tree["signal/peak"], np.arange(12.0))
        with pytest.raises(
            OSError, match=r"signal/trace is too large to be in sweep.h5, .*points/p0.h5 cannot be read"
        ):
            tree["signal/trace"].load()
    assert "WARNING: 12 files of finished points are not there" in status_text(alone)


def test_all_can_be_put_into_one_file(tmp_path, without_copies):
    xarray = pytest.importorskip("xarray")
    store = make_sweep(tmp_path / "run", 12)
    refresh_index(store)

    def run():
        words = [sys.executable, ROOT / "postprocess/standalone.py", store.directory / "sweep.h5", tmp_path / "all.h5"]
        return subprocess.run(words, capture_output=True, text=True)

    assert run().returncode == 0
    with xarray.open_dataset(tmp_path / "all.h5", engine="h5netcdf", group="signal") as data:
        assert (
            np.array_equal(data["trace"].sel(temperature=7.0), traces(12)[7]) and data["trace"].attrs["units"] == "meV"
        )
        assert data["trace"].dims == ("temperature", "time")
    (tmp_path / "all.h5").unlink()
    store.result("p3").unlink()
    failed = run()
    assert failed.returncode == 1 and "p3.h5" in failed.stderr and not (tmp_path / "all.h5").exists()


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    """Return the directory of a sweep of a hundred points."""
    return make_sweep(tmp_path_factory.mktemp("hundred"), 100).directory


@pytest.mark.parametrize("copied", [True, False])
def test_more_points_than_files_that_may_be_open(hundred, copied):
    """A hundred points at sixty-four descriptors: HDF5 alone reads NaN from the virtual dataset of so many files."""
    script = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.path.insert(0, {str(ROOT / "postprocess")!r})
from pathlib import Path
import h5py, numpy as np
from hpcx.sweep import stacking
from hpcx.sweep.index import refresh_index
from hpcx.sweep.store import Store
import sweep_file
stacking.COPIED_BYTES = {COPIED_BYTES if copied else 800}
store = Store(Path({str(hundred)!r}), single=False)
refresh_index(store)
with h5py.File(store.directory / "sweep.h5", "r") as file:
    print(file["signal/trace"].is_virtual, int(np.isnan(file["signal/trace"][()]).sum()))
    found = sweep_file.values(file, "signal/trace")
    print(np.array_equal(found, np.arange(100)[:, None] + np.arange(3.0)))
    print((file["index/status"].asstr()[()] == "done").all())
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    first, *rest = run.stdout.split("\n")
    assert rest == ["True", "True", ""], run.stderr
    assert first == "False 0" if copied else first.startswith("True") and not first.endswith(" 0")
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64  # of this process, which reads as it likes


def test_a_point_that_cannot_be_read_is_not_done(tmp_path):
    """Its provenance is whole, a dataset is not there."""
    store = make_sweep(tmp_path / "run", 3)
    with h5py.File(store.result("p1"), "r+") as file:
        del file["signal/peak"]
    refresh_index(store)
    with h5py.File(store.directory / "sweep.h5", "r") as file:
        assert (
            list(file["index/status"].asstr()) == ["done", "failed", "done"]
            and "p1.h5 cannot be read" in file["index/message"].asstr()[1]
        )
        assert np.isnan(file["signal/trace"][1]).all() and np.array_equal(file["signal/trace"][2], traces(3)[2])
        [warning] = sweep_file.warnings(file)
        assert warning == "1 of 3 points of the sweep have no result (1 failed): their values are NaN"


def test_values_are_read_once(tmp_path, monkeypatch):
    """What the last index holds is not read again, what was computed anew or is new is."""
    store = make_sweep(tmp_path / "run", 4)
    refresh_index(store)
    seen, real = [], stacking._read
    monkeypatch.setattr(stacking, "_read", lambda path, names: seen.append(path.stem) or real(path, names))
    refresh_index(store)
    assert seen == []
    with h5py.File(store.result("p2"), "r+") as file:
        file["signal/peak"][()] = 20.0
        file["provenance/wall_time"][()] = 1.5
    record = json.loads((store.directory / "sweep.json").read_text())
    record["points"] = [record["points"][i] for i in (3, 2, 1)] + [{"id": "p4", "hash": "hash4", "coordinates": {}}]
    (store.directory / "sweep.json").write_text(json.dumps(record))
    write_point(store, 4)
    refresh_index(store)
    assert sorted(seen) == ["p2", "p4"]
    with h5py.File(store.directory / "sweep.h5", "r") as file:
        assert file["signal/peak"][()].tolist() == [3.0, 20.0, 1.0, 4.0]


@pytest.mark.parametrize("damage", ["no HDF5", "of an earlier version"])
def test_an_index_that_cannot_be_used_is_made_anew(tmp_path, damage):
    store = make_sweep(tmp_path / "run", 3)
    path = store.directory / "sweep.h5"
    if damage == "no HDF5":
        path.write_bytes(b"nonsense")
    else:
        refresh_index(store)
        with h5py.File(path, "r+") as file:
            del file["index/hash"]
            file["signal/peak"][...] = -1.0
    refresh_index(store)
    with h5py.File(path, "r") as file:
        assert file["signal/peak"][()].tolist() == [0.0, 1.0, 2.0]


def test_a_long_sweep_is_summed_up(hundred):
    store = Store(hundred, single=False)
    for number in range(30):
        store.result(f"p{number}").unlink()
    store.fail("p0", Entry("failed", "no convergence"))
    text = status_text(store.directory)
    assert "100 points: 1 failed, 29 missing, 70 done" in text and "no convergence" in text
    assert text.count("missing  ") == 20 and "p79" not in text and len(text.splitlines()) < 30
    assert "(21 of 100 points are listed; --all lists every one)" in text
    assert "p79" in status_text(store.directory, every_point=True)


def test_what_nan_means_is_told_there_too(tmp_path):
    result = Result()
    result.add("signal/decay", np.nan, (), "fs", "decay time", missing="no decay")
    result.add("signal/peak", 1.0, (), "meV", "peak")
    write_result(MPI.COMM_SELF, tmp_path / "point.h5", result, {})
    described = stacking.describe(tmp_path / "point.h5")
    assert described["signal/decay"].missing == "no decay" and described["signal/peak"].missing == ""

"""Files that cannot be read now are told and left alone; only what is readable and wrong is damaged."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.io.cache import load_arrays, save_arrays
from hpcx.io.checkpoint import Checkpoint
from hpcx.io.reading import Damaged, Unreadable, reading
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.errors import AgreedError
from hpcx.sweep.store import Store

PROVENANCE = {"hash": "a hash", "summary": "[]", "wall_time": 1.0, "ranks": 1}


@pytest.fixture
def store(tmp_path):
    """Return a store with one finished point."""
    store = Store(tmp_path, single=False)
    store.prepare()
    write_result(MPI.COMM_SELF, store.result("p"), Result(), PROVENANCE)
    return store


@contextmanager
def no_more_files():
    """Let this process open no further file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_result_that_another_program_has_open(store, held_open):
    with held_open(store.result("p")):
        with pytest.raises(Unreadable, match="another program has it open"):
            store.done("p", "a hash")
        entry = store.entry("p", "a hash")
        assert entry.status == "failed" and "left as it is" in entry.message
    assert store.entry("p", "a hash").status == "done"


def test_a_result_when_the_table_of_open_files_is_full(store):
    with no_more_files(), pytest.raises(Unreadable, match="Too many open files"):
        store.done("p", "a hash")
    assert store.entry("p", "a hash").status == "done"


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", None], ids=["empty", "another file", "cut off"])
def test_what_is_readable_and_wrong_is_damaged(store, content):
    path = store.result("p")
    path.write_bytes(path.read_bytes()[:600] if content is None else content)
    with pytest.raises(Damaged):
        store.done("p", "a hash")
    assert "sets it aside" in store.entry("p", "a hash").message


def test_a_file_without_what_a_result_has_is_damaged(store):
    write_result(MPI.COMM_SELF, store.result("p"), Result(), {"hash": "a hash"})
    with pytest.raises(Damaged):
        store.done("p", "a hash")


def test_a_file_that_is_not_there_is_neither(tmp_path):
    with pytest.raises(FileNotFoundError), reading(tmp_path / "none.h5"):
        pass


def saved_checkpoint(folder):
    state = Result()
    state.add("step", 7)
    return Checkpoint(folder / "p", {"a": 1}, "a hash").save(MPI.COMM_SELF, state.datasets, {})


def test_a_checkpoint_that_another_program_has_open_is_not_begun_anew(tmp_path, held_open):
    path = saved_checkpoint(tmp_path)
    with held_open(path), pytest.raises(AgreedError, match="cannot be read now"):
        Checkpoint(tmp_path / "p", {"a": 1}, "a hash").load(MPI.COMM_SELF)
    assert Checkpoint(tmp_path / "p", {"a": 1}, "a hash").load(MPI.COMM_SELF).scalar("step") == 7


def test_a_checkpoint_that_is_damaged_is_said_and_not_used(tmp_path):
    path = saved_checkpoint(tmp_path)
    path.write_bytes(path.read_bytes()[:600])
    assert Checkpoint(tmp_path / "p", {"a": 1}, "a hash").load(MPI.COMM_SELF) is None


def test_a_table_that_another_program_has_open_is_said_to_be_made_again(tmp_path, held_open, caplog):
    path = tmp_path / "rates/table.h5"
    save_arrays(path, "key", {})
    with held_open(path):
        assert load_arrays(path, "key") is None
    assert "another program has it open" in caplog.text and "damaged" not in caplog.text
    assert load_arrays(path, "key") == {}


def test_bytes_that_changed_are_found_before_hdf5_reads_them(store):
    """Flipped bits and cut ends of 300 kinds: the file is damaged, or what changed is no content of it;
    never another number.
    """
    path, random = store.result("p"), np.random.default_rng(4)
    result = Result()
    result.add("a", np.arange(50.0), ("row",), "1", "numbers")
    write_result(MPI.COMM_SELF, path, result, PROVENANCE)
    whole, found = path.read_bytes(), 0
    for number in range(300):
        content = bytearray(whole)
        if number % 3:
            content[random.integers(len(content))] ^= 1 << random.integers(8)
        else:
            del content[random.integers(len(content)) :]
        path.write_bytes(content)
        try:
            with reading(path) as file:
                assert np.array_equal(file["a"][()], np.arange(50.0))
        except Damaged:
            found += 1
    assert found > 290


def test_a_file_that_is_changed_on_purpose_loses_its_seal(store):
    path = store.result("p")
    with h5py.File(path, "r+") as file:
        file["remark"] = 1.0
    with reading(path) as file:
        assert file["remark"][()] == 1

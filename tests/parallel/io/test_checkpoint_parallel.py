"""Checkpoints: alternating files, damage noticed, other physics refused, read on other numbers of ranks."""

import json
import logging

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpi4py import MPI

from hpcx.io.checkpoint import Checkpoint, differing_keys
from hpcx.io.checksum import checksum
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.io.writer import part_of
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.tiling import make_tiling

PHYSICS = {"mesh": {"N": 40}, "material": "MoS2"}


def state(comm, rows, step):
    """A state with everything that a model may keep; rows are spread unevenly, some ranks may have none."""
    edges = [rows * rank**2 // comm.size**2 for rank in range(comm.size + 1)]
    start, stop = edges[comm.rank], edges[comm.rank + 1]
    whole = (np.arange(3.0 * rows) + step).reshape(rows, 3) * (1 + 0.5j)
    kept = Result()
    kept.add("vector", whole[start:stop], ("row", "column"), start=start, rows=rows)
    kept.add("single", whole.real[start:stop, 0].astype(np.float32), ("row",), start=start, rows=rows)
    kept.add("time", 0.1 + step, units="fs")
    kept.add("step", step)
    kept.add("phase", "after the pulse")
    kept.add("names", np.array(["KK", "KK'", ""]), ("name",))
    kept.add("flags", np.array([True, False, True]), ("flag",))
    kept.add("nothing", np.empty((0, 2)), ("none", "two"))
    return kept, whole


def open_checkpoint(folder):
    return Checkpoint(folder / "point", PHYSICS, "abc")


@pytest.mark.mpi
@pytest.mark.parametrize("rows", [1, 2, 17])
def test_saved_state_is_read_on_any_ranks(comm, mpi_tmp_path, rows):
    kept, whole = state(comm, rows, 7)
    open_checkpoint(mpi_tmp_path).save(comm, kept.datasets, {})
    alone = comm.Split(comm.rank)  # every rank for itself: another number of ranks than wrote the file
    for readers in (comm, alone):
        saved = open_checkpoint(mpi_tmp_path).load(readers)
        assert saved.sequence == 1
        first, last = (rows * (readers.rank + i) // readers.size for i in (0, 1))
        assert np.array_equal(saved.rows("vector", first, last), whole[first:last])
        assert saved.rows("single", 0, rows).dtype == np.float32
        assert saved.scalar("time") == 7.1 and int(saved.scalar("step")) == 7
        assert saved.value("phase") == "after the pulse" and list(saved.value("names")) == ["KK", "KK'", ""]
        assert list(saved.value("flags")) == [True, False, True] and saved.value("nothing").shape == (0, 2)
        assert "vector" in saved and "speed" not in saved
    alone.Free()


@pytest.mark.mpi
def test_files_alternate_and_the_newest_counts(comm, mpi_tmp_path):
    checkpoint = open_checkpoint(mpi_tmp_path)
    for step in range(5):
        checkpoint.save(comm, state(comm, 4, step)[0].datasets, {})
    assert sum(path.exists() for path in checkpoint.paths()) == 2
    again = open_checkpoint(mpi_tmp_path)
    assert again.load(comm).scalar("step") == 4
    again.save(comm, state(comm, 4, 5)[0].datasets, {})
    assert open_checkpoint(mpi_tmp_path).load(comm).scalar("step") == 5
    comm.Barrier()
    if comm.rank == 0:
        part_of(again.paths()[0]).touch()  # as a process leaves it that is killed while it writes
    again.discard(comm)
    left = [path for path in again.paths() if path.exists() or part_of(path).exists()]
    assert not left and open_checkpoint(mpi_tmp_path).load(comm) is None


def flip_a_byte_of(path, name):
    with h5py.File(path, "r") as file:
        place = file[name].id.get_offset()
    with open(path, "r+b") as file:
        file.seek(place + 3)
        byte = file.read(1)
        file.seek(place + 3)
        file.write(bytes([byte[0] ^ 1]))


def cut(path, name):
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.truncate(size // 2)


def empty(path, name):
    path.write_bytes(b"")


@pytest.mark.mpi
@pytest.mark.parametrize("damage", [flip_a_byte_of, cut, empty])
@pytest.mark.parametrize("name", ["vector", "single"])
def test_a_damaged_file_is_noticed_said_and_the_older_used(comm, mpi_tmp_path, caplog, damage, name):
    checkpoint = open_checkpoint(mpi_tmp_path)
    for step in (0, 1):
        checkpoint.save(comm, state(comm, 17, step)[0].datasets, {})
    newest = checkpoint.load(comm).path
    comm.Barrier()
    if comm.rank == 0:
        damage(newest, name)
    comm.Barrier()
    logging.getLogger("hpcx").propagate = True
    with caplog.at_level("WARNING"):
        saved = open_checkpoint(mpi_tmp_path).load(comm)
    assert saved.scalar("step") == 0
    assert (comm.rank > 0) or (str(newest) in caplog.text and "damaged" in caplog.text)


@pytest.mark.mpi
def test_both_damaged_means_from_the_beginning(comm, mpi_tmp_path):
    checkpoint = open_checkpoint(mpi_tmp_path)
    for step in (0, 1):
        checkpoint.save(comm, state(comm, 17, step)[0].datasets, {})
    comm.Barrier()
    if comm.rank == 0:
        for path in checkpoint.paths():
            cut(path, "")
    comm.Barrier()
    again = open_checkpoint(mpi_tmp_path)
    assert again.load(comm) is None
    again.save(comm, state(comm, 17, 2)[0].datasets, {})
    assert open_checkpoint(mpi_tmp_path).load(comm).scalar("step") == 2


@pytest.mark.mpi
def test_other_physics_is_refused_with_the_keys(comm, mpi_tmp_path):
    open_checkpoint(mpi_tmp_path).save(comm, state(comm, 3, 0)[0].datasets, {})
    other = Checkpoint(mpi_tmp_path / "point", {"mesh": {"N": 60}, "material": "MoS2"}, "def")
    with pytest.raises(AgreedError, match=r"mesh\.N: 40 -> 60$"):
        other.load(comm)


@pytest.mark.mpi
def test_a_checkpoint_of_solvers_with_other_options_is_not_used(comm, mpi_tmp_path, caplog):
    """Numbers of another program are used, which is said and kept."""

    def checkpoint(options, revision="abc"):
        return Checkpoint(mpi_tmp_path / "point", PHYSICS, "abc", {"options": options, "revision": revision})

    loose = checkpoint("-trion_eps_tol 1e-1")
    for step in range(3):
        loose.save(comm, state(comm, 5, step)[0].datasets, {})
    strict = checkpoint("none")
    assert strict.load(comm) is None
    assert comm.rank or "its solvers had the PETSc options -trion_eps_tol 1e-1, now none" in caplog.text
    strict.save(comm, state(comm, 5, 10)[0].datasets, {})
    again, updated = checkpoint("none"), checkpoint("none", "def")
    assert again.load(comm).scalar("step") == 10 and again.other_revision == ""
    assert updated.load(comm).scalar("step") == 10 and updated.other_revision == "abc"
    assert comm.rank or "written by another revision of hpcx, abc; this is def" in caplog.text
    assert checkpoint("-trion_eps_tol 1e-1").load(comm).scalar("step") == 1  # the newer one has been replaced


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.integers(0, 19), st.integers(1, 2**64 - 1))
def test_any_changed_word_changes_the_checksum(words, place, change):
    data = np.array(words, np.uint64)
    part = Part.rows(0, len(data), data.shape)
    before = checksum(MPI.COMM_SELF, data, part)
    data[place % len(data)] ^= np.uint64(change)
    assert checksum(MPI.COMM_SELF, data, part) != before


@given(st.integers(1, 30), st.integers(0, 30))
def test_the_checksum_does_not_depend_on_the_distribution(rows, cut_at):
    data, cut_at = np.random.default_rng(rows).normal(size=(rows, 2)), min(cut_at, rows)
    parts = [(data[:cut_at], 0), (data[cut_at:], cut_at)]
    sums = [checksum(MPI.COMM_SELF, block, Part.rows(start, rows, block.shape)) for block, start in parts]
    assert sum(sums) % 2**64 == checksum(MPI.COMM_SELF, data, None)


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 12), st.sampled_from([np.float64, np.complex128]))
def test_nor_on_rectangles(rows, columns, ranks, kind):
    tiling = make_tiling((rows, columns), min(ranks, rows * columns))
    data = np.random.default_rng(ranks).normal(size=(rows, columns, 3)).astype(kind)
    sums = []
    for rank in range(tiling.ranks):
        box = tiling.box(rank)
        sums.append(checksum(MPI.COMM_SELF, data[box], Part.block(data.shape, box)))
    assert sum(sums) % 2**64 == checksum(MPI.COMM_SELF, data, None)


def test_differing_keys_names_leaves_alone():
    old, new = {"a": {"b": 1, "c": [1, 2]}, "d": None}, {"a": {"b": 2, "c": [1, 2]}, "e": "x"}
    assert differing_keys(old, new) == "\n  a.b: 1 -> 2\n  e: (not given) -> x"
    held = {"contents": {"environment": {"kappa": [4.5, "1"], "h": [0.5, "nm"]}}}
    kappa = "content of environment.kappa: 4.5 -> (not given)"
    assert differing_keys(held, {}) == f"\n  content of environment.h: 0.5 nm -> (not given)\n  {kappa}"
    assert differing_keys(old, json.loads(json.dumps(old))) == ""

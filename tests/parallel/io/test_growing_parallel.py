"""Outputs that are written as they come: in their places on any number of ranks,
and no rank holds more than its share.
"""

import tracemalloc

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.io.growing import growing
from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.layout import block_rows

pytestmark = pytest.mark.mpi

TIMES, ROWS, COLUMNS = 4, 960, 1000
#: bytes of one output, and what labels, names and the two blocks may take in which the checksum of a whole file is read
OUTPUT, SMALL = 8 * ROWS * COLUMNS, 100_000 + (2 << 20)


def declared(comm):
    """Return outputs without values, and which rows this rank has."""
    first, last = block_rows(ROWS, comm.size)[comm.rank : comm.rank + 2]
    rows = slice(int(first), int(last))
    outputs = Result()
    outputs.add("map/time", np.arange(TIMES, dtype=float), ("time",), "ps", "time")
    part = Part.block((TIMES, ROWS, COLUMNS), (slice(0, TIMES), rows))
    outputs.add("map/density", np.empty((0, 0, 0)), ("time", "y", "x"), "1/um^2", "density", part=part)
    return outputs, rows


def values_of(number, rows):
    return np.add.outer(1e3 * np.arange(rows.start, rows.stop), np.arange(COLUMNS)) + 0.1 * number


def test_memory_is_the_share_of_one_output_however_many_there_are(comm, mpi_tmp_path):
    outputs, rows = declared(comm)
    place = growing(comm, mpi_tmp_path / "growing.h5", outputs)
    place.begin()
    tracemalloc.start()
    for number in range(TIMES):
        place.write("map", number, {"density": values_of(number, rows)})
    result = Result()
    place.add_to(result)
    write_result(comm, mpi_tmp_path / "result.h5", result, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.1 * OUTPUT / comm.size + SMALL  # the sum in `values_of` has two arrays at once
    with h5py.File(mpi_tmp_path / "result.h5", "r") as file:
        for number in range(TIMES):
            assert np.array_equal(file["map/density"][number, rows], values_of(number, rows))
    comm.Barrier()


def test_memory_of_a_result_that_is_written_at_once_is_its_share(comm, mpi_tmp_path):
    _, rows = declared(comm)
    result = Result()
    result.add("map/density", values_of(0, rows), ("y", "x"), "1/um^2", "density", rows.start, ROWS)
    tracemalloc.start()
    write_result(comm, mpi_tmp_path / "result.h5", result, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < SMALL  # what the rank has is written from where it is
    comm.Barrier()


class Kept(dict):
    """What a checkpoint has kept."""

    value = dict.__getitem__


def test_outputs_that_changed_since_they_were_written_are_not_gone_on_with(comm, mpi_tmp_path):
    """One bit of one value of one output, or zeros where HDF5 has laid values: the checkpoint knows."""
    outputs, rows = declared(comm)
    path = mpi_tmp_path / "growing.h5"
    place = growing(comm, path, outputs)
    place.begin()
    for number in range(2):
        place.write("map", number, {"density": values_of(number, rows)})
    saved = Kept(place.metadata())
    place.close()
    assert growing(comm, path, outputs).resume(saved)
    found = []
    last = values_of(1, slice(ROWS - 1, ROWS))[0, -1:].tobytes()
    for changed in (bytes([last[0] ^ 1]) + last[1:], bytes(8)):
        whole = path.read_bytes()
        comm.Barrier()
        if comm.rank == 0:
            path.write_bytes(whole.replace(last, changed))
        comm.Barrier()
        found.append(whole.count(last) == 1 and not growing(comm, path, outputs).resume(saved))
        comm.Barrier()
        if comm.rank == 0:
            path.write_bytes(whole)
        comm.Barrier()
    assert found == [True, True]


@pytest.mark.parametrize("call", ["Write_all", "Sync"])
def test_what_one_rank_cannot_write_all_ranks_say(comm, mpi_tmp_path, call):
    class Failing:
        """An open file that cannot be written on the last rank, which finds out when all have written."""

        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            def called(*arguments):
                getattr(self.file, name)(*arguments)
                if name == call and comm.rank == comm.size - 1:
                    raise MPI.Exception(MPI.ERR_NO_SPACE)

            return called

    outputs, rows = declared(comm)
    place = growing(comm, mpi_tmp_path / "growing.h5", outputs)
    place.begin()
    place.write("map", 0, {"density": values_of(0, rows)})
    place._file = Failing(place._file)
    with pytest.raises(AgreedError):
        place.write("map", 1, {"density": values_of(1, rows)})
        place.metadata()
    place.discard()
    assert not (mpi_tmp_path / "growing.h5").exists()

"""Result files written on any number of ranks: whole or absent, readable by xarray, equal on all numbers of ranks."""

import errno
import os
import resource

import h5py
import numpy as np
import pytest

from hpcx.io.result import Result
from hpcx.io.seal import sealed
from hpcx.io.writer import write_result
from hpcx.parallel.errors import AgreedError

pytestmark = pytest.mark.mpi


def blocks(comm, rows):
    """Cut `rows` into contiguous blocks; with more ranks than rows some are empty."""
    edges = [rows * rank // comm.size for rank in range(comm.size + 1)]
    return edges[comm.rank], edges[comm.rank + 1]


def example(comm, rows):
    result = Result()
    start, stop = blocks(comm, rows)
    values = np.arange(rows * 3, dtype=float).reshape(rows, 3)
    result.add("singlet/map", values[start:stop], ("k", "xy"), "1/angstrom", "momenta", start=start, rows=rows)
    result.add("singlet/amplitude", (1j * values[:, 0])[start:stop], ("k",), "1", "amplitude", start=start, rows=rows)
    result.add("singlet/energy", np.array([-0.5, -0.4]), ("state",), "eV", "energy")
    result.add("singlet/xy", np.array(["x", "y", "z"]), ("xy",), "1", "axis")
    return result, values


@pytest.mark.parametrize("rows", [1, 3, 17])
def test_distributed_rows_arrive(comm, mpi_tmp_path, rows):
    result, values = example(comm, rows)
    path = mpi_tmp_path / "result.h5"
    write_result(comm, path, result, {"hash": "abc", "ranks": comm.size})
    if comm.rank == 0:
        with h5py.File(path, "r") as file:
            assert np.array_equal(file["singlet/map"][...], values)
            assert np.array_equal(file["singlet/amplitude"][...], 1j * values[:, 0])
            assert file["singlet/map"].attrs["units"] == "1/angstrom"
            assert file["provenance/hash"].asstr()[()] == "abc"
        content = path.read_bytes()
        assert sealed(content[: -len(sealed(b""))]) == content  # every rank has taken the checksum of a part
    comm.Barrier()


def test_xarray_shows_names_coordinates_and_units(comm, mpi_tmp_path):
    result, _ = example(comm, 5)
    path = mpi_tmp_path / "result.h5"
    write_result(comm, path, result, {})
    if comm.rank == 0:
        xarray = pytest.importorskip("xarray")
        with xarray.open_dataset(path, engine="h5netcdf", group="singlet") as data:
            assert data["map"].dims == ("k", "xy")
            assert list(data["xy"].values) == ["x", "y", "z"]
            assert data["energy"].attrs["units"] == "eV"
            assert list(data["energy"].coords) == ["state"]
    comm.Barrier()


def test_directory_that_cannot_be_written(comm, mpi_tmp_path):
    # a file where the directory should be fails for root too
    if comm.rank == 0:
        (mpi_tmp_path / "taken").write_text("")
    comm.Barrier()
    with pytest.raises(AgreedError, match="cannot write"):
        write_result(comm, mpi_tmp_path / "taken" / "result.h5", example(comm, 4)[0], {})
    comm.Barrier()
    assert os.listdir(mpi_tmp_path) == ["taken"]


def test_full_disk_is_an_agreed_error_and_leaves_nothing(comm, mpi_tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(AgreedError, match=os.strerror(errno.EFBIG)):
            write_result(comm, mpi_tmp_path / "result.h5", example(comm, 4)[0], {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    comm.Barrier()
    assert os.listdir(mpi_tmp_path) == []
    write_result(comm, mpi_tmp_path / "result.h5", example(comm, 4)[0], {})
    comm.Barrier()
    assert os.listdir(mpi_tmp_path) == ["result.h5"]

"""Saved states: entries that are spread over the ranks anyhow, moved into blocks of rows, and files of old and new."""

import h5py
import numpy as np
import pytest

from hpcx.io import states
from hpcx.parallel.errors import BadInput
from hpcx.parallel.layout import block_rows


def test_entries_come_into_blocks_in_their_order(comm, monkeypatch):
    monkeypatch.setattr(states, "CHUNK", 3)  # many moves
    total, first = 41, block_rows(41, comm.size)
    rows = np.random.default_rng(3).permutation(total)[comm.rank :: comm.size]
    values = np.array([rows + 0.5j, -1.0 * rows])
    block = states.to_blocks(comm, rows, values, first)
    mine = np.arange(first[comm.rank], first[comm.rank + 1])
    assert np.array_equal(block, np.array([mine + 0.5j, -1.0 * mine]))


def test_files_of_hpcx_01_are_read_and_damaged_ones_refused(comm, mpi_tmp_path):
    old, new, about = mpi_tmp_path / "old.h5", mpi_tmp_path / "new.h5", {"mesh.N": 40, "solver.symmetry": "C6v"}
    rows, whole = np.arange(7)[comm.rank :: comm.size], np.arange(14.0).reshape(2, 7)
    states.write_states(comm, new, rows, 7, {"amplitude": whole[:, rows]}, about | {"energy": np.arange(2.0)})
    if comm.rank == 0:
        with h5py.File(old, "w") as file:
            file.attrs.update(about)
            file["amplitude"] = whole
    comm.Barrier()
    for path in (old, new):
        assert np.array_equal(states.read_states(path, "amplitude", np.array([5, 0]), about), whole[:, [5, 0]])
        with pytest.raises(BadInput, match=r"has mesh\.N = 40, this run 60"):
            states.read_states(path, "amplitude", rows, about | {"mesh.N": 60})
    comm.Barrier()
    if comm.rank == 0:
        content = bytearray(new.read_bytes())
        content[len(content) // 2] ^= 1
        new.write_bytes(content)
    comm.Barrier()
    with pytest.raises(BadInput, match="is damaged"):
        states.read_states(new, "amplitude", rows, about)

"""Entries that are spread over the ranks anyhow, moved into blocks of rows."""

import numpy as np

from hpcx.io import states
from hpcx.parallel.layout import block_rows


def test_entries_come_into_blocks_in_their_order(comm, monkeypatch):
    monkeypatch.setattr(states, "CHUNK", 3)  # many moves
    total, first = 41, block_rows(41, comm.size)
    rows = np.random.default_rng(3).permutation(total)[comm.rank :: comm.size]
    values = np.array([rows + 0.5j, -1.0 * rows])
    block = states.to_blocks(comm, rows, values, first)
    mine = np.arange(first[comm.rank], first[comm.rank + 1])
    assert np.array_equal(block, np.array([mine + 0.5j, -1.0 * mine]))

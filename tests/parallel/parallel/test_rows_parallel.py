"""Vectors whose rows are spread: gathered whole, sums scattered, and what that sends."""

import numpy as np
import pytest

from hpcx.parallel.layout import block_rows
from hpcx.parallel.rows import SpreadRows


@pytest.mark.mpi
def test_rows_are_gathered_and_sums_scattered(comm):
    first = block_rows(11, comm.size)
    mine = slice(first[comm.rank], first[comm.rank + 1])
    spread, whole = SpreadRows(comm, np.diff(first).tolist()), np.arange(11) * (1 + 2j)
    assert np.array_equal(spread.gathered(whole[mine]), whole)
    assert np.array_equal(spread.summed(whole), comm.size * whole[mine])
    others = comm.size - 1
    assert spread.traffic.messages == 2 * others and spread.traffic.exchanges == 2
    assert spread.traffic.bytes == 16 * (others * spread.rows + 11 - spread.rows)

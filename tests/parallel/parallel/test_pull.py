"""Pulling values that other ranks own, and dealing columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcx.parallel.layout import Pull, block_rows, deal_columns


@pytest.mark.mpi
@pytest.mark.parametrize("total", [0, 1, 3, 50, 1000])
@pytest.mark.parametrize("wanted", [0, 7, 400])
def test_every_rank_gets_what_it_asks_for(comm, total, wanted):
    owner = np.random.default_rng(total).integers(0, comm.size, total)
    mine = np.random.default_rng(comm.rank).permutation(np.flatnonzero(owner == comm.rank))
    keys = np.random.default_rng(100 + comm.rank).integers(0, total, wanted if total and comm.rank != 1 else 0)
    pull = Pull(comm, keys, owner[keys], mine)
    assert np.array_equal(pull.fetch(np.exp(1j * mine)), np.exp(1j * keys))
    remote = np.unique(keys[owner[keys] != comm.rank])
    assert pull.far == len(remote)  # each value is received once


@pytest.mark.mpi
def test_values_there_and_back_are_the_same_bits(comm):
    count = 101
    first = block_rows(count, comm.size)
    rows = np.arange(first[comm.rank], first[comm.rank + 1])
    deal = np.arange(count) % comm.size
    dealt = np.flatnonzero(deal == comm.rank)
    block_owner = np.searchsorted(first, np.arange(count), side="right") - 1
    there, back = Pull(comm, dealt, block_owner[dealt], rows), Pull(comm, rows, deal[rows], dealt)
    values = np.random.default_rng(comm.rank).normal(size=(len(rows), 2)) @ [1, 1j]
    assert np.array_equal(back.fetch(there.fetch(values)), values)


@pytest.mark.mpi
def test_unknown_key_is_an_error(comm):
    with pytest.raises(KeyError):
        Pull(comm, np.array([5]), np.array([comm.rank]), np.array([], int))


@given(st.integers(0, 300), st.integers(1, 12), st.integers(1, 16))
def test_columns_are_dealt_evenly(columns, ranks, block):
    work = np.linspace(2, 1, columns) ** 2
    owner = deal_columns(work, ranks, block)
    assert owner.shape == (columns,)
    assert np.all((owner >= 0) & (owner < ranks))
    share = np.bincount(owner, work, ranks)
    assert share.max() <= work.sum() / ranks + (2 * work.max() if columns else 0)


def test_block_rows_differ_by_one_at_most():
    assert block_rows(10, 4).tolist() == [0, 2, 5, 7, 10]
    assert np.ptp(np.diff(block_rows(3, 7))) == 1

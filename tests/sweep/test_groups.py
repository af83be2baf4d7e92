"""Sizes of groups and which of them a point gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcx.parallel.machine import Work
from hpcx.registry import Estimate
from hpcx.sweep.groups import choose_level, depth, level_of_size, smallest_group

RANKS = st.integers(1, 3000)


def group_sizes(ranks, level):
    """Split as `make_levels` does."""
    sizes = [ranks]
    for _ in range(level):
        sizes = [part for size in sizes for part in ((size + 1) // 2, size // 2) if part]
    return sizes


@given(RANKS)
def test_levels_end_with_single_ranks(ranks):
    assert set(group_sizes(ranks, depth(ranks) - 1)) == {1}


@given(RANKS, st.integers(0, 12))
def test_smallest_group_is_a_lower_bound(ranks, level):
    level = min(level, depth(ranks) - 1)
    assert smallest_group(ranks, level) <= min(group_sizes(ranks, level))


@given(RANKS, st.integers(1, 4000))
def test_forced_size_is_reached_where_it_can_be(ranks, size):
    level = level_of_size(size, ranks)
    assert smallest_group(ranks, level) >= size or level == 0
    assert level == depth(ranks) - 1 or smallest_group(ranks, level + 1) < size


def ideal_speed(seconds, memory=1e8):
    return lambda ranks: Estimate(1, memory / ranks, Work(calls=seconds / ranks))


@given(RANKS)
def test_small_points_run_on_single_ranks(ranks):
    assert choose_level(ideal_speed(1.0), 100.0, ranks, 1e9) == depth(ranks) - 1


def test_one_point_gets_all_ranks():
    assert choose_level(ideal_speed(100.0), 100.0 / 8, 8, 1e9) == 0


def test_a_point_that_does_not_fit_gets_as_many_ranks_as_it_needs():
    assert smallest_group(16, choose_level(ideal_speed(1.0, 3e9), 100.0, 16, 1e9)) == 4


def test_ranks_that_do_not_help_are_not_given():
    assert choose_level(lambda ranks: Estimate(1, 1e8, Work(calls=50.0)), 10.0, 16, 1e9) == depth(16) - 1


def test_a_point_that_fits_nowhere_gets_all():
    assert choose_level(lambda ranks: Estimate(1, 1e12, Work(calls=50.0)), 10.0, 16, 1e9) == 0

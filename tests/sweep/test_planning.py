"""The plan that `hpcx check` prints: that of the run, without a point twice or more ranks than there are."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcx import registry
from hpcx.config.load import load_plan
from hpcx.sweep.check import check
from hpcx.sweep.groups import depth, smallest_group
from hpcx.sweep.planning import Planner, Task, ordered, schedule

TEXT = 'model = "trion"\nmaterial = "MoS2"\n[mesh]\nN = 40\nk0 = 0.1\n'


@pytest.fixture
def plan(tmp_path):
    """Return a function that reads an input of trions with further settings."""
    (tmp_path / "input.toml").write_text(TEXT)
    return lambda *settings: load_plan(str(tmp_path / "input.toml"), list(settings))


def in_order(seconds, levels):
    return ordered([Task(number, level, time, False) for number, (time, level) in enumerate(zip(seconds, levels))])


@given(st.integers(1, 200), st.lists(st.tuples(st.floats(0.1, 10), st.integers(0, 8)), min_size=1, max_size=40))
def test_every_point_once_and_never_more_ranks_than_there_are(ranks, points):
    levels = [min(level, depth(ranks) - 1) for _, level in points]
    tasks = in_order([seconds for seconds, _ in points], levels)
    pieces = schedule(tasks, ranks, lambda number, size, made: points[number][0] / size)
    assert sorted(piece.number for piece in pieces) == list(range(len(points)))
    assert all(piece.ranks >= smallest_group(ranks, levels[piece.number]) for piece in pieces)
    for moment in (piece.begin for piece in pieces):
        assert sum(piece.ranks for piece in pieces if piece.begin <= moment < piece.begin + piece.seconds) <= ranks


def test_tables_are_made_once_by_each_group():
    def seconds(number, size, made):
        new = "table" not in made
        made.add("table")
        return 1.0 + 2.0 * new

    pieces = schedule(in_order([3.0] * 4, [1] * 4), 2, seconds)
    assert sorted(piece.seconds for piece in pieces) == [1.0, 1.0, 3.0, 3.0]
    assert max(piece.begin + piece.seconds for piece in pieces) == 4.0


def test_thirty_points_on_many_ranks_run_side_by_side(plan):
    points = plan("sweep.mesh.N=" + str(list(range(200, 230)))).points
    planner = Planner(points, 192, 1e10)
    seconds = planner.seconds(list(range(30)))
    tasks = [planner.task(number, seconds) for number in range(30)]
    assert all(smallest_group(192, task.level) <= 48 for task in tasks)  # a quarter of the ranks
    ideal = seconds / 192
    pieces = schedule(ordered(tasks), 192, lambda number, size, made: planner.estimate(number, size).seconds)
    assert max(piece.begin + piece.seconds for piece in pieces) < 3 * ideal


def test_the_text_names_groups_core_hours_memory_and_idle_share(plan):
    sweep = plan("sweep.mesh.N=[40, 60, 200]")
    found = check(sweep, Planner(sweep.points, 8, 1e10))
    assert found.refused == 0 and "plan: 1 point(s) on 8 ranks each" in found.text
    for word in ("core-hours", "idle share of the ranks", "GB per rank of 10.0 GB", "planned for 8 rank(s)"):
        assert word in found.text
    many = plan("sweep.mesh.N=" + str(list(range(40, 140))))
    text = check(many, Planner(many.points, 1, 1e10)).text
    assert (
        text.count("unknowns, ") == 20 and "(20 of 100 points are listed" in text and "WARNING (100 point(s))" in text
    )
    assert check(many, Planner(many.points, 1, 1e10), every_point=True).text.count("unknowns, ") == 100


def test_fewer_ranks_are_advised_where_most_would_wait(plan):
    sweep = plan("sweep.mesh.N=[24, 26, 28, 30]")
    many, few = (check(sweep, Planner(sweep.points, ranks, 1e10)).text for ranks in (64, 2))
    advised = int(re.search(r"most ranks would be idle: (\d+) take about as long", many)[1])
    assert 1 <= advised < 32 and "would be idle" not in few


def test_what_does_not_fit_is_refused_and_counted(plan):
    sweep = plan("sweep.mesh.N=[40, 1000]")
    found = check(sweep, Planner(sweep.points, 2, 1e9))
    assert (found.points, found.refused) == (2, 1) and "mesh.N = 1000: cannot be computed: needs" in found.text
    assert check(sweep, Planner(sweep.points, 64, 1e10)).refused == 0


def test_what_cannot_be_estimated_is_refused_with_the_reason(plan, monkeypatch):
    original = registry.estimator

    def broken(config, material, ranks):
        if config.mesh.N == 60:
            raise ValueError("no such thing")
        return original("trion")(config, material, ranks)

    monkeypatch.setattr(registry, "estimator", lambda model: broken)
    sweep = plan("sweep.mesh.N=[40, 60]")
    found = check(sweep, Planner(sweep.points, 2, 1e10))
    assert (
        found.refused == 1
        and "mesh.N = 60: cannot be computed: what it needs cannot be estimated: no such thing" in found.text
    )
    monkeypatch.setattr(registry, "estimator", original)
    monkeypatch.setitem(sys.modules, "hpcx.trion.estimate", None)
    with pytest.raises(ImportError):
        check(sweep, Planner(sweep.points, 2, 1e10))


def test_ranks_on_which_a_point_is_refused_are_not_chosen(plan, monkeypatch):
    original = Planner.estimate

    def at_most_four(planner, number, ranks):
        return replace(original(planner, number, ranks), refusal="too many" if ranks > 4 else "")

    monkeypatch.setattr(Planner, "estimate", at_most_four)
    points = plan("sweep.mesh.N=[40, 200]").points
    planner = Planner(points, 16, 1e10)
    tasks = [planner.task(number, planner.seconds([0, 1])) for number in (0, 1)]
    assert [task.refusal for task in tasks] == ["", ""] and all(smallest_group(16, task.level) <= 4 for task in tasks)
    alone = Planner(points[:1], 16, 1e10, all_ranks=True)
    assert alone.task(0, 1.0).refusal == "too many"

"""Points that share tables: their order, and who takes them."""

from __future__ import annotations

import json
from types import SimpleNamespace

from hpcx.parallel.stop import StopRequests
from hpcx.sweep.store import Store
from hpcx.sweep.tasks import Task, ordered
from hpcx.sweep.worker import Worker


def task(number: int, seconds: float, family: str = "") -> Task:
    return Task(number, 0, seconds, False, "", family)


def test_longest_first_and_families_together():
    tasks = [task(0, 1.0), task(1, 3.0, "b"), task(2, 2.0, "a"), task(3, 5.0, "a"), task(4, 4.0), task(5, 3.0, "b")]
    assert [found.number for found in ordered(tasks)] == [3, 2, 4, 1, 5, 0]


def test_the_rest_of_a_family_that_somebody_else_is_at_comes_last(tmp_path):
    store = Store(tmp_path, single=False)
    store.prepare()
    (tmp_path / "sweep.json").write_text(json.dumps({}))
    points = [SimpleNamespace(id=f"p{number}", hash="") for number in range(6)]
    around = SimpleNamespace(plan=SimpleNamespace(points=points), store=store, requests=StopRequests(), run="this")
    store.result("p0").touch()  # done by somebody else meanwhile
    tasks = [task(number, 1.0, "aaabbb"[number]) for number in range(6)]
    worker = Worker([], around)
    taken = [worker._next(tasks, 1).number for _ in range(5)]
    assert taken == [3, 4, 5, 1, 2]
    assert worker._next(tasks, 1) is None

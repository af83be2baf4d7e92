"""The order of points, and who takes them."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from hpcx.parallel.stop import StopRequests
from hpcx.sweep.planning import Task, ordered
from hpcx.sweep.store import Store
from hpcx.sweep.worker import Worker


def task(number: int, seconds: float) -> Task:
    return Task(number, 0, seconds, False)


@pytest.fixture
def context(tmp_path):
    """Return surroundings of six points in an empty directory."""
    store = Store(tmp_path, single=False)
    store.prepare()
    (tmp_path / "sweep.json").write_text(json.dumps({}))
    points = [SimpleNamespace(id=f"p{number}", hash="") for number in range(6)]
    plan = SimpleNamespace(points=points, config=SimpleNamespace(model="valley"))
    return SimpleNamespace(plan=plan, store=store, requests=StopRequests(), run="this", options="")


def test_longest_first_equal_ones_in_their_order():
    tasks = [task(0, 1.0), task(1, 3.0), task(2, 5.0), task(3, 3.0)]
    assert [found.number for found in ordered(tasks)] == [2, 1, 3, 0]


def test_a_directory_that_goes_between_looking_and_claiming(context, monkeypatch):
    genuine = context.store.claims.acquire

    def take_too_late(name: str, ranks: int) -> bool:
        """Claim a point when the directory has just gone."""
        shutil.rmtree(context.store.directory)
        return genuine(name, ranks)

    monkeypatch.setattr(context.store.claims, "acquire", take_too_late)
    worker = Worker([], context)
    assert worker._next([task(0, 1.0)], 1) is None
    assert "was removed while the run used it" in str(worker.outcome.trouble)

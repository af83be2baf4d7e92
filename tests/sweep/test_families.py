"""Points that share tables: their order, and who takes them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from mpi4py import MPI

from hpcx.io.result import Result
from hpcx.io.writer import write_result
from hpcx.parallel.stop import StopRequests
from hpcx.sweep.planning import Task, ordered
from hpcx.sweep.store import Store
from hpcx.sweep.worker import Worker


def task(number: int, seconds: float, family: str = "") -> Task:
    return Task(number, 0, seconds, False, "", family)


@pytest.fixture
def around(tmp_path):
    """Return surroundings of six points in an empty directory."""
    store = Store(tmp_path, single=False)
    store.prepare()
    (tmp_path / "sweep.json").write_text(json.dumps({}))
    points = [SimpleNamespace(id=f"p{number}", hash="") for number in range(6)]
    plan = SimpleNamespace(points=points, config=SimpleNamespace(model="valley"))
    return SimpleNamespace(plan=plan, store=store, requests=StopRequests(), run="this", options="")


def finish(around, name):
    """Write a result that says no more than that it is one."""
    provenance = {"hash": "", "summary": "[]", "wall_time": 1.0, "ranks": 1}
    write_result(MPI.COMM_SELF, around.store.result(name), Result(), provenance)


def test_longest_first_and_families_together():
    tasks = [task(0, 1.0), task(1, 3.0, "b"), task(2, 2.0, "a"), task(3, 5.0, "a"), task(4, 4.0), task(5, 3.0, "b")]
    assert [found.number for found in ordered(tasks)] == [3, 2, 4, 1, 5, 0]


def test_the_rest_of_a_family_that_somebody_else_is_at_comes_last(around):
    finish(around, "p0")  # by somebody else meanwhile
    tasks = [task(number, 1.0, "aaabbb"[number]) for number in range(6)]
    worker = Worker([], around)
    taken = [worker._next(tasks, 1).number for _ in range(5)]
    assert taken == [3, 4, 5, 1, 2]
    assert worker._next(tasks, 1) is None


def test_nobody_is_waited_for_without_a_family(around, monkeypatch):
    finish(around, "p0")
    monkeypatch.setattr(around.store.claims, "running", lambda name: (0.0, 1))
    worker = Worker([], around)
    worker._took["b"] = [60.0, 1.0]
    assert worker._next([task(0, 1.0), task(1, 1.0)], 1).number == 1
    assert not worker._sooner_elsewhere("", [task(2, 1.0)])


def test_a_directory_that_goes_between_looking_and_claiming(around, monkeypatch):
    genuine = around.store.claims.take

    def take_too_late(name: str, ranks: int) -> bool:
        """Claim a point when the directory has just gone."""
        shutil.rmtree(around.store.directory)
        return genuine(name, ranks)

    monkeypatch.setattr(around.store.claims, "take", take_too_late)
    worker = Worker([], around)
    assert worker._next([task(0, 1.0)], 1) is None
    assert "was removed while the run used it" in worker.trouble


HOLDER = """
import sys
from pathlib import Path
from hpcx.sweep.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.take("p0"), flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("further, waits", [(15.0, True), (25.0, False)], ids=["sooner there", "sooner here"])
def test_who_has_the_tables_ends_a_family_if_that_is_sooner(around, monkeypatch, further, waits):
    """Somebody is at the first of three points; tables and one point take 60 s here, a further point there `further`."""
    tasks = [task(number, 1.0, "aaa"[number]) for number in range(3)]
    worker = Worker([], around)
    worker._took["b"] = [60.0, further]
    command = [sys.executable, "-c", HOLDER, str(around.store.directory / "points")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "True\n"
        waited = []

        def end_there(seconds: float) -> None:
            """Instead of sleeping, let the other end."""
            waited.append(seconds)
            holder.communicate("end\n")

        monkeypatch.setattr("hpcx.sweep.worker.time.sleep", end_there)
        assert worker._next(tasks, 1).number == 1
        assert len(waited) == int(waits)
        if not waits:
            holder.communicate("end\n")

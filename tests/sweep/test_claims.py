"""Claims between processes: one owner at a time, taken back by the system, not disturbed by lookers-on."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mpi4py import MPI

from hpcx.sweep.claims import Claims, is_locked, lock, others_at_work, present, unlock

HOLDER = """
import sys, time
from pathlib import Path
from hpcx.sweep.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.acquire("point", 3), flush=True)
sys.stdin.readline()
claims.release("point")
"""

CONTESTANT = """
import sys
from pathlib import Path
from hpcx.sweep.claims import Claims
folder, me = Path(sys.argv[1]), sys.argv[2]
claims = Claims(folder)
for round in range(3):
    for number in range(40):
        result = folder / f"{number}.done"
        if result.exists() or not claims.acquire(str(number)):
            continue
        if not result.exists():
            with open(folder / f"{number}.work", "a") as file:
                file.write(me)
            result.touch()
        claims.release(str(number))
"""


@pytest.fixture
def holder(tmp_path):
    """Yield a process that holds the claim on "point"."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.wait()


def test_a_claim_of_another_process_is_respected_and_described(holder, tmp_path):
    claims = Claims(tmp_path)
    assert not claims.acquire("point")
    seconds, ranks = claims.running("point")
    assert 0 <= seconds < 60 and ranks == 3
    for _ in range(20):
        assert is_locked(tmp_path / "point.lock")  # looking takes nothing away
    holder.communicate("end\n")
    assert not (tmp_path / "point.lock").exists() and claims.running("point") is None
    assert claims.acquire("point") and claims.attempts("point") == 1
    assert claims.running("point")[1] == 1
    claims.release("point")
    assert claims.attempts("point") == 0


def test_a_killed_process_loses_its_claims_and_is_remembered(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    claims = Claims(tmp_path)
    assert claims.running("point") is None and claims.attempts("point") == 1
    assert claims.acquire("point")
    claims.release("point")


def test_looking_needs_no_right_to_write(holder, tmp_path):
    (tmp_path / "point.lock").chmod(0o444)
    assert Claims(tmp_path).running("point") is not None


def test_a_claim_is_not_given_twice_in_one_process(tmp_path):
    claims = Claims(tmp_path)
    assert claims.acquire("point") and not claims.acquire("point")
    claims.release("point")


def test_contestants_do_every_point_exactly_once(tmp_path):
    names = "abcd"
    processes = [subprocess.Popen([sys.executable, "-c", CONTESTANT, str(tmp_path), name]) for name in names]
    assert [process.wait(timeout=60) for process in processes] == [0] * len(names)
    assert [len((tmp_path / f"{number}.work").read_text()) for number in range(40)] == [1] * 40
    assert not list(tmp_path.glob("*.lock"))


def test_a_lock_on_a_removed_file_is_worth_nothing(tmp_path):
    path = tmp_path / "a.lock"
    first = lock(path)
    path.unlink()
    second = lock(path)  # of the new file of that name
    assert second is not None and not os.path.samestat(os.fstat(first.fileno()), os.fstat(second.fileno()))
    first.close()
    unlock(path, second)


def test_a_directory_that_is_gone_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        Claims(tmp_path / "gone").acquire("point")
    assert not is_locked(Path(tmp_path / "gone/point.lock"))


def test_what_a_killed_run_has_left_goes(tmp_path):
    (tmp_path / ".run.somewhere.17.lock").touch()
    with present(MPI.COMM_SELF, tmp_path) as reach:
        assert reach and [path.name for path in tmp_path.iterdir()] != [".run.somewhere.17.lock"]
    assert not list(tmp_path.iterdir())


def test_others_at_work_are_seen(holder, tmp_path):
    (tmp_path / "left.lock").touch()
    assert [path.name for path in others_at_work(tmp_path)] == ["point.lock"]
    holder.communicate("end\n")
    assert not others_at_work(tmp_path)


def test_a_lock_that_cannot_be_looked_at_is_no_free_lock(tmp_path):
    """Too many open files: nobody may conclude that no process is at work."""
    (tmp_path / "point.lock").touch()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            Claims(tmp_path).running("point")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_place_has_one_claim_and_tells_who_has_it(tmp_path):
    first, place = Claims(tmp_path, "result"), tmp_path / "result.lock"
    assert first.acquire("a") and not first.acquire("b") and place.exists()
    assert (first.last_point("b"), first.attempts("a"), first.attempts("b")) == ("a", 1, 0)
    first.release("a")
    place.write_text('{"point": "a", "started": 1.0, "ranks": 2}\n')  # cut off
    assert (first.last_point(""), first.attempts("a"), first.attempts("b")) == ("a", 1, 0)

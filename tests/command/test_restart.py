"""Runs that are killed or asked to stop in the middle of every model, and continued on another number of ranks."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import pytest
from interruption import CASES, Interrupted, finished_files, largest_difference, make_folder

MODELS = sorted(CASES)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return a function that runs a case without disturbance, once, and returns its directory and its time in s."""
    known = {}

    def run(model):
        if model not in known:
            folder = make_folder(tmp_path_factory.mktemp("undisturbed") / model, CASES[model])
            start = time.monotonic()
            assert Interrupted(folder).wait() == 0, (folder / "log").read_text()
            known[model] = folder, time.monotonic() - start
        return known[model]

    return run


def kill_once(folder, seconds, ranks):
    """Kill a run after some seconds; return the results that were finished then."""
    run = Interrupted(folder, ranks=ranks)
    time.sleep(seconds)
    run.kill()
    return finished_files(folder)


def check_continued(folder, model, reference, finished, ranks=None):
    assert Interrupted(folder, ranks=ranks).wait() == 0, (folder / "log").read_text()
    after = finished_files(folder)
    assert {path: after[path] for path in finished} == finished  # not touched
    assert largest_difference(folder, reference, CASES[model]) <= 1
    assert not list((folder / "out").rglob("*.lock")) and not list((folder / "out").rglob("*.checkpoint.h5"))


@pytest.mark.parametrize("model", MODELS)
def test_kill_at_a_random_moment(model, undisturbed, tmp_path):
    reference, seconds = undisturbed(model)
    folder = make_folder(tmp_path / "killed", CASES[model])
    moment = random.uniform(0.3, 1.0) * seconds
    print(f"killed after {moment:.2f} s of {seconds:.2f} s")
    finished = kill_once(folder, moment, None)
    check_continued(folder, model, reference, finished, ranks=2)


@pytest.mark.validate
@pytest.mark.parametrize("model", MODELS)
def test_twenty_kills(model, undisturbed, tmp_path):
    """Twenty runs, each killed three times at most, on changing numbers of ranks, and then left to end."""
    reference, seconds = undisturbed(model)
    for number in range(20):
        folder = make_folder(tmp_path / f"killed{number}", CASES[model])
        finished = kill_once(folder, random.uniform(0.1, 1.1) * seconds, random.choice([None, 2, 3]))
        check_continued(folder, model, reference, finished, random.choice([None, 2, 3]))


def stop_in_the_middle(folder, stop):
    """Run alone until there is a checkpoint, ask to stop, and return the status."""
    run = Interrupted(folder)
    assert run.wait_for("checkpoints/*.checkpoint.h5"), (folder / "log").read_text()
    stop(run)
    return run.wait()


def send(number):
    return lambda run: os.kill(run.process.pid, number)


def touch_stop(run):
    (run.folder / "out/STOP").touch()


WAYS = {
    "exciton": send(signal.SIGTERM),
    "trion": send(signal.SIGUSR1),
    "valley": send(signal.SIGINT),
    "formation": touch_stop,
    "wigner": send(signal.SIGUSR1),
}


@pytest.mark.parametrize("model", MODELS)
def test_stop_in_the_middle_and_continue_on_other_ranks(model, undisturbed, tmp_path):
    reference, _ = undisturbed(model)
    folder = make_folder(tmp_path / "stopped", CASES[model])
    assert stop_in_the_middle(folder, WAYS[model]) == 75, (folder / "log").read_text()
    assert list((folder / "out/checkpoints").glob("*.checkpoint.h5"))
    assert not list((folder / "out").rglob("*.lock"))
    check_continued(folder, model, reference, finished_files(folder), ranks=3)
    assert "goes on from its checkpoint" in (folder / "log").read_text() or model == "wigner"


NOTING = """
import os
from mpi4py import MPI
from hpcx import cli
rank = MPI.COMM_WORLD.rank
status = cli.command(["run", "input.toml"])
MPI.Finalize()
open(f"status{rank}", "w").write(str(status))
os._exit(status)
"""


def exit_statuses(folder, ranks, act):
    """Run under mpirun and act when there is a checkpoint; return the status of mpirun and those with which the ranks end."""
    (folder / "noting.py").write_text(NOTING)
    run = Interrupted(folder, ranks=ranks, command=(sys.executable, "noting.py"))
    assert run.wait_for("checkpoints/*.checkpoint.h5"), (folder / "log").read_text()
    act(run)
    status = run.wait()
    return status, [int(path.read_text()) for path in sorted(folder.glob("status*"))]


def test_signal_to_mpirun_reaches_all_ranks_which_end_with_75(tmp_path):
    folder = make_folder(tmp_path / "stopped", CASES["trion"])
    assert exit_statuses(folder, 3, send(signal.SIGUSR1)) == (75, [75, 75, 75]), (folder / "log").read_text()


def test_signal_to_one_rank_stops_all_groups(tmp_path):
    folder = make_folder(tmp_path / "stopped", CASES["trion"])
    statuses = exit_statuses(folder, 2, lambda run: os.kill(run.ranks()[-1], signal.SIGTERM))
    assert statuses == (75, [75, 75]), (folder / "log").read_text()


def test_mpirun_that_is_terminated_leaves_a_whole_checkpoint(undisturbed, tmp_path):
    reference, _ = undisturbed("trion")
    folder = make_folder(tmp_path / "stopped", CASES["trion"])
    status, _ = exit_statuses(folder, 2, send(signal.SIGTERM))
    assert status != 0  # mpirun's own, whatever the ranks return
    finished = finished_files(folder)
    check_continued(folder, "trion", reference, finished)


def test_time_limit_in_the_middle(undisturbed, tmp_path):
    reference, seconds = undisturbed("formation")
    folder = make_folder(tmp_path / "limited", CASES["formation"])
    assert Interrupted(folder, "--time-limit", f"{max(0.4 * seconds, 1.0):.2f} s").wait() == 75, (folder / "log").read_text()
    check_continued(folder, "formation", reference, finished_files(folder))

"""Every way to ask for a stop, in the middle of every model: status, time, checkpoint, and the same results afterwards;
and runs that are killed.

A run is held as soon as it has written its first checkpoint, asked to stop, and let go: so it is hit in the middle
however small it is and however busy the machine.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from interruption import CASES, MODELS, Interrupted, check_continued, finished_files, largest_difference, make_folder

from hpcx.parallel.stop import SIGNALS, StopRequests

#: what shows that a run is in the middle of a point
CHECKPOINT = "checkpoints/*.checkpoint.h5"
#: seconds after which all ranks of a small run have ended
PROMISE = 10.0
#: seconds that a run gets, if it is to meet a limit; doubled as long as there is no checkpoint before
LIMITS = (3, 6, 12, 24, 48)
#: hpcx under mpirun, with the status of every rank written into a file
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


@dataclass(frozen=True)
class Way:
    """A way to stop a run.

    Attributes:
        ask: does it, to a run that is held.
        ranks: on which it runs, under mpirun; None for alone.
        then: number of ranks on which it is continued.
        ended_by_mpirun: whether mpirun itself is told to end: its status is its own, and it kills ranks that take too
            long.
    """

    ask: Callable[[Interrupted], object]
    ranks: int | None = None
    then: int | None = 2
    ended_by_mpirun: bool = False


def send(number):
    return lambda run: os.kill(run.process.pid, number)


def end_mpirun(number):
    def ask(run):
        os.kill(run.process.pid, number)
        run.hold_until_told(signal.SIGTERM)

    return ask


def touch_stop(run):
    """Make the file; it is looked for five times a second."""
    (run.folder / "out/STOP").touch()
    time.sleep(0.25)


def send_to_last_rank(run):
    os.kill(run.ranks()[-1], signal.SIGTERM)


def send_to_ranks(run):
    for pid in run.ranks():
        os.kill(pid, signal.SIGINT)


WAYS = {
    **{
        name: Way(send(getattr(signal, name)))
        for name in ("SIGTERM", "SIGINT", "SIGUSR2", "SIGXCPU", "SIGHUP", "SIGQUIT")
    },
    "SIGUSR1": Way(send(signal.SIGUSR1), then=3),
    "STOP": Way(touch_stop),
    "SIGUSR1 to mpirun": Way(send(signal.SIGUSR1), 3, None),
    "SIGTERM to one rank": Way(send_to_last_rank, 2, 3),
    "SIGINT to all ranks": Way(send_to_ranks, 2, None),
    "STOP under mpirun": Way(touch_stop, 2, 3),
    "SIGTERM to mpirun": Way(end_mpirun(signal.SIGTERM), 2, None, ended_by_mpirun=True),
    "SIGINT to mpirun": Way(end_mpirun(signal.SIGINT), 2, 3, ended_by_mpirun=True),
}
#: what is tried in every `make test`: most models and ways once
EVERY_TIME = [
    ("exciton", "SIGINT to all ranks"),
    ("trion", "SIGTERM to mpirun"),
    ("absorption", "SIGUSR1 to mpirun"),
    ("wigner", "SIGUSR1"),
    ("response", "STOP"),
    ("valley", "SIGTERM to one rank"),
    ("moments", "SIGHUP"),
]
#: those that are killed once in every `make test`; the others are a second way through the same model
KILLED_EVERY_TIME = [model for model in MODELS if model not in ("absorption", "moments", "saturated")]
#: runs that are killed, per model; `make validate-restart`
KILLS = 20
MATRIX = [(model, way) for model in MODELS for way in WAYS if (model, way) not in EVERY_TIME]


def stop(folder: Path, way: Way) -> tuple[int, float]:
    """Run until there is a checkpoint, ask to stop, and return the status and the seconds until all ranks had ended."""
    (folder / "noting.py").write_text(NOTING)
    command = (sys.executable, "noting.py")
    run = Interrupted(folder, ranks=way.ranks, command=command, patience=3 if way.ended_by_mpirun else 1)
    with run.held(CHECKPOINT):
        way.ask(run)
    start = time.time()
    status = run.wait()
    assert not run.ranks()
    return status, max([path.stat().st_mtime for path in folder.glob("status*")], default=time.time()) - start


def check_stopped_and_continued(model, name, undisturbed, tmp_path):
    reference, _ = undisturbed(model)
    way, folder = WAYS[name], make_folder(tmp_path / "stopped", CASES[model])
    status, seconds = stop(folder, way)
    print(f"\n{model}, {name}: status {status} after {seconds:.2f} s")
    log = (folder / "log").read_text()
    if way.ended_by_mpirun:
        assert status not in (0, 75), log
    else:
        assert status == 75 and seconds < PROMISE, log
        assert [path.read_text() for path in folder.glob("status*")] == ["75"] * (way.ranks or 1)
        assert not list((folder / "out").rglob("*.lock")) and not list((folder / "out").rglob("*.part"))
    assert list((folder / "out/checkpoints").glob("*.checkpoint.h5"))
    check_continued(folder, model, reference, finished_files(folder), way.then)
    log = (folder / "log").read_text()
    assert "resumed from" in log or "continued from" in log
    assert "damaged" not in log


@pytest.mark.parametrize(("model", "way"), EVERY_TIME)
def test_stop_in_the_middle(model, way, undisturbed, tmp_path):
    check_stopped_and_continued(model, way, undisturbed, tmp_path)


@pytest.mark.validate
@pytest.mark.parametrize(("model", "way"), MATRIX)
def test_stop_in_the_middle_of_every_model_in_every_way(model, way, undisturbed, tmp_path):
    check_stopped_and_continued(model, way, undisturbed, tmp_path)


def catches(pid, number):
    mask = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(mask[1], 16) >> (number - 1) & 1


def is_caught(run, number):
    """Say whether the process has a handler of its own; SIGINT has one of Python's from the first moment on."""
    assert run.process.poll() is None
    return catches(run.process.pid, number) and catches(run.process.pid, signal.SIGUSR2)


def signal_as_soon_as_caught(runs):
    """Send each run its signal, in any order: none may end while another is waited for."""
    deadline, waiting = time.monotonic() + 60, dict(runs)
    while waiting:
        assert time.monotonic() < deadline
        for number, run in [*waiting.items()]:
            if is_caught(run, number):
                os.kill(run.process.pid, number)
                del waiting[number]
        time.sleep(1e-3)


def test_signals_in_the_first_second(tmp_path):
    """While Python, MPI and PETSc are loaded and the input is read."""
    runs = {number: Interrupted(make_folder(tmp_path / number.name, CASES["exciton"])) for number in SIGNALS}
    signal_as_soon_as_caught(runs)
    for number, run in runs.items():
        assert run.wait() == 75, number.name
        log = (run.folder / "log").read_text()
        assert f"stopped (signal {number.name})" in log and "PETSC ERROR" not in log, log
        assert not finished_files(run.folder)


def test_a_command_called_from_python_leaves_signals_as_they_were(here, write):
    before = [signal.getsignal(number) for number in SIGNALS]
    assert here("run", write()).returncode == 0
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_closed_terminal_does_not_end_what_nohup_protects():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    requests = StopRequests()
    requests.install()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    signal.raise_signal(signal.SIGHUP)
    assert requests.reason() == ""


def stop_at_limit(folder, ranks):
    """Run into a time limit, held there after the first checkpoint; a limit that is too short for one is doubled."""
    for seconds in LIMITS:
        run = Interrupted(folder, "--time-limit", f"{seconds} s", ranks=ranks, patience=1)
        if run.wait_for(CHECKPOINT):
            with run.held(CHECKPOINT):
                time.sleep(seconds)
            return run.wait()
        assert run.wait() == 75, (folder / "log").read_text()
    raise AssertionError(f"no checkpoint within {LIMITS[-1]} s")


def check_limit(model, ranks, undisturbed, tmp_path):
    reference, _ = undisturbed(model)
    folder = make_folder(tmp_path / "limited", CASES[model])
    assert stop_at_limit(folder, ranks) == 75, (folder / "log").read_text()
    assert "stopped (time limit of " in (folder / "log").read_text()
    check_continued(folder, model, reference, finished_files(folder), 2 if ranks is None else None)


def test_time_limit_in_the_middle(undisturbed, tmp_path):
    check_limit("response", None, undisturbed, tmp_path)


@pytest.mark.validate
@pytest.mark.parametrize("ranks", [None, 2])
@pytest.mark.parametrize("model", MODELS)
def test_time_limit_in_the_middle_of_every_model(model, ranks, undisturbed, tmp_path):
    check_limit(model, ranks, undisturbed, tmp_path)


@pytest.mark.parametrize("model", KILLED_EVERY_TIME)
def test_kill_at_a_random_moment(model, undisturbed, tmp_path):
    """From the first checkpoint on, later by up to the time of a run without checkpoints: about the first half."""
    reference, seconds = undisturbed(model)
    folder = make_folder(tmp_path / "killed", CASES[model])
    moment = random.uniform(0, seconds)
    print(f"killed {moment:.2f} s after the first checkpoint")
    run = Interrupted(folder)
    assert run.wait_for(CHECKPOINT), (folder / "log").read_text()
    time.sleep(moment)
    run.kill()
    check_continued(folder, model, reference, finished_files(folder), ranks=2)


@pytest.mark.validate
@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("model", MODELS)
def test_kills(model, number, undisturbed, tmp_path):
    """Kill at a random moment, on changing numbers of ranks, and continue on others; tell when and what was left."""
    reference, seconds = undisturbed(model, "0 s")
    folder = make_folder(tmp_path / "killed", CASES[model])
    moment, before, after = random.uniform(0.1, 1.1) * seconds, random.choice([None, 2, 3]), random.choice([None, 2, 3])
    run = Interrupted(folder, ranks=before)
    time.sleep(moment)
    run.kill()
    finished = finished_files(folder)
    left = len(list((folder / "out").glob("checkpoints/*.checkpoint.h5")))
    check_continued(folder, model, reference, finished, after)
    share = largest_difference(folder, reference, CASES[model])
    print(
        f"\n{model}: killed after {moment:.2f} s of {seconds:.2f} s on {before or 'no'} ranks with {len(finished)}"
        f" points done, {left} checkpoint files; continued on {after or 'no'} ranks: difference"
        f" {share * CASES[model].tolerance:.1e}"
    )

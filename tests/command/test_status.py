"""`hpcx status` of a run without a sweep, from its files alone; what is said of points that do not fit into memory."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest
from interruption import CASES, Interrupted, make_folder

CHECKPOINT = "checkpoints/*.checkpoint.h5"
TEXT = CASES["valley"].text
SINGLE = replace(CASES["valley"], text=TEXT.replace(TEXT[TEXT.index("[sweep]") : TEXT.index("[momentum]")], ""))
#: two pairs of charges on every pair of half a million points
TOO_LARGE = 'model = "trion"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[mesh]\nN = 2000\nk0 = 0.2\n'


def test_single_run_from_its_beginning_to_its_end(here, tmp_path):
    folder = make_folder(tmp_path / "single", SINGLE)

    def status():
        found = here("status", "single/out")
        assert found.returncode == 0, found.stderr
        return found.stdout.splitlines()[1]

    run = Interrupted(folder)
    with run.held(CHECKPOINT):
        assert status().startswith("result        running")
        run.process.send_signal(signal.SIGUSR1)
    assert run.wait() == 75, (folder / "log").read_text()
    assert status().startswith("result        interrupted") and status().endswith(": has a checkpoint")
    run = Interrupted(folder)
    with run.held("result.lock"):
        assert status().startswith("result        running")
        run.kill()
    assert status().startswith("result        interrupted") and "cut off 1 time(s), has a checkpoint" in status()
    assert Interrupted(folder, "--set", "output.checkpoint=1 h").wait() == 0
    assert "was interrupted 1 time(s): killed, out of memory, or a lost node" in (folder / "log").read_text()
    assert status().startswith("result        done")


@pytest.mark.parametrize("ranks", [None, 2])
def test_single_run_that_does_not_fit_into_memory(hpcx, here, write, ranks):
    run = hpcx("run", write(text=TOO_LARGE), ranks=ranks)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    message = f"GB per rank on {ranks or 1} rank(s)"
    assert message in run.stdout and "request more memory or more nodes" in run.stdout
    status = here("status", "out").stdout
    assert "result        failed" in status and message in status


def test_directory_without_results(here, tmp_path):
    (tmp_path / "empty").mkdir()
    run = here("status", "empty")
    assert run.returncode == 2 and "no sweep.json, no result.h5, no checkpoint" in run.stderr


def test_lock_file_that_its_run_has_not_written_yet(here, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/result.lock").touch()
    run = here("status", "out")
    assert run.returncode == 0 and "interrupted" in run.stdout

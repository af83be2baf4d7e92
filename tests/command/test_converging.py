"""`hpcx converge` as a user runs it: the same limit on any number of ranks,
and after Ctrl-C the way goes on where it ended.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcx.sweep.status import status_text

INPUT = 'model = "exciton"\nmaterial = "MoS2"\n[output]\ndirectory = "out"\n[converge]\ntarget = "0.5 meV"\n'


WORDS = [str(Path(sys.executable).with_name("hpcx")), "converge", "input.toml"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The last line of a study on one rank that nothing disturbs."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "input.toml").write_text(INPUT)
    return last_line(
        subprocess.run(WORDS, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=120)
    )


def last_line(run):
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1]


def results(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / "out/converge/points").glob("*.h5")}


def test_three_ranks_print_the_line_of_one(hpcx, write, alone):
    write(text=INPUT)
    assert last_line(hpcx("converge", "input.toml", ranks=3)) == alone and alone.endswith(" meV")


def interrupted(folder):
    """Run until there is a result, send Ctrl-C, and return the exit status and what was printed."""
    process = subprocess.Popen(
        WORDS, cwd=folder, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not results(folder) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.003)
    process.send_signal(signal.SIGINT)
    return process.wait(60), process.communicate()[0]


def test_after_ctrl_c_the_same_command_goes_on(here, write, alone, tmp_path):
    write(text=INPUT)
    status, printed = interrupted(tmp_path)
    left = results(tmp_path)
    assert status == 75 and "SIGINT" in printed and "rerun the same command to resume" in printed
    assert 1 <= len(left) < 6  # in the middle of the first calculations
    told = f"a study of hpcx converge: {len(left)} calculations are done, and the same command resumes it"
    assert told in status_text(tmp_path / "out")
    assert last_line(here("converge", "input.toml")) == alone
    now = results(tmp_path)
    assert len(now) > len(left) and left.items() <= now.items()
